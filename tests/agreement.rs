//! Different ways to the same answer: threads, the order of lines, and candidates against all pairs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus")
}

/// Runs `samestory` in a folder and gives what it prints.
fn samestory(folder: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_samestory"))
        .args(args)
        .current_dir(folder)
        .env_remove("SAMESTORY_COLLECTION")
        .output()
        .expect("samestory runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

fn assignments(folder: &Path, input: &str, threads: &str) -> String {
    samestory(folder, &["cluster", input, "--assignments", "-", "--threads", threads])
}

/// Numbers that look random and are the same in every run (xorshift; Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }

    fn word(&mut self) -> String {
        let letters = b"abcdefghiklmnoprstuvwxyz";
        let length = 4 + self.below(5);
        (0..length).map(|_| char::from(letters[self.below(letters.len())])).collect()
    }

    fn words(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.word()).collect()
    }
}

/// Stories as sets of ids.
fn stories(assignments: &str) -> BTreeSet<BTreeSet<String>> {
    let mut stories: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in assignments.lines() {
        let row: Value = serde_json::from_str(line).expect("a JSON line");
        let text = |key: &str| row[key].as_str().expect("a text").to_owned();
        stories.entry(text("story")).or_default().insert(text("id"));
    }
    stories.into_values().collect()
}

/// A base text and edits of it, from a few changed words to most of them, for several bases.
fn edited_texts() -> Vec<(String, Vec<String>)> {
    let mut numbers = Numbers(0x5eed_cafe_f00d_1234);
    let mut texts = Vec::new();
    for base_number in 0..12 {
        let base = numbers.words(160 + 20 * (base_number % 4));
        for edit in 0..8 {
            let mut words = base.clone();
            match edit {
                0 => (),
                // A trimmed and an extended text.
                1 => words.truncate(base.len() * 6 / 10),
                2 => words.extend(numbers.words(base.len() / 2)),
                // Single words replaced: each touches five runs of five words.
                _ => {
                    for _ in 0..(1 << (edit - 2)) {
                        let at = numbers.below(words.len());
                        words[at] = numbers.word();
                    }
                }
            }
            texts.push((format!("t{base_number:02}-{edit}"), words));
        }
    }
    texts
}

fn write_texts(path: &Path, texts: &[(String, Vec<String>)]) {
    let lines: Vec<String> = texts
        .iter()
        .map(|(id, words)| {
            json!({"id": id, "title": format!("Headline {id}"), "text": words.join(" "), "language": "en"}).to_string()
        })
        .collect();
    fs::write(path, lines.join("\n")).expect("a file can be written");
}

#[test]
fn one_thread_and_two_give_the_same_assignments() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus();
    let corpus = corpus.to_str().unwrap();
    let one = assignments(folder.path(), corpus, "1");
    assert_eq!(one.lines().count(), 87);
    for threads in ["2", "3"] {
        assert_eq!(assignments(folder.path(), corpus, threads), one, "{threads} threads");
    }
    let texts = folder.path().join("texts.jsonl");
    write_texts(&texts, &edited_texts());
    assert_eq!(assignments(folder.path(), "texts.jsonl", "2"), assignments(folder.path(), "texts.jsonl", "1"));
}

#[test]
fn the_order_of_lines_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    assignments(folder.path(), corpus().to_str().unwrap(), "2");
    let export = samestory(folder.path(), &["export"]);
    let mut lines: Vec<&str> = export.lines().collect();
    assert_eq!(lines.len(), 87);
    fs::write(folder.path().join("lines.jsonl"), lines.join("\n")).unwrap();
    let in_order = assignments(folder.path(), "lines.jsonl", "2");
    let mut numbers = Numbers(20_200_108);
    for turn in 0..3 {
        numbers.shuffle(&mut lines);
        fs::write(folder.path().join("lines.jsonl"), lines.join("\n")).unwrap();
        let shuffled = assignments(folder.path(), "lines.jsonl", "1");
        assert_eq!(stories(&shuffled), stories(&in_order), "turn {turn}");
        // The names of the stories and the folded copies are the same as well.
        assert_eq!(shuffled, in_order, "turn {turn}");
    }
}

#[test]
fn what_is_exported_makes_the_same_stories() {
    let folder = tempfile::tempdir().unwrap();
    let from_files = assignments(folder.path(), corpus().to_str().unwrap(), "2");
    fs::write(folder.path().join("lines.jsonl"), samestory(folder.path(), &["export"])).unwrap();
    assert_eq!(stories(&assignments(folder.path(), "lines.jsonl", "2")), stories(&from_files));
}

/// The distinct runs of five words, the plain way.
fn runs(words: &[String]) -> BTreeSet<&[String]> {
    words.windows(5).collect()
}

