//! Measures the stories on labelled sets and writes the tables of docs/evaluation.md.
//!
//! ```text
//! cargo run --release --example evaluate -- MODELS STREAM.jsonl.zst SET.jsonl.zst...
//! ```
//!
//! `MODELS` is the folder that `training/train.py` fills: the model learned from all sets, those learned
//! without a family of sets, and, where they are there, those that lack a family of features. The labels
//! of the sets whose articles are part of the stream are laid over it.

#![expect(clippy::print_stdout, reason = "the answer of this program")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use samestory::article::Article;
use samestory::spill::Spill;
use samestory::stories::candidates::candidate_lists;
use samestory::stories::compared::ComparedPairs;
use samestory::stories::evaluate::{Scores, evaluate};
use samestory::stories::features::Family;
use samestory::stories::score::Judgement;
use samestory::stories::{PairModel, Strictness};

mod labelled;

use labelled::{LabelSet, Labelled, load, name_of, vectors};

/// BCubed F1 of scikit-learn tf-idf with average linkage, at the threshold that is best on the labels of
/// the very set, as `benches/peers/stories.py --gold` finds it.
const TFIDF: [(&str, f64); 9] = [
    ("allsides-train", 0.871),
    ("allsides-val", 0.955),
    ("ecbplus", 0.880),
    ("fnc1-train", 0.935),
    ("basil", 0.986),
    ("groundnews-2022", 0.991),
    ("emergent", 0.804),
    ("french-rpm2", 0.674),
    ("vietnamese", 0.933),
];

/// Draws of stories for an interval.
const DRAWS: usize = 400;

/// A collection with its candidate pairs.
struct Collection {
    sets: Vec<LabelSet>,
    n_articles: usize,
    compared: ComparedPairs,
}

impl Collection {
    fn of(labelled: Labelled) -> Collection {
        let everything: Vec<&Article> = labelled.articles.iter().collect();
        let articles = vectors(&labelled.terms.iter().collect::<Vec<_>>(), &everything);
        let lists = candidate_lists(articles.as_slice());
        let compared =
            ComparedPairs::of(articles.as_slice(), &lists, Spill::default()).expect("room for a temporary file");
        Collection { sets: labelled.sets, n_articles: articles.len(), compared }
    }

    fn clusters(&self, model: &PairModel, threshold: f64) -> Vec<u32> {
        Judgement::of(&self.compared, model).clusters(self.n_articles, &[], model, threshold)
    }
}

fn scores(set: &LabelSet, clusters: &[u32]) -> Scores {
    let (gold, predicted): (Vec<u32>, Vec<u32>) =
        set.scored.iter().map(|(story, article)| (*story, clusters[*article as usize])).unzip();
    evaluate(&gold, &predicted).expect("as many labels as predictions")
}

fn main() {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(stream)) = (paths.next(), paths.next()) else {
        println!("usage: evaluate MODELS STREAM SET...");
        return;
    };
    let paths: Vec<PathBuf> = paths.collect();
    let shipped = model(&folder.join("pairs.model")).expect("MODELS/pairs.model");
    let without: BTreeMap<String, PairModel> = paths
        .iter()
        .map(|path| family(&name_of(path)).to_owned())
        .filter_map(|out| Some((out.clone(), model(&folder.join(format!("without-{out}.model")))?)))
        .collect();
    let sets: Vec<Collection> =
        paths.iter().map(|path| Collection::of(load(path, std::slice::from_ref(path), |_| ()))).collect();
    thresholds(&sets, &shipped, &without);
    by_set(&sets, &shipped, &without);
    reliability(&sets, &shipped, &without);
    ablation(&sets, &folder);
    other_shapes(&paths, &shipped);
    let stream = Collection::of(load(&stream, &paths, |_| ()));
    in_stream(&stream, &shipped, &without);
    candidates(&sets, &stream);
}

/// Sets of one family overlap, so that they are left out together.
fn family(set: &str) -> &str {
    match set.split('-').next().unwrap_or(set) {
        "fnc1" => "emergent",
        family => family,
    }
}

