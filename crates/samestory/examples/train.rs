//! Trains the pair scorer of `samestory-cluster` on labelled sets.
//!
//! ```text
//! cargo run --release --example train -- [--leave-one-out] SET.jsonl.zst...
//! ```
//!
//! Each set is read, its copies are folded, and every candidate pair becomes one example. Positive
//! and negative pairs weigh the same in a set, and every set weighs the same. Beside the set as it is
//! stand three variants, so that the weights hold in other collections too: English sets as if there
//! were no background table, many collections of two or three articles, and some of about 25.
//! Logistic loss; features that speak of likeness may not have a negative weight.
//!
//! Prints the weights, the threshold of the best mean BCubed F1, and the F1 of each set; with
//! `--leave-one-out` also the F1 of each set under weights and threshold trained on the others (sets
//! whose names start alike, up to the first `-`, are left out together).

#![expect(clippy::print_stdout, reason = "the answer of this program")]

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use samestory::article::Article;
use samestory::ingest::{ReadSettings, read, read_labels};
use samestory::stories::background::Background;
use samestory::stories::evaluate::{evaluate, label_ids};
use samestory::stories::linkage::{ScoredPair, average_linkage};
use samestory::stories::score::{FEATURE_NAMES, JudgedPair, N_FEATURES, WEIGHTS, judge_pairs};
use samestory::stories::{ArticleTerms, ArticleVectors, DocumentFrequencies};
use samestory::{CopySettings, find_copies};

/// How a weight may be set.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    /// What speaks of likeness.
    For,
    /// What speaks against it.
    Against,
    /// Flags and lengths.
    Either,
    /// Not trained: the labelled sets hold too little of it.
    Fixed,
}

use Sign::{Against, Either, Fixed, For};

const SIGN: [Sign; N_FEATURES] =
    [For, For, For, For, For, For, Either, For, Either, For, For, For, Either, Against, Fixed];

/// Collections of two or three articles that are drawn from a set, and of about 25.
const TINY: usize = 300;
const SMALL: usize = 40;
const SMALL_ARTICLES: usize = 25;
const MOST_OF_A_STORY: usize = 12;

/// A labelled collection with its pairs.
struct Labelled {
    /// Story of each article that is compared.
    story: Vec<Option<u32>>,
    pairs: Vec<JudgedPair>,
}

struct Set {
    name: String,
    /// For each article, copies included, its label and the article that is compared for it.
    scored: Vec<(u32, u32)>,
    plain: Labelled,
    /// Variants with their share of the set's weight, and collections that are one variant together.
    variants: Vec<(f64, Vec<Labelled>)>,
}

/// One example of the regression.
struct Example {
    features: [f64; N_FEATURES],
    same: bool,
    weight: f64,
}

#[derive(Clone)]
struct Model {
    weights: [f64; N_FEATURES],
    bias: f64,
}

fn main() {
    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let leave_one_out = paths.iter().any(|path| path.as_os_str() == "--leave-one-out");
    paths.retain(|path| path.as_os_str() != "--leave-one-out");
    let sets: Vec<Set> = paths.iter().map(|path| load(path)).collect();
    let all: Vec<&Set> = sets.iter().collect();
    let model = train(&all);
    let (threshold, scores) = best_threshold(&all, &model);
    println!("pub const WEIGHTS: [f64; N_FEATURES] = {:.2?};", model.weights);
    println!("pub const BIAS: f64 = {:.2};", model.bias);
    println!("pub const DEFAULT_THRESHOLD: f64 = {threshold:.2};");
    FEATURE_NAMES.iter().zip(model.weights).for_each(|(name, weight)| println!("{weight:8.2} {name}"));
    print_scores("trained on all sets", &all, &scores);
    let tiny: Vec<f64> = all.iter().map(|set| bcubed_of_tiny(set, &model, threshold)).collect();
    print_scores("collections of two or three articles", &all, &tiny);
    if leave_one_out {
        let scores: Vec<f64> = all.iter().map(|set| left_out(&all, set)).collect();
        print_scores("each set left out", &all, &scores);
    }
}

fn print_scores(what: &str, sets: &[&Set], scores: &[f64]) {
    println!("{what}: mean BCubed F1 {:.4}", scores.iter().sum::<f64>() / scores.len() as f64);
    sets.iter().zip(scores).for_each(|(set, score)| println!("  {:24} {score:.4}", set.name));
}

