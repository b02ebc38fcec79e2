//! A collection that is fed, corrected and pruned: what becomes of its stories and their names.

mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use place::{Place, Run, line};
use serde_json::{Value, json};

/// The articles of the sample corpus as lines of JSONL, in order of time.
fn corpus(place: &Place) -> Vec<String> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    place.run(&["--collection", "whole", "cluster", corpus.to_str().expect("a path")]).ends_with(0);
    let export = place.run(&["--collection", "whole", "export"]);
    let mut rows: Vec<(String, String)> = export
        .stdout
        .lines()
        .map(|line| {
            let mut row: Value = serde_json::from_str(line).expect("a row");
            let time = row["published"].as_str().unwrap_or("9999").to_owned();
            for column in ["story", "copy_of", "version_of"] {
                row.as_object_mut().expect("an object").shift_remove(column);
            }
            (time, format!("{row}\n"))
        })
        .collect();
    rows.sort();
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The story of each article.
fn stories(place: &Place, collection: &str) -> BTreeMap<String, String> {
    let export = place.run(&["--collection", collection, "export"]);
    let pair = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("a row");
        (row["id"].as_str().expect("an id").to_owned(), row["story"].as_str().expect("a story").to_owned())
    };
    export.ends_with(0).stdout.lines().map(pair).collect()
}

fn groups(stories: &BTreeMap<String, String>) -> BTreeSet<BTreeSet<String>> {
    let mut groups: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
    for (article, story) in stories {
        groups.entry(story).or_default().insert(article.clone());
    }
    groups.into_values().collect()
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.ends_with(0).stdout).expect("JSON")
}

fn report(id: &str, title: &str, text: &str) -> String {
    format!("{}\n", json!({"id": id, "title": title, "text": text, "source": format!("Outlet {id}")}))
}

const FERRY: &str = "A car ferry with 212 passengers ran onto a sandbank off Saint Orla in thick fog early on Tuesday. \
    Lifeboats from Port Aubrac took all passengers of the Aurelia ashore, the harbour office said.";
const FERRY_TOO: &str = "All 212 people aboard the ferry Aurelia were brought ashore at Port Aubrac on Tuesday after she struck a \
    sandbank near Saint Orla in fog, the coast guard said.";
const BUDGET: &str = "Velmark's parliament voted down the budget of finance minister Ilse Brandt on Wednesday by 51 votes to \
    49, and the Harvest Party called for an early election.";

#[test]
fn a_corpus_that_is_fed_makes_the_stories_of_one_that_is_clustered() {
    let place = Place::new();
    let rows = corpus(&place);
    for (at, batch) in rows.chunks(7).enumerate() {
        place.write("batch.jsonl", batch.concat());
        let run = place.run(&["--collection", "fed", "add", "batch.jsonl"]);
        run.ends_with(0);
        assert!(run.stderr.contains(&format!("{} article", batch.len())), "batch {at}: {run:?}");
    }
    let (whole, fed) = (stories(&place, "whole"), stories(&place, "fed"));
    assert_eq!(fed.len(), whole.len());
    let (whole, fed) = (groups(&whole), groups(&fed));
    let shared = whole.intersection(&fed).count();
    assert!(shared * 20 >= whole.len() * 19, "{shared} of {} stories are the same: {:?}", whole.len(), &whole - &fed);
    place.run(&["--collection", "fed", "check"]).ends_with(0);
    // Adding all of it again changes nothing.
    place.write("all.jsonl", rows.concat());
    let before = stories(&place, "fed");
    let added = json(&place.run(&["--collection", "fed", "add", "all.jsonl", "--json"]));
    assert_eq!((&added["stored"], &added["unchanged"]), (&json!(0), &json!(rows.len())));
    assert_eq!(stories(&place, "fed"), before);
}

