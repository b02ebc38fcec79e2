//! The sample corpus, clustered through the command line, against what corpus/README.md says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// The folder of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the project's folder")
}

/// The corpus, clustered once for all tests of this file.
struct Clustered {
    folder: TempDir,
    /// Lines of `--assignments`.
    assignments: Vec<Value>,
}

fn clustered() -> &'static Clustered {
    static CLUSTERED: OnceLock<Clustered> = OnceLock::new();
    CLUSTERED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (code, printed, told) = samestory(folder.path(), &["cluster", "corpus", "--assignments", "-"]);
        assert_eq!(code, Some(0), "{told}");
        Clustered { folder, assignments: json_lines(&printed) }
    })
}

/// Runs `samestory` in the project's folder; gives exit code, standard output and standard error.
fn samestory(collection: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_samestory"))
        .args(args)
        .current_dir(root())
        .env("SAMESTORY_COLLECTION", collection.join("collection"))
        .output()
        .expect("samestory runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// What a command prints about the clustered corpus.
fn ask(args: &[&str]) -> String {
    let (code, printed, told) = samestory(clustered().folder.path(), args);
    assert_eq!(code, Some(0), "{args:?}: {told}");
    printed
}

/// What a command prints with `--json`.
fn ask_json(args: &[&str]) -> Value {
    let printed = ask(&[args, &["--json"]].concat());
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{args:?}: {error}\n{printed}"))
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no text `{key}` in {value}"))
}

/// `id -> story` of corpus/stories.tsv.
fn gold() -> BTreeMap<String, String> {
    columns("stories.tsv")
}

/// The two columns of a table of the corpus.
fn columns(name: &str) -> BTreeMap<String, String> {
    let table = fs::read_to_string(root().join("corpus").join(name)).expect("a table of the corpus");
    let rows = table.lines().skip(1).map(|line| line.split_once('\t').expect("two columns"));
    rows.map(|(first, second)| (first.to_owned(), second.to_owned())).collect()
}

/// The story of an article.
fn story_of(id: &str) -> &'static str {
    let row = clustered().assignments.iter().find(|row| row["id"] == id);
    text(row.unwrap_or_else(|| panic!("`{id}` has no assignment")), "story")
}

/// Stories as sets of ids, from pairs of id and story.
fn sets<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeSet<BTreeSet<&'a str>> {
    let mut stories: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (id, story) in pairs {
        stories.entry(story).or_default().insert(id);
    }
    stories.into_values().collect()
}

#[test]
fn every_article_has_exactly_one_story() {
    let assigned: Vec<&str> = clustered().assignments.iter().map(|row| text(row, "id")).collect();
    let gold = gold();
    let expected: Vec<&str> = gold.keys().map(String::as_str).collect();
    assert_eq!(assigned, expected, "assignments come in order of the ids, each once");
    assert!(clustered().assignments.iter().all(|row| !text(row, "story").is_empty()));
}

#[test]
fn stories_are_as_in_the_gold_labels() {
    let args = ["eval", "corpus/stories.tsv", "--articles", "corpus", "--json"];
    let (code, printed, told) = samestory(clustered().folder.path(), &args);
    assert_eq!(code, Some(0), "{told}");
    let scores: Value = serde_json::from_str(&printed).unwrap();
    let gold = gold();
    assert_eq!(scores["articles"], gold.len());
    let expected = sets(gold.iter().map(|(id, story)| (id.as_str(), story.as_str())));
    let found = sets(clustered().assignments.iter().map(|row| (text(row, "id"), text(row, "story"))));
    let changed: Vec<String> = expected
        .difference(&found)
        .map(|story| format!("expected {story:?}"))
        .chain(found.difference(&expected).map(|story| format!("found    {story:?}")))
        .collect();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
    assert_eq!(scores["bcubed_f1"], 1.0);
}

#[test]
fn scores_of_the_collection_are_those_of_eval() {
    let clustered = clustered();
    let file = clustered.folder.path().join("assignments.jsonl");
    let lines: Vec<String> = clustered.assignments.iter().map(Value::to_string).collect();
    fs::write(&file, lines.join("\n")).unwrap();
    let predicted = ask_json(&["eval", "corpus/stories.tsv", "--predicted", file.to_str().unwrap()]);
    let from_articles = ask_json(&["eval", "corpus/stories.tsv", "--articles", "corpus"]);
    assert_eq!(predicted, from_articles);
    let of_itself = ask_json(&["eval", "corpus/stories.tsv", "--predicted", "corpus/stories.tsv"]);
    assert_eq!(of_itself["bcubed_f1"], 1.0);
}

