//! Times, days, zones and places in a list.

use std::time::Duration;

use paddles_domain::{Day, LabZone, Timestamp};
use paddles_repository::{Place, RecordId};

use super::{can_be_stored, now, zones};

/// Reads `input` as each of them.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(time) = text.parse::<Timestamp>() {
        check_time(time);
    }
    for zone in zones() {
        if let Some(time) = zone.read_date_time(text) {
            check_time(time);
        }
    }
    if let Ok(day) = Day::read(text, now()) {
        check_day(day);
    }
    if let Ok(zone) = text.parse::<LabZone>() {
        assert_eq!(zone.to_string().parse(), Ok(zone));
        zone.read_date_time("2020-03-08 02:30:00").into_iter().for_each(can_be_stored);
    }
    if let Ok(place) = text.parse::<Place>() {
        assert_eq!(place.to_string().parse(), Ok(place));
        place.time.into_iter().for_each(can_be_stored);
    }
}

fn check_time(time: Timestamp) {
    can_be_stored(time);
    can_be_stored(time.whole_seconds());
    assert!(time.whole_seconds() <= time);
    for days in [0, 1, 14, u32::MAX] {
        let before = time.days_before(days);
        can_be_stored(before);
        assert!(before <= time);
    }
    let by = Duration::from_hours(1);
    can_be_stored(time.earlier(by));
    assert!(time.earlier(by) <= time && time <= time.later(by));
    can_be_stored(time.later(by));
    let place = Place { time: Some(time), id: RecordId(7) };
    assert_eq!(place.to_string().parse(), Ok(place));
    check_day(Day::of(time));
    assert!(Day::of(time).start() <= time && time <= Day::of(time).end());
}

fn check_day(day: Day) {
    assert_eq!(Day::read(&day.to_string(), now()), Ok(day));
    can_be_stored(day.start());
    can_be_stored(day.end());
    assert!(day.start() < day.end());
    assert_eq!(Day::of(day.start()), day);
}
