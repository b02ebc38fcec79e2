//! A job: the folder that the driver and all executors share, and what stands in it.
//!
//! ```text
//! JOB/job.json            what is read, by which settings, in which shards
//! JOB/shards/             the numbers of the shards, in files that tasks share out
//! JOB/articles/           the articles with their texts, a file for each shard
//! JOB/steps/NAME/         the rows that a step made
//! JOB/steps/NAME.json     the step is finished: rows, bytes, seconds
//! JOB/shingles/           the shingles of copies by block, until templates are known
//! JOB/overlaps/           what the pairs of two windows share, until they are judged
//! JOB/places/             where the articles of each shard belong
//! JOB/columns/NAME.u32    a number for each article, which every executor reads whole
//! ```
//!
//! An article is named by *shard* and *item* where its text is, and by its *number* everywhere else. Numbers follow time
//! (articles without one come first), then id.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use datafusion::arrow::array::{RecordBatch, UInt32Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::parquet::arrow::ArrowWriter;
use samestory::Settings;
use samestory::ingest::{Found, Listing, ReadSettings, list_files};
use samestory::stories::DocumentFrequencies;
use serde::{Deserialize, Serialize};

/// What a job is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The layout of the folder.
    pub format: u32,
    /// What no other job is called.
    pub id: String,
    /// By which settings.
    pub settings: Settings,
    /// When the job began, in seconds since 1970: articles are not from the future.
    pub now: i64,
    /// Articles of a window, at least: those whose candidates are looked for together.
    pub window_articles: u32,
    /// Days of a window, at least.
    pub window_days: u32,
    /// The files of each shard.
    pub shards: Vec<Vec<Found>>,
}

/// How a job is cut, where its plan is [made](plan).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cuts {
    /// Bytes of a shard: files that are read together. Default 1 GiB.
    pub shard_bytes: u64,
    /// Articles of a window, at least. Default 500,000: what one machine compares in a few minutes, with their vectors,
    /// 6 GB, and their texts on its disk.
    pub window_articles: u32,
    /// Days of a window, at least. Default 20: what is beside a window, ten days on either side, is looked at with it.
    pub window_days: u32,
}

impl Default for Cuts {
    fn default() -> Cuts {
        Cuts { shard_bytes: 1 << 30, window_articles: 500_000, window_days: 20 }
    }
}

/// The layout that this version writes and reads.
pub(crate) const FORMAT: u32 = 2;

/// No number: an article that is dropped, or in no block, or is no copy.
pub(crate) const NONE: u32 = u32::MAX;

impl Plan {
    /// How files are read.
    pub(crate) fn read_settings(&self) -> Result<ReadSettings> {
        let now = jiff::Timestamp::from_second(self.now)?;
        Ok(ReadSettings { now, ..self.settings.to_read_settings()? })
    }
}

/// Cuts files into shards of about so many bytes. A file is never cut, and their order stays.
pub(crate) fn shards(files: Vec<Found>, bytes_of_shard: u64) -> Vec<Vec<Found>> {
    let mut shards: Vec<Vec<Found>> = Vec::new();
    let mut room = 0;
    for file in files {
        let bytes = file.path.metadata().map_or(0, |of| of.len()).max(1);
        match shards.last_mut().filter(|_| bytes <= room) {
            Some(shard) => {
                room -= bytes;
                shard.push(file);
            }
            None => {
                room = bytes_of_shard.saturating_sub(bytes);
                shards.push(vec![file]);
            }
        }
    }
    shards
}

/// Folders of a job.
const PARTS: [&str; 7] = ["articles", "columns", "overlaps", "places", "shards", "shingles", "steps"];

/// A job's folder.
#[derive(Debug)]
pub struct Job {
    folder: PathBuf,
    /// What it is to do.
    pub plan: Plan,
    columns: Mutex<HashMap<String, Arc<Vec<u32>>>>,
    frequencies: OnceLock<DocumentFrequencies>,
}

