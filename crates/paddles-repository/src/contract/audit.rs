//! What is done is kept, with who did it; and how each job came to its status.

use std::net::IpAddr;

use paddles_domain::{
    Act, Actor, Document, JobKey, JobPatch, JobStatus, LabZone, NodePatch, QueuePatch, Run, RunStatus, TokenName, Value,
};

use super::nodes::{create, name, wish};
use super::{act, at, job, new_job, page, post, run, status, texts};
use crate::{AuditEntry, AuditFilter, HistoryPage, JobCreated, Place, Relinked, Repository};

fn by(token: &str, second: u32) -> Act {
    let who = Actor::Token(TokenName::new(token).unwrap());
    Act { when: at(second), who, from: Some(IpAddr::from([10, 1, 2, 3])), once: None }
}

/// All that was done, the first first.
fn deeds(lab: &dyn Repository, filter: &AuditFilter) -> Vec<AuditEntry> {
    let mut entries = lab.audit_list(filter, page(1, 1_000).into()).unwrap();
    entries.reverse();
    entries
}

fn about(kind: &str) -> AuditFilter {
    AuditFilter { kind: Some(kind.to_owned()), ..AuditFilter::default() }
}

/// What was done to what, and how it was before and after.
fn told(entries: &[AuditEntry]) -> Vec<String> {
    let text = |values: &Option<paddles_domain::Document>| {
        values.as_ref().map_or("-", paddles_domain::Document::as_json).to_owned()
    };
    entries.iter().map(|it| format!("{} {} {} {}", it.action, it.name, text(&it.before), text(&it.after))).collect()
}

