//! From files to numbered articles.
//!
//! *Design.* A shard is some whole files, read by the ordinary reader, so that what one article needs of the others of its
//! outlet (its furniture, the outlet's name) is found among the articles of its shard. Texts are written to a file of the
//! shard at once and never pass through the engine here; only what numbering needs does, about 100 bytes an article.

use std::fs::{self, File};
use std::sync::Arc;

use anyhow::{Context, Result};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int64Builder, LargeBinaryBuilder, RecordBatch, StringBuilder, UInt32Array, UInt32Builder,
    UInt64Builder,
};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, UInt32Type};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use rayon::prelude::*;
use samestory::article::{Article, Tokenizer};
use samestory::copies::headline_key;
use samestory::ingest::{ArticlesApart, Rejected, read_files};
use samestory::spill::MOST_HELD;
use xxhash_rust::xxh3::xxh3_64;

use crate::function::{Made, RowKernel};
use crate::job::{Job, NONE, beside};
use crate::run::{Run, rows_of_each};

/// Articles that are written together.
const BATCH: usize = 1024;

/// Fields of the row that stands for an article, or for an item that was rejected.
const HEAD: [&str; 9] =
    ["shard", "item", "id", "seconds", "version_key", "version_number", "headline_key", "rejected", "line"];

pub(crate) fn row_kernels() -> Vec<RowKernel> {
    let fields = vec![
        Field::new("shard", DataType::UInt32, false),
        Field::new("item", DataType::UInt32, true),
        Field::new("id", DataType::Utf8, true),
        Field::new("seconds", DataType::Int64, true),
        Field::new("version_key", DataType::UInt64, true),
        Field::new("version_number", DataType::UInt32, true),
        Field::new("headline_key", DataType::UInt64, true),
        Field::new("rejected", DataType::Utf8, true),
        Field::new("line", DataType::UInt64, true),
    ];
    vec![RowKernel::new("read_shard", vec![DataType::Utf8, DataType::UInt32], fields, read_shards)]
}

/// The job that a kernel is run for: its name is the first argument.
pub(crate) fn job_of(columns: &[ArrayRef]) -> Result<Arc<Job>> {
    Job::shared(columns[0].as_string::<i32>().value(0))
}

/// Rows that stand for articles and rejected items.
#[derive(Default)]
struct Heads {
    shard: UInt32Builder,
    item: UInt32Builder,
    id: StringBuilder,
    seconds: Int64Builder,
    version_key: UInt64Builder,
    version_number: UInt32Builder,
    headline_key: UInt64Builder,
    rejected: StringBuilder,
    line: UInt64Builder,
}

impl Heads {
    fn article(&mut self, shard: u32, item: u32, article: &Article) {
        self.shard.append_value(shard);
        self.item.append_value(item);
        self.id.append_value(article.id.as_str());
        self.seconds.append_option(article.time.map(|time| time.seconds));
        // By chance two of a thousand million share one with probability .03.
        self.version_key.append_option(article.version_key().map(|key| xxh3_64(key.as_bytes())));
        self.version_number.append_value(article.version_order().0);
        let spans = article.body_spans();
        let has_body = spans.iter().any(|span| Tokenizer.has_word(&article.text[span.clone()]));
        self.headline_key.append_option(if has_body { None } else { headline_key(article) });
        self.rejected.append_null();
        self.line.append_null();
    }

    fn rejected(&mut self, shard: u32, rejected: &Rejected) {
        self.shard.append_value(shard);
        self.item.append_null();
        self.id.append_value(&rejected.path);
        self.seconds.append_null();
        self.version_key.append_null();
        self.version_number.append_null();
        self.headline_key.append_null();
        self.rejected.append_value(&rejected.reason);
        self.line.append_option(rejected.line);
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.shard.finish()),
            Arc::new(self.item.finish()),
            Arc::new(self.id.finish()),
            Arc::new(self.seconds.finish()),
            Arc::new(self.version_key.finish()),
            Arc::new(self.version_number.finish()),
            Arc::new(self.headline_key.finish()),
            Arc::new(self.rejected.finish()),
            Arc::new(self.line.finish()),
        ]
    }
}

