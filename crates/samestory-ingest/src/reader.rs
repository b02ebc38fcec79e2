//! From paths to articles.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::{Article, ArticleId};
use samestory_spill::{Spill, Spilled};

use crate::apart::{ArticlesApart, kept_text, put_in_order};
use crate::assemble::{Assembled, assemble, place_id};
use crate::format;
use crate::furniture::{Block, blocks_of, mark_blocks};
use crate::guard::guarded;
use crate::item::{Flaw, RawItem};
use crate::open::{Raw, stream_reason};
use crate::outlet_table::outlet_key;
use crate::reject::{Note, Rejected, Skipped};
use crate::settings::ReadSettings;
use crate::walk::{Found, Listing, full, list_files, path_text, walk};

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

/// Items that are assembled together, on all threads, and the bytes of pages among them from which on
/// no more are waited for.
const BATCH: usize = 1024;
const BATCH_BYTES: usize = 32 << 20;

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

/// As [`read`], but no more than so many bytes of texts are held in memory, and the others kept apart; `articles` of the
/// reading stay empty.
///
/// # Errors
///
/// If what was kept apart cannot be read again.
pub fn read_apart(
    paths: &[PathBuf],
    settings: &ReadSettings,
    most_held: usize,
    progress: &mut dyn FnMut(u64),
) -> io::Result<(Reading, ArticlesApart)> {
    let Listing { files, skipped, rejected } = list_files(paths);
    let mut reader = Reader::new(settings, progress);
    (reader.skipped, reader.rejected) = (skipped, rejected);
    reader.read_apart(&files, most_held)
}

/// As [`read_apart`], for files that are [listed](list_files) already.
///
/// # Errors
///
/// If what was kept apart cannot be read again.
pub fn read_files(
    files: &[Found],
    settings: &ReadSettings,
    most_held: usize,
    progress: &mut dyn FnMut(u64),
) -> io::Result<(Reading, ArticlesApart)> {
    Reader::new(settings, progress).read_apart(files, most_held)
}

/// As [`read`], but of one folder, and of its files only those that are wanted, by their path and what the system says of
/// them. Where there are folders `beside` it, which are read apart, ids that are made of paths begin with its name.
pub fn read_some(
    folder: &Path,
    beside: &[PathBuf],
    settings: &ReadSettings,
    wanted: &mut dyn FnMut(&Path, &std::fs::Metadata) -> bool,
) -> Reading {
    let mut ignore = |_| ();
    let mut reader = Reader::new(settings, &mut ignore);
    reader.beside = beside.iter().map(|folder| full(folder)).collect();
    let files = walk(&[folder.to_owned()], &mut reader.skipped, &mut reader.rejected);
    for file in &files {
        match file.path.metadata() {
            Ok(entry) if wanted(&file.path, &entry) => reader.read_file(file),
            Ok(_) => (),
            Err(error) => reader.reject(file, Flaw::new(None, stream_reason(&error))),
        }
    }
    reader.finish()
}

/// Assembles items that were found already, as if they stood in a file at `path`.
pub(crate) fn read_items(path: &str, items: impl Iterator<Item = RawItem>, settings: &ReadSettings) -> Reading {
    let mut ignore = |_| ();
    let mut reader = Reader::new(settings, &mut ignore);
    reader.files.push(in_memory(path));
    items.for_each(|item| reader.add(item, 0));
    reader.finish()
}

/// A file that is in memory.
fn in_memory(path: &str) -> Found {
    Found { path: path.into(), relative: path.into(), root: PathBuf::new(), named: true }
}

/// Reads the text of one file that is in memory, as if it stood at `path`.
pub fn read_text(path: &str, text: &str, settings: &ReadSettings) -> Reading {
    read_bytes(path, text.as_bytes(), settings)
}

/// Reads the bytes of one file that is in memory, compressed or not, as if it stood at `path`.
pub fn read_bytes(path: &str, bytes: &[u8], settings: &ReadSettings) -> Reading {
    let mut ignore = |_| ();
    let mut reader = Reader::new(settings, &mut ignore);
    reader.read_stream(&in_memory(path), Raw::stream(Box::new(bytes)));
    reader.finish()
}

