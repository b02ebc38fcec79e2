//! What a collection bears: kills, readers beside a writer, and flipped bytes.

mod place;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use place::{Place, Stop};
use serde_json::{Value, json};

/// Numbers that look random and are the same in every run (xorshift; Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound.max(1)
    }
}

const WORDS: [&str; 16] = [
    "harbour", "ferry", "sandbank", "minister", "budget", "storm", "library", "bridge", "strike", "railway",
    "hospital", "orchard", "court", "factory", "school", "flood",
];

/// A batch of articles, and their ids. Each has a word of its own.
fn batch(start: usize, count: usize, numbers: &mut Numbers) -> (String, Vec<String>) {
    let ids: Vec<String> = (start..start + count).map(|number| format!("id{number}")).collect();
    let row = |id: &String| {
        let event = numbers.below(8) as usize;
        let words: Vec<&str> = (0..40).map(|at| WORDS[(event * 2 + at * at % 5) % WORDS.len()]).collect();
        let text = format!("unique{id} was seen at the {}.", words.join(" "));
        format!("{}\n", json!({"id": id, "title": format!("Report of event {event}"), "text": text}))
    };
    (ids.iter().map(row).collect(), ids)
}

fn samestory(place: &Place, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samestory"));
    command
        .args(args)
        .current_dir(place.path("."))
        .env_remove("SAMESTORY_COLLECTION")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn exported(place: &Place) -> BTreeSet<String> {
    place.run(&["export"]).ends_with(0).ids().into_iter().collect()
}

#[test]
fn two_hundred_kills_lose_no_acknowledged_article() {
    let place = Place::new();
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    let (text, ids) = batch(0, 20, &mut numbers);
    place.write("batch.jsonl", text);
    place.run(&["add", "batch.jsonl"]).ends_with(0);
    acknowledged.extend(ids);
    let (mut kills, mut next, mut usual) = (0, 20, Duration::from_millis(120));
    while kills < 200 {
        let (text, ids) = batch(next, 2, &mut numbers);
        next += 2;
        place.write("batch.jsonl", text);
        let began = Instant::now();
        let mut child = samestory(&place, &["add", "batch.jsonl"]).spawn().expect("samestory starts");
        // Somewhere between its start and a little after its usual end.
        std::thread::sleep(Duration::from_micros(numbers.below(usual.as_micros() as u64 * 5 / 4)));
        let done = match child.try_wait().expect("a state") {
            Some(status) => {
                usual = (usual * 7 + began.elapsed()) / 8;
                status.success()
            }
            None => {
                child.kill().expect("killed");
                kills += 1;
                child.wait().expect("ended").success()
            }
        };
        if done {
            acknowledged.extend(ids);
        } else if usual < Duration::from_secs(2) && kills % 8 == 0 {
            // Later points are reached too where a run takes longer than was thought.
            usual += Duration::from_millis(10);
        }
        // Every tenth time all of it is looked at, else that it opens and finds the last article.
        if kills % 10 == 0 {
            let there = exported(&place);
            let lost: Vec<_> = acknowledged.difference(&there).collect();
            assert!(lost.is_empty(), "after {kills} kills {lost:?} are lost");
        } else {
            let last = acknowledged.iter().next_back().expect("articles");
            let found = place.run(&["search", &format!("unique{last}"), "--json"]);
            let answer: Value = serde_json::from_str(&found.ends_with(0).stdout).expect("JSON");
            assert_eq!(answer["stories"][0]["article"], json!(last), "after {kills} kills: {answer}");
        }
    }
    place.run(&["check"]).ends_with(0);
    let there = exported(&place);
    assert!(acknowledged.is_subset(&there));
    // What was not acknowledged may be there; whatever is there is found.
    for id in &there {
        let answer = place.run(&["search", &format!("unique{id}"), "--json"]).ends_with(0).stdout.clone();
        assert!(answer.contains(&format!("\"article\": \"{id}\"")), "{id}: {answer}");
    }
}

#[test]
fn four_readers_search_beside_a_writer() {
    let place = Place::new();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (text, _) = batch(0, 50, &mut numbers);
    place.write("batch.jsonl", text);
    place.run(&["add", "batch.jsonl"]).ends_with(0);
    let done = AtomicBool::new(false);
    let answers = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for reader in 0..4 {
            let (place, done, answers) = (&place, &done, &answers);
            scope.spawn(move || {
                let queries = [&["search", "ferry"][..], &["search", "uniqueid7"], &["show", "id7"], &["stories"]];
                let mut at = reader;
                while !done.load(Ordering::Relaxed) {
                    let run = place.run(queries[at % queries.len()]);
                    assert_eq!(run.code, Some(0), "{run:?}");
                    answers.fetch_add(1, Ordering::Relaxed);
                    at += 1;
                }
            });
        }
        let _stop = Stop(&done);
        for step in 0..25 {
            let (text, _) = batch(100 + 5 * step, 5, &mut numbers);
            place.write("batch.jsonl", text);
            // A second writer would be refused, a reader never keeps one out.
            place.run(&["add", "batch.jsonl"]).ends_with(0);
            if step == 12 {
                place.run(&["recluster"]).ends_with(0);
            }
        }
    });
    assert!(answers.load(Ordering::Relaxed) > 40, "{answers:?} answers");
    assert_eq!(exported(&place).len(), 175);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        match entry.path().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found.sort();
    found
}

