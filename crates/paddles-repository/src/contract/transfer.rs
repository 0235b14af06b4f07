//! What was kept elsewhere is taken in as it was kept, and all that is counted follows.

use paddles_domain::{
    Document, Job, JobKey, JobStatus, JobValues, LabZone, Node, NodeName, Queue, QueueName, Run, RunStatus, Value,
};

use super::nodes::targets;
use super::{at, job, post, run};
use crate::{Copied, JobsCopied, NodesCopied, PlacedJob, Repository, RunCondition, RunIndex, Stored, WhatIsHere};

/// Rows of one page.
const SOME: u32 = 100;

fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

fn kept_run(name: &str, second: u32) -> Run {
    let mut kept = Run::new(run(name), LabZone::default(), at(second));
    kept.suite = Some("rados".to_owned());
    kept.started = Some(at(second + 1));
    kept.updated = Some(at(second + 2));
    // As somebody else counted it; nobody here believes it.
    kept.status = RunStatus::FinishedDead;
    kept.results.add(JobStatus::Dead);
    kept
}

fn kept_job(name: &str, id: &str, status: JobStatus, second: u32) -> PlacedJob {
    let mut values = JobValues::default();
    for key in JobKey::all() {
        values.set(key, Some(super::jobs::a_value(key)));
    }
    values.set(JobKey::Sha1, Some(Value::Text(format!("sha1 of {id}"))));
    values.set(JobKey::MachineType, Some(Value::Text("smithi".to_owned())));
    values.set(JobKey::Targets, Document::from_stored("{\"ubuntu@one\": null}").map(Value::Document));
    values.set(JobKey::Owner, None);
    let job = Job {
        run: run(name),
        job_id: job(id),
        status,
        posted: Some(at(second)),
        started: None,
        updated: Some(at(second + 2)),
        values,
    };
    PlacedJob { job, nodes: vec![node("two"), node("one")] }
}

fn take_in(lab: &dyn Repository, jobs: &[PlacedJob]) -> Copied {
    match lab.job_import(jobs).unwrap() {
        JobsCopied::Copied(copied) => copied,
        JobsCopied::UnknownRun(name) => panic!("{name} is not here"),
    }
}

fn fates(added: u64, changed: u64, same: u64, newer: u64) -> Copied {
    Copied { added, changed, same, newer }
}

fn walked(lab: &dyn Repository) -> Vec<PlacedJob> {
    lab.job_walk(&[], None, SOME).unwrap().into_iter().map(|job| job.record).collect()
}

fn get_run(lab: &dyn Repository, name: &str) -> Run {
    lab.run_get(&run(name)).unwrap().unwrap().record
}

fn on_node(lab: &dyn Repository, name: &str, status: JobStatus) -> u32 {
    lab.node_job_stats(&node(name)).unwrap().map_or(0, |counts| counts.count(status))
}

pub fn what_was_kept_comes_back(lab: &dyn Repository) {
    assert_eq!(lab.run_import(&[kept_run("r", 1), kept_run("s", 2)]).unwrap(), fates(2, 0, 0, 0));
    // More than one statement takes, and an order that is not that of the ids.
    let mut jobs: Vec<PlacedJob> =
        (0..150).rev().map(|id| kept_job("r", &format!("{id}"), JobStatus::Pass, id)).collect();
    jobs.push(kept_job("s", "7", JobStatus::Fail, 3));
    assert_eq!(take_in(lab, &jobs), fates(151, 0, 0, 0));

    let run = get_run(lab, "r");
    assert_eq!(run.without_jobs(), kept_run("r", 1).without_jobs());
    assert_eq!((run.status, run.results.count(JobStatus::Pass)), (RunStatus::FinishedPass, 150));
    assert_eq!(run.first_job.unwrap().sha1.as_deref(), Some("sha1 of 0"));
    assert_eq!(get_run(lab, "s").status, RunStatus::FinishedFail);

    let mut first = lab.job_walk(&[], None, SOME).unwrap();
    let rest = lab.job_walk(&[], Some(first[99].id), SOME).unwrap();
    first.extend(rest);
    for placed in &mut jobs {
        placed.nodes.sort();
    }
    assert_eq!(first.into_iter().map(|job| job.record).collect::<Vec<_>>(), jobs);
    assert_eq!((on_node(lab, "one", JobStatus::Pass), on_node(lab, "two", JobStatus::Fail)), (150, 1));
    assert_eq!(lab.run_index(RunIndex::Sha1, &[RunCondition::Named(vec![super::run("s")])]).unwrap(), ["sha1 of 7"]);
    let made = lab.node_get(&node("one")).unwrap().unwrap().node;
    assert_eq!((made.machine_type.as_deref(), made.up, made.locked), (Some("smithi"), None, false));
    let found = crate::JobSearch { description: Some("quoted".to_owned()), ..crate::JobSearch::default() };
    assert_eq!(lab.job_search(&found, super::page(1, SOME).into()).unwrap().len(), 100);
}