struct Reader<'a> {
    settings: &'a ReadSettings,
    progress: &'a mut dyn FnMut(u64),
    batch: Vec<(RawItem, usize)>,
    batch_bytes: usize,
    files: Vec<Found>,
    /// Folders that are read apart and told apart by their names.
    beside: Vec<PathBuf>,
    taken: Vec<Taken>,
    /// Bytes of texts in articles, and how many there may be.
    held: usize,
    most_held: usize,
    /// Where the other texts are.
    spill: Spill,
    rejected: Vec<Rejected>,
    skipped: Skipped,
}

/// An article that was taken.
struct Taken {
    assembled: Assembled,
    file: usize,
    blocks: Box<[Block]>,
    /// Where its text is kept apart.
    text: Option<Spilled>,
}

/// What is left when everything was read: articles in order of their ids, their paragraphs and where their texts are.
struct Finished {
    reading: Reading,
    blocks: Vec<Box<[Block]>>,
    texts: Vec<Option<Spilled>>,
    spill: Spill,
}

impl<'a> Reader<'a> {
    fn new(settings: &'a ReadSettings, progress: &'a mut dyn FnMut(u64)) -> Self {
        Reader {
            settings,
            progress,
            batch: Vec::new(),
            batch_bytes: 0,
            files: Vec::new(),
            beside: Vec::new(),
            taken: Vec::new(),
            held: 0,
            most_held: usize::MAX,
            spill: Spill::holding(0),
            rejected: Vec::new(),
            skipped: Skipped::default(),
        }
    }

    fn read_apart(mut self, files: &[Found], most_held: usize) -> io::Result<(Reading, ArticlesApart)> {
        self.most_held = most_held;
        files.iter().for_each(|file| self.read_file(file));
        self.finish_apart()
    }

    fn read_file(&mut self, file: &Found) {
        match Raw::open(&file.path) {
            Ok(raw) => self.read_stream(file, raw),
            Err(error) => self.reject(file, Flaw::new(None, stream_reason(&error))),
        }
    }

    fn read_stream(&mut self, file: &Found, mut raw: Raw<'_>) {
        let format = match raw.head() {
            Ok(head) => format::choose(&file.path, &head, self.settings),
            Err(error) => return self.reject(file, Flaw::new(None, stream_reason(&error))),
        };
        let as_it_lies = format.gunzips() && raw.is_gzip();
        let limits = &self.settings.limits;
        let mut input = match if as_it_lies { Ok(raw.into_input()) } else { raw.decompress(limits) } {
            Ok(input) => input,
            Err(error) => return self.reject(file, Flaw::new(None, stream_reason(&error))),
        };
        self.files.push(file.clone());
        let number = self.files.len() - 1;
        let mut flaws: Vec<Flaw> = Vec::new();
        let mut items = 0u64;
        let settings = self.settings;
        // A mistake of ours in one format must not cost what the other files hold.
        let read = guarded(|| {
            format.read(&mut input, settings, &mut |found| {
                if items + flaws.len() as u64 == settings.limits.items {
                    let reason = format!(
                        "holds more than {} items; the rest is not read (see --max-items)",
                        settings.limits.items
                    );
                    flaws.push(Flaw::new(None, reason));
                    return ControlFlow::Break(());
                }
                match found {
                    Ok(item) => {
                        items += 1;
                        self.add(item, number);
                    }
                    Err(flaw) => flaws.push(flaw),
                }
                ControlFlow::Continue(())
            })
        });
        if let Err(panic) = read {
            flaws.push(bug(None, &panic));
        }
        if !file.named && items == 0 && !flaws.is_empty() && flaws.iter().all(|flaw| flaw.not_an_article) {
            self.skipped.without_articles += 1;
            return;
        }
        flaws.into_iter().for_each(|flaw| self.reject(file, flaw));
    }

    fn reject(&mut self, file: &Found, Flaw { line, reason, .. }: Flaw) {
        self.rejected.push(Rejected { path: file.shown(), line, reason });
    }

