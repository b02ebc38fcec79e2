//! Passages, directions, versions and coverage of the sample corpus, through the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the project's folder")
}

/// What a command prints about the corpus, which is clustered once for all tests of this file.
fn ask(args: &[&str]) -> String {
    static CLUSTERED: OnceLock<TempDir> = OnceLock::new();
    let folder = CLUSTERED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        samestory(folder.path(), &["cluster", "corpus"]);
        folder
    });
    samestory(folder.path(), args)
}

fn samestory(folder: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_samestory"))
        .args(args)
        .current_dir(root())
        .env("SAMESTORY_COLLECTION", folder.join("collection"))
        .output()
        .expect("samestory runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

fn ask_json(args: &[&str]) -> Value {
    serde_json::from_str(&ask(&[args, &["--json"]].concat())).expect("JSON")
}

fn rows(what: &str) -> Vec<Value> {
    ask(&["export", "--what", what]).lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

/// The text of an article, before cuts.
fn text_of(id: &str) -> String {
    ask_json(&["show", id, "--raw"])["raw"]["text"].as_str().expect("a text").to_owned()
}

/// Where a passage of the table stands: its first words, and where `…` follows, up to its last words.
fn place(text: &str, passage: &str) -> Range<usize> {
    let (first, last) = passage.split_once(" … ").unwrap_or((passage, ""));
    let start = text.find(first).unwrap_or_else(|| panic!("no `{first}` in {text}"));
    let behind = start + first.len();
    let end = behind + text[behind..].find(last).unwrap_or_else(|| panic!("no `{last}` in {text}")) + last.len();
    start..end
}

fn bytes(ranges: &[Range<usize>]) -> BTreeSet<usize> {
    ranges.iter().cloned().flatten().collect()
}

#[test]
fn passages_are_those_of_the_table() {
    let table = fs::read_to_string(root().join("corpus/passages.tsv")).expect("a table of the corpus");
    let mut gold: BTreeMap<(String, String), Vec<[String; 3]>> = BTreeMap::new();
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [a, b, kind, a_text, b_text] = columns[..] else { panic!("five columns: {line}") };
        let passages = gold.entry((a.into(), b.into())).or_default();
        if kind != "none" {
            passages.push([kind.into(), a_text.into(), b_text.into()]);
        }
    }
    let (mut both, mut told, mut meant) = (0, 0, 0);
    for ((a, b), passages) in &gold {
        let found = ask_json(&["compare", a, b]);
        let found: Vec<&Value> = found["passages"].as_array().expect("passages").iter().collect();
        let evident = |passage: &&&Value| passage["kind"] != "template";
        for (side, id) in [(0, a), (1, b)] {
            let text = text_of(id);
            let stretch = |passage: &&Value| {
                let stretch = &passage[["a", "b"][side]];
                let at = |key: &str| stretch[key].as_u64().expect("an offset") as usize;
                let range = at("start")..at("end");
                assert_eq!(text.get(range.clone()), stretch["text"].as_str(), "{a} and {b}");
                range
            };
            let told_bytes = bytes(&found.iter().filter(evident).map(stretch).collect::<Vec<_>>());
            let meant_bytes =
                bytes(&passages.iter().map(|passage| place(&text, &passage[1 + side])).collect::<Vec<_>>());
            both += told_bytes.intersection(&meant_bytes).count();
            told += told_bytes.len();
            meant += meant_bytes.len();
            // A missed or invented passage of a short article is seen in no sum.
            assert_eq!(told_bytes.is_empty(), meant_bytes.is_empty(), "{a} and {b}");
        }
        let kinds: BTreeSet<&str> =
            found.iter().filter(evident).filter_map(|passage| passage["kind"].as_str()).collect();
        let meant_kinds: BTreeSet<&str> = passages.iter().map(|passage| passage[0].as_str()).collect();
        assert!(meant_kinds.is_subset(&kinds), "{a} and {b}: {kinds:?}");
    }
    let (precision, recall) = (f64::from(both as u32) / told as f64, f64::from(both as u32) / meant as f64);
    assert!(precision >= 0.95 && recall >= 0.95, "precision {precision}, recall {recall}");
}

/// Who had the words of the wire's report from whom; what nobody can know is not claimed.
#[test]
fn directions_of_the_wire_copies_are_right_or_unknown() {
    let wires = ["ferry-wire", "urn:newsml:estuary-wire.example:20200212:viaduct-barge:2"];
    let mut claimed = BTreeSet::new();
    for row in rows("edges") {
        let side = |name: &str| row[name].as_str().expect("an id").to_owned();
        let Some(source) = row["source"].as_str().map(side) else { continue };
        assert!(wires.contains(&source.as_str()), "a claim that nobody can make: {row}");
        claimed.insert(if source == side("a") { side("b") } else { side("a") });
    }
    let copies = [
        "articles/harbour-courier/viaduct-barge.html",
        "articles/highfell-examiner/trains-halted-marram.html",
        "articles/saltmarsh-chronicle/marram-viaduct-barge.html",
        "ferry-courier",
        "ferry-herald",
        "ferry-ledger",
        "ferry-plains",
        "ferry-post",
        "ferry-saltmarsh",
    ];
    assert_eq!(claimed, copies.map(str::to_owned).into());
    // Two papers, one of which credits nobody: asked alone, the earlier would seem to be the source.
    let pair = ask_json(&["compare", "ferry-ledger", "ferry-plains"]);
    assert_eq!(pair["direction"]["source"], Value::Null, "{}", pair["direction"]);
}

#[test]
fn both_exports_tell_of_the_same_pairs() {
    let pair = |row: &Value| [&row["story"], &row["a"], &row["b"]].map(Value::to_string);
    let edges: BTreeMap<[String; 3], u64> =
        rows("edges").iter().map(|row| (pair(row), row["passages"].as_u64().expect("a count"))).collect();
    let mut counted: BTreeMap<[String; 3], u64> = BTreeMap::new();
    rows("passages").iter().for_each(|row| *counted.entry(pair(row)).or_default() += 1);
    assert_eq!(edges, counted);
}

#[test]
fn coverage_says_whose_words_they_are() {
    let coverage = ask_json(&["coverage", "ferry-wire"]);
    let pieces = coverage["pieces"].as_array().expect("pieces");
    let piece = |id: &str| pieces.iter().find(|piece| piece["id"] == id).expect("a piece");
    let words = |id: &str, from: &str| piece(id)["words"][from].as_u64().expect("a count");
    for id in pieces.iter().filter_map(|piece| piece["id"].as_str()) {
        let text_words =
            piece(id)["words"].as_object().expect("counts").values().filter_map(Value::as_u64).sum::<u64>();
        assert!(text_words > 0 || id == "pd-2003", "{id}");
    }
    assert_eq!(words("ferry-wire", "copied"), 0);
    // Three paragraphs of its own stand beside the report of the wire.
    assert!(words("ferry-herald", "own") > 80 && words("ferry-herald", "copied") > 300);
    assert_eq!(words("ferry-northgate", "copied"), 0);
    assert_eq!(piece("ferry-plains")["source"], "ferry-wire");
    assert_eq!(coverage["first"]["certain"], false);
    let only = piece("ferry-northgate")["only"]["names"].to_string();
    assert!(only.contains("Regina Mott"), "{only}");
    let facts: Vec<String> =
        coverage["facts"].as_array().expect("facts").iter().map(|fact| fact["text"].to_string()).collect();
    assert!(facts.contains(&"\"Gull Bank\"".to_owned()), "{facts:?}");
    assert!(coverage["absent"].as_array().is_some_and(|absent| !absent.is_empty()));
}

#[test]
fn versions_are_told_sentence_by_sentence() {
    let page = "articles/meridian-post/lorrimer-measles-history.txt";
    let diff = ask_json(&["diff", page]);
    let change = &diff["changes"][0];
    assert_eq!(change["headline"]["trivial"], false);
    let kinds: Vec<&str> =
        change["sentences"].as_array().expect("sentences").iter().filter_map(|one| one["kind"].as_str()).collect();
    assert_eq!(kinds, ["changed", "added-or-removed"]);
    let words = change["sentences"][0]["words"].as_array().expect("words");
    assert!(words.iter().any(|word| word["side"] == "newer" && word["text"] == "Nine"), "{words:?}");
    // The same of the file, and of the step that is named.
    let file = format!("corpus/{page}");
    assert_eq!(ask_json(&["diff", &file])["changes"], diff["changes"]);
    assert_eq!(ask_json(&["diff", page, "--from", "0", "--to", "1"])["changes"], diff["changes"]);
}

#[test]
fn files_named_as_versions_are_one_article() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let news = folder.path().join("news");
    fs::create_dir(&news).expect("a folder");
    let write = |name: &str, text: &str| {
        fs::write(news.join(name), format!("Title: Baths to close\n\n{text}\n")).expect("written")
    };
    write("baths-v1.txt", "The council votes on Monday. The baths have stood since 1911. Swimmers are angry.");
    write("baths-v2.txt", "The council votes on Tuesday. The baths have stood since 1911. Swimmers are angry.");
    write("baths-v10.txt", "The baths have stood since 1911. The council voted to close them. Swimmers are angry.");
    samestory(folder.path(), &["cluster", news.to_str().expect("a path")]);
    let ask = |args: &[&str]| samestory(folder.path(), args);
    assert!(ask(&["info"]).contains("older versions  2"));
    let diff: Value = serde_json::from_str(&ask(&["diff", "baths-v2.txt", "--json"])).expect("JSON");
    assert_eq!(diff["id"], "baths-v10.txt");
    let numbers: Vec<u64> =
        diff["versions"].as_array().expect("versions").iter().filter_map(|one| one["number"].as_u64()).collect();
    assert_eq!(numbers, [1, 2, 10]);
    assert_eq!(diff["changes"][0]["sentences"][0]["kind"], "changed");
    assert_eq!(diff["changes"][1]["unchanged"], 2);
    // Another outlet's file of the same name is another article.
    fs::create_dir(news.join("ledger")).expect("a folder");
    fs::write(news.join("ledger/baths-v3.txt"), "Title: Baths to close\nSource: Quayside Ledger\n\nA vote is due.\n")
        .expect("written");
    samestory(folder.path(), &["cluster", news.to_str().expect("a path")]);
    assert!(ask(&["info"]).contains("older versions  2"));
    // One after the other they are the same.
    let added = folder.path().join("added");
    for name in ["baths-v10.txt", "baths-v1.txt", "baths-v2.txt"] {
        samestory(&added, &["add", news.join(name).to_str().expect("a path")]);
    }
    let of_added: Value = serde_json::from_str(&samestory(&added, &["diff", "baths-v10.txt", "--json"])).expect("JSON");
    assert_eq!(of_added["changes"], diff["changes"]);
}

/// The examples of docs/evidence.md are what the commands print; `...` stands for lines, or the end of one, left out.
#[test]
fn the_examples_of_the_docs_are_true() {
    let docs = fs::read_to_string(root().join("docs/evidence.md")).expect("docs/evidence.md");
    let mut printed = String::new();
    let (mut in_block, mut n_lines) = (false, 0);
    for line in docs.lines() {
        match line {
            "```console" => in_block = true,
            "```" => in_block = false,
            _ if !in_block || line.is_empty() || line == "..." => (),
            _ => match line.strip_prefix("$ samestory ") {
                Some(command) => printed = ask(&command.split(' ').collect::<Vec<_>>()),
                None => {
                    let shown = line.trim_end_matches(" ...");
                    let at = printed.find(shown).unwrap_or_else(|| panic!("`{line}` is not in\n{printed}"));
                    printed.drain(..at + shown.len());
                    n_lines += 1;
                }
            },
        }
    }
    assert!(n_lines > 20);
}
