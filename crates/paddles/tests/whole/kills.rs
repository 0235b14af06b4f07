//! The service, or Postgres, is killed again and again while many clients write: what was acknowledged is there afterwards,
//! nothing is there by halves, nobody holds what another holds, and counts are right.
//!
//! `PADDLES_SERVICE_KILLS` and `PADDLES_POSTGRES_KILLS` say how often.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use paddles_diesel::recount;
use paddles_diesel::testing::{PostgresCluster, TestDatabase};
use serde_json::{Value, json};

use crate::at_once::recounted;
use crate::client::Client;
use crate::kill_clients::{Journal, LOCKED, RUNS, STEPS, Shared, mark, sha1, write_during};
use crate::program::send_signal;
use crate::service::Service;
use crate::waiting::eventually;

/// More than are left locked by requests that got no answer.
const NODES: usize = 200;
/// How many requests are answered before the next kill.
const ANSWERED: usize = 250;

/// How often something is killed when a variable does not say.
const KILLS: usize = 3;

fn kills(variable: &str) -> usize {
    std::env::var_os(variable).map_or(KILLS, |kills| kills.to_str().unwrap().parse().unwrap())
}

fn add_nodes(client: &Client) {
    for number in 0..NODES {
        let node = json!({ "name": format!("kill{number:03}"), "machine_type": "kill", "up": true });
        assert_eq!(client.post("/nodes/", &node).status, 200);
    }
}

fn wait_for_writes(shared: &Shared) {
    let before = shared.acknowledged.load(Ordering::Relaxed);
    let answered = || shared.acknowledged.load(Ordering::Relaxed) - before;
    eventually("requests are answered", || (answered() >= ANSWERED).then_some(()));
}

/// The step at which a job is found, whole.
fn step_of(client: &Client, run: &str, id: &str) -> Option<usize> {
    let answer = client.get(&format!("/runs/{run}/jobs/{id}/"));
    if answer.status == 404 {
        return None;
    }
    let job = answer.json();
    let step = (0..STEPS.len()).find(|step| job["description"] == mark(id, *step));
    let step = step.unwrap_or_else(|| panic!("no step has {job}"));
    let (mark, sha1) = (mark(id, step), sha1(step));
    let shown = ["description", "owner", "sha1", "status"].map(|key| job[key].as_str().unwrap());
    assert_eq!(shown, [&*mark, &*mark, &*sha1, STEPS[step]], "{id} is half written");
    Some(step)
}

/// Compares jobs with what was acknowledged, one by one; what got no answer may have happened or not, and from now on must stay
/// as it is.
fn check_jobs(client: &Client, journals: &mut [Journal]) {
    for job in journals.iter_mut().flat_map(|journal| &mut journal.jobs) {
        let found = step_of(client, job.run, &job.id);
        assert!(job.may_be.contains(&found), "{} may be at {:?} and is at {found:?}", job.id, job.may_be);
        job.may_be = vec![found];
    }
}

/// After a kill: each job that was written before it, and what each run lists and counts, and who holds nodes. Jobs of earlier
/// kills are compared one by one at the end, when nothing has written to them for long.
fn check(client: &Client, journals: &mut Vec<Journal>, mut written: Vec<Journal>) {
    check_jobs(client, &mut written);
    journals.append(&mut written);
    for run in RUNS {
        let jobs = client.read(&format!("/runs/{run}/jobs/?fields=job_id"));
        let shown: BTreeSet<&str> = jobs.as_array().unwrap().iter().filter_map(|job| job["job_id"].as_str()).collect();
        let written = journals.iter().flat_map(|journal| &journal.jobs);
        let there = written.filter(|job| job.run == run && job.may_be != [None]).map(|job| job.id.as_str());
        assert_eq!(shown, there.collect::<BTreeSet<_>>(), "jobs of {run}");
        recounted(client, run);
    }
    check_locks(client, journals);
}

