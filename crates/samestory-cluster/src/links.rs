//! Links between stories: what is near a story without being inside.
//!
//! A follow-up ("bail granted", "family reacts") is another event, and merging it would chain an affair of
//! months into one story. It is told as a link instead.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::score::JudgedPair;

/// What one story is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    /// It begins at least a day after the other: the affair goes on.
    Follows,
    /// The other begins at least a day after it.
    Precedes,
    /// They are near each other, and time does not tell which comes first.
    Related,
}

impl LinkKind {
    /// What a story is to another, from the times in seconds at which both begin.
    pub fn of(own: Option<i64>, other: Option<i64>) -> LinkKind {
        match own.zip(other) {
            Some((own, other)) if own.saturating_sub(other) >= DAY => LinkKind::Follows,
            Some((own, other)) if other.saturating_sub(own) >= DAY => LinkKind::Precedes,
            _ => LinkKind::Related,
        }
    }
}

/// A link from one cluster to another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Label of the other cluster.
    pub to: u32,
    /// What this cluster is to the other.
    pub kind: LinkKind,
    /// Highest probability that an article of one and an article of the other report the same event,
    /// 0 to 1.
    pub strength: f32,
}

/// A pair of articles at least this likely to report one event links their stories: candidates that have nothing to do
/// with each other are far below it.
pub const LEAST_STRENGTH: f64 = 0.02;

/// Links of a story that are kept, the strongest.
const MOST_LINKS: usize = 8;

const DAY: i64 = 86_400;

/// Links of each cluster, strongest first. `labels` names the cluster of each article and `times` when it
/// appeared; the probability of a pair comes from `probability`.
pub fn story_links(
    labels: &[u32],
    times: &[Option<i64>],
    pairs: &[JudgedPair],
    probability: impl Fn(&JudgedPair) -> f64,
) -> FxHashMap<u32, Vec<Link>> {
    let mut first: FxHashMap<u32, i64> = FxHashMap::default();
    for (label, time) in labels.iter().zip(times) {
        if let Some(time) = time {
            first.entry(*label).and_modify(|first| *first = (*first).min(*time)).or_insert(*time);
        }
    }
    let mut strongest: FxHashMap<(u32, u32), f64> = FxHashMap::default();
    for pair in pairs {
        let (a, b) = (labels[pair.a as usize], labels[pair.b as usize]);
        let strength = if a == b { 0.0 } else { probability(pair) };
        if strength >= LEAST_STRENGTH {
            let entry = strongest.entry((a.min(b), a.max(b))).or_default();
            *entry = entry.max(strength);
        }
    }
    let mut links: FxHashMap<u32, Vec<Link>> = FxHashMap::default();
    for ((a, b), strength) in strongest {
        for (of, to) in [(a, b), (b, a)] {
            let kind = LinkKind::of(first.get(&of).copied(), first.get(&to).copied());
            links.entry(of).or_default().push(Link { to, kind, strength: strength as f32 });
        }
    }
    for links in links.values_mut() {
        keep_strongest(links);
    }
    links
}

/// Leaves the strongest links, strongest first.
pub fn keep_strongest(links: &mut Vec<Link>) {
    links.sort_by(|a, b| b.strength.total_cmp(&a.strength).then(a.to.cmp(&b.to)));
    links.truncate(MOST_LINKS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_story_follows() {
        let pairs = [JudgedPair { a: 1, b: 2, log_odds: 0.3 }, JudgedPair { a: 0, b: 3, log_odds: 0.01 }];
        let times = [Some(0), Some(DAY), Some(3 * DAY), None];
        let links = story_links(&[0, 0, 2, 3], &times, &pairs, |pair| f64::from(pair.log_odds));
        assert_eq!(links[&2], [Link { to: 0, kind: LinkKind::Follows, strength: 0.3 }]);
        assert_eq!(links[&0], [Link { to: 2, kind: LinkKind::Precedes, strength: 0.3 }]);
        assert!(!links.contains_key(&3));
    }
}
