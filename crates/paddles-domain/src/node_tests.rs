//! The lock rules, one `check` a rule.

use super::*;

fn at(second: u32) -> Timestamp {
    format!("2020-01-02 03:04:{second:02}").parse().unwrap()
}

fn read(json: &str) -> Result<NodePatch, FieldError> {
    let fields: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).unwrap();
    NodePatch::read(fields.iter().map(|(key, json)| (key.as_str(), &**json)))
}

fn free() -> Node {
    Node::new(NodeName::new("n").unwrap())
}

fn locked_for(owner: &str, description: &str) -> Node {
    NodePatch::lock(owner, Some(description.to_owned())).update(&free(), at(1)).unwrap()
}

#[test]
fn lock_rules_refuse_in_their_order() {
    fn check(before: &Node, patch: &str, expected: Option<LockRefused>) {
        assert_eq!(read(patch).unwrap().update(before, at(2)).err(), expected, "{patch}");
    }
    let mine = locked_for("me", "job 1");
    check(&mine, r#"{"locked": true}"#, Some(LockRefused::AlreadyLocked));
    check(&mine, r#"{"locked": true, "locked_by": "me"}"#, Some(LockRefused::AlreadyLocked));
    check(&mine, r#"{"locked": true, "locked_by": "me", "description": "other"}"#, Some(LockRefused::AlreadyLocked));
    check(&mine, r#"{"locked": true, "locked_by": "you", "description": "job 1"}"#, Some(LockRefused::AlreadyLocked));
    check(&mine, r#"{"locked": true, "locked_by": "me", "description": "job 1"}"#, None);
    check(&free(), r#"{"locked": false}"#, Some(LockRefused::AlreadyUnlocked));
    check(&free(), r#"{"locked": 0, "locked_by": "me"}"#, Some(LockRefused::AlreadyUnlocked));
    check(&free(), r#"{"locked": true}"#, Some(LockRefused::LockWithoutOwner));
    check(&free(), r#"{"locked": true, "locked_by": ""}"#, Some(LockRefused::LockWithoutOwner));
    check(&free(), r#"{"locked": true, "locked_by": null}"#, Some(LockRefused::LockWithoutOwner));
    check(&free(), r#"{"locked": 1, "locked_by": "me"}"#, None);
    check(&mine, r#"{"locked": false}"#, Some(LockRefused::UnlockWithoutOwner));
    check(&mine, r#"{"locked": false, "locked_by": "you"}"#, Some(LockRefused::OtherOwner));
    let other_job = r#"{"locked": false, "locked_by": "me", "description": "job 2"}"#;
    check(&mine, other_job, Some(LockRefused::OtherDescription));
    check(&mine, r#"{"locked": false, "locked_by": "me", "description": ""}"#, None);
    check(&mine, r#"{"locked": false, "locked_by": "me", "description": null}"#, None);
    check(&mine, r#"{"locked": false, "locked_by": "me", "description": "job 1"}"#, None);
    check(&mine, r#"{"locked": null, "up": false}"#, None);
}

#[test]
fn a_lock_is_stamped_and_unlocking_keeps_the_description() {
    let mine = locked_for("me", "job 1");
    assert_eq!((mine.locked, mine.locked_since), (true, Some(at(1))));

    let again = NodePatch::lock("me", Some("job 1".to_owned())).update(&mine, at(2)).unwrap();
    assert_eq!(again.locked_since, Some(at(1)), "a repeated lock keeps its stamp");

    let patch = NodePatch { description: Some(None), ..NodePatch::unlock("me") };
    let freed = patch.update(&mine, at(3)).unwrap();
    assert_eq!((freed.locked, freed.locked_since, freed.locked_by), (false, None, None));
    assert_eq!(freed.description.as_deref(), Some("job 1"));
}

#[test]
fn a_node_is_created_as_it_is_said() {
    fn check(patch: &str, locked: bool, locked_by: Option<&str>, locked_since: Option<Timestamp>) {
        let node = read(patch).unwrap().create(NodeName::new("n").unwrap(), at(1)).unwrap();
        assert_eq!(
            (node.locked, node.locked_by.as_deref(), node.locked_since),
            (locked, locked_by, locked_since),
            "{patch}"
        );
    }
    check(r#"{"locked": true, "locked_by": "me"}"#, true, Some("me"), Some(at(1)));
    check(r#"{"locked": false, "locked_by": "me"}"#, false, None, None);
    check("{}", false, None, None);
    for patch in [r#"{"locked": true}"#, r#"{"locked": true, "locked_by": null}"#, r#"{"locked": 1, "locked_by": ""}"#]
    {
        let refused = read(patch).unwrap().create(NodeName::new("n").unwrap(), at(1));
        assert_eq!(refused, Err(LockRefused::LockWithoutOwner), "{patch}");
    }
}

#[test]
fn a_lock_goes_to_nobody_else_by_an_edit() {
    let mine = locked_for("me", "job 1");
    for owner in [r#"{"locked_by": "you"}"#, r#"{"locked_by": null}"#] {
        assert_eq!(read(owner).unwrap().update(&mine, at(2)), Err(LockRefused::AlreadyLocked), "{owner}");
    }
    assert_eq!(read(r#"{"locked_by": "me"}"#).unwrap().update(&mine, at(2)), Ok(mine.clone()));
    // As older labs have some, which nobody could unlock otherwise.
    let nobodys = Node { locked_by: None, ..mine.clone() };
    assert_eq!(read(r#"{"locked_by": "me"}"#).unwrap().update(&nobodys, at(2)), Ok(mine));
}

#[test]
fn only_what_is_sent_changes() {
    let mine = locked_for("me", "job 1");
    let patch = read(r#"{"up": false, "os-version": 24.04, "vm_host": "host", "name": "other", "bogus": 1}"#).unwrap();
    let expected = Node {
        up: Some(false),
        os_version: Some("24.04".to_owned()),
        vm_host: Some(NodeName::new("host").unwrap()),
        ..mine.clone()
    };
    assert_eq!(patch.update(&mine, at(2)), Ok(expected));
}

#[test]
fn values_that_a_key_does_not_take_are_named() {
    fn check(patch: &str, sentence: &str) {
        assert_eq!(read(patch).unwrap_err().to_string(), sentence);
    }
    check(r#"{"up": "yes"}"#, "up takes true, false, 0, 1 or null");
    check(r#"{"description": {}}"#, "description takes text without NUL characters, a number or null");
    check(r#"{"vm_host": "a/b"}"#, "vm_host takes the name of a node or null");
    let long = format!(r#"{{"locked_by": "{}"}}"#, "x".repeat(1_025));
    check(&long, "locked_by takes text of at most 1024 characters, a number or null");
}

#[test]
fn a_target_names_its_node() {
    fn check(target: &str, expected: Option<&str>) {
        assert_eq!(NodeName::of_target(target).as_ref().map(NodeName::as_str), expected);
    }
    check("ubuntu@smithi001.front.sepia.ceph.com", Some("smithi001.front.sepia.ceph.com"));
    check("smithi001", Some("smithi001"));
    check("a@b@c", Some("c"));
    check("ubuntu@", None);
    // It could not be reached.
    check("ubuntu@lock_many", None);
    check("job_stats", None);
}
