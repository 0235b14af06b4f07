//! Nodes are stored, listed, locked, and linked to jobs.

use paddles_domain::{
    Act, Document, JobKey, JobPatch, JobReport, JobStatus, LockRefused, Node, NodeName, NodePatch, Value,
};

use super::{act, at, job, new_job, page, post, run, status, texts};
use crate::{
    JobKeys, LockWish, LockedMany, NewJob, NodeCreated, NodeFilter, NodeUpdated, RecordId, Repository, UnlockedMany,
};

pub(super) fn name(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

fn full_patch() -> NodePatch {
    let text = |text: &str| Some(Some(text.to_owned()));
    NodePatch {
        description: text("spare"),
        up: Some(Some(true)),
        machine_type: text("smithi"),
        is_vm: Some(true),
        os_type: text("ubuntu"),
        os_version: text("22.04"),
        arch: text("x86_64"),
        mac_address: text("52:54:00:12:34:56"),
        ssh_pub_key: text("ssh-rsa AAAA"),
        ..NodePatch::default()
    }
}

/// Stores a node of type smithi that is up.
pub(super) fn create(lab: &dyn Repository, text: &str) {
    let patch = NodePatch { is_vm: None, ..full_patch() };
    assert_eq!(lab.node_create(&name(text), &patch, &act(1)).unwrap(), NodeCreated::Created);
}

fn get(lab: &dyn Repository, text: &str) -> Node {
    lab.node_get(&name(text)).unwrap().unwrap().node
}

fn names(lab: &dyn Repository, filter: &NodeFilter) -> Vec<String> {
    lab.node_list(filter).unwrap().into_iter().map(|node| node.node.name.to_string()).collect()
}

pub fn a_node_comes_back(lab: &dyn Repository) {
    assert_eq!(lab.node_get(&name("n")).unwrap(), None);
    assert_eq!(lab.node_create(&name("n"), &full_patch(), &act(1)).unwrap(), NodeCreated::Created);
    assert_eq!(get(lab, "n"), full_patch().create(name("n"), at(1)).unwrap());
    assert_eq!(lab.node_create(&name("n"), &NodePatch::default(), &act(2)).unwrap(), NodeCreated::AlreadyExists);

    lab.node_create(&name("bare"), &NodePatch::default(), &act(1)).unwrap();
    assert_eq!(get(lab, "bare"), Node::new(name("bare")));

    let down = NodePatch { up: Some(Some(false)), arch: Some(None), ..NodePatch::default() };
    let expected = Node { up: Some(false), arch: None, ..get(lab, "n") };
    assert_eq!(lab.node_update(&name("n"), &down, &act(2)).unwrap(), NodeUpdated::Updated(Box::new(expected.clone())));
    assert_eq!(get(lab, "n"), expected);
    assert_eq!(lab.node_update(&name("none"), &down, &act(2)).unwrap(), NodeUpdated::NotFound);
}

pub fn nodes_are_listed(lab: &dyn Repository) {
    for text in ["c", "a", "b"] {
        create(lab, text);
    }
    let other = NodePatch { machine_type: Some(Some("mira".into())), ..NodePatch::default() };
    lab.node_create(&name("d"), &other, &act(1)).unwrap();
    lab.node_update(&name("b"), &NodePatch::lock("me", None), &act(2)).unwrap();
    lab.node_update(&name("a"), &NodePatch { up: Some(Some(false)), ..NodePatch::default() }, &act(2)).unwrap();
    let check = |filter: NodeFilter, expected: &[&str]| assert_eq!(names(lab, &filter), expected, "{filter:?}");
    let any = NodeFilter::default;
    check(any(), &["a", "b", "c", "d"]);
    check(NodeFilter { count: Some(2), ..any() }, &["a", "b"]);
    check(NodeFilter { count: Some(0), ..any() }, &[]);
    check(NodeFilter { machine_types: vec!["smithi".into()], ..any() }, &["a", "b", "c"]);
    check(NodeFilter { machine_types: vec!["mira".into(), "none".into()], ..any() }, &["d"]);
    check(NodeFilter { locked: Some(true), ..any() }, &["b"]);
    check(NodeFilter { locked: Some(false), up: Some(true), ..any() }, &["c"]);
    check(NodeFilter { up: Some(false), ..any() }, &["a"]);
    check(NodeFilter { locked_by: Some("me".into()), ..any() }, &["b"]);
    check(NodeFilter { os_type: Some("ubuntu".into()), os_version: Some("22.04".into()), ..any() }, &["a", "b", "c"]);
    check(NodeFilter { arch: Some("aarch64".into()), ..any() }, &[]);
    assert_eq!(lab.node_machine_types().unwrap(), ["mira", "smithi"]);
}

pub fn many_nodes_are_found_together(lab: &dyn Repository) {
    create(lab, "host");
    create(lab, "other");
    let guest = NodePatch { vm_host: Some(Some(name("host"))), ..NodePatch::default() };
    lab.node_create(&name("guest"), &guest, &act(1)).unwrap();
    for asked in
        [vec![], vec!["guest"], vec!["none", "other", "guest"], vec!["guest", "host", "none", "guest", "other"]]
    {
        let asked: Vec<_> = asked.into_iter().map(name).collect();
        let one_by_one: Vec<_> = asked.iter().map(|name| lab.node_get(name).unwrap()).collect();
        assert_eq!(lab.node_get_each(&asked).unwrap(), one_by_one);
    }
}

pub fn a_guest_shows_its_host(lab: &dyn Repository) {
    let on = |host: Option<&str>| NodePatch { vm_host: Some(host.map(name)), ..NodePatch::default() };
    assert_eq!(lab.node_create(&name("guest"), &on(Some("host")), &act(1)).unwrap(), NodeCreated::UnknownHost);
    assert_eq!(lab.node_get(&name("guest")).unwrap(), None, "a refusal leaves nothing behind");
    create(lab, "host");
    assert_eq!(lab.node_create(&name("guest"), &on(Some("host")), &act(1)).unwrap(), NodeCreated::Created);
    let guest = lab.node_get(&name("guest")).unwrap().unwrap();
    assert_eq!(guest.node.vm_host, Some(name("host")));
    assert_eq!(guest.host.unwrap().node, get(lab, "host"));
    assert_eq!(lab.node_update(&name("guest"), &on(Some("none")), &act(2)).unwrap(), NodeUpdated::UnknownHost);

    // Nobody is a host of itself, straight or by others.
    create(lab, "third");
    lab.node_update(&name("host"), &on(Some("third")), &act(2)).unwrap();
    for (below, above) in [("host", "host"), ("host", "guest"), ("third", "guest"), ("third", "third")] {
        let before = get(lab, below);
        assert_eq!(lab.node_update(&name(below), &on(Some(above)), &act(2)).unwrap(), NodeUpdated::HostRing);
        assert_eq!(get(lab, below), before, "{below} on {above}");
    }
    lab.node_update(&name("host"), &on(None), &act(2)).unwrap();

    lab.node_update(&name("host"), &on(None), &act(3)).unwrap();
    assert!(lab.node_delete(&name("host"), &act(99)).unwrap());
    let guest = lab.node_get(&name("guest")).unwrap().unwrap();
    assert_eq!((guest.node.vm_host, guest.host), (None, None));
}

pub fn lock_rules_hold(lab: &dyn Repository) {
    create(lab, "n");
    let mine = NodePatch::lock("me", Some("job 1".into()));
    assert!(matches!(lab.node_update(&name("n"), &mine, &act(2)).unwrap(), NodeUpdated::Updated(_)));
    let locked = get(lab, "n");
    assert_eq!((locked.locked, locked.locked_by.as_deref(), locked.locked_since), (true, Some("me"), Some(at(2))));
    let yours = NodePatch::lock("you", None);
    let refused = NodeUpdated::Refused(LockRefused::AlreadyLocked);
    assert_eq!(lab.node_update(&name("n"), &yours, &act(3)).unwrap(), refused);
    assert_eq!(get(lab, "n"), locked, "a refusal changes nothing");
    lab.node_update(&name("n"), &NodePatch::unlock("me"), &act(4)).unwrap();
    let freed = get(lab, "n");
    assert_eq!((freed.locked, freed.locked_by, freed.locked_since), (false, None, None));
    assert_eq!(freed.description.as_deref(), Some("job 1"));
}

pub(super) fn wish(count: u32, owner: &str) -> LockWish {
    LockWish {
        count,
        owner: Some(owner.to_owned()),
        description: Some(format!("for {owner}")),
        machine_types: vec!["smithi".to_owned()],
        os_type: None,
        os_version: None,
        arch: None,
    }
}

pub fn many_are_locked_or_none(lab: &dyn Repository) {
    for text in ["d", "b", "a", "c"] {
        create(lab, text);
    }
    lab.node_update(&name("a"), &NodePatch { up: Some(Some(false)), ..NodePatch::default() }, &act(2)).unwrap();
    assert_eq!(lab.node_lock_many(&wish(4, "me"), &act(2)).unwrap(), LockedMany::TooFew(3));
    let nobody = LockWish { owner: None, ..wish(1, "") };
    let refused = LockedMany::Refused(LockRefused::LockWithoutOwner);
    assert_eq!(lab.node_lock_many(&nobody, &act(2)).unwrap(), refused);
    assert!(names(lab, &NodeFilter { locked: Some(true), ..NodeFilter::default() }).is_empty());

    let LockedMany::Locked(locked) = lab.node_lock_many(&wish(2, "me"), &act(3)).unwrap() else { panic!("not locked") };
    assert_eq!(locked.iter().map(|node| node.node.name.as_str()).collect::<Vec<_>>(), ["b", "c"]);
    for node in locked {
        assert_eq!(node.node, get(lab, node.node.name.as_str()), "the answer is what is stored");
        assert_eq!((node.node.locked_by.as_deref(), node.node.locked_since), (Some("me"), Some(at(3))));
        assert_eq!(node.node.description.as_deref(), Some("for me"));
    }
    let other_arch = LockWish { arch: Some("aarch64".into()), ..wish(1, "me") };
    assert_eq!(lab.node_lock_many(&other_arch, &act(4)).unwrap(), LockedMany::TooFew(0));
}

pub fn many_are_unlocked_or_none(lab: &dyn Repository) {
    for text in ["a", "b", "c"] {
        create(lab, text);
    }
    lab.node_lock_many(&wish(2, "me"), &act(2)).unwrap();
    let unlock = |names: &[&str], owner| {
        let names: Vec<NodeName> = names.iter().map(|text| name(text)).collect();
        lab.node_unlock_many(&names, owner, &act(3)).unwrap()
    };
    let still_locked = || names(lab, &NodeFilter { locked: Some(true), ..NodeFilter::default() });
    assert_eq!(unlock(&["a", "none"], Some("me")), UnlockedMany::UnknownNode);
    assert_eq!(unlock(&["a", "a"], Some("me")), UnlockedMany::UnknownNode);
    assert_eq!(unlock(&["a", "b", "c"], Some("me")), UnlockedMany::Refused(LockRefused::AlreadyUnlocked));
    assert_eq!(unlock(&["a", "b"], Some("you")), UnlockedMany::Refused(LockRefused::OtherOwner));
    assert_eq!(unlock(&["a", "b"], None), UnlockedMany::Refused(LockRefused::UnlockWithoutOwner));
    assert_eq!(still_locked(), ["a", "b"]);
    let UnlockedMany::Unlocked(freed) = unlock(&["b", "a"], Some("me")) else { panic!("not unlocked") };
    assert_eq!(freed, [get(lab, "a"), get(lab, "b")]);
    assert!(still_locked().is_empty());
    assert_eq!(unlock(&[], Some("me")), UnlockedMany::Unlocked(vec![]));
}

pub(super) fn targets(hosts: &[&str]) -> JobPatch {
    let hosts: Vec<String> = hosts.iter().map(|host| format!("\"ubuntu@{host}\": \"key\"")).collect();
    let mut patch = texts(&[(JobKey::MachineType, "mira")]);
    let document = Document::from_stored(format!("{{{}}}", hosts.join(", ")));
    patch.set(JobKey::Targets, document.map(Value::Document));
    patch
}

/// The ids of the jobs that ran on a node, newest first.
pub(super) fn jobs_on(lab: &dyn Repository, node: &str) -> Vec<String> {
    let rows = lab.job_index_of_node(&name(node), None, None, None).unwrap().unwrap();
    lab.job_rows(&rows, JobKeys::NONE).unwrap().into_iter().map(|job| job.record.job_id.to_string()).collect()
}

pub fn targets_create_and_link_nodes(lab: &dyn Repository) {
    create(lab, "known");
    post(lab, "r", "1", targets(&["known", "new"]), 1);
    assert_eq!(get(lab, "known").machine_type.as_deref(), Some("smithi"));
    let new = get(lab, "new");
    assert_eq!((new.machine_type.as_deref(), new.up, new.locked), (Some("mira"), None, false));
    post(lab, "r", "2", JobPatch::default(), 2);
    lab.job_update(&run("r"), &job("2"), &targets(&["new"]), &act(3)).unwrap();
    lab.job_update(&run("r"), &job("2"), &targets(&["new"]), &act(4)).unwrap();
    assert_eq!((jobs_on(lab, "known"), jobs_on(lab, "new")), (vec!["1".into()], vec!["2".into(), "1".to_owned()]));

    // Links follow the targets, and stay when a report tells none.
    lab.job_update(&run("r"), &job("1"), &targets(&["new"]), &act(5)).unwrap();
    lab.job_update(&run("r"), &job("1"), &targets(&[]), &act(6)).unwrap();
    lab.job_update(&run("r"), &job("1"), &status(JobStatus::Pass), &act(7)).unwrap();
    assert_eq!((jobs_on(lab, "known").len(), jobs_on(lab, "new").len()), (0, 2));

    let rows = |job_name, status, page| -> Vec<RecordId> {
        lab.job_index_of_node(&name("new"), job_name, status, page).unwrap().unwrap()
    };
    assert_eq!(rows(None, Some(JobStatus::Pass), None).len(), 1);
    assert_eq!(rows(Some("nothing"), None, None).len(), 0);
    assert_eq!(rows(None, None, Some(page(2, 1))).len(), 1);
    assert_eq!(lab.job_index_of_node(&name("none"), None, None, None).unwrap(), None);
    assert!(lab.job_delete(&run("r"), &job("1"), &act(99)).unwrap());
    assert_eq!(jobs_on(lab, "new"), ["2"]);
}

pub fn a_deleted_node_leaves_its_jobs(lab: &dyn Repository) {
    post(lab, "r", "1", targets(&["n"]), 1);
    assert!(lab.node_delete(&name("n"), &act(99)).unwrap());
    assert!(!lab.node_delete(&name("n"), &act(99)).unwrap());
    let kept = lab.job_get(&run("r"), &job("1")).unwrap().unwrap();
    assert!(kept.record.values.get(JobKey::Targets).is_some());
    lab.node_create(&name("n"), &NodePatch::default(), &act(2)).unwrap();
    assert!(jobs_on(lab, "n").is_empty());
    assert!(lab.run_delete(&run("r"), &act(99)).unwrap());
}

pub fn jobs_are_counted_by_node(lab: &dyn Repository) {
    create(lab, "a");
    for (id, hosts, machine_type, state, second) in [
        ("0", &["a"][..], "smithi", JobStatus::Pass, 1),
        ("1", &["a", "b"], "multi", JobStatus::Pass, 5),
        ("2", &["a"], "smithi", JobStatus::Fail, 5),
        ("3", &["b"], "mira", JobStatus::Dead, 5),
    ] {
        let mut patch = targets(hosts);
        patch.set(JobKey::MachineType, Some(Value::Text(machine_type.into())));
        post(lab, "r", id, patch, second);
        lab.job_update(&run("r"), &job(id), &status(state), &act(second)).unwrap();
    }
    lab.node_update(
        &name("b"),
        &NodePatch { machine_type: Some(Some("mira".into())), ..NodePatch::default() },
        &act(6),
    )
    .unwrap();
    let counted = |machine_type| -> Vec<(String, u32, u32, u32)> {
        let stats = lab.job_stats(at(5), machine_type).unwrap();
        let count = |counts: &paddles_domain::RunResults, status| counts.count(status);
        stats
            .iter()
            .map(|(node, counts)| {
                let [pass, fail, dead] =
                    [JobStatus::Pass, JobStatus::Fail, JobStatus::Dead].map(|status| count(counts, status));
                (node.to_string(), pass, fail, dead)
            })
            .collect()
    };
    assert_eq!(counted(None), [("a".into(), 1, 1, 0), ("b".into(), 1, 0, 1)]);
    assert_eq!(counted(Some("smithi")), [("a".into(), 1, 1, 0)]);
    assert_eq!(counted(Some("none")), []);
    let of_a = lab.node_job_stats(&name("a")).unwrap().unwrap();
    assert_eq!((of_a.count(JobStatus::Pass), of_a.count(JobStatus::Fail), of_a.total()), (2, 1, 3));
    assert_eq!(lab.node_job_stats(&name("none")).unwrap(), None);
}

/// Of the first day only the jobs count that were posted late enough, before noon and after it.
pub fn jobs_are_counted_from_a_moment_on(lab: &dyn Repository) {
    let moments = ["01:00:00", "05:00:00", "13:00:00", "20:00:00"].map(|time| format!("2020-01-03 {time}"));
    for (number, moment) in moments.iter().chain([&"2020-01-04 00:00:00".to_owned()]).enumerate() {
        let mut patch = targets(&["a"]);
        patch.set(JobKey::MachineType, Some(Value::Text("smithi".into())));
        let report = JobReport { job_id: Some(job(&number.to_string())), patch };
        let new = NewJob { report, ..new_job("r", None, JobPatch::default()) };
        lab.job_create(&new, &Act::of_nobody(moment.parse().unwrap())).unwrap();
    }
    let since = |moment: &str| {
        let stats = lab.job_stats(moment.parse().unwrap(), None).unwrap();
        stats.iter().map(|(_, counts)| counts.total()).sum::<u32>()
    };
    for (moment, jobs) in [
        ("2020-01-03 00:00:00", 5),
        ("2020-01-03 01:00:00", 5),
        ("2020-01-03 01:00:01", 4),
        ("2020-01-03 12:00:00", 3),
        ("2020-01-03 13:00:00", 3),
        ("2020-01-03 13:00:00.5", 2),
        ("2020-01-03 23:59:59", 1),
        ("2020-01-04 00:00:01", 0),
    ] {
        assert_eq!(since(moment), jobs, "since {moment}");
    }
}
