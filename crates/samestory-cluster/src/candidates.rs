//! Candidate pairs: articles that share rare terms, found without looking at all pairs.
//!
//! Each article asks an inverted index of everybody's heaviest terms with its own heaviest terms,
//! and keeps a bounded list of those most like it and nearest in time. That list is all an article ever
//! knows of the rest of the collection.

use std::sync::LazyLock;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::vectors::ArticleVectors;

/// Heaviest terms of an article that are indexed and asked for.
const INDEXED_TERMS: usize = 60;

/// Of these, the terms that are asked for at any time; the others only inside the window.
const FAR_TERMS: usize = 20;

/// Articles further apart in time seldom report one event.
const WINDOW_SECONDS: i64 = 10 * 86_400;

/// Candidates that an article keeps.
pub const LONGEST_LIST: usize = 70;

/// Articles ranked by exact cosine for each one kept.
const OVERSAMPLING: usize = 3;

/// A cosine below this is chance.
const LEAST_COSINE: f64 = 0.01;

/// One candidate of an article.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Number of the other article.
    pub number: u32,
    /// What lists are ordered by, above 0.
    pub closeness: f32,
}

/// The candidates of each article: at most [`LONGEST_LIST`], by falling closeness, then by number.
pub fn candidate_lists(articles: &[ArticleVectors]) -> Vec<Vec<Candidate>> {
    let index = Index::new(articles);
    (0..articles.len())
        .into_par_iter()
        .map_init(|| Scores::new(articles.len()), |scores, number| list(articles, number, index.ask(number, scores)))
        .collect()
}

/// An inverted index of everybody's heaviest terms, in which articles stand in order of time.
struct Index<'a> {
    articles: &'a [ArticleVectors],
    heaviest: Vec<Vec<(u64, f32)>>,
    /// Places and weights of the articles that hold a term, by place.
    postings: FxHashMap<u64, Vec<(u32, f32)>>,
    /// Number of the article at each place: those with a time come first, in order of it.
    order: Vec<u32>,
    /// Times of the dated, in order.
    times: Vec<i64>,
}

impl<'a> Index<'a> {
    fn new(articles: &'a [ArticleVectors]) -> Self {
        let heaviest: Vec<Vec<(u64, f32)>> =
            articles.par_iter().map(|article| article.all.vector().heaviest(INDEXED_TERMS)).collect();
        let mut order: Vec<u32> = (0..articles.len() as u32).collect();
        order.sort_by_key(|number| {
            let time = articles[*number as usize].time;
            (time.is_none(), time, *number)
        });
        let times = order.iter().map_while(|number| articles[*number as usize].time).collect();
        let mut postings: FxHashMap<u64, Vec<(u32, f32)>> = FxHashMap::default();
        for (place, number) in (0u32..).zip(&order) {
            for (term, weight) in &heaviest[*number as usize] {
                postings.entry(*term).or_default().push((place, *weight));
            }
        }
        Index { articles, heaviest, postings, order, times }
    }

    /// Articles that share terms with this one, each with the sum over these.
    fn ask(&self, number: usize, scores: &mut Scores) -> Vec<Candidate> {
        let terms = &self.heaviest[number];
        let n = self.order.len() as u32;
        let Some(time) = self.articles[number].time else {
            for term in terms {
                self.add(term, 0..n, scores);
            }
            return self.found(number, scores);
        };
        let start = self.times.partition_point(|other| *other < time.saturating_sub(WINDOW_SECONDS)) as u32;
        let end = self.times.partition_point(|other| *other <= time.saturating_add(WINDOW_SECONDS)) as u32;
        let dated = self.times.len() as u32;
        for (at, term) in terms.iter().enumerate() {
            if at < FAR_TERMS {
                self.add(term, 0..n, scores);
            } else {
                self.add(term, start..end, scores);
                self.add(term, dated..n, scores);
            }
        }
        self.found(number, scores)
    }

    fn add(&self, (term, weight): &(u64, f32), places: std::ops::Range<u32>, scores: &mut Scores) {
        if places.is_empty() {
            return;
        }
        let postings = &self.postings[term];
        let first = postings.partition_point(|(place, _)| *place < places.start);
        for (place, other) in postings[first..].iter().take_while(|(place, _)| *place < places.end) {
            scores.add(*place, weight * other);
        }
    }

    fn found(&self, number: usize, scores: &mut Scores) -> Vec<Candidate> {
        let mut found = scores.take(LEAST_COSINE as f32 / 2.0);
        for candidate in &mut found {
            candidate.number = self.order[candidate.number as usize];
        }
        found.retain(|candidate| candidate.number != number as u32);
        found
    }
}

/// Sums of one query: a slot for every article, and which slots are in use.
struct Scores {
    sums: Vec<f32>,
    used: Vec<u32>,
}

impl Scores {
    fn new(n_articles: usize) -> Self {
        Scores { sums: vec![0.0; n_articles], used: Vec::new() }
    }

    /// Adds a product of two weights, each above 0.
    fn add(&mut self, number: u32, product: f32) {
        let sum = &mut self.sums[number as usize];
        if *sum == 0.0 {
            self.used.push(number);
        }
        *sum += product;
    }

    /// The sums that are not below `least`, leaving all slots empty.
    fn take(&mut self, least: f32) -> Vec<Candidate> {
        let sums = &mut self.sums;
        let take = |number: u32| Candidate { number, closeness: std::mem::take(&mut sums[number as usize]) };
        self.used.drain(..).map(take).filter(|candidate| candidate.closeness >= least).collect()
    }
}

fn list(articles: &[ArticleVectors], number: usize, mut best: Vec<Candidate>) -> Vec<Candidate> {
    let order = |a: &Candidate, b: &Candidate| b.closeness.total_cmp(&a.closeness).then(a.number.cmp(&b.number));
    let article = &articles[number];
    let nearness = |other: &ArticleVectors| nearness(article.time, other.time);
    for candidate in &mut best {
        candidate.closeness *= nearness(&articles[candidate.number as usize]);
    }
    let asked = LONGEST_LIST * OVERSAMPLING;
    if best.len() > asked {
        best.select_nth_unstable_by(asked - 1, order);
        best.truncate(asked);
    }
    best.retain_mut(|candidate| {
        let other = &articles[candidate.number as usize];
        let words = article.all.vector().cosine(other.all.vector());
        let likeness = 0.5 * words + 0.3 * article.lead.cosine(&other.lead) + 0.2 * article.names.cosine(&other.names);
        candidate.closeness = likeness as f32 * nearness(other);
        words >= LEAST_COSINE
    });
    best.sort_unstable_by(order);
    best.truncate(LONGEST_LIST);
    best
}

/// What candidates are ranked by beside their likeness: 1 at the same time, falling by days to 0.3;
/// between these where a time is missing.
fn nearness(a: Option<i64>, b: Option<i64>) -> f32 {
    const FAR: f32 = 0.3;
    const SCALE_DAYS: f32 = 7.0;
    /// Steps of six hours; beyond the last everything is far.
    const STEP_SECONDS: u64 = 6 * 3_600;
    static STEPS: LazyLock<[f32; 160]> =
        LazyLock::new(|| std::array::from_fn(|step| FAR + (1.0 - FAR) * (-(step as f32 / 4.0) / SCALE_DAYS).exp()));
    let by_seconds = |apart: u64| STEPS.get((apart / STEP_SECONDS) as usize).copied().unwrap_or(FAR);
    a.zip(b).map_or((1.0 + FAR) / 2.0, |(a, b)| by_seconds(a.abs_diff(b)))
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