#[test]
fn names_outlive_additions_and_runs() {
    let place = Place::new();
    place.write("one.jsonl", report("a", "Ferry Aurelia runs aground", FERRY) + &report("x", "Budget falls", BUDGET));
    place.run(&["add", "one.jsonl"]).ends_with(0);
    let first = stories(&place, ".samestory");
    assert_ne!(first["a"], first["x"]);
    place.write("two.jsonl", report("b", "212 rescued from the ferry Aurelia", FERRY_TOO));
    place.run(&["add", "two.jsonl"]).ends_with(0);
    let second = stories(&place, ".samestory");
    assert_eq!((&second["a"], &second["b"], &second["x"]), (&first["a"], &first["a"], &first["x"]));
    place.run(&["recluster"]).ends_with(0);
    assert_eq!(stories(&place, ".samestory"), second);
    // A collection that is fed is not replaced by accident.
    let run = place.run(&["cluster", "two.jsonl"]);
    run.ends_with(3);
    assert!(run.stderr.contains("--replace"), "{run:?}");
    place.run(&["cluster", "two.jsonl", "--replace"]).ends_with(0);
    assert_eq!(stories(&place, ".samestory"), BTreeMap::from([("b".to_owned(), first["a"].clone())]));
}

#[test]
fn a_correction_becomes_a_version() {
    let place = Place::new();
    place.write("one.jsonl", report("a", "Ferry Aurelia runs aground", FERRY) + &report("x", "Budget falls", BUDGET));
    place.write("more.jsonl", line("m"));
    place.run(&["add", "one.jsonl"]).ends_with(0);
    for number in 0..6 {
        place.write("more.jsonl", line(&format!("m{number}")));
        place.run(&["add", "more.jsonl"]).ends_with(0);
    }
    let before = stories(&place, ".samestory");
    place.write("two.jsonl", report("a", "Ferry Aurelia runs aground", &FERRY.replace("212", "214")));
    let added = json(&place.run(&["add", "two.jsonl", "--json"]));
    assert_eq!((&added["stored"], &added["versions"]), (&json!(1), &json!(1)));
    let after = stories(&place, ".samestory");
    assert_eq!((&after["a"], &after["a@1"]), (&before["a"], &before["a"]));
    let shown = json(&place.run(&["show", "a", "--json"]));
    assert!(shown["text"].as_str().is_some_and(|text| text.contains("214")), "{shown}");
    assert_eq!(json(&place.run(&["show", "a@1", "--json"]))["version_of"], json!("a"));
    let changes = json(&place.run(&["changes", "--json"]));
    let last = changes.as_array().expect("changes").last().expect("a change").clone();
    assert_eq!((&last["what"], &last["older"]), (&json!("corrected"), &json!("a@1")));
    // A correction to another event moves the article.
    place.write("three.jsonl", report("x", "212 rescued from the ferry Aurelia", FERRY_TOO));
    place.run(&["add", "three.jsonl"]).ends_with(0);
    let moved = stories(&place, ".samestory");
    assert_eq!(moved["x"], moved["a"]);
    place.run(&["check"]).ends_with(0);
    place.run(&["remove", "x"]).ends_with(0);
    // The older state is the article again.
    let back = stories(&place, ".samestory");
    assert!(!back.contains_key("x") && back["x@1"] != back["a"], "{back:?}");
    place.run(&["check"]).ends_with(0);
}