#[test]
fn wire_copies_are_folded() {
    let rows = &clustered().assignments;
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for row in rows {
        if let Some(copied) = row["copy_of"].as_str() {
            groups.entry(copied).or_default().extend([text(row, "id"), copied]);
            found.insert(text(row, "id").to_owned(), copied.to_owned());
        }
    }
    assert_eq!(found, columns("copies.tsv"));
    let ferry = BTreeSet::from([
        "ferry-wire",
        "ferry-courier",
        "ferry-ledger",
        "ferry-post",
        "ferry-herald",
        "ferry-saltmarsh",
    ]);
    // Printed by three papers on pages with furniture of their own, cut in one and extended in another.
    let wire = "urn:newsml:estuary-wire.example:20200212:viaduct-barge:2";
    let viaduct = BTreeSet::from([
        wire,
        "articles/saltmarsh-chronicle/marram-viaduct-barge.html",
        "articles/highfell-examiner/trains-halted-marram.html",
        "articles/harbour-courier/viaduct-barge.html",
    ]);
    // Reports that share a quote or a template are no copies, so these are all. One article stands for its copies.
    assert_eq!(groups.len(), 2, "{groups:?}");
    assert!(groups.values().any(|group| *group == ferry), "{groups:?}");
    assert_eq!(groups[wire], viaduct);
    // The independent reports join the stories all the same.
    assert_eq!(story_of("ferry-northgate"), story_of("ferry-wire"));
    assert_eq!(story_of("northgate-nitf-20200213-0417"), story_of(wire));
    let copies = json_lines(&ask(&["export", "--what", "copies"]));
    assert_eq!(copies.len(), ferry.len() - 1 + viaduct.len() - 1);
}

#[test]
fn pages_are_read_without_their_furniture() {
    let exported = json_lines(&ask(&["export"]));
    let text_of = |id: &str| {
        exported.iter().find(|row| text(row, "id") == id).map(|row| text(row, "text")).unwrap_or_else(|| panic!("{id}"))
    };
    for row in exported.iter().filter(|row| text(row, "id").contains("saltmarsh-chronicle")) {
        for furniture in ["The morning tide", "47kilometres"] {
            assert!(!text(row, "text").contains(furniture), "{}: {furniture}", text(row, "id"));
        }
    }
    assert!(text_of("articles/courrier-de-montbrume/eboulement-gorges-arnette.html").contains("é"));
    assert!(text_of("https://www.brackwater-argus.example/news/2020/02/24/after-maren").len() > 500);
}

#[test]
fn truce_is_one_story_and_the_talks_another() {
    let truce = story_of("libya-courier");
    for id in ["articles/meridian-post/libya-truce-history.txt", "libya-northgate"] {
        assert_eq!(story_of(id), truce, "{id}");
    }
    assert_eq!(story_of("moscow-northgate"), story_of("moscow-ledger"));
    assert_ne!(story_of("moscow-northgate"), truce);
}

#[test]
fn the_talks_follow_the_truce() {
    let talks = ask_json(&["show", story_of("moscow-northgate")]);
    let to_truce = talks["links"]
        .as_array()
        .and_then(|links| links.iter().find(|link| link["story"] == story_of("libya-courier")))
        .expect("a link to the truce");
    assert_eq!(to_truce["kind"], "follows");
    let shown = ask(&["show", story_of("moscow-northgate")]);
    assert!(shown.lines().any(|line| line.starts_with("follows") && line.contains("Libyan Truce")), "{shown}");
    let strangers = ask_json(&["show", story_of("baths-herald")]);
    assert_ne!(strangers["links"], talks["links"]);
    assert!(strangers["links"].as_array().into_iter().flatten().all(|link| link["story"] != story_of("libya-courier")));
}

