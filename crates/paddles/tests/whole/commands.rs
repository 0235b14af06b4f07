//! The commands that end by themselves.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use paddles_diesel::testing::TestDatabase;

use crate::program::{paddles, run};
use crate::service::Service;

#[test]
fn help_names_the_commands() {
    let help = run(&mut paddles(&["--help"], &[]));
    assert_eq!(help.code, Some(0));
    for command in ["serve", "migrate", "adopt", "doctor", "token", "audit", "admin", "healthcheck", "config"] {
        assert!(help.stdout.lines().any(|line| line.trim_start().starts_with(command)), "{}", help.stdout);
    }
}

#[test]
fn version_is_that_of_the_package() {
    let version = run(&mut paddles(&["--version"], &[]));
    assert_eq!(
        (version.code, version.stdout.as_str()),
        (Some(0), concat!("paddles ", env!("CARGO_PKG_VERSION"), "\n"))
    );
}

#[test]
fn unknown_commands_are_refused() {
    let ended = run(&mut paddles(&["launch"], &[]));
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("'launch'") && ended.stderr.contains("--help"), "{}", ended.stderr);
}

#[test]
fn config_shows_every_setting_and_where_it_came_from() {
    let variables = [
        ("PADDLES_SERVER_HOST", "0.0.0.0"),
        ("PADDLES_DATABASE_URL", "postgres://lab:top-secret@db.example/paddles?sslpassword=top-secret"),
        ("PADDLES_TIMEZONE", "America/New_York"),
        // Set to nothing counts as not set; in small letters it is no setting, and told.
        ("PADDLES_ADMISSION", ""),
        ("PADDLES_server_port", "1"),
    ];
    let config = run(&mut paddles(&["config"], &variables));
    assert_eq!(config.code, Some(0));
    assert!(!config.stdout.contains("top-secret"), "{}", config.stdout);
    let workers = std::thread::available_parallelism().unwrap();
    let expected = format!(
        "PADDLES_SERVER_HOST=0.0.0.0 (environment)
PADDLES_SERVER_PORT=8080 (default)
PADDLES_ADDRESS=http://0.0.0.0:8080 (default)
PADDLES_WORKER_COUNT={workers} (default)
PADDLES_BODY_LIMIT=8388608 (default)
PADDLES_REQUEST_TIMEOUT=1m (default)
PADDLES_MAX_CONNECTIONS=20000 (default)
PADDLES_RATE_LIMIT=off (default)
PADDLES_DATABASE_URL=postgres://lab:***@db.example/paddles?sslpassword=*** (environment)
PADDLES_DATABASE_CONNECTIONS={} (default)
PADDLES_DATABASE_POOLER=none (default)
PADDLES_MIGRATION_DATABASE_URL= (default)
PADDLES_STATEMENT_TIMEOUT=30s (default)
PADDLES_SLOW_STATEMENT=1s (default)
PADDLES_ADMISSION=documented (default)
PADDLES_TIMEZONE=America/New_York (environment)
PADDLES_JOB_LOG_HREF_TEMPL=http://qa-proxy.ceph.com/teuthology/{{run_name}}/{{job_id}}/teuthology.log (default)
PADDLES_DEFAULT_LATEST_RUNS_COUNT=100 (default)
PADDLES_DEFAULT_RUNS_VIEW=full (default)
PADDLES_AUTH=open (default)
PADDLES_TRUSTED_NETWORKS= (default)
PADDLES_TRUSTED_PROXIES= (default)
PADDLES_DELETED_RETENTION=30 (default)
PADDLES_STATSD_HOST= (default)
PADDLES_STATSD_PREFIX=paddles (default)
PADDLES_LOG_FORMAT=text (default)
PADDLES_LOG=info,actix_server=warn,actix_http=off (default)
PADDLES_ACCESS_LOG=errors (default)
PADDLES_EXPIRE_EVERY=off (default)
PADDLES_EXPIRE_RUNNING_AFTER=30m (default)
PADDLES_EXPIRE_QUEUED_AFTER=14days (default)
PADDLES_server_port is no setting, and changes nothing; there is PADDLES_SERVER_PORT
",
        (workers.get() * 8).clamp(16, 32)
    );
    assert_eq!(config.stdout, expected);
}

