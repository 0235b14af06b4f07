//! Databases that go away and come back.

use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use paddles_diesel::testing::{PostgresCluster, TestDatabase};
use paddles_domain::{Act, LabZone, Run, RunName};
use paddles_repository::{Page, RepositoryError, RunCreated, RunRepository};

use crate::Lab;

fn create(lab: &Lab, name: &str) -> Result<RunCreated, RepositoryError> {
    let name = RunName::new(name).unwrap();
    let act = Act::of_nobody("2020-01-02 03:04:05".parse().unwrap());
    lab.repository.run_create(&Run::new(name, LabZone::default(), act.when), &act)
}

fn list(lab: &Lab) -> Result<usize, RepositoryError> {
    Ok(lab.repository.run_list(Page::new(1, 100).unwrap().into())?.len())
}

#[test]
fn a_server_that_was_away_is_found_again() {
    let cluster = PostgresCluster::start().unwrap();
    let lab = Lab::on(TestDatabase::on(&cluster));
    create(&lab, "before").unwrap();

    cluster.stop().unwrap();
    for _ in 0..6 {
        assert!(matches!(create(&lab, "meanwhile"), Err(RepositoryError::Unavailable { .. })));
        assert!(matches!(list(&lab), Err(RepositoryError::Unavailable { .. })));
    }

    cluster.restart().unwrap();
    let back = Instant::now();
    while list(&lab).is_err() {
        assert!(back.elapsed() < Duration::from_secs(5), "the server is back, but not found");
        thread::sleep(Duration::from_millis(50));
    }
    create(&lab, "after").unwrap();
    assert_eq!(list(&lab), Ok(2));
    drop(lab);
}

#[test]
fn lost_connections_go_unnoticed() {
    let lab = Lab::postgres();
    let mut admin = PgConnection::establish(lab.database.url()).unwrap();
    for round in 0..5 {
        create(&lab, &format!("r{round}")).unwrap();
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        admin.batch_execute(kill).unwrap();
        assert_eq!(list(&lab), Ok(round + 1));
        admin.batch_execute(kill).unwrap();
    }
}
