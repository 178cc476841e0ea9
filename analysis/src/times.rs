//! Times as manifests state them.

/// Days since 1970 of a day `YYYY-MM-DD` (proleptic Gregorian); `None` where it is none.
pub(crate) fn days(day: &str) -> Option<f64> {
    let mut parts = day.get(..10)?.split('-').map(|part| part.parse::<i32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    // The year begins in March, so that the leap day is its last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(f64::from(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468))
}

/// Seconds since 1970 of a time, `YYYY-MM-DDTHH:MM:SSZ`.
pub(crate) fn seconds(time: &str) -> Option<f64> {
    let part = |from: usize| time.get(from..from + 2)?.parse::<f64>().ok();
    Some(days(time)? * 86_400.0 + part(11)? * 3_600.0 + part(14)? * 60.0 + part(17)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_since_1970() {
        assert_eq!(days("1970-01-01"), Some(0.0));
        assert_eq!(days("2000-02-29"), Some(11_016.0));
        assert_eq!(seconds("2026-01-08T00:00:00Z"), Some(1_767_830_400.0));
        assert_eq!(seconds("yesterday"), None);
    }
}
