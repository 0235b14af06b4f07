//! Many clients at the same moment.

use std::sync::Barrier;
use std::thread;

use paddles_domain::{JobStatus, RunResults};

use crate::client::Client;
use crate::service::Service;

/// Lets so many clients work at once, each on a connection and a thread of its own, and collects what they found.
pub(crate) fn at_once<T: Send>(service: &Service, clients: usize, work: impl Fn(&Client, usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(clients);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|number| {
                let (start, work, client) = (&start, &work, service.client_in_turn(number));
                scope.spawn(move || {
                    // So that connecting takes no time in the race.
                    client.read("/");
                    start.wait();
                    work(&client, number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Compares the counts and the status of a run with its jobs, and says what they are.
pub(crate) fn recounted(client: &Client, run: &str) -> RunResults {
    let mut recount = RunResults::default();
    for job in client.read(&format!("/runs/{run}/jobs/?fields=status")).as_array().unwrap() {
        recount.add(job["status"].as_str().unwrap().parse().unwrap());
    }
    let shown = client.read(&format!("/runs/{run}/"));
    for status in JobStatus::ALL {
        assert_eq!(shown["results"][status.as_str()], recount.count(status), "{status} of {run}");
    }
    assert_eq!(shown["status"], recount.run_status().as_str());
    assert_eq!(shown["jobs_count"], recount.total());
    recount
}
