//! How many of a collection's candidate pairs report one event.
//!
//! *Motivation.* The same likeness means more where stories are large than in a stream in which most
//! articles stand alone: of the candidate pairs of one labelled set one in seventy reports the same event,
//! of another one in six. A threshold that fits the one is wrong in the other, and users cannot be asked.
//!
//! *Design.* The judged pairs tell their own share. Judged at a share `s`, they expect some share of the
//! pairs to be true; that becomes the new `s`, until it stands still: expectation and maximisation over an
//! unknown prior (Saerens, Latinne and Decaestecker 2002, section 2.2). Pairs at the prior of training stand beside those of
//! the collection, so that a handful of articles changes little.
//!
//! *Consequences.* One number a collection, which is kept with it. It is a function of how many pairs have
//! which log odds, in steps of 1/64, so that the order of pairs and the number of threads change nothing.

use serde::{Deserialize, Serialize};

use crate::model::{logistic, odds};

/// Pairs at the prior of training that stand beside those of the collection.
const TRAINED_PAIRS: f64 = 200.0;

/// Steps of log odds, a unit each.
const STEPS: f64 = 64.0;

/// Log odds beyond these are as certain as can be.
const CERTAIN: f64 = 16.0;

/// More than half of all candidate pairs never report one event, but among a handful of articles.
const HIGHEST: f64 = 0.5;

const ROUNDS: usize = 60;

/// How many judged pairs have which log odds, in steps of 1/64 from -16 to 16.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OddsCounts(Vec<u64>);

impl Default for OddsCounts {
    fn default() -> Self {
        OddsCounts(vec![0; (2.0 * CERTAIN * STEPS) as usize + 1])
    }
}

impl OddsCounts {
    fn step(&mut self, log_odds: f64) -> Option<&mut u64> {
        self.0.get_mut(((log_odds.clamp(-CERTAIN, CERTAIN) + CERTAIN) * STEPS).round() as usize)
    }

    /// Counts one more pair of these log odds.
    pub fn add(&mut self, log_odds: f64) {
        if let Some(count) = self.step(log_odds) {
            *count += 1;
        }
    }

    /// Counts one pair less.
    pub fn remove(&mut self, log_odds: f64) {
        if let Some(count) = self.step(log_odds) {
            *count = count.saturating_sub(1);
        }
    }
}

impl OddsCounts {
    /// The counts, by rising log odds; those of two parts of a collection add up.
    pub fn counts(&self) -> &[u64] {
        &self.0
    }

    /// Counts so many more pairs of the step at a position among the [counts](Self::counts).
    pub fn add_step(&mut self, step: usize, pairs: u64) {
        if let Some(count) = self.0.get_mut(step) {
            *count += pairs;
        }
    }
}

impl FromIterator<f64> for OddsCounts {
    fn from_iter<I: IntoIterator<Item = f64>>(log_odds: I) -> Self {
        let mut counts = OddsCounts::default();
        log_odds.into_iter().for_each(|value| counts.add(value));
        counts
    }
}

/// The share of candidate pairs that report one event, above 0 and at most a half, from the log odds of all of
/// them at the prior of training.
pub fn estimate_prior(counts: &OddsCounts, trained: f64) -> f64 {
    let OddsCounts(counts) = counts;
    let pairs: f64 = counts.iter().map(|count| *count as f64).sum();
    let mut prior = trained;
    for _ in 0..ROUNDS {
        let shift = odds(prior) - odds(trained);
        let expected: f64 = counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(at, count)| *count as f64 * logistic(at as f64 / STEPS - CERTAIN + shift))
            .sum();
        prior = ((TRAINED_PAIRS * trained + expected) / (TRAINED_PAIRS + pairs)).min(HIGHEST);
    }
    prior
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The log odds of many pairs of which `share` report one event, and the share at which the judge of
    /// these was trained. What the judge says comes true at the latter.
    fn pairs(share: f64) -> (Vec<f64>, f64) {
        let met: Vec<(f64, f64)> = (-60..=60)
            .map(|step| f64::from(step) / 10.0)
            .map(|log_odds| (log_odds, (-(log_odds + 3.0).powi(2) / 8.0).exp()))
            .collect();
        let all: f64 = met.iter().map(|(_, density)| density).sum();
        let trained = met.iter().map(|(log_odds, density)| density * logistic(*log_odds)).sum::<f64>() / all;
        let many = |(log_odds, density): (f64, f64)| {
            let same = logistic(log_odds);
            let weight = share / trained * same + (1.0 - share) / (1.0 - trained) * (1.0 - same);
            std::iter::repeat_n(log_odds, (density * weight * 4_000.0) as usize)
        };
        (met.into_iter().flat_map(many).collect(), trained)
    }

    #[test]
    fn the_share_follows_the_collection() {
        for share in [0.01, 0.05, 0.3] {
            let (log_odds, trained) = pairs(share);
            let found = estimate_prior(&log_odds.into_iter().collect(), trained);
            assert!((found - share).abs() < 0.2 * share + 0.005, "{share}: {found}");
        }
    }

    #[test]
    fn a_handful_of_pairs_changes_little() {
        assert_eq!(estimate_prior(&OddsCounts::default(), 0.05), 0.05);
        assert!((estimate_prior(&OddsCounts::from_iter([6.0]), 0.05) - 0.05).abs() < 0.02);
    }
}
