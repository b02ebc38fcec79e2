//! Feeds labelled sets to a collection as they came, and measures what that makes of the stories.
//!
//! ```text
//! cargo run --release --example feed -- [--batch 100] [--undated first|between|last] [--labels SET.jsonl]... SET.jsonl...
//! ```
//!
//! Each set is clustered at once and, in order of time, in batches. The table has BCubed F1 of both against the
//! labels of the set (or of those given by `--labels`), BCubed F1 of the one against the other, and how long
//! the batches took. Each batch is read by itself, as a file that has just come. Articles without a time come between
//! the others, as evenly as can be, if nothing else is said.

#![expect(clippy::print_stdout, reason = "the answer of this program")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use rustc_hash::FxHashMap;
use samestory::article::Article;
use samestory::ingest::{ReadSettings, Reading, read, read_labels, read_text};
use samestory::stories::evaluate::{evaluate, label_ids};
use samestory::{Collection, CollectionWriter, Settings};

/// As the command line tool has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut batch = 100;
    let mut undated = Undated::Between;
    let mut labels: Vec<PathBuf> = Vec::new();
    let mut sets: Vec<PathBuf> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--batch" => batch = arguments.next().and_then(|n| n.parse().ok()).expect("a number behind --batch"),
            "--undated" => {
                undated = match arguments.next().as_deref() {
                    Some("first") => Undated::First,
                    Some("between") => Undated::Between,
                    Some("last") => Undated::Last,
                    _ => panic!("first, between or last behind --undated"),
                }
            }
            "--labels" => labels.push(arguments.next().expect("a file behind --labels").into()),
            _ => sets.push(argument.into()),
        }
    }
    println!(
        "| set | articles | dated | at once F1 | fed F1 | agreement | stories at once | fed | changes | s a batch |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for set in &sets {
        let labels = if labels.is_empty() { std::slice::from_ref(set) } else { &labels[..] };
        measure(set, labels, batch, undated);
    }
}

/// When articles without a time come.
#[derive(Clone, Copy)]
enum Undated {
    First,
    Between,
    Last,
}

impl Undated {
    /// Ids of articles in the order in which they come.
    fn order(self, articles: &[Article]) -> Vec<String> {
        let mut dated: Vec<&Article> = articles.iter().filter(|article| article.time.is_some()).collect();
        dated.sort_by(|a, b| a.time_order().cmp(&b.time_order()));
        let undated: Vec<&Article> = articles.iter().filter(|article| article.time.is_none()).collect();
        // Each with the dated articles that come before it.
        let before = |at: usize| match self {
            Undated::First => 0,
            Undated::Between => at * dated.len() / undated.len(),
            Undated::Last => dated.len(),
        };
        let mut order: Vec<(usize, bool, &Article)> =
            undated.iter().enumerate().map(|(at, article)| (before(at), false, *article)).collect();
        order.extend(dated.iter().enumerate().map(|(at, article)| (at, true, *article)));
        order.sort_by_key(|(at, is_dated, _)| (*at, *is_dated));
        order.into_iter().map(|(.., article)| article.id.to_string()).collect()
    }
}

/// The story of every article.
type Stories = FxHashMap<String, String>;

fn measure(set: &Path, labels: &[PathBuf], batch: usize, undated: Undated) {
    let settings = Settings::default();
    let whole = read(&[set.to_owned()], &ReadSettings::default(), &mut |_| ());
    let order = undated.order(&whole.articles);
    let dated = whole.articles.iter().filter(|article| article.time.is_some()).count();
    let at_once = tempfile::tempdir().expect("a folder");
    Collection::write(at_once.path(), whole.articles, &settings, &mut |_| ()).expect("a collection");
    let at_once = stories(at_once.path());

    let fed = tempfile::tempdir().expect("a folder");
    let lines = lines_by_id(set);
    let mut seconds: Vec<f64> = Vec::new();
    let mut writer = CollectionWriter::open(fed.path(), &settings).expect("a collection");
    for ids in order.chunks(batch) {
        let text: String = ids.iter().map(|id| format!("{}\n", lines[id])).collect();
        let Reading { articles, .. } = read_text("batch.jsonl", &text, &ReadSettings::default());
        let began = Instant::now();
        writer.add(articles, &mut |_| ()).expect("added");
        seconds.push(began.elapsed().as_secs_f64());
    }
    writer.close().expect("closed");
    let collection = Collection::open(fed.path()).expect("a collection");
    let changes = collection.next_change();
    let fed = stories(fed.path());
    assert_eq!(fed.len(), at_once.len(), "as many articles fed as at once");

    let mut ids: Vec<&String> = at_once.keys().collect();
    ids.sort();
    let of = |stories: &Stories| label_ids(ids.iter().map(|id| &stories[*id]));
    let agreement = evaluate(&of(&at_once), &of(&fed)).expect("as many").bcubed_f1;
    let count = |stories: &Stories| {
        let mut names: Vec<&String> = stories.values().collect();
        names.sort();
        names.dedup();
        names.len()
    };
    seconds.sort_by(f64::total_cmp);
    for labels in labels {
        let gold: Vec<(String, String)> =
            read_labels(labels).expect("labels").into_iter().filter(|(id, _)| at_once.contains_key(id)).collect();
        let truth = label_ids(gold.iter().map(|(_, label)| label));
        let f1 = |stories: &Stories| {
            let predicted = label_ids(gold.iter().map(|(id, _)| &stories[id]));
            evaluate(&truth, &predicted).map_or(f64::NAN, |scores| scores.bcubed_f1)
        };
        println!(
            "| {} | {} | {dated} | {:.4} | {:.4} | {agreement:.4} | {} | {} | {changes} | {:.2} (most {:.2}) |",
            labels.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            at_once.len(),
            f1(&at_once),
            f1(&fed),
            count(&at_once),
            count(&fed),
            seconds[seconds.len() / 2],
            seconds.last().copied().unwrap_or_default(),
        );
    }
}

fn stories(folder: &Path) -> Stories {
    let collection = Collection::open(folder).expect("a collection");
    let ids: FxHashMap<u32, String> = collection
        .stories()
        .expect("stories")
        .into_iter()
        .map(|(number, story)| (number, story.id.to_string()))
        .collect();
    let mut found = Stories::default();
    let visit = &mut |_, article: samestory::article::Article, place: samestory::Place| {
        found.insert(article.id.to_string(), ids[&place.story].clone());
        Ok(())
    };
    collection.each_article(visit).expect("articles");
    found
}

fn lines_by_id(set: &Path) -> FxHashMap<String, String> {
    let text = std::fs::read_to_string(set).expect("an unpacked set");
    let id = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        value["id"].as_str().expect("an id").to_owned()
    };
    text.lines().map(|line| (id(line), line.to_owned())).collect()
}