#[test]
fn what_a_person_decides_stays() {
    let place = Place::new();
    let rows = report("a", "Ferry Aurelia runs aground", FERRY)
        + &report("b", "212 rescued from the ferry Aurelia", FERRY_TOO)
        + &report("x", "Budget falls", BUDGET);
    place.write("one.jsonl", &rows);
    place.run(&["add", "one.jsonl"]).ends_with(0);
    let first = stories(&place, ".samestory");
    assert_eq!(first["a"], first["b"]);
    place.run(&["split", &first["a"], "b"]).ends_with(0);
    let split = stories(&place, ".samestory");
    assert!(split["a"] == first["a"] && split["b"] != first["a"], "{split:?}");
    place.run(&["merge", &split["b"], &split["x"]]).ends_with(0);
    let merged = stories(&place, ".samestory");
    assert_eq!(merged["b"], merged["x"]);
    // The name of the story that is gone leads to the one that it is part of.
    let gone = if merged["x"] == split["x"] { &split["b"] } else { &split["x"] };
    assert_eq!(json(&place.run(&["show", gone, "--json"]))["story"], json!(merged["x"]));
    for command in [&["recluster"][..], &["cluster", "one.jsonl", "--replace"]] {
        place.run(command).ends_with(0);
        assert_eq!(stories(&place, ".samestory"), merged, "{command:?}");
    }
    let third = "Lifeboats brought the 212 passengers of the Aurelia to Port Aubrac after the ferry had run aground near \
        Saint Orla on Tuesday; fog hid the sandbank, a passenger said.";
    place.write("two.jsonl", report("c", "Ferry Aurelia aground in fog", third));
    place.run(&["add", "two.jsonl"]).ends_with(0);
    assert_eq!(
        groups(&merged),
        groups(&stories(&place, ".samestory").into_iter().filter(|(id, _)| id != "c").collect())
    );
    place.run(&["pin", "c", "--story", &merged["x"]]).ends_with(0);
    assert_eq!(stories(&place, ".samestory")["c"], merged["x"]);
    // A correction of a fixed article stays where the article was fixed, and so does what is left when it goes.
    place.write("three.jsonl", report("b", "212 rescued", &FERRY_TOO.replace("212", "214")));
    place.run(&["add", "three.jsonl"]).ends_with(0);
    let corrected = stories(&place, ".samestory");
    assert_eq!((&corrected["b"], &corrected["b@1"]), (&merged["b"], &merged["b"]));
    place.run(&["remove", "b"]).ends_with(0);
    assert_eq!(stories(&place, ".samestory")["b@1"], merged["b"]);
    place.write("four.jsonl", report("b", "212 rescued from the ferry Aurelia", FERRY_TOO));
    place.run(&["add", "four.jsonl"]).ends_with(0);
    place.run(&["remove", "b@1"]).ends_with(0);
    place.run(&["unpin", &merged["x"], &merged["a"]]).ends_with(0);
    let free = stories(&place, ".samestory");
    assert!(free["a"] == free["b"] && free["x"] != free["a"], "{free:?}");
    place.run(&["check"]).ends_with(0);
    let wrong = place.run(&["split", &free["a"], "x"]);
    wrong.ends_with(3);
    assert!(wrong.stderr.contains("`x` is not in story"), "{wrong:?}");
    place.run(&["pin", "nosuch"]).ends_with(3);
}

#[test]
fn articles_go_and_expire() {
    let place = Place::new();
    let dated = |id: &str, day: &str, text: &str| {
        let row = json!({"id": id, "title": format!("Report {id}"), "text": text, "published": day, "source": id});
        format!("{row}\n")
    };
    let wire =
        dated("old", "2020-01-01", FERRY) + &dated("copy", "2020-03-01", FERRY) + &dated("new", "2020-03-02", BUDGET);
    place.write("one.jsonl", wire);
    place.run(&["add", "one.jsonl"]).ends_with(0);
    let info = json(&place.run(&["info", "--json"]));
    assert_eq!((&info["counts"]["articles"], &info["counts"]["copies"]), (&json!(3), &json!(1)));
    // The copy of what is gone stands for itself.
    let expired = json(&place.run(&["expire", "--before", "2020-02-01", "--json"]));
    assert_eq!((&expired["removed"], &expired["left"]), (&json!(1), &json!(2)));
    let info = json(&place.run(&["info", "--json"]));
    assert_eq!((&info["counts"]["articles"], &info["counts"]["copies"]), (&json!(2), &json!(0)));
    place.run(&["check"]).ends_with(0);
    assert!(place.run(&["search", "aurelia"]).ends_with(0).stdout.contains("Report copy"));
    place.run(&["remove", "copy", "nosuch"]).ends_with(3);
    place.run(&["remove", "copy"]).ends_with(0).says("1 article removed");
    place.run(&["search", "aurelia"]).ends_with(0).says("no story found");
    place.run(&["expire", "--older-than", "1d"]).ends_with(0);
    assert_eq!(json(&place.run(&["info", "--json"]))["counts"]["stories"], json!(0));
    place.run(&["check"]).ends_with(0);
    place.run(&["add", "one.jsonl"]).ends_with(0);
    assert_eq!(stories(&place, ".samestory").len(), 3);
    place.run(&["expire", "--older-than", "soon"]).ends_with(2);
}