pub fn taking_in_twice_changes_nothing(lab: &dyn Repository) {
    let (runs, jobs) =
        ([kept_run("r", 1)], [kept_job("r", "1", JobStatus::Pass, 1), kept_job("r", "2", JobStatus::Fail, 2)]);
    lab.run_import(&runs).unwrap();
    take_in(lab, &jobs);
    let before = (get_run(lab, "r"), walked(lab), lab.node_job_stats(&node("one")).unwrap());
    assert_eq!(lab.run_import(&runs).unwrap(), fates(0, 0, 1, 0));
    assert_eq!(take_in(lab, &jobs), fates(0, 0, 2, 0));
    assert_eq!((get_run(lab, "r"), walked(lab), lab.node_job_stats(&node("one")).unwrap()), before);
}

pub fn what_changed_elsewhere_changes_here(lab: &dyn Repository) {
    lab.run_import(&[kept_run("r", 1)]).unwrap();
    take_in(lab, &[kept_job("r", "1", JobStatus::Running, 1), kept_job("r", "2", JobStatus::Pass, 2)]);
    let mut later = kept_job("r", "1", JobStatus::Fail, 1);
    later.job.updated = Some(at(50));
    later.job.posted = Some("2021-01-01 00:00:00".parse().unwrap());
    later.job.values.set(JobKey::Sha1, Some(Value::Text("other".to_owned())));
    later.job.values.set(JobKey::Flavor, None);
    later.nodes = vec![node("three")];
    let mut later_run = kept_run("r", 1);
    later_run.updated = Some(at(50));
    later_run.user = Some("somebody".to_owned());
    assert_eq!(lab.run_import(std::slice::from_ref(&later_run)).unwrap(), fates(0, 1, 0, 0));
    assert_eq!(take_in(lab, &[later.clone(), kept_job("r", "2", JobStatus::Pass, 2)]), fates(0, 1, 1, 0));

    let run = get_run(lab, "r");
    assert_eq!(run.without_jobs(), later_run.without_jobs());
    assert_eq!((run.status, run.results.total()), (RunStatus::FinishedFail, 2));
    assert_eq!(run.first_job.unwrap().sha1.as_deref(), Some("other"));
    assert_eq!(walked(lab)[0], later);
    assert_eq!(lab.run_index(RunIndex::Sha1, &[]).unwrap(), ["other", "sha1 of 2"]);
    let on = |name, status| on_node(lab, name, status);
    assert_eq!((on("one", JobStatus::Running), on("one", JobStatus::Pass), on("one", JobStatus::Fail)), (0, 1, 0));
    assert_eq!(on("three", JobStatus::Fail), 1);

    // Without nodes it stays where it ran.
    later.nodes = Vec::new();
    later.job.status = JobStatus::Dead;
    assert_eq!(take_in(lab, &[later]), fates(0, 1, 0, 0));
    assert_eq!(walked(lab)[0].nodes, [node("three")]);
    assert_eq!((on("three", JobStatus::Fail), on("three", JobStatus::Dead)), (0, 1));
}

pub fn what_is_newer_here_stays(lab: &dyn Repository) {
    lab.run_import(&[kept_run("r", 9)]).unwrap();
    take_in(lab, &[kept_job("r", "1", JobStatus::Pass, 9)]);
    let before = (get_run(lab, "r"), walked(lab));
    assert_eq!(lab.run_import(&[kept_run("r", 1)]).unwrap(), fates(0, 0, 0, 1));
    // So whoever does not know yet when a run was heard of last changes none that is here.
    assert_eq!(lab.run_import(&[Run { updated: None, ..kept_run("r", 20) }]).unwrap(), fates(0, 0, 0, 1));
    let mut never_heard_of = kept_job("r", "1", JobStatus::Dead, 1);
    never_heard_of.job.updated = None;
    assert_eq!(take_in(lab, &[kept_job("r", "1", JobStatus::Queued, 1)]), fates(0, 0, 0, 1));
    assert_eq!(take_in(lab, &[never_heard_of]), fates(0, 0, 0, 1));
    assert_eq!((get_run(lab, "r"), walked(lab)), before);
}

