//! Publication times: a closed list of written forms, none of which is a guess.
//!
//! `03/04/2020` is not on the list: it is a day in March or in April, by country.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use samestory_article::{ArticleTime, Origin, Precision};

/// Forms with a time of day but no zone.
const CIVIL_TIMES: &[(&str, Precision)] = &[
    ("%Y-%m-%dT%H:%M:%S%.f", Precision::Second),
    ("%Y-%m-%d %H:%M:%S%.f UTC", Precision::Second),
    ("%Y-%m-%d %H:%M:%S%.f", Precision::Second),
    ("%Y-%m-%dT%H:%MZ", Precision::Minute),
    ("%Y-%m-%dT%H:%M", Precision::Minute),
    ("%Y-%m-%d %H:%M", Precision::Minute),
    ("%Y%m%dT%H%M%SZ", Precision::Second),
    ("%Y%m%dT%H%M%S", Precision::Second),
    ("%Y%m%d%H%M%S", Precision::Second),
    ("%Y/%m/%d %H:%M:%S", Precision::Second),
    ("%Y/%m/%d %H:%M", Precision::Minute),
    ("%B %d, %Y %I:%M %p", Precision::Minute),
    ("%b %d, %Y %I:%M %p", Precision::Minute),
    ("%B %d, %Y %H:%M", Precision::Minute),
    ("%b %d, %Y %H:%M", Precision::Minute),
    ("%d %B %Y %H:%M", Precision::Minute),
    ("%d %b %Y %H:%M", Precision::Minute),
    ("%d %b %Y %H:%M:%S", Precision::Second),
];

/// Forms with the day alone.
const DAYS: &[&str] = &[
    "%Y-%m-%d",
    "%Y%m%d",
    "%Y/%m/%d",
    "%B %d, %Y",
    "%b %d, %Y",
    "%b. %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%A, %B %d, %Y",
    "%a, %d %b %Y",
];

/// Reads a publication time; where it is written without a zone, it is that of UTC. Exactly midnight UTC counts as known to the day only, since that is how
/// a day is written where a time is asked for. `None` for anything not on the list.
///
/// ```
/// use samestory_article::Precision;
/// let time = samestory_ingest::parse_time("2020-01-08T15:20:00+03:00").unwrap();
/// assert_eq!((time.seconds, time.precision), (1_578_486_000, Precision::Second));
/// assert_eq!(samestory_ingest::parse_time("Jan 8, 2020").unwrap().precision, Precision::Day);
/// assert!(samestory_ingest::parse_time("03/04/2020").is_none());
/// ```
pub fn parse_time(written: &str) -> Option<ArticleTime> {
    parse_time_in(written, &TimeZone::UTC)
}

/// As [`parse_time`], but a time of day that is written without a zone is that of the given one. A day,
/// and midnight without a zone, which is how a day is written where a time is asked for, stay as they are.
pub(crate) fn parse_time_in(written: &str, zone: &TimeZone) -> Option<ArticleTime> {
    let written = written.trim();
    if written.is_empty() || written.len() > 64 {
        return None;
    }
    let (timestamp, mut precision) = day(written)
        .or_else(|| written.parse::<Timestamp>().ok().map(|t| (t, zoned_precision(written))))
        .or_else(|| civil_time(written, zone))
        .or_else(|| rfc2822(written))
        .or_else(|| with_offset(written))
        .or_else(|| epoch(written))?;
    let seconds = timestamp.as_second();
    if seconds.rem_euclid(86_400) == 0 && timestamp.subsec_nanosecond() == 0 {
        precision = Precision::Day;
    }
    Some(ArticleTime { seconds, precision, origin: Origin::Field })
}

/// `2020-01-08T15:20Z` has one colon before its zone, with seconds it has two.
fn zoned_precision(written: &str) -> Precision {
    let clock = written.get(10..).unwrap_or_default();
    let clock = clock.split(['+', '-', 'Z', 'z']).next().unwrap_or_default();
    if clock.matches(':').count() >= 2 { Precision::Second } else { Precision::Minute }
}

fn day(written: &str) -> Option<(Timestamp, Precision)> {
    let date = DAYS.iter().find_map(|form| Date::strptime(form, written).ok())?;
    Some((utc(date.to_datetime(jiff::civil::Time::midnight()))?, Precision::Day))
}

fn civil_time(written: &str, zone: &TimeZone) -> Option<(Timestamp, Precision)> {
    let (civil, precision) =
        CIVIL_TIMES.iter().find_map(|(form, precision)| Some((DateTime::strptime(form, written).ok()?, *precision)))?;
    let says_utc = written.ends_with(['Z', 'z']) || written.ends_with("UTC");
    if says_utc || civil.time() == jiff::civil::Time::midnight() {
        return Some((utc(civil)?, precision));
    }
    Some((civil.to_zoned(zone.clone()).ok()?.timestamp(), precision))
}

fn rfc2822(written: &str) -> Option<(Timestamp, Precision)> {
    let zoned = jiff::fmt::rfc2822::parse(written).ok()?;
    Some((zoned.timestamp(), Precision::Second))
}

