//! Candidate pairs: articles that share rare terms, found without looking at all pairs.
//!
//! Each article asks an inverted index of everybody's heaviest terms with its own heaviest terms,
//! and keeps a bounded list of those most like it and nearest in time. That list is all an article ever
//! knows of the rest of the collection.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::LazyLock;

use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::vectors::{ArticleVectors, Bag, VectorSource};

/// Heaviest words of an article that are indexed and asked for.
const INDEXED_WORDS: usize = 100;

/// Heaviest names that are, beside them.
const INDEXED_NAMES: usize = 25;

/// Of these, the terms that are asked for outside of the window too.
pub const FAR_TERMS: usize = 20;

/// Of the articles that hold one of these, so many on either side in time are looked at, be they inside the window or not:
/// of a term that more hold, those that are far say little, and the cost of an article would grow with the collection.
pub const MOST_FAR: usize = 128;

/// Articles further apart in time seldom report one event.
pub const WINDOW_SECONDS: i64 = 10 * 86_400;

/// Of the articles inside the window that hold a term, so many are looked at on either side in time, and so many of those
/// without a time: a window may hold all there are.
pub const MOST_ASIDE: usize = 8_192;

/// Candidates that an article keeps.
pub const LONGEST_LIST: usize = 70;

/// Shares of the cosines of words, leads and names in the likeness of two articles.
const SHARES: [f32; 3] = [0.6, 0.2, 0.2];

/// Less likeness is chance.
pub const LEAST_LIKENESS: f32 = 0.005;

/// One candidate of an article.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Number of the other article.
    pub number: u32,
    /// What lists are ordered by, above 0.
    pub closeness: f32,
}

/// The candidates of each article: at most [`LONGEST_LIST`], by falling closeness, then by number.
pub fn candidate_lists<V: VectorSource + ?Sized>(articles: &V) -> Vec<Vec<Candidate>> {
    candidate_lists_among(&AllWeighed(articles))
}

/// Articles among which candidates are looked for, by rising number: those that ask for theirs, and those that these may
/// meet.
pub trait HeavySource: Sync {
    /// How many there are.
    fn n_articles(&self) -> usize;

    /// The number of the article at a position.
    fn number(&self, at: usize) -> u32 {
        at as u32
    }

    /// Its time.
    fn time(&self, at: usize) -> Option<i64>;

    /// Its heaviest terms: of one that asks all, heaviest first; of others those that it is to be met by.
    fn heaviest(&self, at: usize) -> Cow<'_, [HeavyTerm]>;

    /// Whether it asks.
    fn asks(&self, _at: usize) -> bool {
        true
    }
}

/// Articles that all ask.
struct AllWeighed<'a, V: ?Sized>(&'a V);

impl<V: VectorSource + ?Sized> HeavySource for AllWeighed<'_, V> {
    fn n_articles(&self) -> usize {
        self.0.n_articles()
    }

    fn time(&self, at: usize) -> Option<i64> {
        self.0.vectors(at).time
    }

    fn heaviest(&self, at: usize) -> Cow<'_, [HeavyTerm]> {
        Cow::Owned(heaviest(&self.0.vectors(at)))
    }
}

/// The candidates of the articles that ask, by position; as [`candidate_lists`] has them.
///
/// An article's list is the same whatever other articles are there, as long as these are: by each of its terms the
/// [`MOST_ASIDE`] nearest in [time](WINDOW_SECONDS) on either side and as many of the last without a time, by its first
/// [`FAR_TERMS`] the [`MOST_FAR`] nearest on either side.
pub fn candidate_lists_among<S: HeavySource + ?Sized>(articles: &S) -> Vec<Vec<Candidate>> {
    let index = Index::of(articles);
    (0..articles.n_articles())
        .into_par_iter()
        .map_init(
            || Scores::new(articles.n_articles()),
            |scores, at| if articles.asks(at) { index.ask(at, scores) } else { Vec::new() },
        )
        .collect()
}

