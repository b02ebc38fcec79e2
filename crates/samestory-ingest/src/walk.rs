//! Finds the files below the given paths.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::format;
use crate::reject::{Rejected, Skipped};

/// A file to read.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its path relative to the given root, with `/`: the start of the ids of its articles.
    pub(crate) relative: String,
    /// Name of the given root, put in front where two roots hold the same relative path.
    pub(crate) root_name: String,
    /// Whether the user named this file. A named file is always looked at.
    pub(crate) named: bool,
}

/// Every file below the paths, in the order of the paths and then of the names. Links are followed;
/// a loop of links is reported and left.
pub(crate) fn walk(paths: &[PathBuf], skipped: &mut Skipped, rejected: &mut Vec<Rejected>) -> Vec<Found> {
    let mut found = Vec::new();
    for root in paths {
        if root.as_os_str() == "-" || root.is_file() || !root.exists() {
            let name = if root.as_os_str() == "-" { "-".into() } else { file_name(root) };
            let root_name = root.parent().map(file_name).unwrap_or_default();
            found.push(Found { path: root.clone(), relative: name, root_name, named: true });
        } else {
            walk_folder(root, &mut found, skipped, rejected);
        }
    }
    found
}

fn walk_folder(root: &Path, found: &mut Vec<Found>, skipped: &mut Skipped, rejected: &mut Vec<Rejected>) {
    let root_name = root.canonicalize().map(|full| file_name(&full)).unwrap_or_else(|_| file_name(root));
    let mut entries = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root).display().to_string();
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
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            found.push(Found {
                path: entry.path().to_owned(),
                relative: parts.join("/"),
                root_name: root_name.clone(),
                named: false,
            });
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
