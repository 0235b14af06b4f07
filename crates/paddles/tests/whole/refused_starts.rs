//! What keeps the service from starting is told in one sentence.

use std::net::TcpListener;

use paddles_diesel::testing::{TestDatabase, shared_postgres};

use crate::program::{Ended, paddles, run};

fn start(variables: &[(&str, &str)]) -> Ended {
    run(&mut paddles(&["serve"], variables))
}

/// The start ends with status 1, and its last line is `sentence`, or begins with it.
fn check(variables: &[(&str, &str)], sentence: &str) {
    let ended = start(variables);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    let last = ended.stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with(&format!("paddles: {sentence}")), "{ended:?}\nshould end in: {sentence}");
    assert!(!ended.stderr.contains("secret"), "{ended:?}");
}

#[test]
fn a_wrong_setting() {
    // Where nothing else is wrong the sentence is all that is said.
    fn check(name: &str, value: &str, sentence: &str) {
        let ended = start(&[(name, value)]);
        assert_eq!((ended.code, ended.stderr), (Some(1), format!("paddles: {sentence}\n")));
    }
    let port = r#"PADDLES_SERVER_PORT is "http", but takes a port from 0 to 65535"#;
    check("PADDLES_SERVER_PORT", "http", port);
    let address = r#"PADDLES_ADDRESS is "paddles.example", but takes a URL of http or https with a host, without query, fragment and password"#;
    check("PADDLES_ADDRESS", "paddles.example", address);
    let zone = "a name of the IANA database, like UTC or America/New_York";
    check("PADDLES_TIMEZONE", "Mars", &format!(r#"PADDLES_TIMEZONE is "Mars", but takes {zone}"#));
    let log = r#"PADDLES_LOG is "a=loud", but takes levels by module, like info or warn,paddles_http=debug"#;
    check("PADDLES_LOG", "a=loud", log);
    let database =
        "sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/NAME, with %2F and %40 for / and @ in the password";
    let database = format!(r#"PADDLES_DATABASE_URL is "***", but takes {database}"#);
    check("PADDLES_DATABASE_URL", "mysql://u:secret@h/d", &database);
    check("PADDLES_DATABASE_URL", "paddles.db", &database);
    check("PADDLES_DATABASE_URL", "postgres://u:sec/ret@h/d", &database);
}

#[test]
fn a_port_in_use() {
    let database = TestDatabase::sqlite();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let variables = [("PADDLES_DATABASE_URL", database.url()), ("PADDLES_SERVER_PORT", &port)];
    check(&variables, &format!("cannot listen on 127.0.0.1:{port}: Address already in use"));
}

#[test]
fn a_database_that_is_away() {
    let away = |address: &str, sentence: &str| check(&[("PADDLES_DATABASE_URL", address)], sentence);
    away("postgres://lab:secret@127.0.0.1:1/d", "cannot connect to postgres://lab:***@127.0.0.1:1/d: connection to ");
    away(
        "sqlite:///no/such/folder/paddles.db",
        "cannot connect to sqlite:///no/such/folder/paddles.db: unable to open",
    );
    let absent = shared_postgres().url("absent");
    away(&absent, &format!("cannot connect to {absent}: connection to "));
}

/// The library that connects to Postgres repeats what it cannot read.
#[test]
fn a_password_with_bare_special_characters_stays_secret() {
    let away = |address: &str, sentence: &str| check(&[("PADDLES_DATABASE_URL", address)], sentence);
    away("postgres://lab:secret%zz@h/d", "cannot connect to postgres://lab:***@h/d: invalid percent-encoded token");
    away("postgres://lab:secret@[::1/d", "cannot connect to postgres://lab:***@[::1/d: end of string");
    away("postgres://lab:a?secret@127.0.0.1:1/d", "cannot connect to postgres://lab:***@127.0.0.1:1/d: connection to ");
}

fn tables_of_another_paddles(database: &TestDatabase) {
    database.execute("CREATE TABLE jobs (id integer PRIMARY KEY)");
    let sentence = format!("{} holds the tables of another paddles", database.url());
    check(&[("PADDLES_DATABASE_URL", database.url())], &sentence);
    database.execute("SELECT id FROM jobs");
}

on_both_databases!(tables_of_another_paddles);
