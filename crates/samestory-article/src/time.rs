//! When an article was published, and how well that is known.

use serde::{Deserialize, Serialize};

use crate::Origin;

/// How finely a time is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// The day only; the seconds are those of midnight UTC.
    Day,
    /// The minute.
    Minute,
    /// The second.
    Second,
}

/// A publication time in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArticleTime {
    /// Seconds since 1970-01-01T00:00:00Z; negative before.
    pub seconds: i64,
    /// How finely it is known.
    pub precision: Precision,
    /// Where it was read.
    pub origin: Origin,
}

impl ArticleTime {
    /// Days between two times, never negative.
    pub fn days_apart(&self, other: &ArticleTime) -> f64 {
        (self.seconds - other.seconds).unsigned_abs() as f64 / 86_400.0
    }
}
