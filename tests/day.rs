//! A day of arrivals, an hour in every few seconds: late articles, articles that are sent again, corrections, wire
//! copies, an hour in which nothing comes, a writer that is killed, removals, and readers all the time.

mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use place::{Place, Stop};
use serde_json::{Value, json};

/// The articles of the sample corpus, without their times.
fn corpus(place: &Place) -> Vec<Value> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    place.run(&["--collection", "whole", "cluster", corpus.to_str().expect("a path")]).ends_with(0);
    let export = place.run(&["--collection", "whole", "export"]);
    let row = |line: &str| {
        let mut row: Value = serde_json::from_str(line).expect("a row");
        for column in ["story", "copy_of", "version_of", "url"] {
            row.as_object_mut().expect("an object").shift_remove(column);
        }
        row
    };
    export.stdout.lines().map(row).collect()
}

fn lines<'r>(rows: impl IntoIterator<Item = &'r Value>) -> String {
    rows.into_iter().map(|row| format!("{row}\n")).collect()
}

/// The story of each article.
fn stories(place: &Place) -> BTreeMap<String, String> {
    let export = place.run(&["export"]);
    let pair = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("a row");
        (row["id"].as_str().expect("an id").to_owned(), row["story"].as_str().expect("a story").to_owned())
    };
    export.ends_with(0).stdout.lines().map(pair).collect()
}

#[test]
fn a_day_of_arrivals() {
    let place = Place::new();
    let articles = corpus(&place);
    let done = AtomicBool::new(false);
    let (mut sent, mut corrected, mut removed) = (BTreeSet::new(), 0, BTreeSet::new());
    let mut names: BTreeSet<String> = BTreeSet::new();
    std::thread::scope(|scope| {
        let (place, done) = (&place, &done);
        let _stop = Stop(done);
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                let run = place.run(&["search", "ferry OR budget OR truce"]);
                // Before the first hour there is nothing to search.
                assert!(run.code == Some(0) || run.stderr.contains("no collection"), "{run:?}");
            }
        });
        for hour in 0..24 {
            // Every fifth article comes six hours late, every seventh twice.
            let comes = |at: usize| at % 24 == if at.is_multiple_of(5) { (hour + 18) % 24 } else { hour };
            let again = |at: usize| at.is_multiple_of(7) && at % 24 == (hour + 23) % 24;
            let mut rows: Vec<Value> = (0..articles.len())
                .filter(|at| hour != 13 && (comes(*at) || again(*at)))
                .map(|at| {
                    let mut row = articles[at].clone();
                    row["published"] = json!(format!("2026-03-02T{:02}:{:02}:00Z", at % 24, at % 60));
                    row
                })
                .collect();
            rows.retain(|row| !removed.contains(row["id"].as_str().expect("an id")));
            sent.extend(rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()));
            place.write("hour.jsonl", lines(&rows));
            if hour % 6 == 5 {
                // The first try is killed half way, and made again.
                let mut child = Command::new(env!("CARGO_BIN_EXE_samestory"))
                    .args(["add", "hour.jsonl"])
                    .current_dir(place.path("."))
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("samestory starts");
                std::thread::sleep(std::time::Duration::from_millis(40 + 15 * hour as u64));
                let _ = child.kill();
                let _ = child.wait();
            }
            if !rows.is_empty() {
                place.run(&["add", "hour.jsonl"]).ends_with(0);
            }
            if hour == 9 {
                let mut row = articles.iter().find(|row| row["id"] == json!(sent.iter().next())).expect("sent").clone();
                row["text"] =
                    json!(format!("{} The editors have corrected a figure.", row["text"].as_str().expect("a text")));
                place.write("correction.jsonl", lines([&row]));
                place.run(&["add", "correction.jsonl"]).ends_with(0);
                corrected += 1;
            }
            if hour == 15 {
                let last = sent.iter().next_back().expect("sent").clone();
                place.run(&["remove", &last]).ends_with(0);
                sent.remove(&last);
                removed.insert(last);
            }
            let now = stories(place);
            assert_eq!(now.len(), sent.len() + corrected, "hour {hour}");
            assert!(sent.iter().all(|id| now.contains_key(id)), "hour {hour}");
            names.extend(now.into_values());
            place.run(&["check"]).ends_with(0);
        }
    });
    // A name that there was leads to a story, or to none where all of its articles have gone.
    let ended: Value = serde_json::from_str(&place.run(&["changes", "--json"]).ends_with(0).stdout).expect("JSON");
    let ended: BTreeSet<&str> = ended
        .as_array()
        .expect("changes")
        .iter()
        .filter(|change| change["what"] == "ended")
        .filter_map(|change| change["story"].as_str())
        .collect();
    for name in &names {
        let shown = place.run(&["show", name, "--json"]);
        assert!(shown.code == Some(0) || ended.contains(name.as_str()), "{name}: {shown:?}");
    }
    // All of it decided together gives nearly the same.
    let fed = stories(&place);
    place.run(&["recluster"]).ends_with(0);
    let whole = stories(&place);
    let moved: Vec<&String> = fed.iter().filter(|(id, story)| whole[*id] != **story).map(|(id, _)| id).collect();
    assert!(moved.len() * 20 <= fed.len(), "{moved:?}");
}