fn with_offset(written: &str) -> Option<(Timestamp, Precision)> {
    [
        "%Y-%m-%d %H:%M:%S%.f %z",
        "%Y-%m-%d %H:%M:%S%.f %:z",
        "%Y-%m-%d %H:%M:%S%.f%:z",
        "%Y-%m-%dT%H:%M:%S%.f%z",
        "%Y%m%dT%H%M%S%z",
    ]
    .iter()
    .find_map(|form| Zoned::strptime(form, written).ok())
    .map(|zoned| (zoned.timestamp(), Precision::Second))
}

/// Seconds (9 or 10 digits), milliseconds (13), microseconds (16) or nanoseconds (19) since 1970.
fn epoch(written: &str) -> Option<(Timestamp, Precision)> {
    if !written.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = written.parse().ok()?;
    let timestamp = match written.len() {
        9 | 10 => Timestamp::from_second(number).ok()?,
        13 => Timestamp::from_millisecond(number).ok()?,
        16 => Timestamp::from_microsecond(number).ok()?,
        19 => Timestamp::from_nanosecond(number.into()).ok()?,
        _ => return None,
    };
    Some((timestamp, Precision::Second))
}

fn utc(civil: DateTime) -> Option<Timestamp> {
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// The year of the first printed newspaper: no article is older.
const FIRST_NEWSPAPER: i16 = 1605;

/// Why a time cannot be that of an article read at `now`, or `None` where it can.
pub(crate) fn implausible(time: &ArticleTime, now: Timestamp) -> Option<&'static str> {
    // A clock may be wrong by a zone or two, and some pages carry the date of tomorrow's paper.
    const SLACK_SECONDS: i64 = 2 * 86_400;
    if time.seconds > now.as_second().saturating_add(SLACK_SECONDS) {
        return Some("lies in the future");
    }
    let year = Timestamp::from_second(time.seconds).map(|t| t.to_zoned(TimeZone::UTC).year());
    match year {
        Ok(year) if year >= FIRST_NEWSPAPER => None,
        _ => Some("is older than any newspaper"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn written_forms() {
        let cases = [
            ("2020-01-08", "2020-01-08T00:00:00Z", Precision::Day),
            ("2020-01-08T00:00:00Z", "2020-01-08T00:00:00Z", Precision::Day),
            ("2020-01-08T15:20Z", "2020-01-08T15:20:00Z", Precision::Minute),
            ("2020-01-08T15:20-05:00", "2020-01-08T20:20:00Z", Precision::Minute),
            ("2020-01-08 15:20:07", "2020-01-08T15:20:07Z", Precision::Second),
            ("2020-01-08T15:20:07.250Z", "2020-01-08T15:20:07.25Z", Precision::Second),
            ("Wed, 08 Jan 2020 15:20:07 GMT", "2020-01-08T15:20:07Z", Precision::Second),
            ("Wed, 08 Jan 2020 15:20:07 +0300", "2020-01-08T12:20:07Z", Precision::Second),
            ("January 8, 2020", "2020-01-08T00:00:00Z", Precision::Day),
            ("8 January 2020", "2020-01-08T00:00:00Z", Precision::Day),
            ("20200108", "2020-01-08T00:00:00Z", Precision::Day),
            ("1578496807", "2020-01-08T15:20:07Z", Precision::Second),
            ("1578496807000", "2020-01-08T15:20:07Z", Precision::Second),
            ("1578496807000000000", "2020-01-08T15:20:07Z", Precision::Second),
            ("2020-01-08 15:20:07.000 +00:00", "2020-01-08T15:20:07Z", Precision::Second),
            ("2020-01-08 15:20:07+03:00", "2020-01-08T12:20:07Z", Precision::Second),
        ];
        for (written, expected, precision) in cases {
            let time = parse_time(written).unwrap_or_else(|| panic!("{written} is on the list"));
            let expected: Timestamp = expected.parse().expect("a timestamp");
            assert_eq!((time.seconds, time.precision), (expected.as_second(), precision), "{written}");
        }
        for written in ["", "yesterday", "03/04/2020", "2020-13-40", "0", "99999999999999999999"] {
            assert_eq!(parse_time(written), None, "{written}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_that_of_its_outlet() {
        let zone = TimeZone::get("America/New_York").expect("a zone");
        let seconds = |written| parse_time_in(written, &zone).expect("a time").seconds;
        assert_eq!(seconds("2020-01-08 15:20:07"), seconds("2020-01-08T20:20:07Z"));
        assert_eq!(seconds("January 8, 2020 3:20 PM"), seconds("2020-01-08T20:20:00Z"));
        assert_eq!(seconds("2020-01-08"), seconds("2020-01-08T00:00:00Z"));
        assert_eq!(seconds("2020-01-08 00:00:00"), seconds("2020-01-08T00:00:00Z"));
        assert_eq!(seconds("2020-01-08T15:20Z"), seconds("2020-01-08T15:20:00+00:00"));
    }

    #[test]
    fn impossible_times_are_not_believed() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
        let verdict = |written| implausible(&parse_time(written).expect("a time"), now);
        assert_eq!(verdict("2020-01-08"), None);
        assert_eq!(verdict("2086-05-01"), Some("lies in the future"));
        assert_eq!(verdict("0000-01-01"), Some("is older than any newspaper"));
    }

    proptest! {
        #[test]
        fn no_text_panics(written in "\\PC{0,40}") {
            parse_time(&written);
        }

        #[test]
        fn no_number_panics(number in any::<i64>()) {
            parse_time(&number.to_string());
        }
    }
}