pub fn of_an_id_that_comes_twice_the_last_heard_of_counts(lab: &dyn Repository) {
    lab.run_import(&[kept_run("r", 1)]).unwrap();
    let twice = [
        kept_job("r", "1", JobStatus::Queued, 1),
        kept_job("r", "1", JobStatus::Pass, 3),
        kept_job("r", "1", JobStatus::Dead, 2),
    ];
    assert_eq!(take_in(lab, &twice), fates(1, 0, 2, 0));
    assert_eq!(walked(lab).iter().map(|placed| placed.job.status).collect::<Vec<_>>(), [JobStatus::Pass]);
    assert_eq!(get_run(lab, "r").results.total(), 1);
}

pub fn jobs_need_their_run(lab: &dyn Repository) {
    lab.run_import(&[kept_run("r", 1)]).unwrap();
    let jobs = [kept_job("r", "1", JobStatus::Pass, 1), kept_job("absent", "1", JobStatus::Pass, 1)];
    assert_eq!(lab.job_import(&jobs).unwrap(), JobsCopied::UnknownRun(run("absent")));
    assert!(walked(lab).is_empty());
    assert_eq!(get_run(lab, "r").status, RunStatus::Empty);
}

pub fn walks_go_by_rows_and_conditions(lab: &dyn Repository) {
    let mut other = kept_run("b", 1);
    other.suite = Some("fs".to_owned());
    lab.run_import(&[kept_run("c", 9), other, kept_run("a", 5)]).unwrap();
    take_in(lab, &[kept_job("b", "1", JobStatus::Pass, 3), kept_job("a", "1", JobStatus::Pass, 2)]);
    let names = |runs: Vec<Stored<Run>>| runs.into_iter().map(|run| run.record.name.to_string()).collect::<Vec<_>>();
    let first = lab.run_walk(&[], None, 2).unwrap();
    let behind = Some(first[1].id);
    assert_eq!(names(first), ["c", "b"]);
    assert_eq!(names(lab.run_walk(&[], behind, 2).unwrap()), ["a"]);
    let rados = [RunCondition::Suite("rados".to_owned())];
    assert_eq!(names(lab.run_walk(&rados, None, SOME).unwrap()), ["c", "a"]);
    let jobs = lab.job_walk(&rados, None, SOME).unwrap();
    assert_eq!(jobs.into_iter().map(|job| job.record.job.run).collect::<Vec<_>>(), [run("a")]);
    let named = [RunCondition::Named(vec![run("b"), run("nobody")])];
    assert_eq!(names(lab.run_walk(&named, None, SOME).unwrap()), ["b"]);
    assert!(lab.run_walk(&[RunCondition::Named(Vec::new())], None, SOME).unwrap().is_empty());
}

pub fn nodes_are_taken_in_with_their_locks(lab: &dyn Repository) {
    let mut guest = Node::new(node("a-guest"));
    guest.is_vm = true;
    guest.vm_host = Some(node("host"));
    let mut host = Node::new(node("host"));
    host.locked = true;
    host.locked_by = Some("me@here".to_owned());
    host.locked_since = Some(at(3));
    host.up = Some(false);
    let mut orphan = guest.clone();
    orphan.name = node("orphan");
    orphan.vm_host = Some(node("unheard of"));
    let nodes = [guest.clone(), host.clone(), orphan];
    let import = |nodes: &[Node]| {
        let NodesCopied { copied, on_themselves } = lab.node_import(nodes, WhatIsHere::Changes).unwrap();
        assert_eq!(on_themselves, []);
        copied
    };
    assert_eq!(import(&nodes), fates(3, 0, 0, 0));
    assert_eq!(import(&nodes), fates(0, 0, 3, 0));
    let shown = lab.node_get(&guest.name).unwrap().unwrap();
    assert_eq!((shown.node, shown.host.unwrap().node), (guest.clone(), host.clone()));
    assert!(lab.node_get(&node("unheard of")).unwrap().is_some());

    guest.vm_host = None;
    host.locked = false;
    host.locked_by = None;
    host.locked_since = None;
    // In a lab at work they stay, but for one that was only heard of.
    let heard_of = Node { description: Some("known now".to_owned()), ..Node::new(node("unheard of")) };
    let mut patch = targets(&["reported"]);
    patch.set(JobKey::MachineType, Some(Value::Text("smithi".to_owned())));
    post(lab, "reports", "1", patch, 6);
    let reported = Node { arch: Some("x86_64".to_owned()), ..Node::new(node("reported")) };
    let arriving = [guest.clone(), host.clone(), heard_of.clone(), reported.clone(), Node::new(node("new"))];
    assert_eq!(lab.node_import(&arriving, WhatIsHere::Stays).unwrap().copied, fates(1, 2, 0, 2));
    assert_eq!(lab.node_get(&reported.name).unwrap().unwrap().node, reported);
    assert!(lab.node_get(&host.name).unwrap().unwrap().node.locked);
    assert_eq!(lab.node_get(&heard_of.name).unwrap().unwrap().node, heard_of);
    assert_eq!(import(&[guest.clone(), host.clone()]), fates(0, 2, 0, 0));
    assert_eq!(lab.node_get(&guest.name).unwrap().unwrap().node, guest);
    assert_eq!(lab.node_get(&host.name).unwrap().unwrap().node, host);
}