fn left_out(sets: &[&Set], out: &Set) -> f64 {
    let family = |set: &Set| set.name.split('-').next().unwrap_or_default().to_owned();
    let others: Vec<&Set> = sets.iter().copied().filter(|set| family(set) != family(out)).collect();
    let model = train(&others);
    let (threshold, _) = best_threshold(&others, &model);
    bcubed(out, &model, threshold)
}

fn load(path: &Path) -> Set {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let labels: FxHashMap<String, String> = read_labels(path).expect("a labelled set").into_iter().collect();
    let reading = read(&[path.to_owned()], &ReadSettings::default(), &mut |_| ());
    let all: Vec<&Article> = reading.articles.iter().collect();
    let copy_of = find_copies(&all, &CopySettings::default()).copy_of;
    let compared: Vec<usize> = (0..all.len()).filter(|at| copy_of[*at].is_none()).collect();
    let position: FxHashMap<usize, u32> =
        compared.iter().enumerate().map(|(at, article)| (*article, at as u32)).collect();
    let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
    let mut label = |article: &Article| {
        let next = numbers.len() as u32;
        labels.get(article.id.as_str()).map(|story| *numbers.entry(story.as_str()).or_insert(next))
    };
    let scored = (0..all.len())
        .filter_map(|at| {
            Some((label(all[at])?, position[&copy_of[at].map_or(at, |representative| representative as usize)]))
        })
        .collect();
    let story: Vec<Option<u32>> = compared.iter().map(|at| label(all[*at])).collect();
    let articles: Vec<&Article> = compared.iter().map(|at| all[*at]).collect();
    let terms: Vec<ArticleTerms> = articles.par_iter().map(|article| ArticleTerms::of(article)).collect();

    let plain = labelled(&terms, &articles, &story, &(0..articles.len()).collect::<Vec<_>>());
    let mut random = Random(7);
    let mut variants = Vec::new();
    if articles.iter().any(|article| article.language.is_some_and(|language| language.code() == "en")) {
        let flat: Vec<ArticleTerms> = terms.iter().map(without_table).collect();
        variants.push((0.5, vec![labelled(&flat, &articles, &story, &(0..articles.len()).collect::<Vec<_>>())]));
    }
    let tiny = (0..TINY).map(|_| draw_tiny(&mut random, &plain)).collect::<Vec<_>>();
    let small = (0..SMALL).map(|_| draw_small(&mut random, &story)).collect::<Vec<_>>();
    for drawn in [tiny, small] {
        variants.push((0.25, drawn.iter().map(|members| labelled(&terms, &articles, &story, members)).collect()));
    }
    Set { name, scored, plain, variants }
}

/// The collection of some of the articles, with document frequencies of its own.
fn labelled(terms: &[ArticleTerms], articles: &[&Article], story: &[Option<u32>], members: &[usize]) -> Labelled {
    let terms: Vec<ArticleTerms> = members.iter().map(|at| terms[*at].clone()).collect();
    let frequencies = DocumentFrequencies::count(&terms);
    let vectors: Vec<ArticleVectors> = terms
        .iter()
        .zip(members)
        .map(|(terms, at)| ArticleVectors::weigh(terms, &frequencies, articles[*at]))
        .collect();
    Labelled { story: members.iter().map(|at| story[*at]).collect(), pairs: judge_pairs(&vectors) }
}

/// The terms of an article as they would be in a language without a table: stop words and the rest.
fn without_table(terms: &ArticleTerms) -> ArticleTerms {
    const STOP_WORD: f64 = 0.25;
    let mut flat = terms.clone();
    for bag in [&mut flat.all, &mut flat.headline, &mut flat.lead, &mut flat.pairs, &mut flat.names, &mut flat.numbers]
    {
        for term in bag {
            let share = if Background::decode(term.background) > STOP_WORD { 0.4 } else { 0.002 };
            term.background = Background::encode(share);
        }
    }
    flat
}