#[test]
fn a_flipped_byte_in_any_file_is_found_and_mended() {
    let place = Place::new();
    let mut numbers = Numbers(0x5851_f42d_4c95_7f2d);
    let (text, ids) = batch(0, 30, &mut numbers);
    place.write("batch.jsonl", text);
    place.run(&["add", "batch.jsonl"]).ends_with(0);
    let ids: BTreeSet<String> = ids.into_iter().collect();
    let folder = place.path(".samestory");
    let sound: Vec<(PathBuf, Vec<u8>)> =
        files(&folder).into_iter().map(|path| (path.clone(), fs::read(path).expect("a file"))).collect();
    let (mut found, mut mended) = (0, 0);
    for (path, content) in sound.iter().filter(|(_, content)| !content.is_empty()) {
        let is_store = path.ends_with("store.redb");
        for _ in 0..if is_store { 40 } else { 3 } {
            fs::remove_dir_all(&folder).expect("removed");
            for (path, content) in &sound {
                fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                fs::write(path, content).expect("written");
            }
            // Most of a store that has just been made is empty; what is written is what may break.
            let written: Vec<usize> = (0..content.len()).filter(|at| !is_store || content[*at] != 0).collect();
            let at = written[numbers.below(written.len() as u64) as usize];
            let mut flipped = content.clone();
            flipped[at] ^= 1 << numbers.below(8);
            fs::write(path, &flipped).expect("written");
            let what = format!("byte {at} of {}", path.display());
            let check = place.run(&["check", "--json"]);
            assert!(matches!(check.code, Some(0 | 2 | 3)), "{what}: {check:?}");
            if check.code == Some(0) {
                // It is a byte that says nothing: all answers are as they were.
                assert_eq!(exported(&place), ids, "{what}");
                place.run(&["search", "ferry"]).ends_with(0);
                continue;
            }
            found += 1;
            let repair = place.run(&["check", "--repair", "--json"]);
            if repair.code != Some(0) {
                // The head of a store cannot be made again, and the message names the file.
                let named = path.file_name().expect("a name").to_string_lossy().into_owned();
                let told = repair.stdout.contains(&named) || repair.stderr.contains(&named);
                assert!((is_store || named == "collection.json") && told, "{what}: {repair:?}");
                continue;
            }
            mended += 1;
            let there = exported(&place);
            let report: Value = serde_json::from_str(&repair.stdout).expect("JSON");
            let lost = report["lost"].as_u64().expect("a count");
            assert_eq!(ids.difference(&there).count() as u64, lost, "{what}: {repair:?}");
            assert!(lost <= 2 && (lost == 0 || is_store), "{what}: {repair:?}");
            place.run(&["check"]).ends_with(0);
            place.run(&["search", "ferry"]).ends_with(0);
        }
    }
    assert!(found > 30 && mended * 10 >= found * 8, "{found} found, {mended} mended");
}

#[test]
fn adding_without_a_manifest_keeps_what_is_there() {
    let place = Place::new();
    let mut numbers = Numbers(99);
    let (text, _) = batch(0, 10, &mut numbers);
    place.write("batch.jsonl", text);
    place.run(&["add", "batch.jsonl"]).ends_with(0);
    fs::remove_file(place.path(".samestory/collection.json")).expect("removed");
    let (text, _) = batch(10, 30, &mut numbers);
    place.write("batch.jsonl", text);
    place.run(&["add", "batch.jsonl"]).ends_with(0);
    assert_eq!(exported(&place).len(), 40);
}

#[test]
fn missing_files_are_named_and_mended() {
    let place = Place::new();
    let (text, ids) = batch(0, 12, &mut Numbers(77));
    place.write("batch.jsonl", text);
    place.run(&["add", "batch.jsonl"]).ends_with(0);
    for name in ["collection.json", "g1/index", "g1/index/meta.json"] {
        let path = place.path(".samestory").join(name);
        match path.is_dir() {
            true => fs::remove_dir_all(&path).expect("removed"),
            false => fs::remove_file(&path).expect("removed"),
        }
        let search = place.run(&["search", "ferry"]);
        assert_eq!(search.code, Some(3), "{name}: {search:?}");
        assert!(search.stderr.contains(".samestory"), "{name}: {search:?}");
        place.run(&["check"]).ends_with(3);
        place.run(&["check", "--repair"]).ends_with(0);
        assert_eq!(exported(&place).len(), ids.len(), "{name}");
        place.run(&["search", "ferry"]).ends_with(0);
    }
    fs::remove_file(place.path(".samestory/g1/store.redb")).expect("removed");
    let check = place.run(&["check"]);
    check.ends_with(3);
    assert!(check.stdout.contains("store.redb: it is missing"), "{check:?}");
}
