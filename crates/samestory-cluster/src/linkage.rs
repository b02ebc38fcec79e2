//! From scored pairs to clusters: average linkage on a sparse graph.
//!
//! *Motivation.* Single linkage chains stories together over one bad pair. Average linkage asks all
//! members of both sides, and a pair that was never a candidate speaks against the merge.
//!
//! *Design.* The similarity of two clusters is the sum of the scores of the pairs between them,
//! divided by the number of all pairs between them: a pair without a score counts 0. The two most
//! similar clusters merge, as long as their similarity is above the threshold. Ties go to the
//! smaller numbers, so the result is one for one set of pairs. Items that no chain of pairs above the
//! threshold joins are linked apart from each other, on all threads.
//!
//! *Consequences.* One bridge between clusters of `m` and `n` articles weighs `1/(mn)`. The cost is
//! about `pairs * log(pairs)`; only pairs above the threshold start anything.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Two items and their similarity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPair {
    /// Smaller number.
    pub a: u32,
    /// Larger number.
    pub b: u32,
    /// Similarity, above 0.
    pub similarity: f64,
}

#[derive(Debug, PartialEq)]
struct Merge {
    similarity: f64,
    a: u32,
    b: u32,
    /// State of both clusters when this was computed; stale once one of them has grown.
    states: (u32, u32),
}

impl Eq for Merge {}

