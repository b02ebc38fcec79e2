//! How long each step of folding copies, and of grouping stories, takes.

use std::path::PathBuf;
use std::time::Instant;

use rayon::prelude::*;
use samestory_article::{Article, Tokenizer};
use samestory_cluster::PairModel;
use samestory_cluster::candidates::candidate_lists;
use samestory_cluster::compared::ComparedPairs;
use samestory_cluster::score::Judgement;
use samestory_ingest::{ArticlesApart, Rejected, read_apart};
use samestory_minhash::{MinHasher, Shingler, token_hash};
use samestory_spill::{MOST_HELD, Spill};

use crate::config::{ConfigError, Settings};
use crate::copies::find_copies_stepwise;
use crate::pipeline::weigh_all;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum TimingError {
    /// The settings are not valid.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// What was kept for later cannot be read.
    #[error("the spill file cannot be read")]
    Spill(#[from] std::io::Error),
}

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
    /// Shingles of all articles, repeated ones included.
    pub shingles: u64,
    /// Verified pairs.
    pub pairs: usize,
    /// The steps in order, each the best of all runs.
    pub steps: Vec<StepTime>,
    /// What the step from texts to signatures is made of, each run by itself over all articles, the best of all runs.
    pub kernels: Vec<StepTime>,
    /// Items that were not taken.
    pub rejected: Vec<Rejected>,
}

/// Runs the steps of folding copies one by one, `runs` times, and gives the best time of each.
///
/// # Errors
///
/// If the settings are not valid, or what was kept for later cannot be read.
pub fn time_dedup(paths: &[PathBuf], settings: &Settings, runs: usize) -> Result<DedupTiming, TimingError> {
    let read_settings = settings.to_read_settings()?;
    let mut best: Option<DedupTiming> = None;
    for _ in 0..runs.max(1) {
        let mut clock = Clock { steps: Vec::new(), last: Instant::now() };
        let (reading, articles) = read_apart(paths, &read_settings, MOST_HELD, &mut |_| ())?;
        clock.step("read, parse, normalise");
        let mut run = one_run(&articles, settings, clock)?;
        run.rejected = reading.rejected;
        best = Some(match best {
            None => run,
            Some(mut before) => {
                keep_best(&mut before.steps, run.steps);
                keep_best(&mut before.kernels, run.kernels);
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
        kernels: Vec::new(),
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
/// If the settings are not valid, or what was kept for later cannot be read.
pub fn time_stories(paths: &[PathBuf], settings: &Settings, runs: usize) -> Result<StoriesTiming, TimingError> {
    let (reading, all) = read_apart(paths, &settings.to_read_settings()?, MOST_HELD, &mut |_| ())?;
    let copy_of = find_copies_stepwise(&all, &settings.copies, &mut |_| ())?.copy_of;
    let mut articles: Vec<u32> = (0u32..).zip(copy_of).filter(|(_, copy)| copy.is_none()).map(|(at, _)| at).collect();
    articles.sort_by_key(|at| all.heads()[*at as usize].time.map(|time| time.seconds));
    let mut text_bytes = 0;
    for at in &articles {
        text_bytes += all.whole(*at as usize)?.text.len() as u64;
    }
    let model = PairModel::shipped();
    let mut timing = StoriesTiming {
        articles: articles.len(),
        text_bytes,
        pairs: 0,
        stories: 0,
        steps: Vec::new(),
        rejected: reading.rejected,
    };
    for _ in 0..runs.max(1) {
        let mut clock = Clock { steps: Vec::new(), last: Instant::now() };
        let (_, vectors) = weigh_all(&all, &articles, MOST_HELD, &mut |step| clock.step(step))?;
        let lists = candidate_lists(&vectors);
        clock.step("candidate lists");
        let compared = ComparedPairs::of(&vectors, &lists, Spill::default())?;
        clock.step("compare pairs");
        let judgement = Judgement::of(&compared, model);
        clock.step("judge pairs");
        let labels = judgement.clusters(articles.len(), &[], model, settings.stories.strictness.threshold());
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

/// Folds copies as `dedup` does, and then runs the kernels of its first step one by one, behind the least that any such
/// program does: one pass that splits the texts at white space and hashes each word.
fn one_run(articles: &ArticlesApart, settings: &Settings, mut clock: Clock) -> Result<DedupTiming, TimingError> {
    clock.last = Instant::now();
    let copies = find_copies_stepwise(articles, &settings.copies, &mut |step| clock.step(step))?;
    let articles: Vec<Article> =
        (0..articles.heads().len()).map(|at| Ok(articles.whole(at)?.into_owned())).collect::<std::io::Result<_>>()?;
    let mut kernels = Clock { steps: Vec::new(), last: Instant::now() };
    let limit = |article: &Article| {
        article.text.split_ascii_whitespace().fold(0, |sum: u64, word| sum.wrapping_add(token_hash(word)))
    };
    std::hint::black_box(articles.par_iter().map(limit).reduce(|| 0, u64::wrapping_add));
    kernels.step("limit: split, hash");
    let tokens_of = |article: &Article| {
        let mut tokens = Vec::new();
        Tokenizer.body_hashes(article, &mut tokens);
        tokens
    };
    let tokens: Vec<Vec<u64>> = articles.par_iter().map(tokens_of).collect();
    kernels.step("tokenise and hash");
    let shingler = Shingler::default();
    let shingles_of = |tokens: &Vec<u64>| {
        let mut shingles = Vec::new();
        shingler.shingles(tokens, &mut shingles);
        shingles
    };
    let shingles: Vec<Vec<u64>> = tokens.par_iter().map(shingles_of).collect();
    kernels.step("shingle and hash");
    let hasher = MinHasher::default();
    let signed = shingles.par_iter().filter_map(|shingles| hasher.signature_of(shingles)).count();
    kernels.step("signature");
    debug_assert!(signed <= articles.len());
    Ok(DedupTiming {
        articles: articles.len(),
        text_bytes: articles.iter().map(|article| article.text.len() as u64).sum(),
        shingles: shingles.iter().map(|shingles| shingles.len() as u64).sum(),
        pairs: copies.pairs.len(),
        steps: clock.steps,
        kernels: kernels.steps,
        rejected: Vec::new(),
    })
}
