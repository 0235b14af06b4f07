//! Opening databases that are new, known, foreign or away.

use std::thread;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl};
use paddles_diesel::testing::TestDatabase;
use paddles_diesel::{DatabaseUrl, DieselRepository, OpenError, migrate};

fn url(database: &TestDatabase) -> DatabaseUrl {
    database.url().parse().unwrap()
}

#[test]
fn migrations_run_once() {
    for database in [TestDatabase::sqlite(), TestDatabase::postgres()] {
        assert!(!migrate(&url(&database)).unwrap().is_empty());
        assert!(migrate(&url(&database)).unwrap().is_empty());
    }
}

#[test]
fn servers_that_start_at_once_share_the_migrations() {
    let database = TestDatabase::postgres();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| DieselRepository::open(&url(&database), 1).unwrap());
        }
    });
    let mut connection = PgConnection::establish(database.url()).unwrap();
    let listed = diesel::sql_query("SELECT version FROM __diesel_schema_migrations").execute(&mut connection);
    assert!(listed.unwrap() >= 1);
}

#[test]
fn tables_of_another_paddles_are_left_alone() {
    let database = TestDatabase::postgres();
    let mut connection = PgConnection::establish(database.url()).unwrap();
    connection.batch_execute("CREATE TABLE jobs (id serial)").unwrap();
    assert!(matches!(migrate(&url(&database)), Err(OpenError::Foreign { .. })));
    assert!(connection.batch_execute("SELECT id FROM jobs").is_ok());
}

#[test]
fn a_database_that_is_away_cannot_be_opened() {
    for address in ["postgres://paddles:secret@127.0.0.1:1/paddles", "sqlite:///nowhere/at/all/paddles.db"] {
        let error = DieselRepository::open(&address.parse().unwrap(), 1).err().unwrap();
        let sentence = error.to_string();
        assert!(sentence.starts_with("cannot connect to "), "{sentence}");
        assert!(!sentence.contains("secret"), "{sentence}");
    }
}