    fn add(&mut self, item: RawItem, file: usize) {
        self.batch_bytes += item.page.as_ref().map_or(0, |page| page.bytes.len());
        self.batch.push((item, file));
        if self.batch.len() >= BATCH || self.batch_bytes >= BATCH_BYTES {
            self.assemble_batch();
        }
    }

    fn assemble_batch(&mut self) {
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        let files = &self.files;
        let done: Vec<_> = batch
            .into_par_iter()
            .map(|(item, file)| {
                let line = item.line;
                let assembled = guarded(|| {
                    let assembled = assemble(item, &files[file].relative, self.settings)?;
                    let blocks = blocks_of(&assembled.article);
                    Ok((assembled, blocks))
                });
                (assembled.unwrap_or_else(|panic| Err(bug(line, &panic))), file)
            })
            .collect();
        for (result, file) in done {
            match result {
                Ok((mut assembled, blocks)) => {
                    self.held += assembled.article.text.len();
                    let text = (self.held > self.most_held).then(|| {
                        let text = std::mem::take(&mut assembled.article.text);
                        self.held -= text.len();
                        self.spill.keep(text.as_bytes())
                    });
                    self.taken.push(Taken { assembled, file, blocks, text });
                }
                // A crawl and a folder of saved pages hold front pages and the like.
                Err(flaw) if flaw.not_an_article && !(self.files[file].named && flaw.line.is_none()) => {
                    self.skipped.without_articles += 1;
                }
                Err(flaw) => {
                    let file = self.files[file].clone();
                    self.reject(&file, flaw);
                }
            }
        }
        (self.progress)(self.taken.len() as u64);
    }

    fn finish(self) -> Reading {
        let Finished { mut reading, blocks, .. } = self.finish_all();
        mark_blocks(&mut reading.articles, &blocks);
        reading
    }

    fn finish_apart(self) -> io::Result<(Reading, ArticlesApart)> {
        let Finished { mut reading, blocks, texts, spill } = self.finish_all();
        let articles = std::mem::take(&mut reading.articles);
        Ok((reading, ArticlesApart::marked(articles, &blocks, texts, spill)?))
    }

    fn finish_all(mut self) -> Finished {
        self.assemble_batch();
        name_roots(&mut self.taken, &self.files, &self.beside);
        name_outlets(&mut self.taken);
        let mut first_by_id: FxHashMap<ArticleId, (u32, u32)> = FxHashMap::default();
        let mut reading = Reading {
            rejected: self.rejected,
            skipped: self.skipped,
            files: self.files.len() as u64,
            articles: Vec::with_capacity(self.taken.len()),
            ..Reading::default()
        };
        let mut blocks_of = Vec::with_capacity(self.taken.len());
        let mut texts: Vec<Option<Spilled>> = Vec::with_capacity(self.taken.len());
        for Taken { assembled, file, blocks, text } in self.taken {
            let Assembled { mut article, note, shared_id, .. } = assembled;
            let path = || self.files[file].shown();
            if shared_id && let Some((at, _)) = first_by_id.get(&article.id) {
                let first = *at as usize;
                let text_of = |article: &Article, kept: Option<Spilled>| match kept {
                    None => Some(article.text.clone()),
                    Some(kept) => kept_text(&self.spill, kept).ok(),
                };
                let texts = [text_of(&reading.articles[first], texts[first]), text_of(&article, text)];
                if texts[0].is_some() && texts[0] == texts[1] && same_head(&reading.articles[first], &article) {
                    reading.skipped.repeated += 1;
                    continue;
                }
                // Another state of what is reported there: known by its place too, and in order behind it.
                article.id = format!("{}#{}", article.id, place_id(&article.path, article.line)).into();
            }
            if let Some((at, first_file)) = first_by_id.get(&article.id) {
                let line = reading.articles[*at as usize].line.map_or(String::new(), |line| format!(":{line}"));
                let first_path = self.files[*first_file as usize].shown();
                let reason = format!("id `{}` is already taken by {first_path}{line}", article.id);
                reading.rejected.push(Rejected { path: path(), line: article.line, reason });
                continue;
            }
            if let Some(reason) = note {
                reading.notes.push(Note { path: path(), line: article.line, reason });
            }
            first_by_id.insert(article.id.clone(), (reading.articles.len() as u32, file as u32));
            reading.articles.push(article);
            blocks_of.push(blocks);
            texts.push(text);
        }
        drop(first_by_id);
        reading.rejected.sort();
        put_in_order(&mut reading.articles, &mut blocks_of, &mut texts);
        Finished { reading, blocks: blocks_of, texts, spill: self.spill }
    }
}