#[test]
fn hyphens_and_plurals_do_not_hide_a_story() {
    let stories = |query: &str| -> BTreeSet<String> {
        let answer = ask_json(&["search", query]);
        assert_eq!(answer["relaxed"], false, "{query}");
        answer["stories"].as_array().unwrap().iter().map(|story| text(story, "story").to_owned()).collect()
    };
    // One article writes `ceasefire`, another `cease-fire`.
    let found = stories("ceasefires");
    assert!(found.contains(story_of("libya-northgate")) && found.contains(story_of("moscow-ledger")), "{found:?}");
    for query in ["ceasefire", "cease-fire", "\"cease-fire\"", "Cease-Fires"] {
        assert_eq!(stories(query), found, "{query}");
    }
}

#[test]
fn everyday_punctuation_is_no_syntax() {
    let ferry = story_of("ferry-wire");
    for query in [
        "ferry's",
        "the ferry's passengers",
        "ferry, sandbank",
        "Ferry: sandbank",
        "ferry?",
        "ferry!",
        "'ferry'",
        "ferry 9:30",
    ] {
        let (code, printed, told) = samestory(clustered().folder.path(), &["search", query, "--json"]);
        assert_eq!(code, Some(0), "{query}: {told}");
        let answer: Value = serde_json::from_str(&printed).unwrap();
        let first = answer["stories"].as_array().unwrap().first();
        assert_eq!(first.map(|story| text(story, "story")), Some(ferry), "{query}");
    }
}

#[test]
fn operators_of_a_query() {
    let found = |query: &[&str]| -> Vec<String> {
        let answer = ask_json(&[&["search"], query].concat());
        answer["stories"].as_array().unwrap().iter().map(|story| text(story, "story").to_owned()).collect()
    };
    let ferry = story_of("ferry-wire").to_owned();
    assert!(found(&["ferry"]).contains(&ferry));
    assert!(!found(&["ferry -sandbank -gull -hallin"]).contains(&ferry));
    assert_eq!(found(&["\"car ferry\""]), [ferry.as_str()]);
    assert!(found(&["\"ferry car\""]).is_empty());
    assert_eq!(found(&["sandbank", "--outlet", "LAKESIDE herald"]), [ferry.as_str()]);
    assert!(found(&["ferry", "--to", "2020-01-01"]).is_empty());
    assert_eq!(found(&["astrolabes", "--language", "fr"]), [story_of("musee-phare")]);
    assert!(found(&["astrolabes", "--language", "en"]).is_empty());
    assert_eq!(found(&["ferry", "--limit", "1"]).len(), 1);
}

#[test]
fn nothing_matches_is_no_failure() {
    let (code, printed, told) = samestory(clustered().folder.path(), &["search", "zzzz qqqq"]);
    assert_eq!((code, printed.as_str(), told.as_str()), (Some(0), "", "no story found\n"));
}

#[test]
fn furniture_is_not_in_the_text() {
    let election = ask(&["show", "election-northgate"]);
    assert!(election.contains("Velmark") && !election.contains("Today's Top News"), "{election}");
    assert!(!election.contains("Quarry Park gets new turf"), "{election}");
    for id in ["final-herald", "baths-herald", "flood-herald", "ferry-herald", "seeds-herald"] {
        let shown = ask(&["show", id]);
        assert!(!shown.contains("free Lakeside Herald newsletter"), "{shown}");
    }
    assert!(ask(&["show", "final-herald"]).contains("nobody remembers a brave loser"));
    let court = ask(&["show", "court-courier"]);
    assert!(!court.contains("Read more:") && !court.contains("Share this article"), "{court}");
}