/// A heavy term of an article: what it adds to the likeness with an article that has the same weights is the
/// sum of their squares.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct HeavyTerm {
    /// The term: its hash, or its [place](crate::DocumentFrequencies::place) in a table that all have.
    pub term: u32,
    /// In the whole text, and in the lead; 0 to 1.
    pub weights: [f32; 2],
}

impl HeavyTerm {
    /// What the term adds to the likeness with an article in which it has other weights.
    pub fn product(&self, other: [f32; 2]) -> f32 {
        product(self.weights, other)
    }

    fn likeness(&self) -> f32 {
        self.weights[0] * self.weights[0] + self.weights[1] * self.weights[1]
    }
}

fn product(a: [f32; 2], b: [f32; 2]) -> f32 {
    a[0] * b[0] + a[1] * b[1]
}

/// Heaviest terms as bytes of this machine, twelve each.
pub fn heaviest_as_bytes(terms: &[HeavyTerm]) -> &[u8] {
    bytemuck::cast_slice(terms)
}

/// Reads what [`heaviest_as_bytes`] gave.
///
/// # Panics
///
/// If it is something else, or does not begin at a multiple of four bytes.
pub fn heaviest_from_bytes(bytes: &[u8]) -> &[HeavyTerm] {
    bytemuck::cast_slice(bytes)
}

/// Heaviest terms in few bytes, whatever the machine: by rising term the distance from the one before and what it is
/// (seven bits to a byte, the highest says that more follow), and its weights in steps (16 bits each). Their order is not
/// kept, since it follows from the weights. A term that is a place in a table of some million takes five bytes, most of
/// them; one that is a hash six.
pub fn pack_heaviest(terms: &[HeavyTerm]) -> Vec<u8> {
    let mut sorted: Vec<&HeavyTerm> = terms.iter().collect();
    sorted.sort_unstable_by_key(|heavy| heavy.term);
    let mut bytes = Vec::with_capacity(6 * terms.len());
    let mut before = 0;
    for heavy in sorted {
        let steps = |shares: [f32; 2]| -> [u16; 2] {
            std::array::from_fn(|of| (heavy.weights[of] / shares[of] * WEIGHT_STEPS).round() as u16)
        };
        let is_name = weights_of(WORD_SHARES, steps(roots(WORD_SHARES))) != heavy.weights;
        let steps = steps(roots(if is_name { NAME_SHARES } else { WORD_SHARES }));
        let in_lead = steps[1] > 0;
        let mut head = u64::from(heavy.term - before) << 2 | u64::from(in_lead) << 1 | u64::from(is_name);
        while head >= 0x80 {
            bytes.push(head as u8 | 0x80);
            head >>= 7;
        }
        bytes.push(head as u8);
        let n_weights = 1 + usize::from(in_lead);
        steps[..n_weights].iter().for_each(|steps| bytes.extend(steps.to_le_bytes()));
        before = heavy.term;
    }
    bytes
}

/// Reads what [`pack_heaviest`] made: heaviest first, as [`heaviest`] has them. What else the bytes may be is read as far as
/// it can be.
pub fn unpack_heaviest(mut bytes: &[u8]) -> Vec<HeavyTerm> {
    let mut terms = Vec::with_capacity(bytes.len() / 5);
    let mut before = 0u32;
    while let Some(length) = bytes.iter().position(|byte| *byte < 0x80).filter(|end| *end < 5) {
        let (head, rest) = bytes.split_at(length + 1);
        let head = head.iter().rev().fold(0u64, |head, byte| head << 7 | u64::from(byte & 0x7f));
        let Some((weight, rest)) = rest.split_first_chunk() else { break };
        let (lead, rest) = match head & 2 {
            0 => ([0; 2], rest),
            _ => match rest.split_first_chunk() {
                Some((lead, rest)) => (*lead, rest),
                None => break,
            },
        };
        let term = before.wrapping_add((head >> 2) as u32);
        let steps = [*weight, lead].map(u16::from_le_bytes);
        let shares = if head & 1 == 1 { NAME_SHARES } else { WORD_SHARES };
        terms.push(HeavyTerm { term, weights: weights_of(shares, steps) });
        (before, bytes) = (term, rest);
    }
    terms.sort_unstable_by(heaviest_first);
    terms
}

