//! Measures how well the text of articles is taken from web pages.
//!
//! ```sh
//! cargo run --release -p samestory-ingest --example extraction -- FOLDER [--failures]
//! ```
//!
//! The folder holds `evaldata.json` and `pages/` in the form of the evaluation set of trafilatura
//! (A. Barbaresi, ACL 2021): for each page its `file`, snippets that must be in the text (`with`) and
//! snippets that must not (`without`). As there, a snippet is present if the text contains it as it
//! stands: a `with` that is present is a true positive, a `without` that is absent a true negative.
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};
use std::{env, fs};

use samestory_ingest::{ReadSettings, read_bytes};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let folder = arguments.iter().find(|argument| !argument.starts_with("--")).ok_or("usage: extraction FOLDER")?;
    let failures = arguments.iter().any(|argument| argument == "--failures");
    let settings = ReadSettings::default();
    let pages: BTreeMap<String, Value> = serde_json::from_slice(&fs::read(format!("{folder}/evaldata.json"))?)?;
    // Snippets by (wanted, present).
    let mut counts: BTreeMap<(bool, bool), u32> = BTreeMap::new();
    let (mut dated, mut outlets, mut empty, mut time) = (0u32, 0u32, 0u32, Duration::ZERO);
    for (name, page) in &pages {
        let file = page["file"].as_str().ok_or("a page without a file")?;
        let bytes = fs::read(format!("{folder}/pages/{file}"))?;
        let start = Instant::now();
        let reading = read_bytes("page.html", &bytes, &settings);
        time += start.elapsed();
        let article = reading.articles.first();
        dated += u32::from(article.is_some_and(|article| article.time.is_some()));
        outlets += u32::from(article.is_some_and(|article| article.outlet.is_some()));
        empty += u32::from(article.is_none());
        let text = article.map_or("", |article| article.text.as_str());
        for (key, wanted) in [("with", true), ("without", false)] {
            for snippet in page[key].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let present = text.contains(snippet);
                *counts.entry((wanted, present)).or_default() += 1;
                if failures && wanted != present {
                    println!("{} {name}: {snippet}", if wanted { "missing" } else { "too much" });
                }
            }
        }
    }
    let count = |wanted, present| counts.get(&(wanted, present)).copied().unwrap_or_default();
    let (tp, fp, fn_, tn) = (count(true, true), count(false, true), count(true, false), count(false, false));
    let share = |part: u32, of: u32| f64::from(part) / f64::from(of.max(1));
    println!("TP {tp}  FP {fp}  FN {fn_}  TN {tn}");
    println!(
        "precision {:.4}  recall {:.4}  F1 {:.4}  accuracy {:.4}",
        share(tp, tp + fp),
        share(tp, tp + fn_),
        share(2 * tp, 2 * tp + fp + fn_),
        share(tp + tn, tp + fp + fn_ + tn),
    );
    println!("{} pages: {empty} without a text, {dated} dated, {outlets} with an outlet", pages.len());
    println!(
        "{:.1} ms a page on one thread, metadata included",
        time.as_secs_f64() * 1000.0 / pages.len().max(1) as f64
    );
    Ok(())
}
