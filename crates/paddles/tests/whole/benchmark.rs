//! The benchmark runs to its end on both databases, on a small history.

use std::path::Path;

use paddles_bench::{Engine, Options, bench};

/// Rows that read, that write, and that prepare the database and clear away what they made.
const ROWS: [&str; 3] = ["one job", "refused POST, then PUT", "claim from a queue"];

fn options(engine: Engine, folder: &Path, only: &str) -> Options {
    Options {
        jobs: "2k".parse().unwrap(),
        database: engine,
        seconds: 1,
        only: Some(only.to_owned()),
        keep: folder.to_owned(),
        fresh: false,
        seed: 42,
        service: env!("CARGO_BIN_EXE_paddles").into(),
        documents: folder.to_owned(),
    }
}

fn measures_rows_on(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    // Postgres runs as somebody else where we are root.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    for name in ROWS {
        let report = bench(&options(engine, folder.path(), name)).unwrap();
        assert_eq!(report.rows.iter().map(|row| row.connections).collect::<Vec<_>>(), [1, 8, 32], "{name}");
        for row in &report.rows {
            assert!(row.exchanges > 0 && row.p50_ms <= row.p99_ms && row.memory_mb > 1.0, "{row:?}");
            assert_eq!(row.limit.is_some_and(|limit| limit > 0.0), engine == Engine::Postgres, "{row:?}");
        }
    }
    assert!(bench(&options(engine, folder.path(), "no such row")).is_err());
}

#[test]
fn the_benchmark_measures_rows_on_postgres() {
    measures_rows_on(Engine::Postgres);
}

#[test]
fn the_benchmark_measures_rows_on_sqlite() {
    measures_rows_on(Engine::Sqlite);
}
