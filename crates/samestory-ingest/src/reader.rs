//! From paths to articles.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::{Article, ArticleId};

use crate::address::host_of;
use crate::assemble::{Assembled, assemble};
use crate::format::{self, Flaw, RawItem};
use crate::furniture::mark_repeated_blocks;
use crate::open::{open, stream_reason};
use crate::reject::{Note, Rejected, Skipped};
use crate::settings::ReadSettings;
use crate::walk::{Found, path_text, walk};

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The articles in order of their ids, so that the order of files and lines does not matter.
    pub articles: Vec<Article>,
    /// Items that were not taken, by path and line.
    pub rejected: Vec<Rejected>,
    /// Odd things about articles that were taken.
    pub notes: Vec<Note>,
    /// Files passed by.
    pub skipped: Skipped,
    /// Files that were opened.
    pub files: u64,
}

/// Items that are assembled together, on all threads.
const BATCH: usize = 1024;

/// Reads every article below the paths; `-` is standard input. `progress` is told the number of
/// articles read so far, now and then.
pub fn read(paths: &[PathBuf], settings: &ReadSettings, progress: &mut dyn FnMut(u64)) -> Reading {
    let mut reader = Reader::new(settings, progress);
    let files = walk(paths, &mut reader.skipped, &mut reader.rejected);
    for file in &files {
        reader.read_file(file);
    }
    reader.finish()
}

/// Reads the text of one file that is in memory, as if it stood at `path`.
pub fn read_text(path: &str, text: &str, settings: &ReadSettings) -> Reading {
    let mut ignore = |_| ();
    let mut reader = Reader::new(settings, &mut ignore);
    let file = Found { path: path.into(), relative: path.into(), root: PathBuf::new(), named: true };
    reader.read_stream(&file, &mut text.as_bytes());
    reader.finish()
}

struct Reader<'a> {
    settings: &'a ReadSettings,
    progress: &'a mut dyn FnMut(u64),
    batch: Vec<(RawItem, usize)>,
    files: Vec<Found>,
    taken: Vec<(Assembled, usize)>,
    rejected: Vec<Rejected>,
    skipped: Skipped,
}

impl<'a> Reader<'a> {
    fn new(settings: &'a ReadSettings, progress: &'a mut dyn FnMut(u64)) -> Self {
        Reader {
            settings,
            progress,
            batch: Vec::new(),
            files: Vec::new(),
            taken: Vec::new(),
            rejected: Vec::new(),
            skipped: Skipped::default(),
        }
    }

    fn read_file(&mut self, file: &Found) {
        match open(&file.path) {
            Ok(mut input) => self.read_stream(file, input.as_mut()),
            Err(error) => {
                self.rejected.push(Rejected { path: file.shown(), line: None, reason: stream_reason(&error) })
            }
        }
    }

    fn read_stream(&mut self, file: &Found, input: &mut dyn BufRead) {
        let head = match input.fill_buf() {
            Ok(head) => head,
            Err(error) => {
                let path = file.shown();
                return self.rejected.push(Rejected { path, line: None, reason: stream_reason(&error) });
            }
        };
        let format = format::choose(&file.path, head, self.settings);
        self.files.push(file.clone());
        let number = self.files.len() - 1;
        let mut flaws: Vec<Flaw> = Vec::new();
        let mut items = 0u64;
        let settings = self.settings;
        format.read(input, settings, &mut |found| match found {
            Ok(item) => {
                items += 1;
                self.batch.push((item, number));
                if self.batch.len() >= BATCH {
                    self.assemble_batch();
                }
            }
            Err(flaw) => flaws.push(flaw),
        });
        if !file.named && items == 0 && !flaws.is_empty() && flaws.iter().all(|flaw| flaw.not_an_article) {
            self.skipped.without_articles += 1;
            return;
        }
        let path = file.shown();
        self.rejected.extend(flaws.into_iter().map(|Flaw { line, reason, .. }| Rejected {
            path: path.clone(),
            line,
            reason,
        }));
    }