/// Two or three articles: one at random, perhaps one of its story, perhaps a stranger much like it.
fn draw_tiny(random: &mut Random, set: &Labelled) -> Vec<usize> {
    let n = set.story.len();
    let first = random.below(n);
    let mut members = FxHashSet::from_iter([first]);
    let mode = random.below(3);
    let mates: Vec<usize> =
        (0..n).filter(|at| *at != first && set.story[*at].is_some() && set.story[*at] == set.story[first]).collect();
    if mode >= 1 && !mates.is_empty() {
        members.insert(mates[random.below(mates.len())]);
    }
    if mode != 1 {
        let of_first = |pair: &JudgedPair| match (pair.a as usize == first, pair.b as usize == first) {
            (true, _) => Some(pair.b as usize),
            (_, true) => Some(pair.a as usize),
            _ => None,
        };
        let mut hard: Vec<(f64, usize)> = set
            .pairs
            .iter()
            .filter_map(|pair| Some((pair.features.0[0], of_first(pair)?)))
            .filter(|(_, other)| set.story[*other] != set.story[first])
            .collect();
        hard.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        hard.truncate(12);
        let other =
            if !hard.is_empty() && random.below(10) < 6 { hard[random.below(hard.len())].1 } else { random.below(n) };
        members.insert(other);
    }
    let mut members: Vec<usize> = members.into_iter().collect();
    members.sort_unstable();
    members
}

/// About 25 articles: whole stories at random.
fn draw_small(random: &mut Random, story: &[Option<u32>]) -> Vec<usize> {
    let mut members = FxHashSet::default();
    while members.len() < SMALL_ARTICLES.min(story.len()) {
        let first = random.below(story.len());
        members.extend((0..story.len()).filter(|at| story[*at] == story[first]).take(MOST_OF_A_STORY));
        members.insert(first);
    }
    let mut members: Vec<usize> = members.into_iter().collect();
    members.sort_unstable();
    members
}

/// SplitMix64: the draws are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }
}

/// Every labelled pair with its weight; all weights add up to 2.
fn examples(sets: &[&Set]) -> Vec<Example> {
    let mut examples = Vec::new();
    for set in sets {
        let total: f64 = 1.0 + set.variants.iter().map(|(share, _)| share).sum::<f64>();
        examples.extend(balanced(std::slice::from_ref(&set.plain), 1.0 / total / sets.len() as f64));
        for (share, collections) in &set.variants {
            examples.extend(balanced(collections, share / total / sets.len() as f64));
        }
    }
    examples
}

fn balanced(collections: &[Labelled], mass: f64) -> Vec<Example> {
    let pairs = || {
        collections.iter().flat_map(|collection| {
            collection.pairs.iter().filter_map(|pair| {
                let same = collection.story[pair.a as usize]? == collection.story[pair.b as usize]?;
                Some((pair.features.0, same))
            })
        })
    };
    let positive = pairs().filter(|(_, same)| *same).count().max(1) as f64;
    let negative = pairs().filter(|(_, same)| !*same).count().max(1) as f64;
    pairs()
        .map(|(features, same)| Example { features, same, weight: mass / if same { positive } else { negative } })
        .collect()
}