/// Steps of a weight, as vectors keep it.
const WEIGHT_STEPS: f32 = 65_535.0;

/// Shares of the weights of a word, and of a name, which has but one.
const WORD_SHARES: [f32; 2] = [SHARES[0], SHARES[1]];
const NAME_SHARES: [f32; 2] = [SHARES[2], SHARES[2]];

fn roots(shares: [f32; 2]) -> [f32; 2] {
    shares.map(f32::sqrt)
}

/// Weights from their steps, as [`heaviest`] has them.
fn weights_of(shares: [f32; 2], steps: [u16; 2]) -> [f32; 2] {
    let shares = roots(shares);
    std::array::from_fn(|of| shares[of] * (f64::from(steps[of]) / f64::from(WEIGHT_STEPS)) as f32)
}

/// The terms of an article that add most to its likeness with others, heaviest first: at most 125.
pub fn heaviest(article: &ArticleVectors<'_>) -> Vec<HeavyTerm> {
    let [words, lead, names] = SHARES.map(f32::sqrt);
    let mut of_lead = article.bag(Bag::Lead).peekable();
    let of_words = article.bag(Bag::Words).map(|(term, weight)| {
        let in_lead = of_lead.next_if(|(held, _)| *held == term).map_or(0.0, |(_, weight)| weight.weight());
        HeavyTerm { term, weights: [words * weight.weight() as f32, lead * in_lead as f32] }
    });
    let of_names = article
        .bag(Bag::Names)
        .map(|(term, weight)| HeavyTerm { term, weights: [names * weight.weight() as f32, 0.0] });
    let mut terms = best(of_words.collect(), INDEXED_WORDS);
    terms.append(&mut best(of_names.collect(), INDEXED_NAMES));
    terms.sort_unstable_by(heaviest_first);
    terms
}

fn best(mut terms: Vec<HeavyTerm>, n: usize) -> Vec<HeavyTerm> {
    if terms.len() > n {
        terms.select_nth_unstable_by(n - 1, heaviest_first);
        terms.truncate(n);
    }
    terms
}

fn heaviest_first(a: &HeavyTerm, b: &HeavyTerm) -> Ordering {
    b.likeness().total_cmp(&a.likeness()).then(a.term.cmp(&b.term))
}

/// A heavy term of an article, by its postings.
#[derive(Clone, Copy)]
struct Asked {
    /// Which postings are those of the term.
    postings: u32,
    /// Where the article itself stands in them.
    own: u32,
}

/// An inverted index of everybody's heaviest terms, in which articles stand in order of time. It takes 20 bytes a term of
/// an article: 2.5 KB an article.
struct Index {
    /// For each article its heaviest terms, heaviest first.
    asked: Vec<Box<[Asked]>>,
    /// Places and weights of the articles that hold a term, by place; those of all terms in one list, so that the
    /// memory they stand in is one stretch.
    postings: Vec<Posting>,
    /// Where the postings of each term begin.
    starts: Vec<usize>,
    /// Position of the article at each place: those with a time come first, in order of it.
    order: Vec<u32>,
    /// Number of the article at each position.
    numbers: Vec<u32>,
    /// Times of the dated, in order.
    times: Vec<i64>,
    /// Place of each article.
    places: Vec<u32>,
}

/// Place and weights of an article that holds a term.
type Posting = (u32, [f32; 2]);

/// Articles whose heaviest terms are looked for together.
const BATCH: usize = 1024;

