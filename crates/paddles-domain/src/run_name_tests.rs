//! What names of runs tell, and what they do not.

use super::*;

/// Checks user, suite, branch, kernel branch, flavor and machine type.
fn check(name: &str, [user, suite, branch, kernel_branch, flavor, machine_type]: [&str; 6]) {
    let parts = RunName::new(name).unwrap().tell(LabZone::default());
    let expected = NameParts {
        user: user.into(),
        scheduled: parts.scheduled,
        suite: suite.into(),
        branch: branch.into(),
        kernel_branch: kernel_branch.into(),
        flavor: flavor.into(),
        machine_type: machine_type.into(),
    };
    assert_eq!(parts, expected, "{name}");
}

#[test]
fn classic_names_are_taken_apart() {
    check(
        "teuthology-2013-09-25_23:00:06-rados-master-testing-basic-plana",
        ["teuthology", "rados", "master", "testing", "basic", "plana"],
    );
    check(
        "teuthology-2013-09-26_01:30:26-upgrade-fs-next-testing-basic-plana",
        ["teuthology", "upgrade-fs", "next", "testing", "basic", "plana"],
    );
    check("u-2020-1-2_3:4:5-smoke-nautilus-testing-basic-mira", ["u", "smoke", "nautilus", "testing", "basic", "mira"]);
    check("-2020-1-2_3:4:5-smoke-nautilus-testing-basic-mira", ["", "smoke", "nautilus", "testing", "basic", "mira"]);
}

#[test]
fn suites_branches_and_users_may_hold_hyphens() {
    check(
        "j.doe-x-2013-10-22_03:00:02-ceph-deploy-wip-9999-testing-basic-plana",
        ["j.doe-x", "ceph-deploy", "wip-9999", "testing", "basic", "plana"],
    );
    check(
        "u-2014-03-03_10:10:10-upgrade-rados-wip-a-b-testing-basic-vps",
        ["u", "upgrade-rados", "wip-a-b", "testing", "basic", "vps"],
    );
    check(
        "u-2015-03-01_00:00:01-upgrade:dumpling-x:stress-split-giant-distro-basic-plana",
        ["u", "upgrade:dumpling-x:stress-split", "giant", "distro", "basic", "plana"],
    );
    check(
        "u-2015-03-01_00:00:00-upgrade:giant-x-next-distro-basic-vps",
        ["u", "upgrade:giant", "x-next", "distro", "basic", "vps"],
    );
    check("u-2013-10-23_00:30:38-rgw-next---basic-saya", ["u", "rgw", "next", "", "basic", "saya"]);
}

#[test]
fn a_listed_distro_is_not_part_of_the_machine_type() {
    check(
        "u-2015-03-01_00:00:00-rados-firefly-distro-basic-plana-ubuntu",
        ["u", "rados", "firefly", "distro", "basic", "plana"],
    );
    check(
        "u-2015-03-01_00:00:00-rados-firefly-distro-basic-plana-arch",
        ["u", "rados", "firefly-distro-basic", "plana", "arch", ""],
    );
}

#[test]
fn unlisted_machines_and_suites_cut_the_name_as_deployed_servers_do() {
    check(
        "u-2026-03-01_20:24:03-rados-main-distro-default-smithi",
        ["u", "rados", "main-distro", "default", "smithi", ""],
    );
    check("u-2013-10-22_03:00:02-kittens-next-testing-basic-plana", ["u", "kittens", "next", "testing", "basic", ""]);
    check("u-2013-12-22_01:00:02-x-x-x-x-x", ["u", "x", "x", "x", "x", ""]);
    check("u-2013-12-22_01:00:02-a-b-x-x-x-x", ["u", "a-b", "x", "x", "x", ""]);
}

#[test]
fn the_last_time_in_a_name_counts() {
    check(
        "u-2013-01-01_00:00:00-2014-01-01_00:00:00-rados-master-testing-basic-plana",
        ["u-2013-01-01_00:00:00", "rados", "master", "testing", "basic", "plana"],
    );
}

#[test]
fn names_of_another_form_tell_nothing() {
    fn check(name: &str) {
        assert_eq!(RunName::new(name).unwrap().tell(LabZone::default()), NameParts::default(), "{name}");
    }
    check("whatup");
    check("u-2015-03-01_00:00:00-rados");
    check("u-2015-03-01-00:00:00-rados-main-testing-basic-mira");
    check("u-2015-02-30_00:00:00-rados-main-testing-basic-mira");
    check("u-15-03-01_00:00:00-rados-main-testing-basic-mira");
    check("2015-03-01_00:00:00-rados-main-testing-basic-mira");
    check("ü-ö-ä-—-ß-…-");
}

#[test]
fn the_time_in_a_name_is_the_lab_clock() {
    let name = RunName::new("u-2020-01-02_03:04:05-nfs-main-testing-basic-mira").unwrap();
    let scheduled = name.tell("America/New_York".parse().unwrap()).scheduled.unwrap();
    assert_eq!(scheduled.to_string(), "2020-01-02 08:04:05");
}

proptest::proptest! {
    #[test]
    fn any_name_can_be_asked(text in "(\\PC{0,8}-)?[0-9]{1,5}-[0-9]{1,2}-[0-9]{1,2}_[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,3}(-\\PC{0,9}){0,7}") {
        if let Ok(name) = RunName::new(text) {
            let parts = name.tell(LabZone::default());
            let told_something = !(parts.user.is_empty() && parts.suite.is_empty() && parts.branch.is_empty());
            proptest::prop_assert!(parts.scheduled.is_some() || !told_something);
        }
    }
}