fn model(path: &Path) -> Option<PairModel> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(PairModel::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.into_iter().collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn f1_of(set: &Collection, model: &PairModel, threshold: f64) -> f64 {
    scores(&set.sets[0], &set.clusters(model, threshold)).bcubed_f1
}

fn thresholds(sets: &[Collection], shipped: &PairModel, without: &BTreeMap<String, PairModel>) {
    println!("## Thresholds\n\n| threshold | mean F1, all sets known | mean F1, family left out |\n|---|---|---|");
    for step in 2..=12 {
        let threshold = f64::from(step) * 0.05;
        let known = mean(sets.iter().map(|set| f1_of(set, shipped, threshold)));
        let left_out = mean(sets.iter().map(|set| f1_of(set, &without[family(&set.sets[0].name)], threshold)));
        println!("| {threshold:.2} | {known:.4} | {left_out:.4} |");
    }
}

fn by_set(sets: &[Collection], shipped: &PairModel, without: &BTreeMap<String, PairModel>) {
    println!("\n## Sets\n");
    println!(
        "| set | articles | stories | P | R | F1 (95 %) | pairs F1 | ARI | left out | fixed | loose | strict | tf-idf |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let tfidf: FxHashMap<&str, f64> = FxHashMap::from_iter(TFIDF);
    let fixed = PairModel::fixed();
    let threshold = Strictness::Default.threshold();
    let mut columns: [Vec<f64>; 8] = Default::default();
    for set in sets {
        let labels = &set.sets[0];
        let clusters = set.clusters(shipped, threshold);
        let known = scores(labels, &clusters);
        let left_out = f1_of(set, &without[family(&labels.name)], threshold);
        let (low, high) = interval(labels, &clusters);
        let row = [
            known.bcubed_f1,
            known.pair_f1,
            known.ari,
            left_out,
            f1_of(set, &fixed, threshold),
            f1_of(set, shipped, Strictness::Loose.threshold()),
            f1_of(set, shipped, Strictness::Strict.threshold()),
            tfidf.get(labels.name.as_str()).copied().unwrap_or(f64::NAN),
        ];
        row.iter().zip(&mut columns).for_each(|(value, column)| column.push(*value));
        println!(
            "| {} | {} | {} | {:.3} | {:.3} | **{:.3}** ({low:.3}-{high:.3}) | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |",
            labels.name,
            known.articles,
            known.gold,
            known.bcubed_p,
            known.bcubed_r,
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            row[5],
            row[6],
            row[7]
        );
    }
    let means: Vec<String> = columns.iter().map(|column| format!("{:.4}", mean(column.iter().copied()))).collect();
    println!("| mean | | | | | **{}** | {} |", means[0], means[1..].join(" | "));
}

/// The middle 95 of 100 F1 over stories drawn with replacement: each article keeps the precision and the
/// recall that it has among all.
fn interval(labels: &LabelSet, clusters: &[u32]) -> (f64, f64) {
    let (mut gold, mut predicted, mut both) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (story, article) in &labels.scored {
        let cluster = clusters[*article as usize];
        *gold.entry(*story).or_insert(0.0) += 1.0;
        *predicted.entry(cluster).or_insert(0.0) += 1.0;
        *both.entry((*story, cluster)).or_insert(0.0) += 1.0;
    }
    // For each story: articles, and the sums of their precision and recall.
    let mut stories: BTreeMap<u32, [f64; 3]> = BTreeMap::new();
    for ((story, cluster), shared) in &both {
        let sums = stories.entry(*story).or_default();
        sums[0] += shared;
        sums[1] += shared * shared / predicted[cluster];
        sums[2] += shared * shared / gold[story];
    }
    let stories: Vec<[f64; 3]> = stories.into_values().collect();
    let mut random = 1u64;
    let mut below = |n: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % n
    };
    let mut draw = || {
        let mut sums = [0.0f64; 3];
        for _ in 0..stories.len() {
            stories[below(stories.len())].iter().zip(&mut sums).for_each(|(value, sum)| *sum += value);
        }
        let (precision, recall) = (sums[1] / sums[0], sums[2] / sums[0]);
        2.0 * precision * recall / (precision + recall)
    };
    let mut values: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
    values.sort_by(f64::total_cmp);
    (values[DRAWS / 40], values[DRAWS - 1 - DRAWS / 40])
}

fn reliability(sets: &[Collection], shipped: &PairModel, without: &BTreeMap<String, PairModel>) {
    println!("\n## Reliability\n");
    println!("Candidate pairs of the nine sets by printed probability, and how many of them report one event.\n");
    println!("| printed | pairs, all known | true | pairs, left out | true |\n|---|---|---|---|---|");
    let mut bins = [[[0.0f64; 3]; 2]; 10];
    for set in sets {
        let labels = &set.sets[0];
        for (kind, model) in [shipped, &without[family(&labels.name)]].into_iter().enumerate() {
            let judged = Judgement::of(&set.compared, model);
            for pair in &judged.pairs {
                let (Some(a), Some(b)) = (labels.story[pair.a as usize], labels.story[pair.b as usize]) else {
                    continue;
                };
                let probability = model.probability(f64::from(pair.log_odds), judged.prior);
                let bin = &mut bins[((probability * 10.0) as usize).min(9)][kind];
                bin[0] += 1.0;
                bin[1] += f64::from(u8::from(a == b));
                bin[2] += probability;
            }
        }
    }
    for (at, [known, left_out]) in bins.iter().enumerate() {
        let text =
            |bin: &[f64; 3]| format!("{} | {:.2} (printed mean {:.2})", bin[0], bin[1] / bin[0], bin[2] / bin[0]);
        println!("| {:.1}-{:.1} | {} | {} |", at as f64 / 10.0, (at + 1) as f64 / 10.0, text(known), text(left_out));
    }
}

fn ablation(sets: &[Collection], folder: &Path) {
    let threshold = Strictness::Default.threshold();
    let rows: Vec<String> = Family::ALL
        .into_iter()
        .filter_map(|group| {
            let known = model(&folder.join(format!("no-{}.model", group.name())))?;
            let left_out = mean(sets.iter().filter_map(|set| {
                let out = family(&set.sets[0].name);
                Some(f1_of(set, &model(&folder.join(format!("no-{}-without-{out}.model", group.name())))?, threshold))
            }));
            let known = mean(sets.iter().map(|set| f1_of(set, &known, threshold)));
            Some(format!("| {} | {known:.4} | {left_out:.4} |", group.name()))
        })
        .collect();
    if !rows.is_empty() {
        println!(
            "\n## Features left out\n\n| without | mean F1, all sets known | mean F1, family left out |\n|---|---|---|"
        );
        rows.iter().for_each(|row| println!("{row}"));
    }
}

/// Sets whose articles lost their bodies or times, and how a run agrees with itself when articles go.
fn other_shapes(paths: &[PathBuf], shipped: &PairModel) {
    println!("\n## Other shapes\n\n| set | headlines only | undated | a tenth dropped: agreement |\n|---|---|---|---|");
    let threshold = Strictness::Default.threshold();
    for path in paths {
        let only = std::slice::from_ref(path);
        let headlines = Collection::of(load(path, only, |article| {
            article.text.clear();
            article.cuts.clear();
            article.standfirst = None;
        }));
        let undated = Collection::of(load(path, only, |article| article.time = None));
        println!(
            "| {} | {:.3} | {:.3} | {:.3} |",
            name_of(path),
            f1_of(&headlines, shipped, threshold),
            f1_of(&undated, shipped, threshold),
            agreement(path, shipped, threshold),
        );
    }
}

/// BCubed F1 between the stories of all articles and those of nine tenths, over the latter.
fn agreement(path: &Path, model: &PairModel, threshold: f64) -> f64 {
    let all = load(path, &[path.to_owned()], |_| ());
    let kept: Vec<usize> = (0..all.articles.len()).filter(|at| at % 10 != 3).collect();
    let part = Labelled {
        sets: Vec::new(),
        articles: kept.iter().map(|at| all.articles[*at].clone()).collect(),
        terms: kept.iter().map(|at| all.terms[*at].clone()).collect(),
    };
    let whole = Collection::of(all).clusters(model, threshold);
    let whole: Vec<u32> = kept.iter().map(|at| whole[*at]).collect();
    let part = Collection::of(part).clusters(model, threshold);
    evaluate(&whole, &part).expect("as many labels as predictions").bcubed_f1
}

fn in_stream(stream: &Collection, shipped: &PairModel, without: &BTreeMap<String, PairModel>) {
    println!(
        "\n## Inside the stream of {} articles\n\n| labels | F1 | left out | loose | strict |\n|---|---|---|---|---|",
        stream.n_articles
    );
    let threshold = Strictness::Default.threshold();
    let known = stream.clusters(shipped, threshold);
    let loose = stream.clusters(shipped, Strictness::Loose.threshold());
    let strict = stream.clusters(shipped, Strictness::Strict.threshold());
    for labels in stream.sets.iter().filter(|labels| !labels.scored.is_empty()) {
        let left_out = stream.clusters(&without[family(&labels.name)], threshold);
        let f1 = |clusters: &[u32]| scores(labels, clusters).bcubed_f1;
        println!(
            "| {} | {:.4} | {:.4} | {:.4} | {:.4} |",
            labels.name,
            f1(&known),
            f1(&left_out),
            f1(&loose),
            f1(&strict)
        );
    }
}

/// How many pairs of one story are among the candidates.
fn candidates(sets: &[Collection], stream: &Collection) {
    println!(
        "\n## Candidates\n\n| labels | pairs of one story | among candidates | candidates an article |\n|---|---|---|---|"
    );
    for collection in sets.iter().chain([stream]) {
        for labels in collection.sets.iter().filter(|labels| !labels.scored.is_empty()) {
            let mut sizes: FxHashMap<u32, u64> = FxHashMap::default();
            labels.story.iter().flatten().for_each(|story| *sizes.entry(*story).or_default() += 1);
            let all: u64 = sizes.values().map(|n| n * (n - 1) / 2).sum();
            let same = |a: u32, b: u32| {
                labels.story[a as usize].is_some() && labels.story[a as usize] == labels.story[b as usize]
            };
            let found = collection.compared.pairs().iter().filter(|(a, b)| same(*a, *b)).count();
            println!(
                "| {} | {all} | {:.4} | {:.1} |",
                labels.name,
                found as f64 / all as f64,
                2.0 * collection.compared.pairs().len() as f64 / collection.n_articles as f64,
            );
        }
    }
}