fn read_shards(columns: &[ArrayRef]) -> Result<Made> {
    let shards = columns[1].as_primitive::<UInt32Type>();
    let mut heads = Heads::default();
    let mut lengths = Vec::with_capacity(shards.len());
    if !shards.is_empty() {
        let job = job_of(columns)?;
        for shard in shards.values() {
            lengths.push(read_shard(&job, *shard, &mut heads)?);
        }
    }
    Ok(Made { lengths, columns: heads.finish() })
}

/// Reads a shard, writes its articles and tells their heads; how many rows that makes.
fn read_shard(job: &Job, shard: u32, heads: &mut Heads) -> Result<usize> {
    let files = job.plan.shards.get(shard as usize).context("no such shard")?;
    let (reading, articles) = read_files(files, &job.plan.read_settings()?, MOST_HELD, &mut |_| ())?;
    write_articles(job, shard, &articles, heads)?;
    reading.rejected.iter().for_each(|rejected| heads.rejected(shard, rejected));
    Ok(articles.heads().len() + reading.rejected.len())
}

fn write_articles(job: &Job, shard: u32, articles: &ArticlesApart, heads: &mut Heads) -> Result<()> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("shard", DataType::UInt32, false),
        Field::new("item", DataType::UInt32, false),
        Field::new("article", DataType::LargeBinary, false),
    ]));
    let path = job.shard_file(shard);
    let beside = beside(&path);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(4 * BATCH))
        .build();
    let mut writer = ArrowWriter::try_new(File::create_new(&beside)?, Arc::clone(&schema), Some(properties))?;
    let n_articles = articles.heads().len();
    for start in (0..n_articles).step_by(BATCH) {
        let batch = start..n_articles.min(start + BATCH);
        let whole: Vec<(Article, Vec<u8>)> = batch
            .clone()
            .into_par_iter()
            .map(|at| {
                let article = articles.whole(at)?.into_owned();
                let bytes = pack(&article)?;
                Ok((article, bytes))
            })
            .collect::<Result<_>>()?;
        let mut packed = LargeBinaryBuilder::new();
        for (item, (article, bytes)) in batch.clone().zip(&whole) {
            heads.article(shard, item as u32, article);
            packed.append_value(bytes);
        }
        let rows = RecordBatch::try_new(
            Arc::clone(&schema),
            vec![
                Arc::new(UInt32Array::from(vec![shard; batch.len()])),
                Arc::new(UInt32Array::from_iter_values(batch.map(|item| item as u32))),
                Arc::new(packed.finish()),
            ],
        )?;
        writer.write(&rows)?;
    }
    writer.into_inner()?.sync_all()?;
    Ok(fs::rename(&beside, &path)?)
}

/// Articles that a kernel is given as rows of job, shard, item and article: those with a number that is wanted.
fn each_article(
    columns: &[ArrayRef],
    job: &Job,
    wanted: &dyn Fn(u32) -> bool,
    see: &mut dyn FnMut(usize, u32, Article) -> Result<()>,
) -> Result<()> {
    let (shards, items) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_primitive::<UInt32Type>());
    let articles = columns[3].as_binary::<i64>();
    for row in 0..shards.len() {
        let Some(number) = job.numbers(shards.value(row))?.of(items.value(row)).filter(|number| wanted(*number)) else {
            continue;
        };
        see(row, number, unpack(articles.value(row))?)?;
    }
    Ok(())
}