impl PartialOrd for Merge {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Merge {
    fn cmp(&self, other: &Self) -> Ordering {
        let smaller_first = || (other.a, other.b).cmp(&(self.a, self.b));
        self.similarity.total_cmp(&other.similarity).then_with(smaller_first)
    }
}

/// The cluster of each of `n_items` items, named by its smallest item.
///
/// `pins`, where there are any, are what a person has decided of each item: items of one pin are one cluster,
/// those of different pins are never in one, and those without are free.
///
/// # Panics
///
/// If a pair names an item that is not below `n_items`, or there are pins, but not one for each item.
pub fn average_linkage(n_items: usize, pairs: &[ScoredPair], pins: &[Option<u32>], threshold: f64) -> Vec<u32> {
    assert!(pins.is_empty() || pins.len() == n_items, "a pin, or none, for each item");
    let pin = |item: u32| pins.get(item as usize).copied().flatten();
    let groups = Groups::of(n_items, pairs, pins, threshold);
    let linked = |(items, pairs): (&Vec<u32>, &Vec<ScoredPair>)| {
        let pins = items.iter().map(|item| pin(*item)).collect();
        let labels = link(items.len(), pairs, pins, threshold);
        labels.into_iter().map(|label| items[label as usize]).collect::<Vec<u32>>()
    };
    let of_groups: Vec<Vec<u32>> = groups.items.par_iter().zip(&groups.pairs).map(linked).collect();
    let mut labels: Vec<u32> = (0..n_items as u32).collect();
    for (items, of_group) in groups.items.iter().zip(of_groups) {
        items.iter().zip(of_group).for_each(|(item, label)| labels[*item as usize] = label);
    }
    labels
}

/// Items that pairs above the threshold hold together. Two clusters are never more similar than the best pair
/// between them, so that those of different groups never merge.
struct Groups {
    /// Items of each group of two or more, rising.
    items: Vec<Vec<u32>>,
    /// Pairs inside each group, their items named by position in it.
    pairs: Vec<Vec<ScoredPair>>,
}

impl Groups {
    fn of(n_items: usize, pairs: &[ScoredPair], pins: &[Option<u32>], threshold: f64) -> Groups {
        let mut parent: Vec<u32> = (0..n_items as u32).collect();
        let mut join = |a: u32, b: u32| {
            let (a, b) = (root(&mut parent, a), root(&mut parent, b));
            parent[a.max(b) as usize] = a.min(b);
        };
        pairs.iter().filter(|pair| pair.similarity > threshold).for_each(|pair| join(pair.a, pair.b));
        let mut first_of_pin: FxHashMap<u32, u32> = FxHashMap::default();
        for (item, pin) in (0u32..).zip(pins) {
            if let Some(pin) = pin {
                join(*first_of_pin.entry(*pin).or_insert(item), item);
            }
        }
        const ALONE: u32 = u32::MAX;
        let mut group = vec![ALONE; n_items];
        let mut place = vec![0; n_items];
        let mut groups = Groups { items: Vec::new(), pairs: Vec::new() };
        for item in 0..n_items as u32 {
            let first = root(&mut parent, item);
            if first == item {
                continue;
            }
            if group[first as usize] == ALONE {
                group[first as usize] = groups.items.len() as u32;
                groups.items.push(vec![first]);
            }
            let items = &mut groups.items[group[first as usize] as usize];
            group[item as usize] = group[first as usize];
            place[item as usize] = items.len() as u32;
            items.push(item);
        }
        groups.pairs.resize(groups.items.len(), Vec::new());
        for pair in pairs {
            let (a, b) = (pair.a as usize, pair.b as usize);
            if group[a] != ALONE && group[a] == group[b] {
                groups.pairs[group[a] as usize].push(ScoredPair { a: place[a], b: place[b], ..*pair });
            }
        }
        groups
    }
}

fn root(parent: &mut [u32], mut item: u32) -> u32 {
    while parent[item as usize] != item {
        parent[item as usize] = parent[parent[item as usize] as usize];
        item = parent[item as usize];
    }
    item
}

/// Links the items of one group.
fn link(n_items: usize, pairs: &[ScoredPair], pins: Vec<Option<u32>>, threshold: f64) -> Vec<u32> {
    let mut clusters = Clusters::new(n_items, pairs, pins);
    clusters.merge_pinned();
    let mut queue: BinaryHeap<Merge> = BinaryHeap::new();
    for (a, links) in (0u32..).zip(&clusters.links) {
        for (&b, &sum) in links.iter().filter(|(b, _)| **b > a) {
            let similarity = clusters.similarity(a, b, sum);
            if similarity > threshold {
                queue.push(Merge { similarity, a, b, states: clusters.states_of(a, b) });
            }
        }
    }
    while let Some(merge) = queue.pop() {
        if clusters.is_stale(&merge) || clusters.are_apart(merge.a, merge.b) {
            continue;
        }
        clusters.merge(merge.a, merge.b);
        for (&other, &sum) in &clusters.links[merge.a as usize] {
            let similarity = clusters.similarity(merge.a, other, sum);
            if similarity > threshold {
                let (a, b) = (merge.a.min(other), merge.a.max(other));
                queue.push(Merge { similarity, a, b, states: clusters.states_of(a, b) });
            }
        }
    }
    clusters.labels()
}

struct Clusters {
    /// For each cluster, the sum of scores to each cluster it has scored pairs with.
    links: Vec<FxHashMap<u32, f64>>,
    size: Vec<f64>,
    /// Grows with each merge of the cluster; `None` once it is part of another.
    state: Vec<Option<u32>>,
    parent: Vec<u32>,
    pins: Vec<Option<u32>>,
}

impl Clusters {
    fn new(n_items: usize, pairs: &[ScoredPair], pins: Vec<Option<u32>>) -> Self {
        let mut links = vec![FxHashMap::default(); n_items];
        for pair in pairs {
            links[pair.a as usize].insert(pair.b, pair.similarity);
            links[pair.b as usize].insert(pair.a, pair.similarity);
        }
        Clusters {
            links,
            size: vec![1.0; n_items],
            state: vec![Some(0); n_items],
            parent: (0..n_items as u32).collect(),
            pins,
        }
    }

    fn merge_pinned(&mut self) {
        let mut first: FxHashMap<u32, u32> = FxHashMap::default();
        for item in 0..self.pins.len() as u32 {
            if let Some(pin) = self.pins[item as usize] {
                let first = *first.entry(pin).or_insert(item);
                if first != item {
                    self.merge(first, item);
                }
            }
        }
    }

    /// Whether two clusters are pinned to different stories.
    fn are_apart(&self, a: u32, b: u32) -> bool {
        self.pins[a as usize].zip(self.pins[b as usize]).is_some_and(|(a, b)| a != b)
    }

    fn states_of(&self, a: u32, b: u32) -> (u32, u32) {
        let state = |at: u32| self.state[at as usize].unwrap_or(u32::MAX);
        (state(a), state(b))
    }

