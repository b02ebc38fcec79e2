//! Finds the files below the given paths.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use crate::format;
use crate::reject::{Rejected, Skipped};

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its path relative to the given root, with `/`: the start of the ids of its articles.
    pub relative: String,
    /// The given root, whose name is put in front where two roots hold the same relative path.
    pub root: PathBuf,
    /// Whether the user named this file. A named file is always looked at.
    pub named: bool,
}

impl Found {
    /// The path as a message names it.
    pub(crate) fn shown(&self) -> String {
        path_text(&self.path)
    }
}

/// What stands below some paths.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The files, in the order in which they are read.
    pub files: Vec<Found>,
    /// What is passed by.
    pub skipped: Skipped,
    /// What cannot be looked at.
    pub rejected: Vec<Rejected>,
}

/// Lists the files below the paths, so that they can be [read](crate::read_files) some at a time.
pub fn list_files(paths: &[PathBuf]) -> Listing {
    let mut listing = Listing::default();
    listing.files = walk(paths, &mut listing.skipped, &mut listing.rejected);
    listing
}

/// Every file below the paths, in the order of the paths and then of the names. Links are followed;
/// a loop of links is reported and left.
pub(crate) fn walk(paths: &[PathBuf], skipped: &mut Skipped, rejected: &mut Vec<Rejected>) -> Vec<Found> {
    let mut found = Vec::new();
    for root in paths {
        // A pipe is read like a file.
        if !root.is_dir() {
            let relative = root.file_name().map(path_text).unwrap_or_default();
            let folder = full(root).parent().map(Path::to_owned).unwrap_or_default();
            found.push(Found { path: root.clone(), relative, root: folder, named: true });
        } else {
            walk_folder(root, &mut found, skipped, rejected);
        }
    }
    // A path that is given twice, or met from two roots, is one file.
    let mut seen = FxHashSet::default();
    found.retain(|file| seen.insert(full(&file.path)));
    found
}

fn walk_folder(root: &Path, found: &mut Vec<Found>, skipped: &mut Skipped, rejected: &mut Vec<Rejected>) {
    let full_root = full(root);
    let mut entries = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = path_text(error.path().unwrap_or(root));
                let reason = match (error.loop_ancestor(), error.io_error()) {
                    (Some(ancestor), _) => format!("is a link back to `{}`; not followed", ancestor.display()),
                    (None, Some(io)) => crate::open::stream_reason(io),
                    (None, None) => error.to_string(),
                };
                rejected.push(Rejected { path, line: None, reason });
                continue;
            }
        };
        let name = entry.file_name().to_string_lossy();
        let hidden = entry.depth() > 0 && name.starts_with('.');
        if entry.file_type().is_dir() {
            if hidden {
                skipped.hidden += 1;
                entries.skip_current_dir();
            }
            continue;
        }
        if hidden || name.to_ascii_uppercase().starts_with("README") {
            skipped.hidden += 1;
        } else if !entry.file_type().is_file() || format::by_extension(entry.path()).is_none() {
            skipped.other_files += 1;
        } else {
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            found.push(Found {
                path: entry.path().to_owned(),
                relative: path_text(relative),
                root: full_root.clone(),
                named: false,
            });
        }
    }
}

pub(crate) fn full(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// A path as text with `/` between its parts. Bytes that are not UTF-8 are written `\xE9`, so that two
/// names never read the same.
pub(crate) fn path_text(path: impl AsRef<Path>) -> String {
    let parts: Vec<String> = path.as_ref().iter().map(|part| escaped(part.as_encoded_bytes())).collect();
    parts.join("/").replacen("//", "/", 1)
}

fn escaped(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02X}")));
    }
    text
}
