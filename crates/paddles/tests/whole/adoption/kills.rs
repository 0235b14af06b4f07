//! An adoption that is killed goes on where it was.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::lab::{asked_for, copy_of, dump, lab_of, paddles_on, paddles_prints};

/// How often it is killed, unless more is asked for.
const KILLS: &str = "3";

#[test]
fn a_killed_adoption_comes_to_the_same_end() {
    let kills: u32 = asked_for("PADDLES_ADOPT_KILLS", KILLS).parse().unwrap();
    let lab = lab_of(&asked_for("PADDLES_ADOPT_JOBS", "2k"));
    let undisturbed = copy_of(&lab);
    let began = Instant::now();
    paddles_prints(&undisturbed, &["adopt"]);
    let took = began.elapsed();
    let expected = dump(&undisturbed);

    // How long it takes when others use the machine less.
    let (mut quickest, mut too_late) = (took, 0);
    for kill in 0..kills {
        // Spread over the whole of it, one in each part, at a place in its part that changes from kill to kill.
        let place = (f64::from(kill) + f64::from(kill * 7 % 10) / 10.0) / f64::from(kills);
        let (database, wait) = loop {
            let database = copy_of(&lab);
            let wait = quickest.mul_f64((place * 0.9).max(0.02));
            let mut adoption =
                paddles_on(&database, &["adopt"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(wait);
            let ended = adoption.try_wait().unwrap();
            adoption.kill().unwrap();
            adoption.wait().unwrap();
            if ended.is_none() {
                break (database, wait);
            }
            too_late += 1;
            assert!(too_late <= kills, "it ends before it is killed");
            quickest = quickest.mul_f64(0.85);
        };
        // The server may take a moment to see that it is gone.
        let began = Instant::now();
        while !paddles_on(&database, &["adopt"]).stderr(Stdio::null()).stdout(Stdio::null()).status().unwrap().success()
        {
            assert!(began.elapsed() < Duration::from_mins(2), "it does not go on after a kill at {wait:?}");
            thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(dump(&database), expected, "killed after {wait:?}");
    }
    let took = took.as_secs_f64();
    eprintln!("{kills} kills before the end, {too_late} more came too late; undisturbed {took:.1} s");
}
