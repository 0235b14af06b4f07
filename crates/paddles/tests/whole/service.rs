//! A running service.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use paddles_diesel::testing::TestDatabase;

use crate::client::Client;
use crate::program::{paddles, send_signal};
use crate::waiting::eventually;

/// Lines of the log that a failed test shows.
const LOG_TAIL: usize = 30;

/// A service in a process of its own, killed when it is dropped. Its log is shown when the test fails.
pub(crate) struct Service {
    process: Child,
    log: Log,
    address: String,
    companions: Vec<Service>,
}

/// What the service has written to its log so far.
#[derive(Clone, Default)]
struct Log {
    text: Arc<Mutex<String>>,
    is_closed: Arc<AtomicBool>,
}

impl Service {
    /// Starts the service on `database` and a free port, and waits until it listens.
    pub(crate) fn start(database: &TestDatabase) -> Self {
        Self::start_with(database, &[])
    }

    /// Starts it with these settings besides.
    pub(crate) fn start_with(database: &TestDatabase, settings: &[(&str, &str)]) -> Self {
        let mut variables = vec![
            ("PADDLES_DATABASE_URL", database.url()),
            ("PADDLES_SERVER_PORT", "0"),
            // A job creates its run.
            ("PADDLES_ADMISSION", "deployed"),
        ];
        if let Some(direct) = database.direct_url() {
            variables.extend([("PADDLES_DATABASE_POOLER", "transaction"), ("PADDLES_MIGRATION_DATABASE_URL", direct)]);
        }
        variables.extend(settings);
        Self::spawn(paddles(&[], &variables))
    }

    /// Starts what `command` says, and waits until it listens.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the service starts");
        let log = Log::default();
        log.follow(process.stderr.take().expect("a pipe"));
        let mut service = Self { process, log, address: String::new(), companions: Vec::new() };
        service.address = service.eventually("it listens", |log| {
            let (_, address) = log.split_once("listening on http://")?;
            // In JSON a quotation mark follows, otherwise a field or the end of the line.
            let (address, _) = address.split_once(|end: char| end.is_whitespace() || end == '"')?;
            Some(address.to_owned())
        });
        service
    }

    /// Starts so many servers of one database.
    pub(crate) fn start_several(database: &TestDatabase, servers: usize) -> Self {
        let mut first = Self::start(database);
        first.companions = (1..servers).map(|_| Self::start(database)).collect();
        first
    }

    /// A client of the first server and its companions in turn.
    pub(crate) fn client_in_turn(&self, number: usize) -> Client {
        match number % (self.companions.len() + 1) {
            0 => self.client(),
            companion => self.companions[companion - 1].client(),
        }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A client with connections of its own.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.address)
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Whether the process is there.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.try_wait().expect("a child can be asked").is_none()
    }

    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Closes the pipe behind the next line of the log, as a collector that ends.
    pub(crate) fn stop_reading_log(&self) {
        self.log.is_closed.store(true, Ordering::Relaxed);
    }

    /// Waits until its log has an answer.
    pub(crate) fn eventually<T>(&mut self, what: &str, mut answer: impl FnMut(&str) -> Option<T>) -> T {
        eventually(what, || {
            let log = self.log();
            let found = answer(&log);
            assert!(found.is_some() || self.is_running(), "the service ended before {what}:\n{log}");
            found
        })
    }

    /// Asks it to stop, and waits until it has begun to.
    pub(crate) fn begin_to_stop(&mut self, signal: &str) {
        send_signal(self.process_id(), signal);
        let sentence = format!("stopping on SIG{signal}");
        self.eventually("it stops", |log| log.contains(&sentence).then_some(()));
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        eventually("the service ends", || self.process.try_wait().expect("a child can be asked"))
    }

    /// Ends it as a crash of the machine would.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("a child can be killed");
        self.process.wait().expect("it ended");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(LOG_TAIL)..];
            eprintln!("the log of the service ends:\n{}", tail.join("\n"));
        }
    }
}

impl Log {
    /// Keeps all that comes, on a thread of its own: a full pipe would stop the service.
    fn follow(&self, pipe: ChildStderr) {
        let log = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let mut text = log.text.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
                if log.is_closed.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }
}
