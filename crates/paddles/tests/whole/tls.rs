//! TLS to Postgres, with certificates of the tests' own: the program built with it trusts whom it is told to trust, and the
//! program built without it says so.
//!
//! `PADDLES_TLS` names the program built with it; `cargo xtask ci` builds both.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use paddles_diesel::testing::PostgresCluster;

use crate::optional::given;
use crate::program::{Ended, paddles, run};
use crate::service::Service;

fn openssl(folder: &Path, arguments: &str) {
    let ended = run(Command::new("openssl").args(arguments.split(' ')).current_dir(folder));
    assert_eq!(ended.code, Some(0), "openssl {arguments}: {}", ended.stderr);
}

/// An authority `NAME.crt`, that signs nothing yet.
fn make_authority(folder: &Path, name: &str) {
    let request =
        format!("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.crt");
    openssl(folder, &request);
}

/// A certificate `NAME.crt` for `subject`, signed by the authority `ca`.
fn make_certificate(folder: &Path, name: &str, subject: &str, extension: &str) {
    openssl(folder, &format!("req -newkey rsa:2048 -nodes -subj /CN={subject} -keyout {name}.key -out {name}.csr"));
    fs::write(folder.join("extension"), extension).unwrap();
    let sign = "x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile extension";
    openssl(folder, &format!("{sign} -in {name}.csr -out {name}.crt"));
    fs::set_permissions(folder.join(format!("{name}.key")), Permissions::from_mode(0o600)).unwrap();
}

/// Takes nothing but TLS: in one database whoever comes, in the other by a certificate in the user's name.
const RULES: &str = "hostssl postgres all 127.0.0.1/32 trust\nhostssl template1 all 127.0.0.1/32 cert\n";

/// A server that is `localhost` by its certificate, in a folder with all that its clients need.
fn start_postgres(folder: &Path) -> PostgresCluster {
    make_authority(folder, "ca");
    make_authority(folder, "stranger");
    make_certificate(folder, "server", "localhost", "subjectAltName=DNS:localhost");
    make_certificate(folder, "client", "paddles", "");
    let data = folder.join("postgres");
    drop(PostgresCluster::start_kept(&data, &[]).unwrap());

    // They must be the server's own, whoever it runs as.
    let owner = fs::metadata(&data).unwrap();
    for name in ["server.key", "server.crt", "ca.crt"] {
        fs::copy(folder.join(name), data.join(name)).unwrap();
        chown(data.join(name), Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    fs::write(data.join("rules"), RULES).unwrap();
    let file = |option: &str, name: &str| format!("-c{option}={}", data.join(name).display());
    let options = [
        "-cssl=on".to_owned(),
        file("ssl_key_file", "server.key"),
        file("ssl_cert_file", "server.crt"),
        file("ssl_ca_file", "ca.crt"),
        file("hba_file", "rules"),
    ];
    PostgresCluster::start_kept(&data, &options.each_ref().map(String::as_str)).unwrap()
}

#[test]
fn a_server_is_trusted_for_its_certificate_and_its_name() {
    let Some(program) = given("PADDLES_TLS", "TLS to Postgres") else { return };
    let folder = tempfile::tempdir().unwrap();
    // The server runs as another user, and has to reach its own folder in this one.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let postgres = start_postgres(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let url = |host: &str, database: &str, parameters: &str| {
        format!("postgres://paddles@{host}:{}/{database}?sslmode=verify-full&{parameters}", postgres.port())
    };
    let with_tls = |arguments: &[&str], url: &str| {
        let mut command = Command::new(&program);
        command.args(arguments).env_clear().current_dir(folder.path());
        command.envs([("PADDLES_DATABASE_URL", url), ("PADDLES_SERVER_PORT", "0"), ("HOME", "/nowhere")]);
        command
    };
    let refused = |url: &str, reason: &str| {
        let ended: Ended = run(&mut with_tls(&["migrate"], url));
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.starts_with("paddles: cannot connect to postgres://"), "{ended:?}");
        assert!(ended.stderr.contains(reason) && ended.stderr.lines().count() == 1, "{ended:?}");
    };

    let (ca, stranger) = (format!("sslrootcert={}", file("ca.crt")), format!("sslrootcert={}", file("stranger.crt")));
    refused(&url("localhost", "postgres", &stranger), "certificate verify failed");
    refused(&url("127.0.0.1", "postgres", &ca), "does not match host name \"127.0.0.1\"");
    refused(
        &url("localhost", "postgres", ""),
        "root certificate file \"/nowhere/.postgresql/root.crt\" does not exist",
    );
    refused(&url("localhost", "template1", &ca), "connection requires a valid client certificate");
    let plain = url("localhost", "postgres", &ca).replace("verify-full", "disable");
    refused(&plain, "no encryption");

    let own = format!("{ca}&sslcert={}&sslkey={}", file("client.crt"), file("client.key"));
    for url in [url("localhost", "postgres", &ca), url("localhost", "template1", &own)] {
        let service = Service::spawn(with_tls(&["serve"], &url));
        assert_eq!(service.client().post("/runs/", &serde_json::json!({ "name": "over-tls" })).status, 200);
    }
}

#[test]
fn a_program_without_tls_says_so() {
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = format!("postgres://paddles@127.0.0.1:1/d?sslmode={mode}");
        let ended = run(&mut paddles(&["serve"], &[("PADDLES_DATABASE_URL", &url)]));
        let reason = "this paddles is built without TLS: `cargo build --release --features tls` builds one with it";
        let sentence = format!(
            "paddles: cannot connect to {url}: sslmode value \"{mode}\" invalid when SSL support is not compiled in; {reason}\n"
        );
        assert_eq!(ended.code, Some(1));
        assert!(ended.stderr.ends_with(&sentence), "{ended:?}");
    }
}
