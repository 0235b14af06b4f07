//! Rings of hosts, which older labs may have: nobody can make one here.

use paddles_domain::{Act, NodeName, NodePatch};
use paddles_repository::{NodeRepository, NodeUpdated};

use crate::Lab;

/// It is shown for a few rounds and not for ever, and can be undone.
fn a_ring_of_an_older_lab_ends(lab: &Lab) {
    let act = Act::of_nobody("2020-01-02 03:04:05".parse().unwrap());
    let [guest, host] = ["guest", "host"].map(|name| NodeName::new(name).unwrap());
    for name in [&guest, &host] {
        lab.repository.node_create(name, &NodePatch::default(), &act).unwrap();
    }
    lab.database
        .execute("UPDATE nodes SET vm_host_id = (SELECT max(id) FROM nodes AS other WHERE other.id <> nodes.id)");
    let shown = lab.repository.node_get(&guest).unwrap().unwrap();
    assert_eq!(shown.node.vm_host, Some(host.clone()));
    assert!(shown.host.unwrap().host.is_some());
    let on = |host: Option<&NodeName>| NodePatch { vm_host: Some(host.cloned()), ..NodePatch::default() };
    let same = lab.repository.node_update(&guest, &on(Some(&host)), &act).unwrap();
    assert!(matches!(same, NodeUpdated::Updated(_)), "what was so before is no change: {same:?}");
    lab.repository.node_update(&host, &on(None), &act).unwrap();
    assert!(lab.repository.node_delete(&host, &act).unwrap());
    assert_eq!(lab.repository.node_get(&guest).unwrap().unwrap().node.vm_host, None);
}

#[test]
fn on_sqlite() {
    a_ring_of_an_older_lab_ends(&Lab::sqlite());
}

#[test]
fn on_postgres() {
    a_ring_of_an_older_lab_ends(&Lab::postgres());
}