/// Accelerated projected gradient (Beck and Teboulle 2009, FISTA) on standardised features.
fn train(sets: &[&Set]) -> Model {
    const STEPS: usize = 3_000;
    const RIDGE: f64 = 1e-3;
    let examples = examples(sets);
    let mass: f64 = examples.iter().map(|example| example.weight).sum();
    let mean = |f: &(dyn Fn(&Example) -> f64 + Sync)| {
        examples
            .par_chunks(65_536)
            .map(|part| part.iter().map(|e| e.weight * f(e)).sum::<f64>())
            .collect::<Vec<_>>()
            .iter()
            .sum::<f64>()
            / mass
    };
    let centre: [f64; N_FEATURES] = std::array::from_fn(|at| mean(&|e| e.features[at]));
    let spread: [f64; N_FEATURES] =
        std::array::from_fn(|at| mean(&|e| (e.features[at] - centre[at]).powi(2)).sqrt().max(1e-6));
    let gradient = |point: &[f64; N_FEATURES + 1]| {
        let parts: Vec<[f64; N_FEATURES + 1]> = examples
            .par_chunks(65_536)
            .map(|part| {
                let mut sum = [0.0; N_FEATURES + 1];
                for example in part {
                    let scaled: [f64; N_FEATURES] =
                        std::array::from_fn(|at| (example.features[at] - centre[at]) / spread[at]);
                    let odds = point[N_FEATURES] + scaled.iter().zip(point).map(|(x, w)| x * w).sum::<f64>();
                    let miss = 1.0 / (1.0 + (-odds).exp()) - f64::from(u8::from(example.same));
                    let pull = example.weight * miss;
                    scaled.iter().zip(&mut sum).for_each(|(x, sum)| *sum += pull * x);
                    sum[N_FEATURES] += pull;
                }
                sum
            })
            .collect();
        let mut sum = [0.0; N_FEATURES + 1];
        parts.iter().for_each(|part| part.iter().zip(&mut sum).for_each(|(part, sum)| *sum += part / mass));
        (0..N_FEATURES).for_each(|at| sum[at] += RIDGE * point[at]);
        sum
    };
    // The curvature of the loss is at most a quarter of the squared norm of (scaled, 1).
    let step = 4.0 / (N_FEATURES as f64 + 1.0);
    let mut point = [0.0; N_FEATURES + 1];
    (0..N_FEATURES).filter(|at| SIGN[*at] == Fixed).for_each(|at| point[at] = WEIGHTS[at] * spread[at]);
    let mut ahead = point;
    let mut momentum = 1.0f64;
    for _ in 0..STEPS {
        let slope = gradient(&ahead);
        let mut next = ahead;
        for at in 0..=N_FEATURES {
            next[at] -= step * slope[at];
            match SIGN.get(at) {
                Some(For) => next[at] = next[at].max(0.0),
                Some(Against) => next[at] = next[at].min(0.0),
                Some(Fixed) => next[at] = ahead[at],
                Some(Either) | None => (),
            }
        }
        let grown = (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt()) / 2.0;
        ahead = std::array::from_fn(|at| next[at] + (momentum - 1.0) / grown * (next[at] - point[at]));
        point = next;
        momentum = grown;
    }
    let weights: [f64; N_FEATURES] = std::array::from_fn(|at| round(point[at] / spread[at]));
    let bias = point[N_FEATURES] - (0..N_FEATURES).map(|at| point[at] / spread[at] * centre[at]).sum::<f64>();
    Model { weights, bias: round(bias) }
}

fn round(weight: f64) -> f64 {
    (weight * 100.0).round() / 100.0
}

fn best_threshold(sets: &[&Set], model: &Model) -> (f64, Vec<f64>) {
    let thresholds: Vec<f64> = (25..48).map(|step| f64::from(step) * 0.02).collect();
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
    thresholds
        .par_iter()
        .map(|threshold| (*threshold, sets.iter().map(|set| bcubed(set, model, *threshold)).collect::<Vec<f64>>()))
        .collect::<Vec<_>>()
        .into_iter()
        .max_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1)))
        .expect("at least one threshold")
}

fn bcubed(set: &Set, model: &Model, threshold: f64) -> f64 {
    let clusters = clustered(&set.plain, model, threshold);
    let (gold, predicted): (Vec<u32>, Vec<u32>) =
        set.scored.iter().map(|(label, article)| (*label, clusters[*article as usize])).unzip();
    evaluate(&gold, &predicted).expect("as many labels as predictions").bcubed_f1
}

/// The F1 over the collections of two or three articles of a set, which never share a story.
fn bcubed_of_tiny(set: &Set, model: &Model, threshold: f64) -> f64 {
    let (mut gold, mut predicted) = (Vec::new(), Vec::new());
    for (number, collection) in (0u32..).zip(&set.variants[set.variants.len() - 2].1) {
        let clusters = clustered(collection, model, threshold);
        for (label, cluster) in collection.story.iter().zip(clusters) {
            let Some(label) = label else { continue };
            // Labels of the set and positions in the collection, told apart by the collection.
            gold.push(format!("{number} {label}"));
            predicted.push(format!("{number} {cluster}"));
        }
    }
    evaluate(&label_ids(gold), &label_ids(predicted)).expect("as many labels as predictions").bcubed_f1
}

fn clustered(collection: &Labelled, model: &Model, threshold: f64) -> Vec<u32> {
    let odds = |pair: &JudgedPair| {
        model.bias + pair.features.0.iter().zip(model.weights).map(|(feature, weight)| feature * weight).sum::<f64>()
    };
    let pairs: Vec<ScoredPair> = collection
        .pairs
        .iter()
        .map(|pair| ScoredPair { a: pair.a, b: pair.b, similarity: pair.similarity(odds(pair)) })
        .filter(|pair| pair.similarity > 0.0)
        .collect();
    average_linkage(collection.story.len(), &pairs, threshold)
}
