//! Restarts under load: a socket that outlives the service keeps every request from failing.
//!
//! `PADDLES_RESTARTS` makes more of them.

use std::fs::File;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use paddles_diesel::testing::TestDatabase;

use crate::at_once::recounted;
use crate::client::Client;
use crate::load::{Outcome, under_load};
use crate::program::{paddles, run};
use crate::service::Service;
use crate::waiting::PATIENCE;

const RESTARTS: usize = 3;
/// Requests a second.
const RATE: u32 = 200;
/// How long the service runs between two restarts.
const PAUSE: Duration = Duration::from_millis(600);

/// Becomes the program behind it, with what is its standard input as the socket that systemd would hand over.
const HAND_OVER: &str = "exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"";

/// The program, to which `socket` is handed over as systemd does it.
fn with_socket(socket: impl Into<OwnedFd>, variables: &[(&str, &str)]) -> Command {
    let program = paddles(&["serve"], variables);
    let mut command = Command::new("sh");
    command.args(["-c", HAND_OVER, "sh"]).arg(program.get_program()).args(program.get_args());
    command.env_clear().envs(variables.iter().copied()).current_dir(std::env::temp_dir());
    command.stdin(Stdio::from(socket.into()));
    command
}

fn restarts() -> usize {
    std::env::var_os("PADDLES_RESTARTS").map_or(RESTARTS, |count| count.to_str().unwrap().parse().unwrap())
}

fn no_request_fails_when_the_service_restarts(database: &TestDatabase) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let variables = [("PADDLES_DATABASE_URL", database.url()), ("PADDLES_ADMISSION", "deployed")];
    let start = || Service::spawn(with_socket(socket.try_clone().unwrap(), &variables));

    let mut service = start();
    let (restarted, outcome) = under_load(&[&address], RATE, |_| {
        for _ in 0..restarts() {
            thread::sleep(PAUSE);
            service.begin_to_stop("TERM");
            assert_eq!(service.ended().code(), Some(0));
            service = start();
        }
        thread::sleep(PAUSE);
        restarts()
    });

    let (answered, slowest, latest, rate) = (outcome.answered.len(), outcome.slowest(), outcome.latest, outcome.rate());
    let client = Client::new(&address);
    let checked = outcome.check_jobs(&client);
    let scheme = database.url().split(':').next().unwrap();
    eprintln!(
        "{restarted} restarts on {scheme}: {} requests sent, {rate:.0} a second, none later than {latest:.1?} after its time; \
         {answered} answered, {} failed; the longest waited {slowest:.1?}; {checked} jobs checked",
        outcome.sent,
        outcome.failures.len()
    );
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    assert_eq!(outcome.with_status(200), answered);
    assert_eq!(answered, outcome.sent);
    // All of it was sent; a machine that does other things too may have taken longer.
    assert!(rate > f64::from(RATE) / 2.0, "{rate} requests a second are not the load that was meant");
    for run in Outcome::runs() {
        recounted(&client, run);
    }
}

on_both_databases!(no_request_fails_when_the_service_restarts);

#[test]
fn systemd_is_told_when_the_service_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("notify");
    let told = UnixDatagram::bind(&name).unwrap();
    told.set_read_timeout(Some(PATIENCE)).unwrap();
    let next = || {
        let mut message = [0; 100];
        let length = told.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    };

    let database = TestDatabase::sqlite();
    let mut service = Service::start_with(&database, &[("NOTIFY_SOCKET", name.to_str().unwrap())]);
    assert_eq!(next(), "READY=1\n");
    service.begin_to_stop("TERM");
    assert_eq!(next(), "STOPPING=1\n");
    assert_eq!(service.ended().code(), Some(0));
}

#[test]
fn only_a_tcp_socket_is_taken_over() {
    let database = TestDatabase::sqlite();
    let ended = run(&mut with_socket(File::open("/dev/null").unwrap(), &[("PADDLES_DATABASE_URL", database.url())]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("paddles: one TCP socket can be handed over in LISTEN_FDS: fd 3"), "{ended:?}");
}
