//! Times as a reader of a page wants them. All are UTC, which the foot of each page says.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time for a page: as people read it, and as a machine does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct When {
    pub(crate) shown: String,
    pub(crate) machine: String,
}

impl When {
    /// Of a time as answers tell it: RFC 3339, or the day alone.
    pub(crate) fn of(time: &str) -> When {
        let shown = match time.parse::<Timestamp>() {
            Ok(instant) => instant.to_zoned(TimeZone::UTC).strftime("%-d %b %Y, %H:%M").to_string(),
            Err(_) => time.parse::<jiff::civil::Date>().map_or_else(|_| time.to_owned(), day),
        };
        When { shown, machine: time.to_owned() }
    }
}

fn day(date: jiff::civil::Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}

fn date_of(seconds: i64) -> Option<jiff::civil::Date> {
    Timestamp::from_second(seconds).ok().map(|instant| instant.to_zoned(TimeZone::UTC).date())
}

/// The days from one time to another, in seconds since 1970: `4 Feb 2020`, `4–5 Feb 2020`, `30 Jan – 2 Feb 2020`.
pub(crate) fn days(first: Option<i64>, last: Option<i64>) -> String {
    let (Some(first), Some(last)) = (first.and_then(date_of), last.and_then(date_of)) else {
        return "undated".to_owned();
    };
    if first == last {
        return day(last);
    }
    match (first.year() == last.year(), first.month() == last.month()) {
        (true, true) => format!("{}–{}", first.day(), day(last)),
        (true, false) => format!("{} – {}", first.strftime("%-d %b"), day(last)),
        (false, _) => format!("{} – {}", day(first), day(last)),
    }
}

/// As [`days`], of times as answers tell them.
pub(crate) fn days_between(first: Option<&str>, last: Option<&str>) -> String {
    days(first.and_then(seconds), last.and_then(seconds))
}

/// Seconds since 1970 of a time as answers tell it.
pub(crate) fn seconds(time: &str) -> Option<i64> {
    match time.parse::<Timestamp>() {
        Ok(instant) => Some(instant.as_second()),
        Err(_) => {
            let date = time.parse::<jiff::civil::Date>().ok()?;
            Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_told_shortly() {
        let at = |time: &str| seconds(time);
        let told = |first: &str, last: &str| days(at(first), at(last));
        assert_eq!(told("2020-02-04", "2020-02-04T23:59:59Z"), "4 Feb 2020");
        assert_eq!(told("2020-02-04", "2020-02-05"), "4–5 Feb 2020");
        assert_eq!(told("2020-01-30", "2020-02-05"), "30 Jan – 5 Feb 2020");
        assert_eq!(told("2019-12-30", "2020-02-05"), "30 Dec 2019 – 5 Feb 2020");
        assert_eq!(days(None, None), "undated");
        assert_eq!(When::of("2020-02-04T09:05:00Z").shown, "4 Feb 2020, 09:05");
        assert_eq!(When::of("2020-02-04").shown, "4 Feb 2020");
    }
}
