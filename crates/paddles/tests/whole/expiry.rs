//! Jobs of which nobody hears any more expire inside the service, by one of several servers.

use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::service::Service;
use crate::waiting::eventually;

const JOBS: usize = 60;

const SCHEDULE: [(&str, &str); 3] =
    [("PADDLES_EXPIRE_EVERY", "300ms"), ("PADDLES_EXPIRE_RUNNING_AFTER", "2s"), ("PADDLES_EXPIRE_QUEUED_AFTER", "1h")];

/// A figure of a server, summed over its labels.
fn figure(service: &Service, name: &str) -> usize {
    let text = service.client().get("/metrics").text();
    let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum()
}

/// Makes every job that is `queued` old.
const LONG_AGO: &str = "UPDATE jobs SET posted = '2020-01-02 03:04:05' WHERE status = 'queued'";

fn expire(database: &TestDatabase, servers: &mut [Service]) {
    let client = servers[0].client();
    for number in 0..JOBS {
        client.post_job(&format!("r{}", number % 3), &json!({ "job_id": number.to_string(), "status": "running" }));
    }
    client.post_job("q", &json!({ "job_id": "old", "status": "queued" }));
    database.execute(LONG_AGO);
    client.post_job("q", &json!({ "job_id": "new", "status": "queued" }));
    client.post_job("q", &json!({ "job_id": "alive", "status": "running" }));

    eventually("silent jobs are dead", || {
        assert_eq!(client.put("/runs/q/jobs/alive/", &json!({})).status, 200);
        let dead = |run: &str| client.read(&format!("/runs/{run}/"))["results"]["dead"].as_u64().unwrap();
        let all = ["r0", "r1", "r2", "q"].map(dead);
        thread::sleep(Duration::from_millis(50));
        (all.iter().sum::<u64>() == JOBS as u64 + 1).then_some(())
    });
    // A few rounds more find nothing.
    for _ in 0..20 {
        assert_eq!(client.put("/runs/q/jobs/alive/", &json!({})).status, 200);
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(client.read("/runs/r0/")["status"], "finished dead");
    let q = client.read("/runs/q/");
    assert_eq!(
        (&q["status"], &q["results"]["running"], &q["results"]["queued"]),
        (&json!("running"), &json!(1), &json!(1))
    );

    let expired: usize = servers.iter().map(|server| figure(server, "paddles_expired_jobs_total")).sum();
    assert_eq!(expired, JOBS + 1, "each job expires once");
    let lines: usize =
        servers.iter().map(|server| server.log().lines().filter(|line| line.contains("a job expired")).count()).sum();
    assert_eq!(lines, JOBS + 1);
    for server in servers {
        let rounds = figure(server, "paddles_expiry_rounds_total");
        assert!(rounds > 0 && server.is_running(), "{}", server.log());
        assert!(!server.log().contains("ERROR"), "{}", server.log());
    }
}

fn silent_jobs_expire(database: &TestDatabase) {
    expire(database, &mut [Service::start_with(database, &SCHEDULE)]);
}

on_both_databases!(silent_jobs_expire);

#[test]
fn one_of_several_servers_does_it() {
    let database = TestDatabase::postgres();
    let mut servers = [0; 3].map(|_| Service::start_with(&database, &SCHEDULE));
    expire(&database, &mut servers);
}

/// Who makes jobs dead keeps the others from it for as long as it lives. When it is killed in the middle another one does it, although
/// what it had asked of the database still waits there.
#[test]
fn another_server_takes_over_from_one_that_is_killed() {
    let database = TestDatabase::postgres();
    let mut servers = [0; 2].map(|_| Service::start_with(&database, &SCHEDULE));
    let client = servers[0].client();
    client.post_job("r", &json!({ "job_id": "1", "status": "queued" }));
    client.post_job("r", &json!({ "job_id": "2", "status": "queued" }));
    // Somebody keeps the run, so that whoever makes its jobs dead waits.
    let keeps_the_run = database.hold("SELECT FROM runs WHERE name = 'r' FOR UPDATE");
    database.execute(LONG_AGO);
    let is_kept_from_it = |server: &Service| {
        let text = server.client().get("/metrics").text();
        let elsewhere =
            text.lines().find(|line| line.starts_with("paddles_expiry_rounds_total{outcome=\"elsewhere\"}"));
        elsewhere.is_some_and(|line| !line.ends_with(" 0"))
    };
    let other = eventually("one waits, and keeps the other from it", || servers.iter().position(is_kept_from_it));
    servers[1 - other].kill();
    drop(keeps_the_run);
    let client = servers[other].client();
    eventually("the other one does it", || (client.read("/runs/r/")["results"]["dead"] == 2).then_some(()));
    assert_eq!(figure(&servers[other], "paddles_expired_jobs_total"), 2);
    assert!(!servers[1 - other].log().contains("a job expired") && !servers[other].log().contains("ERROR"));
}

#[test]
fn nothing_expires_by_itself() {
    let database = TestDatabase::sqlite();
    let service = Service::start_with(&database, &[("PADDLES_EXPIRE_RUNNING_AFTER", "1s")]);
    service.client().post_job("r", &json!({ "job_id": "1", "status": "running" }));
    thread::sleep(Duration::from_millis(1_500));
    assert_eq!(service.client().read("/runs/r/")["status"], "running");
    assert_eq!(figure(&service, "paddles_expiry_rounds_total"), 0);
}

/// A server that waits for its next round is not kept by it.
#[test]
fn a_schedule_does_not_hold_up_the_end() {
    let database = TestDatabase::sqlite();
    let mut service = Service::start_with(&database, &[("PADDLES_EXPIRE_EVERY", "1h")]);
    service.begin_to_stop("TERM");
    assert!(service.ended().success());
    assert!(service.log().contains("stopped"), "{}", service.log());
}

/// All threads and connections that answer requests wait for what somebody keeps. Jobs die all the same, once each, and nobody is
/// answered with less than they asked for when it is let go.
#[test]
fn a_pool_in_use_holds_up_no_expiry() {
    let database = TestDatabase::postgres();
    let mut settings = SCHEDULE.to_vec();
    settings.push(("PADDLES_DATABASE_CONNECTIONS", "2"));
    let servers = [0; 2].map(|_| Service::start_with(&database, &settings));
    let client = servers[0].client();
    let post = |run: &str, id: &str| client.post_job(run, &json!({ "job_id": id, "status": "queued" }));
    (0..REPORTERS).for_each(|id| post("kept", &id.to_string()));
    let keeps_the_run = database.hold("SELECT FROM runs WHERE name = 'kept' FOR UPDATE");
    let answers = thread::scope(|scope| {
        let report = |server: &Service, id: usize| {
            let client = server.client();
            scope.spawn(move || client.put(&format!("/runs/kept/jobs/{id}/"), &json!({ "status": "pass" })).status)
        };
        let reporters: Vec<_> = (0..REPORTERS).map(|id| report(&servers[id % 2], id)).collect();
        // Both kinds of threads that answer, and the one for changes alone.
        for server in &servers {
            eventually("all are in use", || (in_use(server) >= 3).then_some(()));
        }
        database.execute(
            "INSERT INTO runs (name, status, jobs_queued) VALUES ('free', 'queued', 40); \
             INSERT INTO jobs (run_id, job_id, status, posted) SELECT runs.id, n, 'queued', '2020-01-02 03:04:05' \
                 FROM runs, generate_series(1, 40) AS n WHERE name = 'free'",
        );
        let dead = || sum(&servers, "paddles_expired_jobs_total");
        eventually("they die", || (dead() == 40).then_some(()));
        assert!(servers.iter().all(|server| in_use(server) >= 3), "those who wait still do");
        drop(keeps_the_run);
        reporters.into_iter().map(|reporter| reporter.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(answers, [200; REPORTERS]);
    assert_eq!(client.read("/runs/free/")["results"]["dead"], 40);
    assert_eq!(client.read("/runs/kept/")["results"]["pass"], REPORTERS);

    // And it goes on.
    post("free", "later");
    database.execute(LONG_AGO);
    eventually("another dies", || (client.read("/runs/free/")["results"]["dead"] == 41).then_some(()));
    assert_eq!(sum(&servers, "paddles_expired_jobs_total"), 41);
    for server in &servers {
        assert!(!server.log().contains("could not expire") && !server.log().contains("ERROR"), "{}", server.log());
    }
}

/// More than two servers of two connections have threads for.
const REPORTERS: usize = 12;

fn sum(servers: &[Service], name: &str) -> usize {
    servers.iter().map(|server| figure(server, name)).sum()
}

/// How many connections of a server are in use.
fn in_use(server: &Service) -> usize {
    let text = server.client().get("/metrics").text();
    let line = text.lines().find(|line| line.starts_with("paddles_database_connections{") && line.contains("in_use"));
    line.unwrap_or_else(|| panic!("{text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

/// Who makes jobs dead waits for one of them, and everybody else of the same small server is answered meanwhile.
#[test]
fn who_waits_for_a_job_keeps_no_request_waiting() {
    let database = TestDatabase::postgres();
    let mut settings = SCHEDULE.to_vec();
    settings.push(("PADDLES_DATABASE_CONNECTIONS", "1"));
    let server = Service::start_with(&database, &settings);
    let client = server.client();
    client.post_job("free", &json!({ "job_id": "1", "status": "waiting" }));
    // Which of its threads waits is chance.
    for round in 1..=4 {
        client.post_job("kept", &json!({ "job_id": round.to_string(), "status": "queued" }));
        let keeps_the_run = database.hold("SELECT FROM runs WHERE name = 'kept' FOR UPDATE");
        database.execute(LONG_AGO);
        let waits = "SELECT 1 / count(*)::int FROM pg_stat_activity \
            WHERE wait_event_type = 'Lock' AND datname = current_database()";
        eventually("it waits", || try_execute(&database, waits).then_some(()));
        for _ in 0..20 {
            assert_eq!(client.put("/runs/free/jobs/1/", &json!({})).status, 200);
            assert_eq!(client.read("/runs/free/")["results"]["waiting"], 1);
        }
        assert!(try_execute(&database, waits), "it waits still");
        drop(keeps_the_run);
        eventually("the job is dead", || (client.read("/runs/kept/")["results"]["dead"] == round).then_some(()));
    }
}

/// Whether the database takes it.
fn try_execute(database: &TestDatabase, sql: &str) -> bool {
    PgConnection::establish(database.url()).unwrap().batch_execute(sql).is_ok()
}