pub fn no_node_that_comes_runs_on_itself(lab: &dyn Repository) {
    let on = |name: &str, host: Option<&str>| Node { vm_host: host.map(node), ..Node::new(node(name)) };
    let import = |nodes: &[Node]| {
        let NodesCopied { copied, on_themselves } = lab.node_import(nodes, WhatIsHere::Changes).unwrap();
        (copied, on_themselves.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let hosts = || ["a", "b", "c", "d"].map(|name| lab.node_get(&node(name)).unwrap().unwrap().node.vm_host);
    // Straight, and by others; the rest of them comes.
    let ring = [on("a", Some("b")), on("b", Some("c")), on("c", Some("a")), on("d", Some("d"))];
    let told = || vec!["c".to_owned(), "d".to_owned()];
    assert_eq!(import(&ring), (fates(4, 0, 0, 0), told()));
    let expected = [Some(node("b")), Some(node("c")), None, None];
    assert_eq!(hosts(), expected);
    assert_eq!(import(&ring), (fates(0, 0, 4, 0), told()), "again it is the same");
    assert_eq!(hosts(), expected);

    // One by one, and what was so before stays.
    assert_eq!(import(&[on("d", Some("a"))]), (fates(0, 1, 0, 0), vec![]));
    assert_eq!(import(&[on("c", Some("d"))]), (fates(0, 0, 1, 0), vec!["c".to_owned()]));
    assert_eq!(hosts(), [Some(node("b")), Some(node("c")), None, Some(node("a"))]);
    assert_eq!(import(&[on("d", Some("d"))]), (fates(0, 0, 1, 0), vec!["d".to_owned()]));
    assert_eq!(hosts()[3], Some(node("a")));

    // What turns round is none.
    assert_eq!(
        import(&[on("a", None), on("b", Some("a")), on("c", Some("b")), on("d", None)]),
        (fates(0, 4, 0, 0), vec![])
    );
    assert_eq!(hosts(), [None, Some(node("a")), Some(node("b")), None]);
}

pub fn queues_are_taken_in_with_their_pauses(lab: &dyn Repository) {
    let mut smithi = Queue::new(QueueName::new("smithi").unwrap());
    smithi.paused_by = Some("me".to_owned());
    smithi.paused_until = Some(at(5));
    smithi.pause_duration = Some(60);
    assert_eq!(lab.queue_import(std::slice::from_ref(&smithi), WhatIsHere::Changes).unwrap(), fates(1, 0, 0, 0));
    assert_eq!(lab.queue_import(std::slice::from_ref(&smithi), WhatIsHere::Changes).unwrap(), fates(0, 0, 1, 0));
    let before = smithi.clone();
    smithi.paused_until = None;
    assert_eq!(lab.queue_import(std::slice::from_ref(&smithi), WhatIsHere::Stays).unwrap(), fates(0, 0, 0, 1));
    assert_eq!(lab.queue_list(None, None).unwrap(), [before]);
    assert_eq!(lab.queue_import(std::slice::from_ref(&smithi), WhatIsHere::Changes).unwrap(), fates(0, 1, 0, 0));
    assert_eq!(lab.queue_list(None, None).unwrap(), [smithi]);
}