#[test]
fn dedup_finds_the_pairs_that_looking_at_all_pairs_finds() {
    let folder = tempfile::tempdir().unwrap();
    let texts = edited_texts();
    write_texts(&folder.path().join("texts.jsonl"), &texts);
    let printed = samestory(folder.path(), &["dedup", "texts.jsonl", "--pairs", "pairs.jsonl", "--keep", "kept.txt"]);
    assert!(printed.starts_with("96 articles: "), "{printed}");
    let mut found: BTreeMap<(String, String), f64> = BTreeMap::new();
    for line in fs::read_to_string(folder.path().join("pairs.jsonl")).unwrap().lines() {
        let pair: Value = serde_json::from_str(line).unwrap();
        let id = |key: &str| pair[key].as_str().unwrap().to_owned();
        let before = found.insert((id("a"), id("b")), pair["jaccard"].as_f64().unwrap());
        assert!(before.is_none(), "twice: {line}");
    }
    let sets: Vec<BTreeSet<&[String]>> = texts.iter().map(|(_, words)| runs(words)).collect();
    let mut expected: BTreeMap<(String, String), f64> = BTreeMap::new();
    for a in 0..texts.len() {
        for b in a + 1..texts.len() {
            let shared = sets[a].intersection(&sets[b]).count() as f64;
            let jaccard = shared / (sets[a].len() as f64 + sets[b].len() as f64 - shared);
            let containment = shared / sets[a].len().min(sets[b].len()) as f64;
            if jaccard >= 0.6 || (containment >= 0.85 && jaccard >= 0.3) {
                expected.insert((texts[a].0.clone(), texts[b].0.clone()), jaccard);
            }
        }
    }
    assert!(expected.len() > 100, "the set is no test: {} pairs", expected.len());
    // What is found is exact; what is missed is rare, and near the least that counts.
    for (pair, jaccard) in &found {
        let exact = expected.get(pair).unwrap_or_else(|| panic!("{pair:?} is no pair, {jaccard}"));
        assert!((exact - jaccard).abs() < 1e-9, "{pair:?}: {jaccard}, not {exact}");
    }
    let missed: Vec<_> = expected.iter().filter(|(pair, _)| !found.contains_key(*pair)).collect();
    assert!(missed.iter().all(|(_, jaccard)| **jaccard < 0.6), "{missed:?}");
    assert!(missed.len() * 50 <= expected.len(), "{} of {} missed: {missed:?}", missed.len(), expected.len());
    // Every article that is not kept is a pair of one that is.
    let kept = fs::read_to_string(folder.path().join("kept.txt")).unwrap();
    let kept: BTreeSet<&str> = kept.lines().collect();
    for (id, _) in texts.iter().filter(|(id, _)| !kept.contains(id.as_str())) {
        assert!(found.keys().any(|(a, b)| a == id || b == id), "{id} is folded without a pair");
    }
}

/// Groups of two and more, from a group for each id.
fn groups(group_of: BTreeMap<String, String>) -> BTreeSet<BTreeSet<String>> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (id, group) in group_of {
        groups.entry(group).or_default().insert(id);
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

#[test]
fn the_pairs_of_dedup_are_the_copies_of_cluster() {
    let folder = tempfile::tempdir().unwrap();
    write_texts(&folder.path().join("texts.jsonl"), &edited_texts());
    for input in [corpus().to_str().unwrap(), "texts.jsonl"] {
        let rows: Vec<Value> =
            assignments(folder.path(), input, "2").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // Older versions are compared by `dedup` only.
        let current = rows.iter().filter(|row| row["version_of"].is_null());
        let id = |row: &Value, key: &str| row[key].as_str().map(str::to_owned);
        let clustered: BTreeMap<String, String> =
            current.map(|row| (id(row, "id").unwrap(), id(row, "copy_of").or(id(row, "id")).unwrap())).collect();
        let mut deduped: BTreeMap<String, String> = clustered.keys().map(|id| (id.clone(), id.clone())).collect();
        for line in samestory(folder.path(), &["dedup", input, "--pairs", "-"]).lines() {
            let pair: Value = serde_json::from_str(line).unwrap();
            let (a, b) = (id(&pair, "a").unwrap(), id(&pair, "b").unwrap());
            if let (false, Some(to), Some(from)) = (pair["template"] == true, deduped.get(&a), deduped.get(&b)) {
                let (to, from) = (to.clone(), from.clone());
                deduped.values_mut().filter(|group| **group == from).for_each(|group| group.clone_from(&to));
            }
        }
        let copies = groups(clustered);
        assert!(copies.len() >= 2, "{input} is no test: {copies:?}");
        assert_eq!(groups(deduped), copies, "{input}");
    }
}

#[test]
fn the_limits_of_a_copy_are_those_that_are_given() {
    let folder = tempfile::tempdir().unwrap();
    let texts = edited_texts();
    write_texts(&folder.path().join("texts.jsonl"), &texts);
    let pairs = |options: &[&str]| -> Vec<Value> {
        samestory(folder.path(), &[&["dedup", "texts.jsonl", "--pairs", "-"], options].concat())
            .lines()
            .map(|line| serde_json::from_str(line).expect("a JSON line"))
            .collect()
    };
    let strict = pairs(&["--jaccard", "0.9", "--containment", "off"]);
    assert!(!strict.is_empty() && strict.iter().all(|pair| pair["jaccard"].as_f64().is_some_and(|j| j >= 0.9)));
    let contained = pairs(&["--jaccard", "1", "--containment", "1", "--containment-floor", "0.3"]);
    assert!(contained.iter().all(|pair| pair["containment"].as_f64() == Some(1.0)));
    assert!(contained.iter().any(|pair| pair["jaccard"].as_f64().is_some_and(|j| j < 0.6)), "a trimmed text counts");
}