impl Index {
    fn of<S: HeavySource + ?Sized>(articles: &S) -> Self {
        let time_of: Vec<Option<i64>> =
            (0..articles.n_articles()).into_par_iter().map(|at| articles.time(at)).collect();
        let mut order: Vec<u32> = (0..articles.n_articles() as u32).collect();
        order.sort_by_key(|number| {
            let time = time_of[*number as usize];
            (time.is_none(), time, *number)
        });
        let mut places = vec![0; order.len()];
        (0u32..).zip(&order).for_each(|(place, number)| places[*number as usize] = place);
        let times = order.iter().map_while(|number| time_of[*number as usize]).collect();
        // Looked for twice rather than remembered: they take more memory than all else here.
        let heaviest_of = |batch: &[u32]| -> Vec<Cow<'_, [HeavyTerm]>> {
            batch.par_iter().map(|at| articles.heaviest(*at as usize)).collect()
        };
        let mut asked: Vec<Box<[Asked]>> = vec![Box::default(); order.len()];
        let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
        let mut counts: Vec<u32> = Vec::new();
        for batch in order.chunks(BATCH) {
            for (number, heaviest) in batch.iter().zip(heaviest_of(batch)) {
                let ask = |heavy: &HeavyTerm| {
                    let postings = *numbers.entry(heavy.term).or_insert_with(|| {
                        counts.push(0);
                        counts.len() as u32 - 1
                    });
                    let count = &mut counts[postings as usize];
                    *count += 1;
                    Asked { postings, own: *count - 1 }
                };
                asked[*number as usize] = heaviest.iter().map(ask).collect();
            }
        }
        drop(numbers);
        let mut starts = Vec::with_capacity(counts.len() + 1);
        starts.push(0);
        starts.extend(counts.iter().scan(0, |end, count| {
            *end += *count as usize;
            Some(*end)
        }));
        let mut postings: Vec<Posting> = vec![(0, [0.0; 2]); starts[counts.len()]];
        for batch in order.chunks(BATCH) {
            for (number, heaviest) in batch.iter().zip(heaviest_of(batch)) {
                for (asked, heavy) in asked[*number as usize].iter().zip(&*heaviest) {
                    postings[starts[asked.postings as usize] + asked.own as usize] =
                        (places[*number as usize], heavy.weights);
                }
            }
        }
        let numbers = (0..articles.n_articles()).map(|at| articles.number(at)).collect();
        Index { asked, postings, starts, order, numbers, times, places }
    }

    /// Articles that share terms with this one, those that are most like it over these and nearest in time.
    fn ask(&self, own: usize, scores: &mut Scores) -> Vec<Candidate> {
        let time = self.times.get(self.places[own] as usize).copied();
        // Places that are near in time; those without a time are near to all.
        let near = time.map_or(0..u32::MAX, |time| {
            let before = |end: i64| self.times.partition_point(|other| *other < end) as u32;
            before(time.saturating_sub(WINDOW_SECONDS))..before(time.saturating_add(WINDOW_SECONDS + 1))
        });
        for (at, asked) in self.asked[own].iter().enumerate() {
            let term = asked.postings as usize;
            let postings = &self.postings[self.starts[term]..self.starts[term + 1]];
            let (before, behind) = aside(postings, asked.own as usize);
            let (_, weights) = postings[asked.own as usize];
            let far = if at < FAR_TERMS { MOST_FAR } else { 0 };
            // Most are few steps away, where a search through all would have to fetch each step from memory.
            let first = before.iter().rev().take_while(|(place, _)| *place >= near.start).count();
            let end = behind.iter().take_while(|(place, _)| *place < near.end).count();
            // Behind begins with the article itself.
            let (first, end) = (first.max(far.min(before.len())), end.max((far + 1).min(behind.len())));
            scores.add(weights, &before[before.len() - first..]);
            scores.add(weights, &behind[..end]);
            let dated = self.times.len() as u32;
            let rest = &postings[asked.own as usize + end..];
            let undated = rest.iter().rev().take(MOST_ASIDE).take_while(|(place, _)| *place >= dated).count();
            scores.add(weights, &rest[rest.len() - undated..]);
        }
        let found = scores.take(|place, sum| {
            let other = self.order[place as usize];
            let closeness = sum * nearness(time, self.times.get(place as usize).copied());
            let is_met = sum >= LEAST_LIKENESS && other != own as u32;
            is_met.then(|| Candidate { number: self.numbers[other as usize], closeness })
        });
        keep_closest(found);
        found.clone()
    }
}