    fn is_stale(&self, merge: &Merge) -> bool {
        self.states_of(merge.a, merge.b) != merge.states
    }

    fn similarity(&self, a: u32, b: u32, sum: f64) -> f64 {
        sum / (self.size[a as usize] * self.size[b as usize])
    }

    /// Makes `b` part of `a`. Each sum is that of two numbers, so rounding is the same in every run
    /// whatever order the links are met in.
    fn merge(&mut self, a: u32, b: u32) {
        let moved = std::mem::take(&mut self.links[b as usize]);
        self.links[a as usize].remove(&b);
        for (other, sum) in moved {
            if other == a {
                continue;
            }
            *self.links[a as usize].entry(other).or_default() += sum;
            let total = self.links[a as usize][&other];
            let others = &mut self.links[other as usize];
            others.remove(&b);
            others.insert(a, total);
        }
        self.parent[b as usize] = a;
        self.pins[a as usize] = self.pins[a as usize].or(self.pins[b as usize]);
        self.size[a as usize] += self.size[b as usize];
        self.state[b as usize] = None;
        self.state[a as usize] = self.state[a as usize].map(|state| state + 1);
    }

    fn labels(&self) -> Vec<u32> {
        // Clusters merge into the smaller number, so a parent comes before its children.
        let mut labels = self.parent.clone();
        for item in 0..labels.len() {
            labels[item] = labels[labels[item] as usize];
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(a: u32, b: u32, similarity: f64) -> ScoredPair {
        ScoredPair { a, b, similarity }
    }

    #[test]
    fn one_bridge_does_not_chain_two_stories() {
        let pairs = [
            pair(0, 1, 0.9),
            pair(0, 2, 0.9),
            pair(1, 2, 0.9),
            pair(3, 4, 0.9),
            pair(3, 5, 0.9),
            pair(4, 5, 0.9),
            pair(2, 3, 0.8),
        ];
        assert_eq!(average_linkage(6, &pairs, &[], 0.5), [0, 0, 0, 3, 3, 3]);
    }

    #[test]
    fn a_chain_is_broken() {
        let pairs = [pair(0, 1, 0.7), pair(1, 2, 0.69), pair(2, 3, 0.7)];
        assert_eq!(average_linkage(4, &pairs, &[], 0.4), [0, 0, 2, 2]);
    }

    #[test]
    fn pins_hold_whatever_the_pairs_say() {
        let pairs = [pair(0, 1, 0.9), pair(1, 2, 0.9), pair(0, 2, 0.9), pair(3, 4, 0.9)];
        let pins = [Some(7), None, Some(8), Some(8), None];
        let labels = average_linkage(5, &pairs, &pins, 0.5);
        assert_ne!(labels[0], labels[2]);
        assert_eq!(labels[2], labels[3]);
        // The free ones go where the pairs say: 1 to the closer of two, which is the smaller number of equals.
        assert_eq!(labels[1], labels[0]);
        assert_eq!(average_linkage(3, &[], &[Some(1), None, Some(1)], 0.5), [0, 1, 0]);
    }

    proptest! {
        #[test]
        fn the_order_of_pairs_does_not_matter(scores in prop::collection::vec(0u32..100, 28), seed in any::<u64>()) {
            let mut pairs = Vec::new();
            for (at, score) in scores.iter().enumerate().filter(|(_, score)| **score > 20) {
                let all: Vec<(u32, u32)> = (0..8).flat_map(|a| (a + 1..8).map(move |b| (a, b))).collect();
                pairs.push(pair(all[at].0, all[at].1, f64::from(*score) / 100.0));
            }
            let labels = average_linkage(8, &pairs, &[], 0.45);
            let mut turned = pairs.clone();
            turned.sort_by_key(|pair| xxhash_rust::xxh3::xxh3_64_with_seed(&pair.a.to_le_bytes(), seed ^ u64::from(pair.b)));
            prop_assert_eq!(&labels, &average_linkage(8, &turned, &[], 0.45));
            prop_assert!(labels.iter().enumerate().all(|(item, label)| *label as usize <= item && labels[*label as usize] == *label));
        }
    }
}