#[test]
fn version_page_shows_what_changed() {
    let id = "articles/meridian-post/libya-truce-history.txt";
    let shown = ask_json(&["show", id]);
    let versions = shown["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!((&versions[0]["from"], &versions[0]["to"]), (&0.into(), &1.into()));
    let sentences = versions[0]["sentences"].as_array().unwrap();
    let kinds: Vec<&str> = sentences.iter().map(|sentence| text(sentence, "kind")).collect();
    assert_eq!(kinds, ["changed", "added-or-removed"]);
    let side = |wanted: &str| -> String {
        let words = sentences[0]["words"].as_array().unwrap();
        words
            .iter()
            .filter(|word| ["both", wanted].contains(&text(word, "side")))
            .map(|word| text(word, "text"))
            .collect()
    };
    assert!(side("older").starts_with("There was no immediate word from Gen. Khalifa Hifter,"), "{}", side("older"));
    assert!(side("older").ends_with("to capture Tripoli."), "{}", side("older"));
    assert!(side("newer").starts_with("A spokesman for Gen. Khalifa Hifter,"), "{}", side("newer"));
    assert!(side("newer").ends_with("would go on."), "{}", side("newer"));
    assert!(text(&sentences[1]["words"][0], "text").starts_with("In Rome, Prime Minister Giuseppe Conte"));
    // The text is that of the newer version, once.
    let body = text(&shown, "text");
    assert!(!body.contains("There was no immediate word") && !body.contains("This article is from the source"));
    assert_eq!(body.matches("asked both sides in Libya").count(), 1);
}

#[test]
fn an_article_is_found_by_id_and_by_address() {
    let by_id = ask_json(&["show", "libya-courier"]);
    let by_address = ask_json(&["show", "http://harbour-courier.example/2020/01/08/libya-truce/?utm_source=feed#top"]);
    assert_eq!(by_id, by_address);
    let story = ask_json(&["show", story_of("libya-courier")]);
    assert_eq!(story["articles"].as_array().unwrap().len(), 3);
    let (code, _, told) = samestory(clustered().folder.path(), &["show", "no such name"]);
    assert_eq!(
        (code, told.as_str()),
        (Some(3), "error: no story, article or address `no such name` in the collection\n")
    );
}

#[test]
fn export_has_a_line_for_every_article() {
    let rows = json_lines(&ask(&["export"]));
    let place = |row: &Value| ["id", "story", "copy_of", "version_of"].map(|key| row[key].clone());
    let exported: Vec<_> = rows.iter().map(place).collect();
    let assigned: Vec<_> = clustered().assignments.iter().map(place).collect();
    assert_eq!(exported, assigned);
    assert!(rows.iter().all(|row| row["title"].is_string() && row["text"].is_string()));
    let stories = json_lines(&ask(&["export", "--what", "stories"]));
    let count: u64 = stories.iter().map(|story| story["articles"].as_u64().unwrap()).sum();
    assert_eq!(count as usize, rows.len());
}

#[test]
fn json_answers_parse_and_agree() {
    let stories = ask_json(&["stories", "--limit", "1000"]);
    let info = ask_json(&["info"]);
    assert_eq!(info["counts"]["articles"], gold().len());
    assert_eq!(info["counts"]["copies"], 8);
    assert_eq!(info["counts"]["stories"], stories.as_array().unwrap().len());
    assert_eq!(info["format"], samestory::FORMAT);
    let first = &stories[0];
    assert_eq!(text(first, "id"), story_of("ferry-wire"), "the largest story comes first");
    let story = ask_json(&["show", text(first, "id")]);
    let lines = story["articles"].as_array().unwrap();
    let copies: usize = lines.iter().map(|line| line["copies"].as_array().unwrap().len()).sum();
    assert_eq!((lines.len() + copies) as u64, first["articles"].as_u64().unwrap());
    let answer = ask_json(&["search", "ferry sandbank"]);
    let snippet = &answer["stories"][0]["snippet"];
    let range = &snippet["highlights"][0];
    let (start, end) = (range["start"].as_u64().unwrap() as usize, range["end"].as_u64().unwrap() as usize);
    let marked = text(snippet, "text")[start..end].to_lowercase();
    assert!(marked.starts_with("ferr") || marked.starts_with("sandbank"), "{marked}");
}

#[test]
fn a_comparison_adds_up_and_agrees_with_the_stories() {
    for (other, same) in [("libya-northgate", true), ("moscow-ledger", false)] {
        let answer = ask_json(&["compare", "libya-courier", other]);
        assert_eq!(answer["same_story"], same, "{other}");
        assert_eq!(answer["same_story"], answer["a"]["story"] == answer["b"]["story"]);
        let number = |value: &Value| value.as_f64().expect("a number");
        let parts = ["bias", "prior", "template"].iter().map(|part| number(&answer[part])).sum::<f64>();
        let features = answer["features"].as_array().expect("features");
        let sum = parts + features.iter().map(|feature| number(&feature["contribution"])).sum::<f64>();
        let similarity = number(&answer["similarity"]);
        assert!((1.0 / (1.0 + (-sum).exp()) - similarity).abs() < 1e-3, "{other}: {sum} {similarity}");
    }
}