/// The nearest postings before a place among them, and from it on.
fn aside(postings: &[Posting], own: usize) -> (&[Posting], &[Posting]) {
    let (before, behind) = postings.split_at(own);
    (&before[before.len().saturating_sub(MOST_ASIDE)..], &behind[..behind.len().min(MOST_ASIDE)])
}

/// Sums of one query: a slot for every article, which slots are in use, and what is made of them.
struct Scores {
    sums: Vec<f32>,
    /// The first `n_used` count.
    used: Vec<u32>,
    n_used: usize,
    found: Vec<Candidate>,
}

impl Scores {
    fn new(n_articles: usize) -> Self {
        Scores { sums: vec![0.0; n_articles], used: vec![0; n_articles + 1], n_used: 0, found: Vec::new() }
    }

    /// Adds what a term of the article that asks adds to the likeness with each that holds it, always above 0.
    fn add(&mut self, weights: [f32; 2], postings: &[Posting]) {
        for (place, other) in postings {
            let sum = &mut self.sums[*place as usize];
            // No branch, since it would be guessed wrong half of the time.
            self.used[self.n_used] = *place;
            self.n_used += usize::from(*sum == 0.0);
            *sum += product(weights, *other);
        }
    }

    /// What is made of the sums; all slots are empty behind it.
    fn take(&mut self, make: impl Fn(u32, f32) -> Option<Candidate>) -> &mut Vec<Candidate> {
        self.found.clear();
        for &place in &self.used[..std::mem::take(&mut self.n_used)] {
            self.found.extend(make(place, std::mem::take(&mut self.sums[place as usize])));
        }
        &mut self.found
    }
}

/// Leaves the closest [`LONGEST_LIST`], by falling closeness, then by number.
pub fn keep_closest(candidates: &mut Vec<Candidate>) {
    if candidates.len() > LONGEST_LIST {
        candidates.select_nth_unstable_by(LONGEST_LIST - 1, closest_first);
        candidates.truncate(LONGEST_LIST);
    }
    candidates.sort_unstable_by(closest_first);
}

fn closest_first(a: &Candidate, b: &Candidate) -> Ordering {
    b.closeness.total_cmp(&a.closeness).then(a.number.cmp(&b.number))
}

/// What candidates are ranked by beside their likeness: 1 at the same time, falling by days to 0.3;
/// between these where a time is missing. Times are seconds since 1970.
pub fn nearness(a: Option<i64>, b: Option<i64>) -> f32 {
    Nearness::get().of(a, b)
}

/// [`nearness`] by steps.
struct Nearness {
    /// By steps of six hours; beyond the last everything is far.
    steps: [f32; 160],
}

impl Nearness {
    const FAR: f32 = 0.3;
    const SCALE_DAYS: f32 = 7.0;
    const STEP_SECONDS: u64 = 6 * 3_600;

    fn get() -> &'static Nearness {
        static NEARNESS: LazyLock<Nearness> = LazyLock::new(|| {
            let at = |step: usize| {
                Nearness::FAR + (1.0 - Nearness::FAR) * (-(step as f32 / 4.0) / Nearness::SCALE_DAYS).exp()
            };
            Nearness { steps: std::array::from_fn(at) }
        });
        &NEARNESS
    }

    fn of(&self, a: Option<i64>, b: Option<i64>) -> f32 {
        let by_seconds =
            |apart: u64| self.steps.get((apart / Self::STEP_SECONDS) as usize).copied().unwrap_or(Self::FAR);
        a.zip(b).map_or((1.0 + Self::FAR) / 2.0, |(a, b)| by_seconds(a.abs_diff(b)))
    }
}

