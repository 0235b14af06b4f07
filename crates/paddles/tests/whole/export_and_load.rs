//! A lab goes into a file and out of it into another database.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use paddles_diesel::recount;
use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::copied_lab::{
    FS_RUN, assert_same, command, documents, fill, give_back, other_kind, path_of, serve, succeed,
};
use crate::program::paddles;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn a_loaded_lab_shows_the_same(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    give_back(&source.client());
    let original = documents(&source.client());
    let folder = tempfile::tempdir().unwrap();
    let (file, back) = (folder.path().join("lab.zst"), folder.path().join("back.zst"));
    succeed(database, &["export", text(&file)]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the file");
    let target = other_kind(database);
    let dry = succeed(&target, &["load", text(&file), "--dry-run"]);
    assert!(dry.contains("queues, 5 runs and 62 jobs") || dry.contains("queue, 5 runs and 62 jobs"), "{dry}");

    let said = succeed(&target, &["load", text(&file)]);
    assert!(said.contains("runs: 5 added, 0 changed") && said.contains("jobs: 62 added, 0 changed"), "{said}");
    assert_same(&original, &documents(&serve(&target).client()));
    recount(&target.url().parse().unwrap()).unwrap();
    assert_same(&original, &documents(&serve(&target).client()));
    let again = succeed(&target, &["load", text(&file)]);
    assert!(again.contains("jobs: 0 added, 0 changed, 62 the same"), "{again}");

    // And back.
    succeed(&target, &["export", text(&back)]);
    assert_eq!(fs::read(&back).unwrap(), fs::read(&file).unwrap());
    succeed(&other_kind(&target), &["load", text(&back)]);
}

fn a_part_is_exported(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    let target = other_kind(database);
    // Through a pipe, as over ssh.
    let mut export = paddles(&["export", "-", "--branch", "main"], &[("PADDLES_DATABASE_URL", database.url())]);
    let written = export.stderr(Stdio::null()).output().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("part.zst");
    fs::write(&file, written.stdout).unwrap();
    let said = succeed(&target, &["load", text(&file)]);
    assert!(said.contains("runs: 2 added") && said.contains("jobs: 47 added"), "{said}");
}

/// One run that was lost comes back out of a file of yesterday, and nobody loses a machine for it.
fn nodes_and_queues_of_a_running_lab_stay(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.zst");
    succeed(database, &["export", text(&file), "--run", FS_RUN]);
    assert_eq!(source.client().put("/nodes/host/", &json!({ "up": false, "description": "mine now" })).status, 200);
    assert_eq!(
        source.client().put("/queue/", &json!({ "queue": "smithi", "paused_by": "me", "paused_until": null })).status,
        200
    );
    let shown = || ["/nodes/", "/queue/"].map(|path| source.client().read(path));
    let before = shown();
    assert_eq!(source.client().send("DELETE", &path_of(FS_RUN), "").unwrap().status, 200);
    let said = succeed(database, &["load", text(&file)]);
    assert!(said.contains("runs: 1 added") && said.contains("jobs: 7 added"), "{said}");
    assert!(said.contains("nodes: 0 added, 0 changed,"), "{said}");
    assert_eq!(shown(), before);
    // Who says so has them as they were.
    let said = succeed(database, &["load", text(&file), "--replace-nodes"]);
    assert!(said.contains("nodes: 0 added, 1 changed") && said.contains("queues: 0 added, 1 changed"), "{said}");
    assert_ne!(shown(), before);
}

/// As by cron, when a large lab takes longer than an hour.
fn one_export_at_a_time_writes_a_file(database: &TestDatabase) {
    succeed(database, &["migrate"]);
    let folder = tempfile::tempdir().unwrap();
    let (file, partial) = (folder.path().join("lab.zst"), folder.path().join("lab.zst.partial"));
    fs::write(&partial, "half").unwrap();
    let other = fs::File::open(&partial).unwrap();
    other.lock().unwrap();
    let refused = command(database, &["export", text(&file)]);
    assert!(refused.code == Some(1) && refused.stderr.contains("another export is writing "), "{refused:?}");
    assert_eq!(fs::read_to_string(&partial).unwrap(), "half");
    // What a killed one left is in nobody's way.
    drop(other);
    succeed(database, &["export", text(&file)]);
    succeed(database, &["load", text(&file), "--dry-run"]);

    let taken = folder.path().join("folder");
    fs::create_dir(&taken).unwrap();
    assert_eq!(command(database, &["export", text(&taken)]).code, Some(1));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside the file");
}

/// A link leads where it led, and a pipe is read from: neither becomes a file.
fn what_is_no_file_stays_what_it_is(database: &TestDatabase) {
    fill(&serve(database).client());
    let folder = tempfile::tempdir().unwrap();
    let [file, link, pipe] = ["lab.zst", "link.zst", "pipe"].map(|name| folder.path().join(name));
    fs::write(&file, "older").unwrap();
    symlink(&file, &link).unwrap();
    succeed(database, &["export", text(&link)]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    succeed(database, &["load", text(&file), "--dry-run"]);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || fs::read(pipe).unwrap()
    });
    succeed(database, &["export", text(&pipe)]);
    assert_eq!(reader.join().unwrap(), fs::read(&file).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

/// As labs that were adopted may have them. An archive that holds them could not be loaded, nor could all the rest of it.
fn what_no_url_could_name_is_left_out(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    let original = documents(&source.client());
    database.execute(
        "INSERT INTO jobs (run_id, job_id, status) VALUES ((SELECT max(id) FROM runs), NULL, 'pass'); \
         INSERT INTO jobs (run_id, job_id) VALUES ((SELECT max(id) FROM runs), 'a/b'); \
         INSERT INTO runs (name) VALUES ('a/b'), (NULL); INSERT INTO nodes (name) VALUES (''); \
         INSERT INTO jobs (run_id, job_id) VALUES ((SELECT id FROM runs WHERE name = 'a/b'), '1'); \
         UPDATE nodes SET vm_host_id = (SELECT id FROM nodes WHERE name = '') WHERE vm_host_id IS NULL AND name = \
             (SELECT min(name) FROM nodes WHERE name > ''); \
         INSERT INTO queue (queue) VALUES ('')",
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lab.zst");
    let exported = command(database, &["export", text(&file)]);
    let left_out = "left out, since no URL could name them: 1 nodes, 1 queues, 2 runs and 3 jobs\n";
    assert!(exported.code == Some(0) && exported.stderr.ends_with(left_out), "{exported:?}");
    let target = other_kind(database);
    succeed(&target, &["load", text(&file)]);
    assert_same(&original, &documents(&serve(&target).client()));
}

fn a_damaged_file_is_refused_whole(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lab.zst");
    succeed(database, &["export", text(&file)]);
    let whole = fs::read(&file).unwrap();
    let plain = zstd::decode_all(&whole[..]).unwrap();
    let target = other_kind(database);
    let refuse = |bytes: &[u8], sentence: &str| {
        fs::write(&file, bytes).unwrap();
        let ended = command(&target, &["load", text(&file)]);
        assert_eq!(ended.code, Some(1), "{sentence}: {ended:?}");
        assert!(ended.stderr.contains(sentence) && ended.stderr.contains(", line "), "{sentence}: {}", ended.stderr);
    };
    refuse(&whole[..whole.len() - 1], "cannot be read");
    refuse(&whole[..whole.len() / 2], "cannot be read");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    refuse(&flipped, "line ");
    refuse(b"", "line 1: no header");
    refuse(b"{\"runs\": []}\n", "line 1: no header");
    let lines: Vec<&[u8]> = plain.split_inclusive(|byte| *byte == b'\n').collect();
    refuse(&lines[..lines.len() - 1].concat(), "it was cut off");
    refuse(&plain[..plain.len() - 1], "it was cut off");
    refuse(&[&lines[..20], &lines[21..]].concat().concat(), "counts other records");
    refuse(&[plain.clone(), lines[1].to_vec()].concat(), "behind the last line");
    let other = String::from_utf8(lines[0].to_vec()).unwrap().replace("\"version\":1", "\"version\":2");
    refuse(&[other.as_bytes(), &lines[1..].concat()].concat(), "line 1: an archive of format 2");
    refuse(
        &[lines[0], b"{\"job\": {\"run\": \"r\", \"job_id\": \"1\", \"status\": \"odd\"}}\n"].concat(),
        "line 2: Job status",
    );

    let service = serve(&target);
    assert_eq!(service.client().read("/runs/"), serde_json::json!([]));
    // The same lines uncompressed are an archive too.
    fs::write(&file, plain).unwrap();
    succeed(&target, &["load", text(&file)]);
    assert_same(&documents(&source.client()), &documents(&service.client()));
}

fn a_load_goes_on_after_a_kill(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lab.zst");
    succeed(database, &["export", text(&file)]);
    let target = other_kind(database);
    for round in 1..=6_u64 {
        let mut load = paddles(&["load", text(&file)], &[("PADDLES_DATABASE_URL", target.url())]);
        let mut load = load.stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(round * 40));
        load.kill().unwrap();
        load.wait().unwrap();
    }
    succeed(&target, &["load", text(&file)]);
    assert_same(&documents(&source.client()), &documents(&serve(&target).client()));
}

on_both_databases!(
    a_loaded_lab_shows_the_same,
    a_part_is_exported,
    nodes_and_queues_of_a_running_lab_stay,
    one_export_at_a_time_writes_a_file,
    what_is_no_file_stays_what_it_is,
    what_no_url_could_name_is_left_out,
    a_damaged_file_is_refused_whole,
    a_load_goes_on_after_a_kill,
);
