//! No list reads a big table from end to end: Postgres counts each such scan, and the test fails when one was made.

use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use paddles_diesel::testing::TestDatabase;
use paddles_diesel::{DieselRepository, recount};
use paddles_domain::{
    Act, Admission, JobId, JobKey, JobPatch, JobReport, JobStatus, LabZone, NodeName, QueueName, RunName, Timestamp,
};
use paddles_repository::{
    HistoryPage, JobKeys, JobSearch, LockWish, NewJob, Page, Place, QueueHead, RecordId, Repository, RunCondition,
    RunIndex,
};

/// What grows with a lab's history.
pub(crate) const BIG_TABLES: [&str; 7] =
    ["runs", "jobs", "job_nodes", "run_sha1s", "run_flavors", "node_days", "job_descriptions"];

/// 3,000 runs of 10 jobs each, two days apart from each other a minute, on 200 nodes.
const HISTORY: &str = "
    INSERT INTO nodes (name, machine_type, up, is_vm, locked)
        SELECT 'n' || n, 'smithi', true, false, false FROM generate_series(1, 200) AS n;
    INSERT INTO queue (queue) VALUES ('smithi');
    INSERT INTO runs (name, status, \"user\", suite, branch, machine_type, posted, scheduled, updated)
        SELECT 'r' || r, CASE r % 3 WHEN 0 THEN 'finished fail' ELSE 'finished pass' END, 'user' || r % 7, 'suite' || r % 5,
            'branch' || r % 11, 'smithi', t, t, t
        FROM generate_series(1, 3000) AS r, LATERAL (SELECT timestamp '2026-01-01' + r * interval '9 minutes' AS t) AS times;
    INSERT INTO jobs (run_id, name, job_id, status, sha1, flavor, branch, \"user\", description, machine_type, queue, priority,
            posted, updated)
        SELECT runs.id, runs.name, CAST(j AS text), CASE WHEN runs.id > 2990 AND j = 1 THEN 'queued' WHEN j % 4 = 0 THEN 'fail'
            ELSE 'pass' END, md5(CAST(runs.id AS text)), 'default', branch, \"user\", 'rados/basic/' || j || '-' || runs.id % 97,
            'smithi', 'smithi', 50, posted, posted
        FROM runs, generate_series(1, 10) AS j ORDER BY runs.id, j;
    INSERT INTO job_nodes (node_id, job_id) SELECT 1 + (id * 7 + n) % 200, id FROM jobs, generate_series(0, 1) AS n";

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// A database with history, and a look at what Postgres counts in it.
struct Watched {
    look: PgConnection,
    database: TestDatabase,
}

impl Watched {
    fn new() -> Self {
        let database = TestDatabase::postgres();
        drop(DieselRepository::open(&database.url().parse().unwrap(), 1).unwrap());
        database.execute(HISTORY);
        recount(&database.url().parse().unwrap()).unwrap();
        let mut look = PgConnection::establish(database.url()).unwrap();
        look.batch_execute("VACUUM ANALYZE").unwrap();
        Self { look, database }
    }

    fn number(&mut self, sql: &str) -> i64 {
        sql_query(format!("SELECT CAST(coalesce(({sql}), 0) AS bigint) AS number"))
            .get_result::<Number>(&mut self.look)
            .unwrap()
            .number
    }

    /// Scans of big tables so far. Sessions tell their counts when they end, so all others are waited for.
    fn scans(&mut self) -> i64 {
        let others =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let began = Instant::now();
        while self.number(others) > 0 {
            assert!(began.elapsed() < Duration::from_secs(30), "sessions do not end");
            thread::sleep(Duration::from_millis(5));
        }
        let big = BIG_TABLES.join("', '");
        self.number(&format!("SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname IN ('{big}')"))
    }

    /// Asks on a connection of its own, and says how many scans that took.
    fn scans_of(&mut self, ask: impl FnOnce(&dyn Repository)) -> i64 {
        let before = self.scans();
        let lab = DieselRepository::open(&self.database.url().parse().unwrap(), 1).unwrap();
        ask(&lab);
        drop(lab);
        self.scans() - before
    }
}

fn page() -> HistoryPage {
    Page::new(1, 25).unwrap().into()
}

fn run(name: &str) -> RunName {
    RunName::new(name).unwrap()
}

fn job(id: &str) -> JobId {
    JobId::new(id).unwrap()
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn act() -> Act {
    Act::of_nobody(at("2026-01-20 12:00:00"))
}

fn new_job(id: &str) -> NewJob {
    let report = JobReport { job_id: Some(job(id)), patch: JobPatch::with_status(JobStatus::Running) };
    NewJob { run: run("r7"), report, admission: Admission::Deployed, zone: LabZone::default() }
}

type Question = (&'static str, fn(&dyn Repository));

/// Every question whose answer must not take longer as history grows.
pub(crate) const QUESTIONS: &[Question] = &[
    ("one job", |lab| assert!(lab.job_get(&run("r7"), &job("3")).unwrap().is_some())),
    ("jobs asked for together", |lab| {
        let jobs: Vec<_> = (1..6).map(|number| (run(&format!("r{number}")), job("3"))).collect();
        assert!(lab.job_get_each(&jobs).unwrap().iter().all(Option::is_some));
        assert_eq!(lab.job_is_known(&jobs).unwrap(), [true; 5]);
    }),
    ("one run", |lab| assert!(lab.run_get(&run("r7")).unwrap().is_some())),
    ("latest runs", |lab| assert_eq!(lab.run_list(page()).unwrap().len(), 25)),
    ("runs behind a place", |lab| {
        let last = lab.run_list(page()).unwrap().pop().unwrap();
        let place = Place { time: last.record.posted, id: last.id };
        assert_eq!(lab.run_list(HistoryPage::behind(place, 25).unwrap()).unwrap().len(), 25);
    }),
    ("runs behind the last time that can be shown", |lab| {
        let place = Place { time: Some(at("9999-12-31 23:59:59.999999")), id: RecordId(7) };
        assert_eq!(lab.run_list(HistoryPage::behind(place, 25).unwrap()).unwrap().len(), 25);
    }),
    ("runs by branch", |lab| select(lab, &[RunCondition::Branch("branch3".into())])),
    ("runs by sha1", |lab| {
        let found = lab.run_filter(&[RunCondition::Sha1Prefix("c4ca4238".into())], page()).unwrap();
        assert_eq!(found.len(), 1);
    }),
    ("runs by three", |lab| {
        let status = RunCondition::Status("finished pass".into());
        select(lab, &[RunCondition::Branch("branch3".into()), RunCondition::Suite("suite2".into()), status]);
    }),
    ("runs of a day", |lab| {
        select(lab, &[RunCondition::Scheduled(at("2026-01-03 00:00:00"), at("2026-01-04 00:00:00"))]);
    }),
    ("queued runs", |lab| assert_eq!(lab.run_queued(Page::new(1, 25).unwrap()).unwrap().len(), 10)),
    ("branches", |lab| assert_eq!(lab.run_index(RunIndex::Branch, &[]).unwrap().len(), 11)),
    ("flavors", |lab| assert_eq!(lab.run_index(RunIndex::Flavor, &[]).unwrap().len(), 1)),
    ("users", |lab| assert_eq!(lab.run_index(RunIndex::User, &[]).unwrap().len(), 7)),
    ("a run's jobs", |lab| {
        let id = lab.run_get(&run("r7")).unwrap().unwrap().id;
        assert_eq!(lab.job_page(id, None, 100).unwrap().len(), 10);
    }),
    ("fields of a run's jobs", |lab| {
        assert_eq!(lab.job_list(&run("r7"), None, JobKeys::NONE).unwrap().unwrap().len(), 10);
    }),
    ("rows of jobs", |lab| {
        let rows = lab.job_index(&run("r7"), None).unwrap().unwrap();
        assert_eq!(lab.job_rows(&rows, JobKeys::ALL).unwrap().len(), 10);
    }),
    ("jobs by a frequent description", |lab| described(lab, "rados/basic/3", 25)),
    ("jobs by a rare description", |lab| described(lab, "rados/basic/3-96", 25)),
    ("a node's jobs", |lab| {
        let node = NodeName::new("n7").unwrap();
        let rows = lab.job_index_of_node(&node, None, None, Some(Page::new(1, 25).unwrap())).unwrap().unwrap();
        assert_eq!(rows.len(), 25);
    }),
    ("job_stats", |lab| assert!(lab.job_stats(at("2026-01-19 10:00:00"), None).unwrap().len() >= 20)),
    ("a node's job_stats", |lab| {
        assert!(lab.node_job_stats(&NodeName::new("n7").unwrap()).unwrap().unwrap().total() > 0);
    }),
    ("refused post, heartbeat, new job, change", |lab| {
        lab.job_create(&new_job("3"), &act()).unwrap();
        lab.job_update(&run("r7"), &job("3"), &JobPatch::default(), &act()).unwrap();
        lab.job_create(&new_job("11"), &act()).unwrap();
        let mut patch = JobPatch::with_status(JobStatus::Dead);
        patch.set(JobKey::Priority, None);
        lab.job_update(&run("r7"), &job("11"), &patch, &act()).unwrap();
        lab.job_delete(&run("r7"), &job("11"), &act()).unwrap();
    }),
    ("claim", |lab| {
        lab.queue_claim(&QueueName::new("smithi").unwrap(), &act()).unwrap();
    }),
    ("claims together", |lab| {
        let claimed = lab.queue_claim_each(&QueueName::new("smithi").unwrap(), &[act(), act(), act()]).unwrap();
        // They are linked to nodes, and taken one by one.
        assert!(matches!(claimed[..], [QueueHead::Job(_)]), "{claimed:?}");
    }),
    ("lock_many", |lab| {
        let wish = LockWish {
            count: 4,
            machine_types: vec!["smithi".into()],
            owner: Some("me@here".into()),
            description: None,
            os_type: None,
            os_version: None,
            arch: None,
        };
        lab.node_lock_many(&wish, &act()).unwrap();
    }),
];

fn select(lab: &dyn Repository, conditions: &[RunCondition]) {
    assert!(!lab.run_filter(conditions, page()).unwrap().is_empty());
}

fn described(lab: &dyn Repository, part: &str, at_least: usize) {
    let search = JobSearch { description: Some(part.to_owned()), ..JobSearch::default() };
    assert!(lab.job_search(&search, page()).unwrap().len() >= at_least);
}

#[test]
fn no_question_scans_a_big_table() {
    let mut watched = Watched::new();
    let asked: Vec<(&str, i64)> = QUESTIONS.iter().map(|(name, ask)| (*name, watched.scans_of(ask))).collect();
    let scanned: Vec<_> = asked.into_iter().filter(|(_, scans)| *scans > 0).collect();
    assert_eq!(scanned, [], "questions that scan big tables, and how often");
}

#[test]
fn a_scan_is_seen() {
    let mut watched = Watched::new();
    let url = watched.database.url().to_owned();
    let scans = watched.scans_of(|_| {
        let mut connection = PgConnection::establish(&url).unwrap();
        connection.batch_execute("SELECT count(*) FROM jobs WHERE owner = 'nobody'").unwrap();
    });
    assert_eq!(scans, 1);
}
