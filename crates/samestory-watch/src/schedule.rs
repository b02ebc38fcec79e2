//! When a feed is asked again.

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The longest that a failing feed is left alone, unless it is asked less often anyway.
const LONGEST_REST: Duration = Duration::from_secs(6 * 3_600);

/// How long a feed is left alone that its server says is gone, and the most that is believed of a server that asks for time.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// What came of asking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// How often in a row it failed; 0 where it has answered.
    pub(crate) failures: u32,
    /// How long the server asks to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// The server says that the feed is no more.
    pub(crate) gone: bool,
}

/// How long a feed rests before it is asked again.
///
/// A feed that answers is asked `every` so long, give or take a tenth, so that feeds do not march in step. The first failure changes
/// nothing; each further one doubles the rest, up to six hours. A server that names a time is not asked before it, and one that
/// says that the feed is gone is asked once a day. What is added by chance is fixed by the address and the number of the round.
pub(crate) fn rest(feed: &str, round: u64, every: Duration, outcome: Outcome) -> Duration {
    let doubled = every.saturating_mul(1 << outcome.failures.saturating_sub(1).min(16));
    let rest = match outcome {
        Outcome { gone: true, .. } => every.max(DAY),
        Outcome { failures: 0, .. } => every,
        _ => doubled.min(LONGEST_REST.max(every)),
    };
    let chance = xxh3_64_with_seed(feed.as_bytes(), round) as f64 / u64::MAX as f64;
    let asked = outcome.retry_after.unwrap_or_default().min(DAY);
    match asked > rest {
        // Never before the time that was named.
        true => asked.mul_f64(1.0 + 0.1 * chance),
        false => rest.mul_f64(0.9 + 0.2 * chance),
    }
    .max(asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EVERY: Duration = Duration::from_secs(600);

    fn failed(failures: u32) -> Outcome {
        Outcome { failures, ..Outcome::default() }
    }

    #[test]
    fn failures_double_the_rest() {
        let minutes = |failures| rest("a", 0, EVERY, failed(failures)).as_secs_f64() / 60.0;
        assert!((9.0..=11.0).contains(&minutes(0)) && (9.0..=11.0).contains(&minutes(1)));
        assert!((36.0..=44.0).contains(&minutes(3)));
        assert!((324.0..=396.0).contains(&minutes(40)));
        assert!(rest("a", 0, EVERY, Outcome { gone: true, ..failed(1) }) > Duration::from_secs(20 * 3_600));
    }

    proptest! {
        #[test]
        fn a_server_that_asks_for_time_gets_it(round: u64, failures in 0u32..80, every in 1u64..100_000, after in 0u64..200_000) {
            let every = Duration::from_secs(every);
            let after = Duration::from_secs(after);
            let rest = rest("https://valley.example/rss", round, every, Outcome { retry_after: Some(after), ..failed(failures) });
            prop_assert!(rest >= after.min(DAY));
            prop_assert!(rest >= every.mul_f64(0.9) && rest <= every.max(LONGEST_REST).max(DAY).mul_f64(1.1));
        }
    }
}
