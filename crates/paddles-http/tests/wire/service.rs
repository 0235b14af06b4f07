//! The service under test.

use std::net::{SocketAddr, TcpListener};
use std::ops::Deref;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use actix_web::rt::System;
use paddles_diesel::DieselRepository;
use paddles_diesel::testing::TestDatabase;
use paddles_domain::Admission;
use paddles_http::{HttpSettings, Listener, Stopper, server};
use paddles_repository::Repository;

use crate::client::Client;

/// What links begin with: not where the service listens, so that nothing passes by chance.
pub(crate) const ADDRESS: &str = "http://paddles.example";

/// A running service in a database of its own. It is a client, too: of itself.
///
/// Dropping it stops the service as an operator does, and then removes the database.
pub(crate) struct Service {
    address: SocketAddr,
    client: Client,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
    repository: Arc<DieselRepository>,
    // Dropped last: connections must be gone before the database is.
    database: TestDatabase,
}

impl Service {
    /// As it comes.
    pub(crate) fn on(database: TestDatabase) -> Self {
        Self::with(HttpSettings::default(), database)
    }

    pub(crate) fn admitting(admission: Admission, database: TestDatabase) -> Self {
        Self::with(HttpSettings { admission, ..HttpSettings::default() }, database)
    }

    /// Creating runs for any job, which spares stories that are about something else the words.
    pub(crate) fn admitting_all(database: TestDatabase) -> Self {
        Self::admitting(Admission::Deployed, database)
    }

    pub(crate) fn with(settings: HttpSettings, database: TestDatabase) -> Self {
        let connections = u32::try_from(settings.askers).unwrap();
        let repository = Arc::new(DieselRepository::open(&database.url().parse().unwrap(), connections).unwrap());
        let settings = HttpSettings { address: ADDRESS.to_owned(), ..settings };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();

        let (started, starts) = mpsc::channel();
        let lab: Arc<dyn Repository> = repository.clone();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let server = server(&lab, settings, Listener::Own(listener)).unwrap();
                drop(lab);
                started.send(server.stopper()).unwrap();
                server.run().await.unwrap();
            });
        });
        let stopper = starts.recv().expect("the service starts");
        let client = Client::of(address);
        Self { address, client, stopper, thread: Some(thread), repository, database }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Another client, with connections of its own.
    pub(crate) fn client(&self) -> Client {
        Client::of(self.address)
    }

    /// The database behind the service, to put there what no client can say.
    pub(crate) fn repository(&self) -> &dyn Repository {
        &*self.repository
    }

    /// The database itself, to put there what no client and no service would.
    pub(crate) fn database(&self) -> &TestDatabase {
        &self.database
    }

    pub(crate) fn statements_run(&self) -> u64 {
        self.repository.statements_run()
    }
}

impl Deref for Service {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The service waits for open connections before it ends.
        self.client = self.client();
        System::new().block_on(self.stopper.stop());
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            ended.unwrap().expect("the service ends well");
        }
    }
}
