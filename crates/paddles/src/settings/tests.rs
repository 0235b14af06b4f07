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
    let count = r#"PADDLES_DEFAULT_LATEST_RUNS_COUNT is "10001", but takes a whole number from 0 to 10000"#;
    check("PADDLES_DEFAULT_LATEST_RUNS_COUNT", "10001", count);
    let database = "but takes a database address takes";
    let error = read(&[("PADDLES_DATABASE_URL", "mysql://u:secret@h/d")], Path::new("/nowhere")).unwrap_err();
    assert!(!error.to_string().contains("secret") && !error.to_string().contains(database), "{error}");
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
