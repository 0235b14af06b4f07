//! When a question is asked again.

use std::time::{Duration, SystemTime};

/// The first wait; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);

/// No wait of ours is longer.
const LONGEST: Duration = Duration::from_mins(1);

/// No server is left alone for longer than this, whatever it says.
const LONGEST_ASKED_FOR: Duration = Duration::from_mins(30);

/// Whether a server that answers so may answer otherwise later.
pub(super) fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

/// How long to wait before try `attempt`, counted from 1: up to twice the time before, at random, so that several askers do
/// not come back at once.
pub(super) fn wait(attempt: u32, random: f64) -> Duration {
    let whole = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST);
    whole.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

/// How long a server wants to be left alone by its `Retry-After`: seconds, or a date.
pub(super) fn asked_for(retry_after: &str, now: SystemTime) -> Option<Duration> {
    let text = retry_after.trim();
    let time = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(time.min(LONGEST_ASKED_FOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        assert_eq!(wait(1, 1.0), Duration::from_millis(500));
        assert_eq!(wait(1, 0.0), Duration::from_millis(250));
        assert_eq!(wait(4, 1.0), Duration::from_secs(4));
        assert_eq!(wait(40, 1.0), LONGEST);
    }

    #[test]
    fn servers_ask_for_time_in_two_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(asked_for(" 7", now), Some(Duration::from_secs(7)));
        assert_eq!(asked_for("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(asked_for("Sun, 06 Nov 1994 08:49:27 GMT", now), Some(Duration::ZERO));
        assert_eq!(asked_for("99999999", now), Some(LONGEST_ASKED_FOR));
        assert_eq!(asked_for("soon", now), None);
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        assert!([429, 500, 502, 503, 504].into_iter().all(may_pass));
        assert!(![200, 301, 400, 401, 403, 404].into_iter().any(may_pass));
    }
}
