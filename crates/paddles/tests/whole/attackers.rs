//! Those who attack, in a process and a session of their own, with one thread: they stand for other machines. Linux shares a
//! processor between sessions first, so that within one they would take the service's part of it; and within one process
//! whoever measures would wait for their locks.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use actix_web::rt::net::TcpStream;
use actix_web::rt::time::{interval, sleep};
use actix_web::rt::{System, spawn};
use serde::{Deserialize, Serialize};

use crate::service::Service;

/// What they are told, as JSON.
const ORDER: &str = "PADDLES_TEST_ATTACK";

/// What comes before the outcome in what they print.
const OUTCOME: &str = "outcome: ";

const EXPENSIVE: [&str; 5] = [
    "/runs/?count=10000",
    "/jobs/?count=10000&description=a",
    "/nodes/job_stats/?since_days=10000",
    "/runs/large/jobs/?fields=job_id,tasks,overrides",
    "/runs/sha1/",
];

/// Idle connections are opened as fast as the service closes them, and slow readers within a second or two.
const BETWEEN_IDLE: Duration = Duration::from_micros(500);
const BETWEEN_READERS: Duration = Duration::from_millis(1);

/// Expensive questions come in turns, a hundred turns a second.
const BETWEEN_TURNS: Duration = Duration::from_millis(10);

/// What is done to the service until the attack is over.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Attack {
    pub(crate) address: SocketAddr,
    pub(crate) idle: u32,
    pub(crate) slow_readers: u32,
    /// Expensive questions in a second, however many of those before are answered.
    pub(crate) expensive: u32,
}

/// What became of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Expensive questions.
    pub(crate) asked: usize,
    pub(crate) answered: usize,
    /// With 503.
    pub(crate) refused: usize,
    /// Answered with anything else.
    pub(crate) wrong: BTreeMap<String, usize>,
    /// Without an answer, or without its end.
    pub(crate) broken: usize,
    /// How long it took to refuse, in seconds.
    pub(crate) slowest_refusal: f64,
    /// Bytes.
    pub(crate) read_slowly: usize,
    idle_now: usize,
    /// The most that were open at a time.
    pub(crate) idle: usize,
}

/// A running attack.
pub(crate) struct Attackers(Child);

impl Attackers {
    pub(crate) fn begin(attack: &Attack) -> Self {
        let mut command = Command::new("setsid");
        command.arg(std::env::current_exe().unwrap()).args([
            "--exact",
            "attackers::attack",
            "--ignored",
            "--nocapture",
        ]);
        command.env(ORDER, serde_json::to_string(attack).unwrap()).stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(command.spawn().expect("setsid is there"))
    }

    /// Ends the attack.
    pub(crate) fn end(mut self) -> Outcome {
        drop(self.0.stdin.take());
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines().map_while(Result::ok);
        let outcome = lines.filter_map(|line| line.split_once(OUTCOME).map(|(_, outcome)| outcome.to_owned())).last();
        assert!(self.0.wait().unwrap().success());
        serde_json::from_str(&outcome.expect("the attack has an outcome")).unwrap()
    }
}

impl Drop for Attackers {
    fn drop(&mut self) {
        // After a failure of the test it still runs.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where the service listens.
pub(crate) fn address(service: &Service) -> SocketAddr {
    service.address().parse().unwrap()
}

#[test]
#[ignore = "the test of an attack starts it in a process of its own"]
fn attack() {
    let Some(attack) = std::env::var_os(ORDER) else { return };
    let attack: Attack = serde_json::from_str(attack.to_str().unwrap()).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&over);
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        told.store(true, Ordering::Relaxed);
    });
    let outcome = Rc::new(RefCell::new(Outcome::default()));
    System::new().block_on(async {
        spawn(stay_idle(attack.address, attack.idle, Rc::clone(&outcome)));
        spawn(read_slowly(attack.address, attack.slow_readers, Rc::clone(&outcome)));
        spawn(ask_for_much(attack.address, attack.expensive, Rc::clone(&outcome)));
        while !over.load(Ordering::Relaxed) {
            sleep(BETWEEN_TURNS).await;
        }
    });
    println!("{OUTCOME}{}", serde_json::to_string(&*outcome.borrow()).unwrap());
}

