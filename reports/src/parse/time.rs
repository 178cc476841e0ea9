//! Times of a report, also those that are not RFC 3339's.

use crate::fault::Code;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// Microseconds since 1970-01-01T00:00:00Z, and what is wrong with how it is written; `None` where it is no
/// time. What has no zone is read as UTC.
pub(super) fn read(text: &str) -> Option<(i64, Option<Code>)> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some((time.timestamp_micros(), None));
    }
    let without_zone = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    if let Some(time) = without_zone.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()) {
        return Some((time.and_utc().timestamp_micros(), Some(Code::report_time_no_zone)));
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some((day.and_time(NaiveTime::MIN).and_utc().timestamp_micros(), Some(Code::report_time_date_only)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_zone_is_utc_and_a_date_is_its_first_second() {
        let day = 1_725_321_600_000_000;
        assert_eq!(read("2024-09-03T00:00:00Z"), Some((day, None)));
        assert_eq!(read("2024-09-03T02:00:00+02:00"), Some((day, None)));
        assert_eq!(read("2024-09-03T00:00:00.000Z"), Some((day, None)));
        assert_eq!(read("2024-09-03T00:00:00"), Some((day, Some(Code::report_time_no_zone))));
        assert_eq!(read("2024-09-03"), Some((day, Some(Code::report_time_date_only))));
        for none in ["", "0", "yesterday", "2024-13-01T00:00:00Z", "1725321600", "+262143-01-01"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
