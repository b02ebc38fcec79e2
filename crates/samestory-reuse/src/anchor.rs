//! Anchors: runs of words that two articles share, as long as they go.

use rustc_hash::FxHashMap;

use crate::words::{PrintedWords, SEED};

/// A run of equal words of two articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Anchor {
    /// Position of its first word in the first article.
    pub(crate) a: usize,
    /// Position of its first word in the second.
    pub(crate) b: usize,
    /// Number of words.
    pub(crate) len: usize,
}

impl Anchor {
    pub(crate) fn a_end(&self) -> usize {
        self.a + self.len
    }

    pub(crate) fn b_end(&self) -> usize {
        self.b + self.len
    }
}

/// Places of one run of five words in the first article that are looked at: enough for quotations that a text
/// repeats, and a bound for texts that repeat themselves.
const MOST_PLACES: usize = 8;

/// Words that are looked at for each word of both articles, on the mean. Text that repeats itself over and over would
/// be compared with itself at every distance; past this, only what lies in no anchor yet is looked at.
const MOST_LOOKS: usize = 64;

/// Where the runs of five words of an article are: made once and asked for each article it is held against.
#[derive(Debug)]
pub(crate) struct Seeds {
    first: FxHashMap<u64, u32>,
    /// For each place the next of the same run, `u32::MAX` at the last.
    next: Vec<u32>,
}

impl Seeds {
    pub(crate) fn of(words: &PrintedWords<'_>) -> Seeds {
        let shingles = words.shingles();
        let mut first = FxHashMap::with_capacity_and_hasher(shingles.len(), Default::default());
        let mut next = vec![u32::MAX; shingles.len()];
        for (at, shingle) in shingles.iter().enumerate().rev() {
            if let Some(behind) = first.insert(*shingle, at as u32) {
                next[at] = behind;
            }
        }
        Seeds { first, next }
    }

    fn places(&self, shingle: u64) -> impl Iterator<Item = usize> + '_ {
        let first = self.first.get(&shingle).copied();
        std::iter::successors(first, |at| Some(self.next[*at as usize]).filter(|next| *next != u32::MAX))
            .take(MOST_PLACES)
            .map(|at| at as usize)
    }
}

/// All runs of at least five words that both have, none part of another on its diagonal; sorted.
pub(crate) fn anchors(seeds: &Seeds, a: &PrintedWords<'_>, b: &PrintedWords<'_>) -> Vec<Anchor> {
    let mut anchors = Vec::new();
    // Of each diagonal, where the last run on it ends in the second article.
    let mut ends: FxHashMap<isize, usize> = FxHashMap::default();
    let mut looks_left = MOST_LOOKS * (a.len() + b.len());
    let mut covered_to = 0;
    for (at, shingle) in b.shingles().iter().enumerate() {
        for place in seeds.places(*shingle) {
            if looks_left == 0 && at + SEED <= covered_to {
                break;
            }
            let end = ends.entry(place as isize - at as isize).or_default();
            if *end > at {
                continue;
            }
            let behind = a.hashes()[place + SEED..].iter().zip(&b.hashes()[at + SEED..]);
            let len = SEED + behind.take_while(|(a, b)| a == b).count();
            *end = at + len;
            covered_to = covered_to.max(at + len);
            looks_left = looks_left.saturating_sub(len);
            anchors.push(Anchor { a: place, b: at, len });
        }
    }
    anchors.sort_unstable();
    anchors
}