#[test]
fn a_text_is_matched_and_not_stored() {
    let place = Place::new();
    place.write("one.jsonl", report("a", "Ferry Aurelia runs aground", FERRY) + &report("x", "Budget falls", BUDGET));
    place.run(&["add", "one.jsonl"]).ends_with(0);
    let before = stories(&place, ".samestory");
    place.write("draft.txt", format!("212 rescued from the ferry Aurelia\n\n{FERRY_TOO}\n"));
    let found = json(&place.run(&["match", "draft.txt", "--json"]));
    assert_eq!(found[0]["story"], json!(before["a"]));
    assert_eq!(found[0]["near"][0]["nearest"], json!("a"));
    place.write("copy.txt", format!("Ferry Aurelia runs aground\n\n{FERRY}\n"));
    assert_eq!(json(&place.run(&["match", "copy.txt", "--json"]))[0]["copy_of"], json!("a"));
    let other =
        "The museum of Orrin Lake lends seeds of beans and peas to every gardener of the town this spring, it said.";
    let found = json(&place.run_with(&["match", "-", "--json"], other.as_bytes()));
    assert_eq!(found[0]["story"], Value::Null);
    assert_eq!(stories(&place, ".samestory"), before);
}

/// Puts a collection of an earlier format there, without its index.
fn put_earlier(place: &Place, name: &str, generation: &str) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").join(name);
    let store = zstd::decode_all(&fs::read(kept.join("store.redb.zst")).expect("a store")[..]).expect("unpacked");
    place.write(".samestory/collection.json", fs::read(kept.join("collection.json")).expect("a manifest"));
    place.write(&format!(".samestory/{generation}/store.redb"), store);
    place.write(&format!(".samestory/{generation}/index/meta.json"), "not read");
}

#[test]
fn a_collection_of_format_5_is_upgraded_with_versions_pins_and_changes() {
    let place = Place::new();
    put_earlier(&place, "format-5", "g2");
    place.run(&["info"]).ends_with(3);
    place.run(&["upgrade"]).ends_with(0).says("format 5 became format 6");
    place.run(&["check"]).ends_with(0);
    let upgraded = stories(&place, ".samestory");
    // What was split and merged by hand, and the story whose article was corrected.
    assert_eq!(upgraded["final-courier"], "9kyadk6spa");
    assert_eq!(upgraded["final-herald"], "8m6ehb8kmb");
    assert_eq!(upgraded["trial-open-harbour"], "kafw5thw3t");
    assert_eq!(upgraded["half-2019@1"], "p0nn9g5dqn");
    assert_eq!(upgraded["half-2019"], "p0nn9g5dqn");
    place.run(&["show", "psvfkk905q"]).ends_with(0);
    let changes = place.run(&["changes"]);
    assert!(changes.ends_with(0).stdout.contains("(before: half-2019@1)"), "{changes:?}");
    // It was fed and stays so.
    place.run(&["cluster", "."]).ends_with(3);
    place.run(&["recluster"]).ends_with(0);
    assert_eq!(stories(&place, ".samestory"), upgraded);
}

#[test]
fn an_upgrade_that_fails_leaves_nothing_behind() {
    let place = Place::new();
    put_earlier(&place, "format-5", "g2");
    let mut store = fs::read(place.path(".samestory/g2/store.redb")).expect("a store");
    let middle = store.len() / 2;
    store[4096..middle].fill(0xa5);
    place.write(".samestory/g2/store.redb", store);
    place.run(&["upgrade"]).ends_with(3);
    assert!(!place.path(".samestory/upgraded.redb").exists());
    assert!(place.path(".samestory/g2/store.redb").exists());
}

#[test]
fn a_collection_of_format_4_is_upgraded() {
    let place = Place::new();
    put_earlier(&place, "format-4", "g1");
    let refused = place.run(&["info"]);
    refused.ends_with(3);
    assert!(refused.stderr.contains("samestory upgrade"), "{refused:?}");
    place.run(&["upgrade"]).ends_with(0).says("format 4 became format 6");
    let upgraded = stories(&place, ".samestory");
    assert_eq!(upgraded.len(), 18);
    // The names are those that were there.
    for story in ["5erbp8711x", "7pevmgc43t", "97as0dvswp", "xerc7mnrcc"] {
        assert!(upgraded.values().any(|name| name == story), "{story}: {upgraded:?}");
    }
    place.run(&["check"]).ends_with(0);
    place.run(&["search", "ferry"]).ends_with(0);
    place.run(&["upgrade"]).ends_with(0).says("format 6 already; nothing was done");
}