/// Nodes are locked by those alone that got no answer, and by each as many as it asked for; then they are freed.
fn check_locks(client: &Client, journals: &[Journal]) {
    let mut locked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in client.read("/nodes/?machine_type=kill&locked=true").as_array().unwrap() {
        let text = |key| node[key].as_str().unwrap().to_owned();
        locked.entry(text("locked_by")).or_default().push(text("name"));
    }
    for (owner, names) in locked {
        assert!(journals.iter().any(|journal| journal.owners.contains(&owner)), "{owner} has given back {names:?}");
        assert_eq!(names.len(), LOCKED, "{owner} has half of its nodes");
        assert_eq!(client.post("/nodes/unlock_many/", &json!({ "names": names, "locked_by": owner })).status, 200);
    }
}

/// All that is counted beside jobs, as clients see it.
fn counted(client: &Client) -> Vec<Value> {
    let paths = ["/runs/?view=full", "/runs/sha1/", "/runs/flavors/", "/nodes/job_stats/?since_days=99999"];
    paths.map(|path| client.read(path)).into()
}

fn check_at_the_end(service: Service, database: &TestDatabase, mut journals: Vec<Journal>) {
    check_jobs(&service.client(), &mut journals);
    let before = counted(&service.client());
    drop(service);
    recount(&database.url().parse().unwrap()).unwrap();
    assert_eq!(counted(&Service::start(database).client()), before);
}

fn tell(what: &str, kills: usize, shared: &Shared, journals: &[Journal]) {
    let [acknowledged, unanswered] =
        [&shared.acknowledged, &shared.unanswered].map(|counter| counter.load(Ordering::Relaxed));
    let jobs: usize = journals.iter().map(|journal| journal.jobs.len()).sum();
    eprintln!("{what} killed {kills} times: {acknowledged} answers, {unanswered} without one, {jobs} jobs checked");
}

fn acknowledged_writes_survive_kills_of_the_service(database: &TestDatabase) {
    let shared = Shared::default();
    let mut journals = Vec::new();
    let kills = kills("PADDLES_SERVICE_KILLS");
    let mut service = Service::start(database);
    add_nodes(&service.client());
    for round in 0..kills {
        let written = write_during(&service, round, &shared, || {
            wait_for_writes(&shared);
            send_signal(service.process_id(), "KILL");
        });
        service.kill();
        service = Service::start(database);
        check(&service.client(), &mut journals, written);
    }
    tell(&format!("the service on {}", database.url().split(':').next().unwrap()), kills, &shared, &journals);
    check_at_the_end(service, database, journals);
}

on_both_databases!(acknowledged_writes_survive_kills_of_the_service);

/// The server's processes, the first of them the one that starts all others.
#[cfg(target_os = "linux")]
fn processes_of(cluster: &PostgresCluster) -> Vec<u32> {
    let file = std::fs::read_to_string(cluster.folder().join("data/postmaster.pid")).unwrap();
    let first: u32 = file.lines().next().unwrap().parse().unwrap();
    let is_child = |process: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // Behind the name, which may hold anything: the state, and the parent.
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        parent == Some(first)
    };
    let all = std::fs::read_dir("/proc").unwrap();
    let all = all.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    std::iter::once(first).chain(all.filter(is_child)).collect()
}

/// Every process of it at once, as the kernel does when memory runs out, and no word to anybody. Where `fsync` is off,
/// nothing is lost either as long as the machine lives: what was written is with the kernel.
#[cfg(target_os = "linux")]
#[test]
fn acknowledged_writes_survive_kills_of_postgres() {
    let cluster = PostgresCluster::start().unwrap();
    let database = TestDatabase::on(&cluster);
    let service = Service::start(&database);
    add_nodes(&service.client());
    let shared = Shared::default();
    let kills = kills("PADDLES_POSTGRES_KILLS");
    let mut journals = Vec::new();
    for round in 0..kills {
        let written = write_during(&service, round, &shared, || {
            wait_for_writes(&shared);
            for process in processes_of(&cluster) {
                // Those behind the first may have ended by themselves.
                let _ = std::process::Command::new("kill").args(["-s", "KILL", &process.to_string()]).output();
            }
            eventually("Postgres starts again", || cluster.restart().ok());
            wait_for_writes(&shared);
        });
        check(&service.client(), &mut journals, written);
    }
    tell("Postgres", kills, &shared, &journals);
    assert!(!service.log().contains("ERROR"), "{}", service.log());
    check_at_the_end(service, &database, journals);
}