impl Job {
    /// Begins a job in an empty folder, or goes on with one of the same plan, whenever that began.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written, or holds another job.
    pub fn begin(folder: &Path, plan: Plan) -> Result<Job> {
        fs::create_dir_all(folder).with_context(|| format!("folder `{}` cannot be made", folder.display()))?;
        let folder = absolute(folder)?;
        if folder.to_str().is_none() {
            bail!("the path of `{}` is not UTF-8, as queries must name it", folder.display());
        }
        if folder.join("job.json").exists() {
            let job = Job::open(&folder)?;
            let same = Plan { id: job.plan.id.clone(), now: job.plan.now, ..plan } == job.plan;
            if !same {
                bail!("`{}` holds a job of other articles or settings; name another folder", folder.display());
            }
            return Ok(job);
        }
        let is_ours = |name: &OsStr| name.to_str().is_some_and(|name| PARTS.contains(&name) || name.ends_with(".new"));
        for entry in fs::read_dir(&folder)? {
            // A driver that was killed at once may have left some of it.
            if !is_ours(&entry?.file_name()) {
                bail!("`{}` is neither empty nor the folder of a job", folder.display());
            }
        }
        for part in PARTS {
            fs::create_dir_all(folder.join(part))?;
        }
        write_shard_numbers(&folder, plan.shards.len() as u32)?;
        write_whole(&folder.join("job.json"), &serde_json::to_vec_pretty(&plan)?)?;
        Ok(Job { folder, plan, columns: Mutex::default(), frequencies: OnceLock::new() })
    }

    /// Opens the job in a folder.
    ///
    /// # Errors
    ///
    /// If there is none, or one of another version.
    pub fn open(folder: &Path) -> Result<Job> {
        let path = folder.join("job.json");
        let text = fs::read(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
        let plan: Plan = serde_json::from_slice(&text).with_context(|| format!("`{}` is not a job", path.display()))?;
        if plan.format != FORMAT {
            bail!("`{}` has format {}, but this version reads {FORMAT}", path.display(), plan.format);
        }
        Ok(Job { folder: folder.to_owned(), plan, columns: Mutex::default(), frequencies: OnceLock::new() })
    }

    /// What kernels know the job by: its id and its folder.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.plan.id, self.folder.display())
    }

    /// The job of a [name](Self::name), as kernels see it. The last few stay open.
    pub(crate) fn shared(name: &str) -> Result<Arc<Job>> {
        static LAST: Mutex<Vec<Arc<Job>>> = Mutex::new(Vec::new());
        const MOST_OPEN: usize = 2;
        let (id, folder) = name.split_once(':').context("no job is called so")?;
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = last.iter().find(|job| job.plan.id == id) {
            return Ok(Arc::clone(job));
        }
        let job = Arc::new(Job::open(Path::new(folder))?);
        if job.plan.id != id {
            bail!("`{folder}` holds another job now");
        }
        if last.len() == MOST_OPEN {
            last.remove(0);
        }
        last.push(Arc::clone(&job));
        Ok(job)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the answer is: Parquet files in the columns of `samestory export`, and `score`.
    pub fn result_folder(&self) -> PathBuf {
        self.folder.join("steps/result")
    }

    /// The file of a shard's articles.
    pub(crate) fn shard_file(&self, shard: u32) -> PathBuf {
        self.folder.join(format!("articles/shard-{shard:05}.parquet"))
    }

    fn column_file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("columns/{name}.u32"))
    }

    /// Whether a column is there.
    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.column_file(name).exists()
    }

    /// Writes a column, whole or not at all: 32-bit numbers, little-endian.
    pub(crate) fn write_column(&self, name: &str, numbers: &[u32]) -> Result<()> {
        write_in_pieces(&self.column_file(name), |file| {
            numbers.iter().try_for_each(|number| file.write_all(&number.to_le_bytes()))
        })
    }

    /// A column; it stays in memory.
    pub(crate) fn column(&self, name: &str) -> Result<Arc<Vec<u32>>> {
        let mut columns = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(column) = columns.get(name) {
            return Ok(Arc::clone(column));
        }
        let path = self.column_file(name);
        let bytes = fs::read(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
        let (numbers, []) = bytes.as_chunks::<4>() else { bail!("`{}` is damaged", path.display()) };
        let column: Arc<Vec<u32>> = Arc::new(numbers.iter().map(|number| u32::from_le_bytes(*number)).collect());
        columns.insert(name.to_owned(), Arc::clone(&column));
        Ok(column)
    }

    /// In how many articles each term occurs: the column `frequencies`, whose numbers are
    /// [those](DocumentFrequencies::to_bytes) of the table.
    pub(crate) fn frequencies(&self) -> Result<&DocumentFrequencies> {
        if let Some(frequencies) = self.frequencies.get() {
            return Ok(frequencies);
        }
        let path = self.column_file("frequencies");
        let bytes = fs::read(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
        let table =
            DocumentFrequencies::from_bytes(&bytes).with_context(|| format!("`{}` is damaged", path.display()))?;
        Ok(self.frequencies.get_or_init(|| table))
    }

    /// Where what the pairs of a window with others share is kept until they are judged.
    pub(crate) fn overlaps_file(&self, window: u32) -> PathBuf {
        self.folder.join(format!("overlaps/window-{window:05}.bin"))
    }

    /// Where the shingles of a block's articles are kept until templates are known.
    pub(crate) fn shingles_file(&self, block: u32) -> PathBuf {
        self.folder.join(format!("shingles/block-{block:05}.bin"))
    }

    /// Where the places of a shard's articles are.
    pub(crate) fn places_file(&self, shard: u32) -> PathBuf {
        self.folder.join(format!("places/shard-{shard:05}.bin"))
    }

    /// The numbers of a shard's articles, [`NONE`] for those that are dropped.
    pub(crate) fn numbers(&self, shard: u32) -> Result<NumbersOfShard> {
        let (numbers, starts) = (self.column("numbers")?, self.column("starts")?);
        let start = *starts.get(shard as usize).context("no such shard")?;
        Ok(NumbersOfShard { numbers, start })
    }
}

/// The numbers of the articles of one shard.
pub(crate) struct NumbersOfShard {
    numbers: Arc<Vec<u32>>,
    start: u32,
}

impl NumbersOfShard {
    pub(crate) fn of(&self, item: u32) -> Option<u32> {
        self.numbers.get((self.start + item) as usize).copied().filter(|number| *number != NONE)
    }
}

/// Files of shard numbers, at most: so many tasks can read at a time.
const SHARD_FILES: u32 = 4_096;

/// Writes the numbers of the shards, each in a file of its own where these are not too many.
fn write_shard_numbers(folder: &Path, n_shards: u32) -> Result<()> {
    let schema = Arc::new(Schema::new(vec![Field::new("shard", DataType::UInt32, false)]));
    let of_file = n_shards.div_ceil(SHARD_FILES).max(1);
    for start in (0..n_shards).step_by(of_file as usize) {
        let numbers = UInt32Array::from_iter_values(start..n_shards.min(start + of_file));
        let rows = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(numbers)])?;
        let file = File::create(folder.join(format!("shards/from-{start:05}.parquet")))?;
        let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), None)?;
        writer.write(&rows)?;
        writer.close()?;
    }
    Ok(())
}