/// What is said of a panic that no format has caught.
pub(crate) fn bug(line: Option<u64>, panic: &str) -> Flaw {
    Flaw::new(line, format!("cannot be read, which is a bug in samestory: {panic}"))
}

/// Whether two articles of one text differ in nothing but where they were read.
fn same_head(a: &Article, b: &Article) -> bool {
    (&a.headline, &a.url, &a.time) == (&b.headline, &b.url, &b.time)
}

/// Gives each outlet one name. Names that differ in letter case, spaces, punctuation or a leading article
/// only are one: the one most articles give. A host has the name that most of its articles give, for
/// those that give none.
fn name_outlets(taken: &mut [Taken]) {
    let mut of_host = Names::default();
    for Taken { assembled, .. } in taken.iter().filter(|taken| taken.assembled.named_outlet) {
        if let (Some(host), Some(outlet)) = (&assembled.host, &assembled.article.outlet) {
            of_host.count(host, outlet);
        }
    }
    for Taken { assembled, .. } in taken.iter_mut().filter(|taken| !taken.assembled.named_outlet) {
        let Assembled { article, host, .. } = assembled;
        if let Some(name) = host.as_ref().and_then(|host| of_host.most(host)) {
            article.outlet = Some(name.to_owned());
        }
    }
    let mut of_key = Names::default();
    let mut keys: FxHashMap<String, String> = FxHashMap::default();
    for outlet in taken.iter().filter_map(|taken| taken.assembled.article.outlet.as_ref()) {
        if !keys.contains_key(outlet) {
            keys.insert(outlet.clone(), outlet_key(outlet));
        }
        of_key.count(&keys[outlet], outlet);
    }
    for outlet in taken.iter_mut().filter_map(|taken| taken.assembled.article.outlet.as_mut()) {
        if let Some(name) = of_key.most(&keys[outlet]) {
            name.clone_into(outlet);
        }
    }
}

/// How many articles give each name, under what the names stand for.
#[derive(Default)]
struct Names(FxHashMap<String, BTreeMap<String, u64>>);

impl Names {
    fn count(&mut self, of: &str, name: &str) {
        let names = match self.0.get_mut(of) {
            Some(names) => names,
            None => self.0.entry(of.to_owned()).or_default(),
        };
        match names.get_mut(name) {
            Some(count) => *count += 1,
            None => drop(names.insert(name.to_owned(), 1)),
        }
    }

    /// The name that most give; of those that as many give, the first.
    fn most(&self, of: &str) -> Option<&str> {
        self.0.get(of)?.iter().rev().max_by_key(|(_, count)| **count).map(|(name, _)| name.as_str())
    }
}

/// Where two roots hold the same relative path, its articles get the root's name in front: its last
/// part, or as many as it takes to tell the roots apart.
fn name_roots(taken: &mut [Taken], files: &[Found], beside: &[PathBuf]) {
    let mut roots: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
    for file in files {
        roots.entry(&file.relative).or_default().push(&file.root);
    }
    for Taken { assembled, file, .. } in taken.iter_mut().filter(|taken| !taken.assembled.own_id) {
        let file = &files[*file];
        let Some(same) = roots.get(file.relative.as_str()) else { continue };
        let same: Vec<&Path> = same.iter().copied().chain(beside.iter().map(PathBuf::as_path)).collect();
        if same.len() < 2 {
            continue;
        }
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