/// Keeps so many connections open on which nothing is asked, and opens new ones for those that the service closes.
async fn stay_idle(address: SocketAddr, count: u32, outcome: Rc<RefCell<Outcome>>) {
    for number in 0..count {
        // Slept for in turns: no timer is as fine.
        if number % 20 == 0 {
            sleep(BETWEEN_IDLE * 20).await;
        }
        let outcome = Rc::clone(&outcome);
        spawn(async move {
            loop {
                let Ok(connection) = TcpStream::connect(address).await else {
                    sleep(Duration::from_millis(50)).await;
                    continue;
                };
                {
                    let mut outcome = outcome.borrow_mut();
                    outcome.idle_now += 1;
                    outcome.idle = outcome.idle.max(outcome.idle_now);
                }
                // Nothing is answered where nothing is asked: what comes is the end.
                let _ = read(&connection, &mut [0]).await;
                outcome.borrow_mut().idle_now -= 1;
            }
        });
    }
}

/// Reads a large run on many connections, a kilobyte ten times a second of each.
async fn read_slowly(address: SocketAddr, count: u32, outcome: Rc<RefCell<Outcome>>) {
    for number in 0..count as usize {
        sleep(BETWEEN_READERS).await;
        let outcome = Rc::clone(&outcome);
        spawn(async move {
            let connection = TcpStream::connect(address).await?;
            let coding = ["identity", "zstd", "gzip"][number % 3];
            let head = format!("GET /runs/large/ HTTP/1.1\r\nHost: paddles\r\nAccept-Encoding: {coding}\r\n\r\n");
            write(&connection, &head).await?;
            let mut piece = [0; 1024];
            loop {
                outcome.borrow_mut().read_slowly += read(&connection, &mut piece).await?;
                sleep(Duration::from_millis(100)).await;
            }
            #[expect(unreachable_code, reason = "says of what type the errors are")]
            Ok::<(), Error>(())
        });
    }
}

/// Asks what is expensive, so often in a second, whatever becomes of it.
async fn ask_for_much(address: SocketAddr, in_a_second: u32, outcome: Rc<RefCell<Outcome>>) {
    let mut turns = interval(BETWEEN_TURNS);
    let in_a_turn = in_a_second as usize * BETWEEN_TURNS.as_millis() as usize / 1_000;
    for number in 0.. {
        if number % in_a_turn == 0 {
            turns.tick().await;
        }
        let (path, outcome) = (EXPENSIVE[number % EXPENSIVE.len()], Rc::clone(&outcome));
        outcome.borrow_mut().asked += 1;
        spawn(async move {
            let began = Instant::now();
            let status = status_of_all(address, path).await;
            let mut outcome = outcome.borrow_mut();
            match status.as_deref() {
                Ok("200") => outcome.answered += 1,
                Ok("503") => {
                    outcome.refused += 1;
                    outcome.slowest_refusal = outcome.slowest_refusal.max(began.elapsed().as_secs_f64());
                }
                Ok("") | Err(_) => outcome.broken += 1,
                Ok(other) => *outcome.wrong.entry(format!("{other} for {path}")).or_default() += 1,
            }
        });
    }
}

/// The status of an answer that was read to its end.
async fn status_of_all(address: SocketAddr, path: &str) -> Result<String, Error> {
    let connection = TcpStream::connect(address).await?;
    write(&connection, &format!("GET {path} HTTP/1.1\r\nHost: paddles\r\nConnection: close\r\n\r\n")).await?;
    let mut piece = vec![0; 64];
    let begin = read(&connection, &mut piece).await?;
    let status = String::from_utf8_lossy(&piece[..begin]).split(' ').nth(1).unwrap_or_default().to_owned();
    piece.resize(32 * 1024, 0);
    while read(&connection, &mut piece).await? > 0 {}
    Ok(status)
}

async fn read(connection: &TcpStream, piece: &mut [u8]) -> Result<usize, Error> {
    loop {
        connection.readable().await?;
        match connection.try_read(piece) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

/// Writes what fits into any buffer.
async fn write(connection: &TcpStream, text: &str) -> Result<(), Error> {
    connection.writable().await?;
    let written = connection.try_write(text.as_bytes())?;
    if written == text.len() { Ok(()) } else { Err(ErrorKind::WriteZero.into()) }
}