/// Writes a file beside its place and moves it there, so that it is there whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    write_in_pieces(path, |file| file.write_all(bytes))
}

/// As [`write_whole`], of what is not in one piece.
fn write_in_pieces(path: &Path, pieces: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<()> {
    let beside = beside(path);
    let write = || -> std::io::Result<()> {
        let mut file = BufWriter::new(File::create_new(&beside)?);
        pieces(&mut file)?;
        file.into_inner()?.sync_all()?;
        fs::rename(&beside, path)
    };
    write().with_context(|| format!("`{}` cannot be written", path.display()))
}

/// Where a file is written before it is moved to its place.
pub(crate) fn beside(path: &Path) -> PathBuf {
    path.with_extension(format!("{}.new", unlike_any()))
}

/// A name that nothing else is called: the clock, the process, and how often it was asked.
pub(crate) fn unlike_any() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{clock:x}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Plans a job over the files below some paths.
///
/// # Errors
///
/// If there is no file, or two of the paths hold files of one relative path: their articles could not be told apart.
pub fn plan(paths: &[PathBuf], settings: Settings, cuts: Cuts) -> Result<(Plan, Listing)> {
    let full: Vec<PathBuf> = paths
        .iter()
        .map(|path| {
            path.metadata().and_then(|_| absolute(path)).with_context(|| format!("`{}` cannot be read", path.display()))
        })
        .collect::<Result<_>>()?;
    let mut listing = list_files(&full);
    let files = std::mem::take(&mut listing.files);
    let mut relative: Vec<&str> = files.iter().map(|file| file.relative.as_str()).collect();
    relative.sort_unstable();
    if let Some(twice) = relative.windows(2).find(|two| two[0] == two[1]) {
        bail!("two of the paths hold a file `{}`; name the folder above both", twice[0]);
    }
    if files.is_empty() {
        bail!(
            "no file to read below {}",
            paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        );
    }
    let now = jiff::Timestamp::now().as_second();
    let Cuts { shard_bytes, window_articles, window_days } = cuts;
    let shards = shards(files, shard_bytes);
    Ok((Plan { format: FORMAT, id: unlike_any(), settings, now, window_articles, window_days, shards }, listing))
}
