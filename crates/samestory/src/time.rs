//! Times as people and other programs read them.

use samestory_article::{ArticleTime, Precision};

/// Seconds since 1970 as RFC 3339.
pub fn instant(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// A time as RFC 3339, or the day alone where no more is known.
pub fn time_text(time: &ArticleTime) -> String {
    let text = instant(time.seconds);
    match time.precision {
        Precision::Day => text.split('T').next().unwrap_or_default().to_owned(),
        _ => text,
    }
}