/// Every pair in which one article is a candidate of the other, as `(smaller, larger)`, sorted.
pub fn candidate_pairs(lists: &[Vec<Candidate>]) -> Vec<(u32, u32)> {
    let mut pairs: Vec<(u32, u32)> = lists
        .par_iter()
        .enumerate()
        .flat_map_iter(|(number, list)| {
            let number = number as u32;
            list.iter().map(move |candidate| (number.min(candidate.number), number.max(candidate.number)))
        })
        .collect();
    pairs.par_sort_unstable();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    use samestory_article::Article;

    use super::*;
    use crate::{ArticleTerms, DocumentFrequencies};

    #[test]
    fn heaviest_terms_survive_packing() {
        let article = |text: &str| {
            let mut article = Article::new("ferry".into());
            article.headline = "Ferry Aurelia runs aground".into();
            article.text = text.into();
            article
        };
        let texts = [
            "The ferry Aurelia struck a sand bank off Saint Orla on Tuesday. Captain Ines Moreau said that fog hid the bank.",
            "The ferry Aurelia struck the bank. Fog hid the sand bank off Saint Orla, said Captain Ines Moreau, on a Tuesday.",
        ];
        let terms: Vec<ArticleTerms> = texts.iter().map(|text| ArticleTerms::of(&article(text))).collect();
        let frequencies = DocumentFrequencies::count(&terms);
        for (terms, text) in terms.iter().zip(texts) {
            let heavy = heaviest(&ArticleVectors::weigh(terms, &frequencies, &article(text)));
            assert!(heavy.len() > 10);
            for n_terms in 0..=heavy.len() {
                let bytes = pack_heaviest(&heavy[..n_terms]);
                assert_eq!(unpack_heaviest(&bytes), heavy[..n_terms]);
                for length in 0..bytes.len() {
                    assert!(unpack_heaviest(&bytes[..length]).len() < n_terms);
                }
            }
            let places = |heavy: &HeavyTerm| HeavyTerm { term: frequencies.place(heavy.term).unwrap(), ..*heavy };
            let placed: Vec<HeavyTerm> = heavy.iter().map(places).collect();
            assert_eq!(unpack_heaviest(&pack_heaviest(&placed)), placed);
        }
    }

    /// Articles two months apart that share one name, and one without a time.
    #[test]
    fn of_far_articles_the_nearest_are_met_and_those_without_a_time() {
        let n_dated = 4 * MOST_FAR;
        let mut article = Article::new("ferry".into());
        article.text = "Aurelia sailed".into();
        let terms = vec![ArticleTerms::of(&article); n_dated + 1];
        let frequencies = DocumentFrequencies::count(&terms);
        let mut vectors: Vec<ArticleVectors<'_>> =
            terms.iter().map(|terms| ArticleVectors::weigh(terms, &frequencies, &article)).collect();
        for (number, vectors) in vectors[..n_dated].iter_mut().enumerate() {
            vectors.time = Some(number as i64 * 60 * 86_400);
        }
        let lists = candidate_lists(vectors.as_slice());
        let numbers = |number: usize| lists[number].iter().map(|candidate| candidate.number as usize);
        let last = n_dated - 1;
        assert_eq!(numbers(last).next(), Some(n_dated));
        // Of equals the smallest numbers are kept: those that are furthest among the met.
        assert_eq!(numbers(last).nth(1), Some(last - MOST_FAR));
        assert!(numbers(0).skip(1).eq(1..LONGEST_LIST));
        assert_eq!(numbers(n_dated).count(), LONGEST_LIST);
    }
}