#[test]
fn a_typo_in_the_name_of_a_setting_is_told() {
    let database = TestDatabase::sqlite();
    let typo = ("PADDLES_EXPIRE_EVRY", "5m");
    let sentence = "PADDLES_EXPIRE_EVRY is no setting, and changes nothing; there is PADDLES_EXPIRE_EVERY";
    let config = run(&mut paddles(&["config"], &[typo]));
    assert_eq!((config.code, config.stderr.as_str()), (Some(0), ""));
    assert!(config.stdout.ends_with(&format!("\n{sentence}\n")), "{}", config.stdout);
    let migrated = run(&mut paddles(&["migrate"], &[typo, ("PADDLES_DATABASE_URL", database.url())]));
    assert_eq!((migrated.code, migrated.stderr), (Some(0), format!("paddles: {sentence}\n")));
    let service = Service::start_with(&database, &[typo]);
    assert!(service.log().lines().any(|line| line.contains("WARN") && line.ends_with(sentence)), "{}", service.log());
}

#[test]
fn config_knows_the_address_as_labs_keep_it() {
    let lab = [("PADDLES_SQLALCHEMY_URL", "postgresql+psycopg2://lab:top-secret@db.example/paddles")];
    let config = run(&mut paddles(&["config"], &lab)).stdout;
    let line = "PADDLES_DATABASE_URL=postgres://lab:***@db.example/paddles (environment, PADDLES_SQLALCHEMY_URL)";
    assert!(config.lines().any(|shown| shown == line), "{config}");
}

#[test]
fn config_reads_a_secret_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, "postgres://lab:top-secret@db.example/paddles\n").unwrap();
    let file = file.to_str().unwrap();
    let config = run(&mut paddles(&["config"], &[("PADDLES_DATABASE_URL_FILE", file)])).stdout;
    let line =
        format!("PADDLES_DATABASE_URL=postgres://lab:***@db.example/paddles ({file}, PADDLES_DATABASE_URL_FILE)");
    assert!(config.lines().any(|shown| shown == line), "{config}");

    let ended = run(&mut paddles(&["serve"], &[("PADDLES_DATABASE_URL_FILE", "/nowhere/url")]));
    let takes = "takes the name of a file with text in it: No such file or directory (os error 2)";
    let sentence = format!("paddles: PADDLES_DATABASE_URL_FILE is \"/nowhere/url\", but {takes}\n");
    assert_eq!((ended.code, ended.stderr), (Some(1), sentence));
}

#[test]
fn a_setting_that_is_no_text_is_not_passed_over() {
    let mut command = paddles(&["config"], &[]);
    let ended = run(command.env("PADDLES_DATABASE_URL", OsStr::from_bytes(b"sqlite:///var/lib/\xff.db")));
    let sentence = "paddles: PADDLES_DATABASE_URL is \"***\", but takes text in UTF-8\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), sentence));
}

#[test]
fn healthcheck_tells_by_its_status() {
    let database = TestDatabase::sqlite();
    let mut service = Service::start(&database);
    let port = service.address().rsplit(':').next().unwrap().to_owned();
    let variables = [("PADDLES_SERVER_HOST", "0.0.0.0"), ("PADDLES_SERVER_PORT", port.as_str())];
    let check = |path: &str| run(&mut paddles(&["healthcheck", path], &variables));

    let well = check("/");
    assert_eq!((well.code, well.stderr.as_str()), (Some(0), ""));
    let unwell = check("/nowhere/");
    let sentence = format!("paddles: http://127.0.0.1:{port}/nowhere/ answers \"HTTP/1.1 404 Not Found\"\n");
    assert_eq!((unwell.code, unwell.stderr), (Some(1), sentence));
    service.kill();
    let silent = check("/");
    assert_eq!(silent.code, Some(1));
    assert!(silent.stderr.contains("/ does not answer: "), "{silent:?}");
}

fn migrate_runs_migrations_and_ends(database: &TestDatabase) {
    let migrate = || run(&mut paddles(&["migrate"], &[("PADDLES_DATABASE_URL", database.url())]));
    let (first, second) = (migrate(), migrate());
    let up_to_date = format!("{} is up to date", database.url());

    assert_eq!((first.code, second.code), (Some(0), Some(0)), "{first:?} {second:?}");
    let ran = |line: &str| line.starts_with("ran ");
    assert!(first.stdout.lines().any(ran) && first.stdout.trim_end().ends_with(&up_to_date), "{first:?}");
    assert_eq!(second.stdout.trim_end(), up_to_date);

    let service = Service::start(database);
    assert_eq!(service.client().get("/").status, 200);
}

on_both_databases!(migrate_runs_migrations_and_ends);
