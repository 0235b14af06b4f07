//! Settings are read, refused and shown.

use super::*;

fn read(variables: &[(&str, &str)], secret: &Path) -> Result<Settings, SettingError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::from_variables(variables, secret)
}

#[test]
fn everything_has_a_default() {
    let settings = read(&[("HOME", "/root"), ("PADDLES_TIMEZONE", "")], Path::new("/nowhere")).unwrap();
    assert_eq!(settings.serving.address.value, "http://127.0.0.1:8080");
    assert_eq!(settings.database.url.to_string(), "PADDLES_DATABASE_URL=sqlite://paddles.db (default)");
    assert!(settings.to_string().lines().all(|line| line.ends_with("(default)")), "{settings}");
}

#[test]
fn a_wrong_value_is_named() {
    fn check(name: &str, value: &str, sentence: &str) {
        let error = read(&[(name, value)], Path::new("/nowhere")).unwrap_err();
        assert_eq!(error.to_string(), sentence);
    }
    let port = r#"PADDLES_SERVER_PORT is "http", but takes a port from 0 to 65535"#;
    check("PADDLES_SERVER_PORT", "http", port);
    let host = r#"PADDLES_SERVER_HOST is "localhost:80", but takes an IP address"#;
    check("PADDLES_SERVER_HOST", "localhost:80", host);
    let workers = r#"PADDLES_WORKER_COUNT is "0", but takes a whole number from 1 to 65535"#;
    check("PADDLES_WORKER_COUNT", "0", workers);
    let admission = r#"PADDLES_ADMISSION is "all", but takes documented or deployed"#;
    check("PADDLES_ADMISSION", "all", admission);
    let count = r#"PADDLES_DEFAULT_LATEST_RUNS_COUNT is "10001", but takes a whole number from 1 to 10000"#;
    check("PADDLES_DEFAULT_LATEST_RUNS_COUNT", "10001", count);
    let count = count.replace("10001", "0");
    check("PADDLES_DEFAULT_LATEST_RUNS_COUNT", "0", &count);
    for zero in ["0", "1023"] {
        let bytes = format!(r#"PADDLES_BODY_LIMIT is "{zero}", but takes a number of bytes from 1024"#);
        check("PADDLES_BODY_LIMIT", zero, &bytes);
    }
    for wrong in [
        "paddles.example",
        "http://",
        "http://:80",
        "http:///p",
        "https://p.example?a=b",
        "https://p.example/#a",
        "https://me:secret@p.example",
        "http://p .example",
    ] {
        let takes = "a URL of http or https with a host, without query, fragment and password";
        check("PADDLES_ADDRESS", wrong, &format!("PADDLES_ADDRESS is {wrong:?}, but takes {takes}"));
    }
    for right in ["http://p.example", "https://p.example:8443/", "https://lab.example/paddles", "http://[::1]:8080"] {
        let settings = read(&[("PADDLES_ADDRESS", right)], Path::new("/nowhere")).unwrap();
        assert_eq!(settings.serving.address.value, right);
    }
    let database = "but takes a database address takes";
    let error = read(&[("PADDLES_DATABASE_URL", "mysql://u:secret@h/d")], Path::new("/nowhere")).unwrap_err();
    assert!(!error.to_string().contains("secret") && !error.to_string().contains(database), "{error}");
}

#[test]
fn tables_change_in_the_same_kind_of_database() {
    let (postgres, sqlite) = ("postgres://u:secret@h/d", "sqlite:///p.db");
    for (url, other, kind) in [(postgres, sqlite, "Postgres"), (sqlite, postgres, "an SQLite file")] {
        let variables = [("PADDLES_DATABASE_URL", url), ("PADDLES_MIGRATION_DATABASE_URL", other)];
        let error = read(&variables, Path::new("/nowhere")).unwrap_err().to_string();
        let takes = format!("another address of the same database, and PADDLES_DATABASE_URL is {kind}");
        assert!(error.starts_with("PADDLES_MIGRATION_DATABASE_URL is ") && error.ends_with(&takes), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn what_is_no_setting_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "x").unwrap();
    let variables = [
        ("PADDLES_EXPIRE_EVRY", "5m"),
        ("PADDLES_SQLALCHEMY_URL", "sqlite:////p.db"),
        ("PADDLES_TIMEZONE", ""),
        ("PADDLES_lower", "x"),
        ("PADDLES_ODD_FILE", secret.to_str().unwrap()),
    ];
    let settings = read(&variables, Path::new("/nowhere")).unwrap();
    let told: Vec<String> = settings.unknown.iter().map(ToString::to_string).collect();
    let typo = "PADDLES_EXPIRE_EVRY is no setting, and changes nothing; there is PADDLES_EXPIRE_EVERY";
    assert_eq!(
        told,
        [typo, "PADDLES_ODD is no setting, and changes nothing", "PADDLES_lower is no setting, and changes nothing",]
    );
    assert!(settings.to_string().ends_with(&told.join("\n")), "{settings}");
}

#[test]
fn the_database_may_be_named_as_labs_do() {
    fn check(variables: &[(&str, &str)], secret: &Path, line: &str) {
        assert_eq!(read(variables, secret).unwrap().database.url.to_string(), line);
    }
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("paddles_sqlalchemy_url");
    std::fs::write(&secret, "postgresql+psycopg2://u:secret@h/d\n").unwrap();
    let from_file = "PADDLES_DATABASE_URL=postgres://u:***@h/d (/run/secrets/paddles_sqlalchemy_url)";
    check(&[], &secret, from_file);
    let sqlalchemy = ("PADDLES_SQLALCHEMY_URL", "sqlite:////var/lib/p.db");
    let from_variable = "PADDLES_DATABASE_URL=sqlite:///var/lib/p.db (environment, PADDLES_SQLALCHEMY_URL)";
    check(&[sqlalchemy], &secret, from_variable);
    let ours = ("PADDLES_DATABASE_URL", "postgres://u:secret@h/ours");
    check(&[sqlalchemy, ours], &secret, "PADDLES_DATABASE_URL=postgres://u:***@h/ours (environment)");
}

#[test]
fn every_value_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let read = |name: &str, path: &str| read(&[(name, path)], Path::new("/nowhere"));

    let url = file("url", "postgres://u:s3cret@h/d\n");
    let shown = read("PADDLES_DATABASE_URL_FILE", &url).unwrap().to_string();
    let line = format!("PADDLES_DATABASE_URL=postgres://u:***@h/d ({url}, PADDLES_DATABASE_URL_FILE)");
    assert!(shown.lines().any(|shown| shown == line), "{shown}");
    let sqlalchemy = file("sqlalchemy", "postgresql+psycopg2://u:s3cret@h/d");
    let shown = read("PADDLES_SQLALCHEMY_URL_FILE", &sqlalchemy).unwrap().to_string();
    let line = format!("PADDLES_DATABASE_URL=postgres://u:***@h/d ({sqlalchemy}, PADDLES_SQLALCHEMY_URL_FILE)");
    assert!(shown.lines().any(|shown| shown == line), "{shown}");
    let zone = file("zone", "America/New_York\r\n");
    assert_eq!(read("PADDLES_TIMEZONE_FILE", &zone).unwrap().lab.timezone.value.to_string(), "America/New_York");

    let refused = |name: &str, path: &str| read(name, path).unwrap_err().to_string();
    let port = refused("PADDLES_SERVER_PORT_FILE", &zone);
    let origin = format!("the text in {zone}, by PADDLES_SERVER_PORT_FILE, is \"***\"");
    assert_eq!(port, format!("{origin}, but takes a port from 0 to 65535"));
    assert!(!refused("PADDLES_DATABASE_URL_FILE", &zone).contains("York"));
    let takes = "but takes the name of a file with text in it";
    let absent = "No such file or directory (os error 2)";
    let sentence = format!(r#"PADDLES_ADMISSION_FILE is "/nowhere/x", {takes}: {absent}"#);
    assert_eq!(refused("PADDLES_ADMISSION_FILE", "/nowhere/x"), sentence);
    assert!(refused("PADDLES_LOG_FILE", &file("empty", "\n\n")).ends_with("in it: it is empty"));
    assert!(refused("PADDLES_LOG_FILE", "/dev/zero").ends_with("in it: it is larger than 65536 bytes"));
    assert!(refused("PADDLES_LOG_FILE", "/").contains(takes));
}

#[test]
fn a_value_and_its_file_exclude_each_other() {
    let variables = [("PADDLES_LOG", "info"), ("PADDLES_LOG_FILE", "/nowhere/x")];
    let refused = read(&variables, Path::new("/nowhere")).unwrap_err();
    let takes = "the name of a file only where PADDLES_LOG is not set";
    assert_eq!(refused.to_string(), format!(r#"PADDLES_LOG_FILE is "/nowhere/x", but takes {takes}"#));
}
