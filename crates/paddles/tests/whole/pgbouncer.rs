//! pgBouncer in transaction mode: what the service does through it, what it refuses to, and how it says so.

use std::thread;
use std::time::Duration;

use paddles_diesel::testing::{PgBouncer, PostgresCluster, TestDatabase, shared_pgbouncer};
use serde_json::json;

use crate::at_once::recounted;
use crate::load::{Outcome, under_load};
use crate::optional::pooled_database;
use crate::program::{Ended, paddles, run};
use crate::service::Service;
use crate::waiting::eventually;

/// The address of the database through pgBouncer, as if nobody had said that it is one.
fn pooled(database: &TestDatabase) -> (&'static str, &str) {
    ("PADDLES_DATABASE_URL", database.url())
}

const TRANSACTION: (&str, &str) = ("PADDLES_DATABASE_POOLER", "transaction");

fn check_refused(ended: &Ended, sentence: &str) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.trim_end().lines().last().unwrap_or_default().contains(sentence), "{ended:?}");
}

#[test]
fn a_pooler_that_nobody_told_of_is_noticed() {
    let Some(database) = pooled_database() else { return };
    for command in ["serve", "migrate"] {
        let ended = run(&mut paddles(&[command], &[pooled(&database)]));
        check_refused(
            &ended,
            "goes through a pooler in transaction mode: serving through it takes PADDLES_DATABASE_POOLER",
        );
    }
}

#[test]
fn migrations_go_past_the_pooler() {
    let Some(database) = pooled_database() else { return };
    let direct = ("PADDLES_MIGRATION_DATABASE_URL", database.direct_url().unwrap());

    // Without an address past it.
    let refused = run(&mut paddles(&["migrate"], &[pooled(&database), TRANSACTION]));
    check_refused(&refused, "PADDLES_MIGRATION_DATABASE_URL is \"\", but takes the address of the server itself");
    let outdated = run(&mut paddles(&["serve"], &[pooled(&database), TRANSACTION]));
    check_refused(&outdated, "are not up to date, `paddles migrate` brings them there; missing: 2026");
    // With one that goes through it as well.
    let through = ("PADDLES_MIGRATION_DATABASE_URL", database.url());
    let refused = run(&mut paddles(&["migrate"], &[pooled(&database), TRANSACTION, through]));
    check_refused(&refused, "migrations take the server itself in PADDLES_MIGRATION_DATABASE_URL");

    let migrated = run(&mut paddles(&["migrate"], &[pooled(&database), TRANSACTION, direct]));
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    // Servers need not know how to change tables.
    let service = Service::start_with(&database, &[("PADDLES_MIGRATION_DATABASE_URL", "")]);
    service.client().post_job("r", &json!({ "job_id": "1" }));
    assert_eq!(service.client().read("/runs/r/")["jobs_count"], 1);
}

/// Nothing that one client is told belongs to another, although they share few sessions.
#[test]
fn many_clients_share_few_sessions() {
    let Some(database) = pooled_database() else { return };
    let servers: Vec<Service> =
        (0..3).map(|_| Service::start_with(&database, &[("PADDLES_DATABASE_CONNECTIONS", "16")])).collect();
    let addresses: Vec<&str> = servers.iter().map(Service::address).collect();
    let ((), outcome) = under_load(&addresses, 400, |_| thread::sleep(Duration::from_secs(3)));
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    assert_eq!(outcome.with_status(200), outcome.answered.len());
    let client = servers[0].client();
    let checked = outcome.check_jobs(&client);
    for run in Outcome::runs() {
        recounted(&client, run);
    }
    eprintln!("{} requests to three servers behind pgBouncer; {checked} jobs checked", outcome.answered.len());
}

#[test]
fn the_service_outlives_the_database_behind_the_pooler() {
    if shared_pgbouncer().is_none() {
        return;
    }
    let cluster = PostgresCluster::start().unwrap();
    let pooler = PgBouncer::start(&cluster).unwrap();
    let database = TestDatabase::through(&pooler, &cluster);
    let service = Service::start(&database);
    let client = service.client();
    client.post_job("before", &json!({ "job_id": "1" }));
    cluster.stop().unwrap();
    for _ in 0..2 {
        assert_eq!(client.get("/runs/before/").status, 503);
    }
    cluster.restart().unwrap();
    eventually("the database is found again", || (client.get("/runs/before/").status == 200).then_some(()));
    client.post_job("before", &json!({ "job_id": "2" }));
    assert_eq!(recounted(&client, "before").total(), 2);
    assert!(!service.log().contains("ERROR"), "{}", service.log());
}