    fn assemble_batch(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let files = &self.files;
        let done: Vec<_> = batch
            .into_par_iter()
            .map(|(item, file)| (assemble(item, &files[file].relative, self.settings), file))
            .collect();
        for (result, file) in done {
            match result {
                Ok(assembled) => self.taken.push((assembled, file)),
                Err(rejected) => {
                    let path = self.files[file].shown();
                    self.rejected.push(Rejected { path, ..rejected });
                }
            }
        }
        (self.progress)(self.taken.len() as u64);
    }

    fn finish(mut self) -> Reading {
        self.assemble_batch();
        name_roots(&mut self.taken, &self.files);
        name_outlets(&mut self.taken);
        let mut first_by_id: FxHashMap<ArticleId, (String, Option<u64>)> = FxHashMap::default();
        let mut reading = Reading {
            rejected: self.rejected,
            skipped: self.skipped,
            files: self.files.len() as u64,
            ..Reading::default()
        };
        for (assembled, file) in self.taken {
            let Assembled { article, note, .. } = assembled;
            let path = self.files[file].shown();
            if let Some((first_path, first_line)) = first_by_id.get(&article.id) {
                let first = Rejected { path: first_path.clone(), line: *first_line, reason: String::new() };
                let first = first.to_string();
                let reason = format!("id `{}` is already taken by {}", article.id, first.trim_end_matches(": "));
                reading.rejected.push(Rejected { path, line: article.line, reason });
                continue;
            }
            if let Some(reason) = note {
                reading.notes.push(Note { path: path.clone(), line: article.line, reason });
            }
            first_by_id.insert(article.id.clone(), (path, article.line));
            reading.articles.push(article);
        }
        reading.rejected.sort();
        reading.articles.sort_by(|a, b| a.id.cmp(&b.id));
        mark_repeated_blocks(&mut reading.articles);
        reading
    }
}

/// An article that has an address and names no outlet gets the name that most articles of its host
/// give, so that a host has one name.
fn name_outlets(taken: &mut [(Assembled, usize)]) {
    let host = |article: &Article| article.url.as_deref().and_then(host_of);
    let mut names: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for (assembled, _) in taken.iter().filter(|(assembled, _)| assembled.named_outlet) {
        if let (Some(host), Some(outlet)) = (host(&assembled.article), &assembled.article.outlet) {
            *names.entry(host).or_default().entry(outlet.clone()).or_default() += 1;
        }
    }
    for (assembled, _) in taken.iter_mut().filter(|(assembled, _)| !assembled.named_outlet) {
        let named = host(&assembled.article).and_then(|host| names.get(&host));
        if let Some((name, _)) = named.and_then(|names| names.iter().rev().max_by_key(|(_, count)| **count)) {
            assembled.article.outlet = Some(name.clone());
        }
    }
}

/// Where two roots hold the same relative path, its articles get the root's name in front: its last
/// part, or as many as it takes to tell the roots apart.
fn name_roots(taken: &mut [(Assembled, usize)], files: &[Found]) {
    let mut roots: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
    for file in files {
        roots.entry(&file.relative).or_default().push(&file.root);
    }
    for (assembled, file) in taken.iter_mut().filter(|(assembled, _)| !assembled.own_id) {
        let file = &files[*file];
        let Some(same) = roots.get(file.relative.as_str()).filter(|roots| roots.len() > 1) else { continue };
        let longest = same.iter().map(|root| root.iter().count()).max().unwrap_or(1);
        let distinct = |length: &usize| {
            let names: FxHashSet<String> = same.iter().map(|root| last_parts(root, *length)).collect();
            names.len() == same.len()
        };
        let length = (1..=longest).find(distinct).unwrap_or(1);
        let prefix = last_parts(&file.root, length);
        if !prefix.is_empty() {
            assembled.article.id = format!("{prefix}/{}", assembled.article.id).into();
        }
    }
}

fn last_parts(path: &Path, length: usize) -> String {
    let parts: Vec<_> = path.iter().collect();
    path_text(parts[parts.len().saturating_sub(length)..].iter().collect::<PathBuf>())
}
