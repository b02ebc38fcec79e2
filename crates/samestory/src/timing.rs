//! How long each step of folding copies, and of grouping stories, takes.

use std::path::PathBuf;
use std::time::Instant;

use rayon::prelude::*;
use samestory_article::{Article, Tokenizer};
use samestory_cluster::candidates::candidate_lists;
use samestory_cluster::compared::ComparedPairs;
use samestory_cluster::score::Judgement;
use samestory_cluster::{DocumentFrequencies, PairModel};
use samestory_ingest::{Rejected, read};
use samestory_minhash::{MinHasher, ShingleSet, Shingler, Signature, copy_groups, verify};

use crate::config::{ConfigError, Settings};
use crate::copies::{find_copies, lsh, ranks};
use crate::pipeline::{count_terms, weigh};

/// Time of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepTime {
    /// Name of the step.
    pub step: &'static str,
    /// Wall-clock seconds on all threads.
    pub seconds: f64,
}

/// Time of each step, and what it was measured on.
#[derive(Debug, Clone, PartialEq)]
pub struct DedupTiming {
    /// Articles.
    pub articles: usize,
    /// Bytes of their texts.
    pub text_bytes: u64,
    /// Distinct shingles of each article, added up.
    pub shingles: u64,
    /// Verified pairs.
    pub pairs: usize,
    /// The steps in order, each the best of all runs.
    pub steps: Vec<StepTime>,
    /// Items that were not taken.
    pub rejected: Vec<Rejected>,
}

/// Runs the steps of folding copies one by one, `runs` times, and gives the best time of each.
///
/// # Errors
///
/// If the settings are not valid.
pub fn time_dedup(paths: &[PathBuf], settings: &Settings, runs: usize) -> Result<DedupTiming, ConfigError> {
    let read_settings = settings.to_read_settings()?;
    let mut best: Option<DedupTiming> = None;
    for _ in 0..runs.max(1) {
        let mut clock = Clock { steps: Vec::new(), last: Instant::now() };
        let reading = read(paths, &read_settings, &mut |_| ());
        clock.step("read, parse, normalise");
        let mut run = one_run(&reading.articles, settings, clock);
        run.rejected = reading.rejected;
        best = Some(match best {
            None => run,
            Some(mut before) => {
                keep_best(&mut before.steps, run.steps);
                before
            }
        });
    }
    Ok(best.unwrap_or(DedupTiming {
        articles: 0,
        text_bytes: 0,
        shingles: 0,
        pairs: 0,
        steps: Vec::new(),
        rejected: Vec::new(),
    }))
}

/// Time of each step of grouping stories, and what it was measured on.
#[derive(Debug, Clone, PartialEq)]
pub struct StoriesTiming {
    /// Articles that are compared: no copies.
    pub articles: usize,
    /// Bytes of their texts.
    pub text_bytes: u64,
    /// Candidate pairs.
    pub pairs: usize,
    /// Stories.
    pub stories: usize,
    /// The steps in order, each the best of all runs.
    pub steps: Vec<StepTime>,
    /// Items that were not taken.
    pub rejected: Vec<Rejected>,
}

/// Reads articles and folds their copies, then runs the steps from their texts to stories one by one, `runs`
/// times, and gives the best time of each.
///
/// # Errors
///
/// If the settings are not valid.
pub fn time_stories(paths: &[PathBuf], settings: &Settings, runs: usize) -> Result<StoriesTiming, ConfigError> {
    let reading = read(paths, &settings.to_read_settings()?, &mut |_| ());
    let all: Vec<&Article> = reading.articles.iter().collect();
    let copy_of = find_copies(&all, &settings.copies).copy_of;
    let mut articles: Vec<&Article> =
        all.into_iter().zip(copy_of).filter(|(_, copy)| copy.is_none()).map(|(article, _)| article).collect();
    articles.sort_by_key(|article| article.time.map(|time| time.seconds));
    let model = PairModel::shipped();
    let mut timing = StoriesTiming {
        articles: articles.len(),
        text_bytes: articles.iter().map(|article| article.text.len() as u64).sum(),
        pairs: 0,
        stories: 0,
        steps: Vec::new(),
        rejected: reading.rejected,
    };
    for _ in 0..runs.max(1) {
        let mut clock = Clock { steps: Vec::new(), last: Instant::now() };
        let terms = count_terms(&articles);
        clock.step("count terms");
        let frequencies = DocumentFrequencies::count(&terms);
        clock.step("document frequencies");
        let vectors = weigh(terms, &frequencies, &articles);
        clock.step("weigh terms");
        let lists = candidate_lists(&vectors);
        clock.step("candidate lists");
        let compared = ComparedPairs::of(&vectors, &lists);
        clock.step("compare pairs");
        let judgement = Judgement::of(&compared, model);
        clock.step("judge pairs");
        let labels = judgement.clusters(vectors.len(), &[], model, settings.stories.strictness.threshold());
        clock.step("link");
        timing.pairs = judgement.pairs.len();
        timing.stories = labels.iter().enumerate().filter(|(at, label)| *at == **label as usize).count();
        keep_best(&mut timing.steps, clock.steps);
    }
    Ok(timing)
}

fn keep_best(best: &mut Vec<StepTime>, run: Vec<StepTime>) {
    match best.is_empty() {
        true => *best = run,
        false => best.iter_mut().zip(run).for_each(|(best, step)| best.seconds = best.seconds.min(step.seconds)),
    }
}

struct Clock {
    steps: Vec<StepTime>,
    last: Instant,
}

impl Clock {
    fn step(&mut self, step: &'static str) {
        self.steps.push(StepTime { step, seconds: self.last.elapsed().as_secs_f64() });
        self.last = Instant::now();
    }
}

fn one_run(articles: &[Article], settings: &Settings, mut clock: Clock) -> DedupTiming {
    clock.last = Instant::now();
    let tokens: Vec<Vec<u64>> = articles.par_iter().map(|article| Tokenizer.body(article).hashes()).collect();
    clock.step("tokenise");
    let shingler = Shingler::default();
    let sets: Vec<ShingleSet> = tokens.par_iter().map(|tokens| shingler.shingle_set(tokens)).collect();
    clock.step("shingle, hash");
    let hasher = MinHasher::default();
    let signatures: Vec<Option<Signature>> = sets.par_iter().map(|set| hasher.signature(set)).collect();
    clock.step("signature");
    let rank = ranks(&articles.iter().collect::<Vec<_>>());
    let found = lsh(&settings.copies).candidates(&signatures, &rank);
    clock.step("band, candidates");
    let pairs = verify(&sets, &found.pairs, &settings.copies.rule());
    clock.step("exact check");
    let groups = copy_groups(&rank, &pairs);
    clock.step("groups");
    debug_assert_eq!(groups.len(), articles.len());
    DedupTiming {
        articles: articles.len(),
        text_bytes: articles.iter().map(|article| article.text.len() as u64).sum(),
        shingles: sets.iter().map(|set| set.len() as u64).sum(),
        pairs: pairs.len(),
        steps: clock.steps,
        rejected: Vec::new(),
    }
}