pub fn locks_are_audited(lab: &dyn Repository) {
    create(lab, "a");
    create(lab, "b");
    lab.node_lock_many(&wish(2, "me"), &by("ci", 2)).unwrap();
    lab.node_unlock_many(&[name("a"), name("b")], Some("you"), &by("ci", 3)).unwrap();
    lab.node_unlock_many(&[name("a"), name("b")], Some("me"), &act(4)).unwrap();
    let down = NodePatch { up: Some(Some(false)), ..NodePatch::default() };
    lab.node_update(&name("a"), &down, &act(5)).unwrap();
    lab.node_update(&name("a"), &down, &act(6)).unwrap();
    lab.node_delete(&name("b"), &act(7)).unwrap();

    let entries = deeds(lab, &about("node"));
    let unlock = r#"{"locked":true,"locked_by":"me"} {"locked":false,"locked_by":null}"#;
    let of_pair = |told: &[String], first: usize| {
        let mut pair = told[first..first + 2].to_vec();
        pair.sort();
        pair
    };
    let told = told(&entries);
    assert_eq!(told.len(), 8, "{told:#?}");
    assert!(told[0].starts_with("create a - {"), "{}", told[0]);
    assert!(of_pair(&told, 2)[0].starts_with("lock a ") && of_pair(&told, 2)[1].starts_with("lock b "), "{told:#?}");
    assert!(told[2].contains(r#""locked":false,"locked_by":null"#), "{}", told[2]);
    assert_eq!(of_pair(&told, 4), [format!("unlock a {unlock}"), format!("unlock b {unlock}")]);
    assert_eq!(told[6], r#"update a {"up":true} {"up":false}"#);
    assert!(told[7].starts_with("delete b {") && told[7].ends_with("} -"), "{}", told[7]);
    let locked = &entries[2];
    assert_eq!((locked.time, locked.who.as_str(), locked.address.as_deref()), (at(2), "token ci", Some("10.1.2.3")));
    assert_eq!((entries[4].who.as_str(), entries[4].address.as_deref()), ("nobody", None));
}

pub fn pauses_and_priorities_are_audited(lab: &dyn Repository) {
    let queue = super::queues::queue("q");
    lab.queue_create(&queue, &QueuePatch::default(), &act(1)).unwrap();
    let pause =
        QueuePatch { pause_seconds: Some(60.0), paused_by: Some(Some("me".to_owned())), ..QueuePatch::default() };
    lab.queue_update(&queue, &pause, &act(1)).unwrap();
    lab.queue_update(&queue, &pause, &act(2)).unwrap();
    let paused =
        r#"{"paused_by":null,"paused_until":null} {"paused_by":"me","paused_until":"2020-01-02 03:01:01.500000"}"#;
    assert_eq!(told(&deeds(lab, &about("queue")))[1..], [format!("pause q {paused}")]);

    let urgent = |priority: i32| {
        let mut patch = status(JobStatus::Queued);
        patch.set(JobKey::Priority, Some(Value::Integer(priority)));
        patch
    };
    post(lab, "r", "1", urgent(70), 1);
    lab.job_update(&run("r"), &job("1"), &urgent(50), &by("ci", 2)).unwrap();
    lab.job_update(&run("r"), &job("1"), &urgent(50), &by("ci", 3)).unwrap();
    lab.job_update(&run("r"), &job("1"), &JobPatch::default(), &act(4)).unwrap();
    lab.job_update(&run("r"), &job("1"), &texts(&[(JobKey::Owner, "me")]), &act(4)).unwrap();
    let entries = deeds(lab, &about("job"));
    assert_eq!(told(&entries), [r#"update r/1 {"priority":70} {"priority":50}"#]);
    assert_eq!(entries[0].who, "token ci");
}

pub fn corrections_are_audited(lab: &dyn Repository) {
    let mut drifted = Run::new(run("me-2020-01-02_03:04:05-rados-main-distro-basic-mira"), LabZone::default(), at(1));
    let name = drifted.name.clone();
    (drifted.user, drifted.branch) = (Some("x".to_owned()), None);
    drifted.results.add(JobStatus::Dead);
    drifted.status = RunStatus::FinishedDead;
    lab.run_create(&drifted, &act(1)).unwrap();
    let kept = || lab.run_get(&name).unwrap().unwrap().record;
    // Only looked at.
    for corrected in [lab.run_recount(&name, None).unwrap(), lab.run_reparse(&name, LabZone::default(), None).unwrap()]
    {
        let (before, after) = corrected.unwrap();
        assert_eq!((&before, before == after), (&drifted, false));
    }
    assert_eq!(kept(), drifted);

    for _ in 0..2 {
        let (_, counted) = lab.run_recount(&name, Some(&by("ops", 2))).unwrap().unwrap();
        assert_eq!((counted.status, counted.results.total()), (RunStatus::Empty, 0));
        assert_eq!(kept(), counted);
        let (_, told) = lab.run_reparse(&name, LabZone::default(), Some(&by("ops", 3))).unwrap().unwrap();
        assert_eq!((told.user.as_deref(), told.branch.as_deref()), (Some("me"), Some("main")));
        assert_eq!(kept(), told);
    }
    let entries = deeds(lab, &about("run"));
    assert_eq!(
        told(&entries)[1..],
        [
            format!(
                r#"correct {name} {{"results":{{"dead":1}},"status":"finished dead"}} {{"results":{{}},"status":"empty"}}"#
            ),
            format!(r#"correct {name} {{"branch":null,"user":"x"}} {{"branch":"main","user":"me"}}"#),
        ]
    );
    assert_eq!((entries[1].who.as_str(), entries[1].time), ("token ops", at(2)));
    assert_eq!(lab.run_recount(&run("absent"), Some(&act(1))).unwrap(), None);
    assert_eq!(lab.run_reparse(&run("absent"), LabZone::default(), Some(&act(1))).unwrap(), None);
}

pub fn a_first_job_tells_its_run(lab: &dyn Repository) {
    let name = "me-2020-01-02_03:04:05-rados-main-distro-basic-mira";
    post(lab, name, "2", texts(&[(JobKey::Suite, "fs"), (JobKey::MachineType, "smithi")]), 1);
    post(lab, name, "1", texts(&[(JobKey::Branch, "wip")]), 2);
    let (_, told) = lab.run_reparse(&run(name), LabZone::default(), Some(&act(3))).unwrap().unwrap();
    let parts = [&told.suite, &told.branch, &told.machine_type].map(Option::as_deref);
    assert_eq!(parts, [Some("rados"), Some("wip"), Some("mira")], "the second job tells nothing");
}

pub fn links_that_are_put_right_are_audited(lab: &dyn Repository) {
    let nodes = |names: &[&str]| names.iter().map(|node| name(node)).collect();
    let relinked = |before: &[&str], after: &[&str]| Some(Relinked { before: nodes(before), after: nodes(after) });
    let mut patch = status(JobStatus::Pass);
    let targets = Document::from_stored(r#"{"ubuntu@b": null, "ubuntu@a": null}"#).map(Value::Document);
    patch.set(JobKey::Targets, targets);
    patch.set(JobKey::MachineType, Some(Value::Text("smithi".to_owned())));
    post(lab, "r", "1", patch, 1);
    post(lab, "r", "2", status(JobStatus::Pass), 1);
    let count = |node: &str| lab.node_job_stats(&name(node)).unwrap().map_or(0, |counts| counts.total());
    let link = |id: &str, act: Option<&Act>| lab.job_link(&run("r"), &job(id), act).unwrap();
    assert_eq!(link("1", Some(&act(2))), relinked(&["a", "b"], &["a", "b"]));
    assert_eq!(link("2", Some(&act(2))), relinked(&[], &[]));
    assert_eq!(link("3", Some(&act(2))), None);

    // As if a node had been deleted and made again.
    lab.node_delete(&name("a"), &act(3)).unwrap();
    assert_eq!(link("1", None), relinked(&["b"], &["a", "b"]));
    assert_eq!((count("a"), count("b")), (0, 1));
    assert_eq!(link("1", Some(&by("ops", 4))), relinked(&["b"], &["a", "b"]));
    assert_eq!(link("1", Some(&by("ops", 5))), relinked(&["a", "b"], &["a", "b"]));
    assert_eq!((count("a"), count("b")), (1, 1));
    let entries = deeds(lab, &about("job"));
    assert_eq!(told(&entries), [r#"correct r/1 {"nodes":["b"]} {"nodes":["a","b"]}"#]);
    assert_eq!((entries[0].who.as_str(), entries[0].time), ("token ops", at(4)));
}

pub fn the_audit_is_walked_back(lab: &dyn Repository) {
    let patch = |up| NodePatch { up: Some(Some(up)), ..NodePatch::default() };
    lab.node_create(&name("n"), &NodePatch::default(), &act(0)).unwrap();
    for second in 1..10 {
        lab.node_update(&name("n"), &patch(second % 2 == 0), &by(&format!("t{}", second % 3), second)).unwrap();
    }
    let all = AuditFilter::default();
    let mut walked = Vec::new();
    let mut next: HistoryPage = page(1, 4).into();
    loop {
        let entries = lab.audit_list(&all, next).unwrap();
        let Some(last) = entries.last() else { break };
        next = HistoryPage::behind(Place { time: Some(last.time), id: last.id }, 4).unwrap();
        walked.extend(entries.iter().map(|entry| entry.time));
    }
    assert_eq!(walked, (0..10).rev().map(at).collect::<Vec<_>>());
    let of = |filter| lab.audit_list(&filter, page(1, 100).into()).unwrap().len();
    assert_eq!(of(AuditFilter { who: Some("token t1".to_owned()), ..AuditFilter::default() }), 3);
    assert_eq!(of(AuditFilter { name: Some("n".to_owned()), ..about("node") }), 10);
    assert_eq!(of(AuditFilter { name: Some("n".to_owned()), ..about("run") }), 0);
}

pub fn each_status_is_in_the_history(lab: &dyn Repository) {
    assert_eq!(lab.job_history(&run("r"), &job("1")).unwrap(), None);
    lab.job_create(&new_job("r", Some("1"), status(JobStatus::Queued)), &by("ci", 1)).unwrap();
    let report = |patch: &JobPatch, act: &Act| lab.job_update(&run("r"), &job("1"), patch, act).unwrap();
    report(&status(JobStatus::Running), &by("node", 2));
    // Heartbeats, and a status that is there.
    report(&JobPatch::default(), &act(3));
    report(&status(JobStatus::Running), &act(4));
    report(&status(JobStatus::Pass), &act(5));
    // A verdict stays.
    report(&status(JobStatus::Dead), &act(6));

    let history = lab.job_history(&run("r"), &job("1")).unwrap().unwrap();
    let changes: Vec<_> = history.iter().map(|change| (change.before, change.after, change.time)).collect();
    assert_eq!(
        changes,
        [
            (None, JobStatus::Queued, at(1)),
            (Some(JobStatus::Queued), JobStatus::Running, at(2)),
            (Some(JobStatus::Running), JobStatus::Pass, at(5)),
        ]
    );
    let whose: Vec<_> = history.iter().map(|change| (change.who.as_str(), change.address.as_deref())).collect();
    assert_eq!(whose, [("token ci", Some("10.1.2.3")), ("token node", Some("10.1.2.3")), ("nobody", None)]);
    assert!(deeds(lab, &about("job")).is_empty());
}

pub fn claimed_and_numbered_jobs_have_a_history(lab: &dyn Repository) {
    super::queues::create(lab, "q");
    let mut patch = status(JobStatus::Queued);
    patch.set(JobKey::Queue, Some(Value::Text("q".to_owned())));
    let JobCreated::Created(id, _) = lab.job_create(&new_job("r", None, patch), &by("ci", 1)).unwrap() else {
        panic!("not created")
    };
    lab.queue_claim(&super::queues::queue("q"), &by("dispatcher", 2)).unwrap();
    let history = lab.job_history(&run("r"), &id).unwrap().unwrap();
    let whose: Vec<_> = history.iter().map(|change| (change.after, change.who.as_str())).collect();
    assert_eq!(whose, [(JobStatus::Queued, "token ci"), (JobStatus::Waiting, "token dispatcher")]);
}
