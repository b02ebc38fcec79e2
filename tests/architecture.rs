//! ARCHITECTURE.md names files and crates that exist, and every crate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn architecture() -> String {
    std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md")
}

/// The words between backticks, outside of code blocks.
fn quoted(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            words.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    words
}

#[test]
fn every_path_exists() {
    let paths: Vec<String> = quoted(&architecture())
        .into_iter()
        .filter(|word| word.contains('/') && !word.contains([' ', '<', '*']))
        .collect();
    assert!(paths.len() > 10, "ARCHITECTURE.md names too few paths to be a map");
    let missing: Vec<&String> = paths.iter().filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names what is not there: {missing:?}");
}

#[test]
fn the_table_lists_every_crate() {
    let folders: BTreeSet<String> = std::fs::read_dir(root().join("crates"))
        .expect("the crates folder")
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let listed: BTreeSet<String> = architecture()
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('`').nth(1).map(str::to_owned))
        .filter(|name| name.starts_with("samestory"))
        .collect();
    assert_eq!(listed, folders);
}
