//! The tests' own Postgres: databases do not see each other, a stopped server comes back, and nothing stays behind.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise; the child reports by printing"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, QueryResult, RunQueryDsl, sql_query};
use paddles_diesel::testing::{PgBouncer, PostgresCluster, TestDatabase};

/// How long the supervising shell may take to clean up after a killed test.
const CLEANED_UP: Duration = Duration::from_secs(10);

fn connect(database: &TestDatabase) -> PgConnection {
    PgConnection::establish(database.url()).expect("the database takes connections")
}

fn rows_of_marker(connection: &mut PgConnection) -> QueryResult<usize> {
    sql_query("SELECT number FROM marker").execute(connection)
}

fn server_process(cluster_folder: &Path) -> String {
    let file = fs::read_to_string(cluster_folder.join("data/postmaster.pid")).expect("the server runs");
    file.lines().next().expect("its first line is the process id").to_owned()
}

fn is_alive(process: &str) -> bool {
    let mut probe = Command::new("sh");
    probe.args(["-c", "kill -0 \"$1\"", "sh", process]).stderr(Stdio::null());
    probe.status().expect("sh runs").success()
}

fn wait_until_gone(folder: &Path, process: &str) {
    let start = Instant::now();
    while folder.exists() || is_alive(process) {
        assert!(start.elapsed() < CLEANED_UP, "{} or process {process} is still there", folder.display());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn databases_do_not_see_each_other() {
    let (first, second) = (TestDatabase::postgres(), TestDatabase::postgres());
    connect(&first).batch_execute("CREATE TABLE marker AS SELECT 1 AS number").expect("a table");

    assert_eq!(rows_of_marker(&mut connect(&first)), Ok(1));
    assert!(rows_of_marker(&mut connect(&second)).is_err());
    assert_ne!(TestDatabase::sqlite().url(), TestDatabase::sqlite().url());
}

#[test]
fn a_dropped_database_is_gone_though_a_connection_is_open() {
    let database = TestDatabase::postgres();
    let url = database.url().to_owned();
    let mut connection = connect(&database);
    drop(database);

    assert!(connection.batch_execute("SELECT 1").is_err());
    assert!(PgConnection::establish(&url).is_err());
}

#[test]
fn sqlite_file_goes_with_its_database() {
    let database = TestDatabase::sqlite();
    let file = PathBuf::from(database.url().strip_prefix("sqlite://").expect("the scheme comes first"));
    diesel::SqliteConnection::establish(file.to_str().expect("a text path")).expect("SQLite makes the file");
    assert!(file.exists());
    drop(database);
    assert!(!file.exists());
}

#[test]
fn server_comes_back_on_its_port_with_its_data() {
    let cluster = PostgresCluster::start().expect("a server");
    let database = TestDatabase::on(&cluster);
    connect(&database).batch_execute("CREATE TABLE marker AS SELECT 1 AS number").expect("a table");

    cluster.stop().expect("it stops");
    assert!(PgConnection::establish(database.url()).is_err());
    cluster.restart().expect("it starts again");
    assert_eq!(rows_of_marker(&mut connect(&database)), Ok(1));

    cluster.crash().expect("it ends at once");
    cluster.restart().expect("it recovers");
    assert_eq!(rows_of_marker(&mut connect(&database)), Ok(1));
}

#[test]
fn dropped_cluster_leaves_nothing() {
    let cluster = PostgresCluster::start().expect("a server");
    let folder = cluster.folder().to_owned();
    let process = server_process(&folder);
    drop(cluster);
    assert!(!folder.exists());
    assert!(!is_alive(&process));
}

#[test]
fn kept_cluster_keeps_its_data_and_one_user() {
    let folder = tempfile::tempdir().expect("a folder");
    // The server is somebody else where we are root.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), open).expect("it is ours");
    let folder = folder.path().join("cluster");
    let start = || PostgresCluster::start_kept(&folder, &["-cfsync=off", "-cunix_socket_directories="]);
    let connect = |cluster: &PostgresCluster| PgConnection::establish(&cluster.url("postgres")).expect("it listens");

    let cluster = start().expect("a new cluster");
    connect(&cluster).batch_execute("CREATE TABLE marker AS SELECT 1 AS number").expect("a table");
    assert!(start().is_err(), "somebody uses the folder");
    assert_eq!(rows_of_marker(&mut connect(&cluster)), Ok(1), "and is not disturbed");
    drop(cluster);
    assert!(folder.join("data/PG_VERSION").exists());

    let cluster = start().expect("the same cluster");
    assert_eq!(rows_of_marker(&mut connect(&cluster)), Ok(1));
}

#[test]
fn killed_test_leaves_nothing() {
    let this_program = std::env::current_exe().expect("tests run from a file");
    let mut child = Command::new(this_program)
        .args(["--exact", "cluster::child_that_waits_to_be_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut told = output.lines().map_while(Result::ok);
    let mut folder_of = |what: &str| {
        let told =
            told.find_map(|line| line.strip_prefix(what).map(PathBuf::from)).expect("the child tells its folder");
        assert!(told.exists());
        told
    };
    let (cluster, file, pooler) = (folder_of("cluster in "), folder_of("file in "), folder_of("pooler in "));
    let process = server_process(&cluster);
    assert!(is_alive(&process));

    child.kill().expect("SIGKILL, which nobody can handle");
    child.wait().expect("it ended");
    wait_until_gone(&cluster, &process);
    let began = Instant::now();
    while file.exists() || pooler.exists() {
        assert!(began.elapsed() < CLEANED_UP, "{} or {} stays", file.display(), pooler.display());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "started and killed by `killed_test_leaves_nothing`"]
fn child_that_waits_to_be_killed() {
    let cluster = PostgresCluster::start().expect("a server");
    println!("\ncluster in {}", cluster.folder().display());
    let database = TestDatabase::sqlite();
    database.execute("CREATE TABLE marker (number integer)");
    let file = Path::new(database.url().strip_prefix("sqlite://").expect("a file"));
    // All files of a process are in one folder.
    let shared = file.parent().and_then(Path::parent).expect("a folder of ours");
    println!("file in {}", shared.display());
    let pooler = PgBouncer::start(&cluster);
    println!("pooler in {}", pooler.as_ref().map_or(shared, PgBouncer::folder).display());
    thread::sleep(Duration::from_mins(1));
}