/// Gives the articles of a batch that are wanted, by what is opened for it, to `see`, which tells how many rows it makes of
/// each.
pub(crate) fn each_wanted<C>(
    columns: &[ArrayRef],
    open: impl Fn(&Job) -> Result<C>,
    wanted: impl Fn(&C, u32) -> bool,
    see: &mut dyn FnMut(u32, Article) -> Result<usize>,
) -> Result<Vec<usize>> {
    let mut lengths = vec![0; columns[1].len()];
    if !lengths.is_empty() {
        let job = job_of(columns)?;
        let column = open(&job)?;
        each_article(columns, &job, &|number| wanted(&column, number), &mut |row, number, article| {
            lengths[row] = see(number, article)?;
            Ok(())
        })?;
    }
    Ok(lengths)
}

/// An article as bytes in which steps keep it: postcard. Files and what moves are compressed, many articles together.
fn pack(article: &Article) -> Result<Vec<u8>> {
    Ok(postcard::to_stdvec(article)?)
}

/// An article from what [`pack`] made.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Article> {
    postcard::from_bytes(bytes).context("an article of the job is damaged")
}

/// How many articles have a number, and how many of them have no time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) articles: u32,
    pub(crate) undated: u32,
}

impl Counts {
    pub(crate) fn of(job: &Job) -> Result<Counts> {
        let counts = job.column("counts")?;
        let [articles, undated] = counts[..] else { anyhow::bail!("the counts of the job are damaged") };
        Ok(Counts { articles, undated })
    }

    /// Where an article stands when those without a time come last, as copies are ranked.
    pub(crate) fn rank(self, number: u32) -> u32 {
        if number < self.undated { number + (self.articles - self.undated) } else { number - self.undated }
    }

    /// The number of the article at a rank.
    pub(crate) fn at_rank(self, rank: u32) -> u32 {
        let dated = self.articles - self.undated;
        if rank < dated { rank + self.undated } else { rank - dated }
    }
}

/// Reads the files and numbers the articles. Columns: `numbers` of the articles of all shards, `starts` of the shards
/// among them, `newest` version and `times` by number, `counts`.
pub(crate) async fn number(run: &mut Run<'_>) -> Result<Vec<Rejected>> {
    let job = run.job_name();
    run.table("shards", &run.job.folder().join("shards")).await?;
    run.step("heads", &rows_of_each(&format!("read_shard({job}, shard)"), &HEAD, "shards")).await?;
    run.table("articles", &run.job.folder().join("articles")).await?;
    run.step(
        "numbers",
        "SELECT shard, item, id, seconds, number, headline_key,
           first_value(number) OVER (
             PARTITION BY version_key, CASE WHEN version_key IS NULL THEN number END
             ORDER BY version_number DESC, seconds DESC NULLS LAST, id DESC) AS newest
         FROM (
           SELECT *, CAST(row_number() OVER (ORDER BY seconds NULLS FIRST, id) - 1 AS INT UNSIGNED) AS number
           FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY shard, item) AS nth FROM heads WHERE rejected IS NULL)
           WHERE nth = 1)",
    )
    .await?;
    write_columns(run).await?;
    rejected(run).await
}

