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

    let mut died = 0;
    for kill in 0..kills {
        let database = copy_of(&lab);
        // Spread over the whole of it, one in each part, at a place in its part that changes from kill to kill.
        let place = (f64::from(kill) + f64::from(kill * 7 % 10) / 10.0) / f64::from(kills);
        let wait = took.mul_f64((place * 0.9).max(0.02));
        let mut adoption =
            paddles_on(&database, &["adopt"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(wait);
        let ended = adoption.try_wait().unwrap();
        adoption.kill().unwrap();
        adoption.wait().unwrap();
        died += u32::from(ended.is_none());
        // The server may take a moment to see that it is gone.
        let began = Instant::now();
        while !paddles_on(&database, &["adopt"]).stderr(Stdio::null()).stdout(Stdio::null()).status().unwrap().success()
        {
            assert!(began.elapsed() < Duration::from_mins(2), "it does not go on after a kill at {wait:?}");
            thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(dump(&database), expected, "killed after {wait:?}");
    }
    eprintln!("{died} of {kills} kills came before the end; undisturbed {:.1} s", took.as_secs_f64());
    assert!(died > 0);
}
