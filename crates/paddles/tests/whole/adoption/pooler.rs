//! A lab whose database is reached through pgBouncer in transaction mode is adopted past it.

use super::lab::{ask_at, drift_at};
use crate::optional::pooled_database;
use crate::program::{paddles, run};
use crate::service::Service;

#[test]
fn an_adoption_goes_past_the_pooler() {
    let Some(database) = pooled_database() else { return };
    let direct = database.direct_url().unwrap();
    database.execute(include_str!("lab.sql"));
    paddles_bench::copy_history(direct, 300, 42, "2026-03-01T12:00:00".parse().unwrap()).unwrap();

    let through = ("PADDLES_DATABASE_URL", database.url());
    let declared = ("PADDLES_DATABASE_POOLER", "transaction");
    for command in [&["adopt"][..], &["adopt", "--check"], &["doctor"], &["admin", "dedupe"]] {
        // Whether the pooler is declared or not, it is told what is missing.
        for settings in [&[through][..], &[through, declared]] {
            let refused = run(&mut paddles(command, settings));
            assert_ne!(refused.code, Some(0), "{command:?} {refused:?}");
            assert!(refused.stderr.contains("PADDLES_MIGRATION_DATABASE_URL"), "{command:?} {refused:?}");
        }
    }
    assert_eq!(ask_at(direct, "SELECT to_regclass('run_sha1s') IS NULL"), ["t"]);

    let past = [through, declared, ("PADDLES_MIGRATION_DATABASE_URL", direct)];
    for command in [&["adopt", "--check"][..], &["adopt"], &["admin", "dedupe"]] {
        let done = run(&mut paddles(command, &past));
        assert_eq!(done.code, Some(0), "{command:?} {done:?}");
    }
    // The server of the tests keeps nothing for good, which is all that is wrong with it.
    let examined = run(&mut paddles(&["doctor"], &past)).stdout;
    assert!(
        examined.lines().all(|line| line.starts_with("problem: settings: ") || line.starts_with("note: ")),
        "{examined}"
    );
    let service = Service::start(&database);
    assert_eq!(service.client().get("/runs/?count=1").status, 200);
    drop(service);
    assert_eq!(drift_at(direct), Vec::<String>::new());
}