async fn write_columns(run: &Run<'_>) -> Result<()> {
    if run.job.has_column("counts") {
        return Ok(());
    }
    let mut lengths = vec![0u32; run.job.plan.shards.len()];
    let counts = "SELECT shard, CAST(count(item) AS INT UNSIGNED) AS n FROM heads GROUP BY shard";
    run.each(counts, |rows| {
        let (shards, counts) =
            (rows.column(0).as_primitive::<UInt32Type>(), rows.column(1).as_primitive::<UInt32Type>());
        shards.values().iter().zip(counts.values()).for_each(|(shard, count)| lengths[*shard as usize] = *count);
        Ok(())
    })
    .await?;
    let starts: Vec<u32> = lengths
        .iter()
        .scan(0u32, |end, length| {
            let start = *end;
            *end += length;
            Some(start)
        })
        .collect();
    let n_places = lengths.iter().sum::<u32>() as usize;
    let mut numbers = vec![NONE; n_places];
    let mut newest = vec![NONE; n_places];
    let mut times = vec![[0u32; 2]; n_places];
    let (mut articles, mut undated) = (0, 0);
    run.each("SELECT shard, item, number, newest, seconds FROM numbers", |rows| {
        let [shards, items, of, newer] = [0, 1, 2, 3].map(|at| rows.column(at).as_primitive::<UInt32Type>());
        let seconds = rows.column(4).as_primitive::<Int64Type>();
        for row in 0..rows.num_rows() {
            let number = of.value(row);
            numbers[(starts[shards.value(row) as usize] + items.value(row)) as usize] = number;
            newest[number as usize] = newer.value(row);
            articles += 1;
            match seconds.is_null(row) {
                true => undated += 1,
                false => times[number as usize] = halves_of(seconds.value(row)),
            }
        }
        Ok(())
    })
    .await?;
    newest.truncate(articles as usize);
    times.truncate(articles as usize);
    run.job.write_column("numbers", &numbers)?;
    run.job.write_column("starts", &starts)?;
    run.job.write_column("newest", &newest)?;
    run.job.write_column("times", times.as_flattened())?;
    run.job.write_column("counts", &[articles, undated])
}

/// Seconds as two numbers of a column, the lower half first.
fn halves_of(seconds: i64) -> [u32; 2] {
    [seconds as u32, (seconds >> 32) as u32]
}

/// When each article appeared, by number.
#[derive(Clone)]
pub(crate) struct Times {
    halves: Arc<Vec<u32>>,
    pub(crate) counts: Counts,
}

impl Times {
    pub(crate) fn of(job: &Job) -> Result<Times> {
        Ok(Times { halves: job.column("times")?, counts: Counts::of(job)? })
    }

    /// Seconds since 1970 of an article with a time.
    pub(crate) fn seconds(&self, number: u32) -> i64 {
        let at = 2 * number as usize;
        i64::from(self.halves[at]) | i64::from(self.halves[at + 1]) << 32
    }

    pub(crate) fn time(&self, number: u32) -> Option<i64> {
        (number >= self.counts.undated).then(|| self.seconds(number))
    }

    /// The first number from which on articles are not before a time.
    pub(crate) fn first_from(&self, seconds: i64) -> u32 {
        let (mut low, mut high) = (self.counts.undated, self.counts.articles);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.seconds(middle) < seconds {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }
}

/// What was rejected: by the reader, or for an id that another shard has.
async fn rejected(run: &Run<'_>) -> Result<Vec<Rejected>> {
    let mut all = Vec::new();
    run.each("SELECT id, line, rejected FROM heads WHERE rejected IS NOT NULL", |rows| {
        let (paths, reasons) = (rows.column(0).as_string::<i32>(), rows.column(2).as_string::<i32>());
        let lines = rows.column(1).as_primitive::<datafusion::arrow::datatypes::UInt64Type>();
        for row in 0..rows.num_rows() {
            all.push(Rejected {
                path: paths.value(row).to_owned(),
                line: lines.is_valid(row).then(|| lines.value(row)),
                reason: reasons.value(row).to_owned(),
            });
        }
        Ok(())
    })
    .await?;
    run.each(
        "SELECT heads.id, heads.shard FROM heads LEFT ANTI JOIN numbers
           ON heads.shard = numbers.shard AND heads.item = numbers.item WHERE heads.rejected IS NULL",
        |rows| {
            let ids = rows.column(0).as_string::<i32>();
            let shards = rows.column(1).as_primitive::<UInt32Type>();
            for row in 0..rows.num_rows() {
                let files = &run.job.plan.shards[shards.value(row) as usize];
                let reason = format!("id `{}` is already taken by an article of an earlier shard", ids.value(row));
                all.push(Rejected { path: files[0].path.display().to_string(), line: None, reason });
            }
            Ok(())
        },
    )
    .await?;
    all.sort();
    Ok(all)
}
