//! The answer: every article with its story, in the columns of `samestory export`.
//!
//! *Design.* Where an article belongs is told by ids, and ids are far from texts. So what is told of the articles of a
//! shard is put together in a file of that shard, and the texts are written beside it where they are read: they do not move
//! once more.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Float32Builder, StringArray, StringBuilder, UInt32Array, UInt32Builder,
};
use datafusion::arrow::datatypes::{DataType, Field, Float32Type, UInt32Type};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use samestory::stories::score::LEAST_SIMILARITY;
use samestory::stories::{PairModel, StoryId};
use samestory::{ArticleRecord, PlaceColumns};
use serde::{Deserialize, Serialize};

use crate::articles::{job_of, unpack};
use crate::engine::{Where, connect};
use crate::function::{GroupKernel, Made, RowKernel};
use crate::job::{Job, NONE, write_whole};
use crate::run::{Run, rows_of_each, rows_of_groups};
use crate::stories::{pairs_above, prior_of};

/// Columns of the answer.
const COLUMNS: [&str; 13] = [
    "id",
    "story",
    "copy_of",
    "version_of",
    "score",
    "title",
    "text",
    "source",
    "published",
    "url",
    "language",
    "byline",
    "section",
];

pub(crate) fn row_kernels() -> Vec<RowKernel> {
    let text = |name: &str| {
        let kind = if name == "text" { DataType::LargeUtf8 } else { DataType::Utf8 };
        match name {
            "score" => Field::new(name, DataType::Float32, true),
            _ => Field::new(name, kind, true),
        }
    };
    vec![
        RowKernel::new(
            "place",
            vec![DataType::Utf8, DataType::UInt32],
            vec![
                Field::new("number", DataType::UInt32, false),
                Field::new("story", DataType::UInt32, false),
                Field::new("copy_of", DataType::UInt32, true),
                Field::new("version_of", DataType::UInt32, true),
                Field::new("score", DataType::Float32, true),
            ],
            places,
        ),
        RowKernel::new(
            "result",
            vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::LargeBinary],
            COLUMNS.map(text).into(),
            results,
        ),
    ]
}

pub(crate) fn group_kernels() -> Vec<GroupKernel> {
    vec![GroupKernel::new(
        "keep_places",
        vec![
            DataType::Utf8,
            DataType::UInt32,
            DataType::UInt32,
            DataType::Utf8,
            DataType::Utf8,
            DataType::Utf8,
            DataType::Float32,
        ],
        vec![Field::new("shard", DataType::UInt32, false), Field::new("articles", DataType::UInt32, false)],
        keep_places,
    )]
}

/// `story_id(id of the first article, attempt)`: the name of a story.
pub(crate) fn story_id() -> ScalarUDF {
    let name = |arguments: &[ColumnarValue]| {
        let columns = ColumnarValue::values_to_arrays(arguments)?;
        let (ids, attempts) = (columns[0].as_string::<i32>(), columns[1].as_primitive::<UInt32Type>());
        let named = ids
            .iter()
            .zip(attempts.values())
            .map(|(id, attempt)| id.map(|id| StoryId::attempt(&id.into(), u64::from(*attempt)).as_str().to_owned()));
        Ok(ColumnarValue::Array(Arc::new(named.collect::<StringArray>())))
    };
    create_udf(
        "story_id",
        vec![DataType::Utf8, DataType::UInt32],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(name),
    )
}

/// Where articles belong, by number.
fn places(columns: &[ArrayRef]) -> Result<Made> {
    let numbers = columns[1].as_primitive::<UInt32Type>();
    let mut stories = UInt32Builder::new();
    let (mut copies, mut versions, mut scores) = (UInt32Builder::new(), UInt32Builder::new(), Float32Builder::new());
    if !numbers.is_empty() {
        let job = job_of(columns)?;
        let [story, copy_of, newest, score] = ["story", "copy_of", "newest", "score"].map(|name| job.column(name));
        let (story, copy_of, newest, score) = (story?, copy_of?, newest?, score?);
        for number in numbers.values() {
            let at = *number as usize;
            stories.append_value(story[at]);
            copies.append_option((copy_of[at] != NONE).then_some(copy_of[at]));
            versions.append_option((newest[at] != *number).then_some(newest[at]));
            scores.append_option((score[at] != NONE).then(|| f32::from_bits(score[at])));
        }
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::clone(&columns[1]),
        Arc::new(stories.finish()),
        Arc::new(copies.finish()),
        Arc::new(versions.finish()),
        Arc::new(scores.finish()),
    ];
    Ok(Made { lengths: vec![1; numbers.len()], columns })
}

/// Where an article belongs, by ids.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    story: StoryId,
    copy_of: Option<String>,
    version_of: Option<String>,
    score: Option<f32>,
}

/// Writes the places of a shard's articles. Arguments: job, shard, item, story, copy_of, version_of, score.
fn keep_places(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let job = job_of(columns)?;
    let shard = columns[1].as_primitive::<UInt32Type>().value(0);
    let items = columns[2].as_primitive::<UInt32Type>();
    let [stories, copies, versions] = [3, 4, 5].map(|at| columns[at].as_string::<i32>());
    let scores = columns[6].as_primitive::<Float32Type>();
    let text = |column: &StringArray, row: usize| column.is_valid(row).then(|| column.value(row).to_owned());
    let n_items = items.values().iter().max().map_or(0, |item| *item as usize + 1);
    let mut kept: Vec<Option<Kept>> = vec![None; n_items];
    for row in 0..items.len() {
        kept[items.value(row) as usize] = Some(Kept {
            story: serde_json::from_value(stories.value(row).into())?,
            copy_of: text(copies, row),
            version_of: text(versions, row),
            score: scores.is_valid(row).then(|| scores.value(row)),
        });
    }
    write_whole(&job.places_file(shard), &postcard::to_stdvec(&kept)?)?;
    Ok(vec![Arc::new(UInt32Array::from(vec![shard])), Arc::new(UInt32Array::from(vec![items.len() as u32]))])
}

/// The places of one shard's articles, by item.
type Places = Vec<Option<Kept>>;

/// Reads the places of a shard. Those of the last stay in memory: a task asks for one after the other.
fn places_of(job: &Job, shard: u32) -> Result<Arc<Places>> {
    static LAST: Mutex<Option<(String, u32, Arc<Places>)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((id, of, places)) = &*last
        && (id, *of) == (&job.plan.id, shard)
    {
        return Ok(Arc::clone(places));
    }
    let path = job.places_file(shard);
    let bytes = fs::read(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    let places = postcard::from_bytes(&bytes).with_context(|| format!("`{}` is damaged", path.display()))?;
    let places = Arc::new(places);
    *last = Some((job.plan.id.clone(), shard, Arc::clone(&places)));
    Ok(places)
}

fn results(columns: &[ArrayRef]) -> Result<Made> {
    let (shards, items) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_primitive::<UInt32Type>());
    let articles = columns[3].as_binary::<i64>();
    let mut texts: [StringBuilder; 11] = Default::default();
    let mut bodies = datafusion::arrow::array::LargeStringBuilder::new();
    let mut scores = Vec::new();
    let mut lengths = vec![0; shards.len()];
    for (row, length) in lengths.iter_mut().enumerate() {
        let places = places_of(&*job_of(columns)?, shards.value(row))?;
        let Some(Some(kept)) = places.get(items.value(row) as usize) else { continue };
        let Kept { story, copy_of, version_of, score } = kept.clone();
        let article = unpack(articles.value(row))?;
        let record = ArticleRecord::placed(&article, PlaceColumns { story, copy_of, version_of });
        let place = record.place.as_ref();
        let fields = [
            Some(record.id.as_str()),
            place.map(|place| place.story.as_str()),
            place.and_then(|place| place.copy_of.as_deref()),
            place.and_then(|place| place.version_of.as_deref()),
            Some(record.title.as_str()),
            record.source.as_deref(),
            record.published.as_deref(),
            record.url.as_deref(),
            record.language.as_deref(),
            record.byline.as_deref(),
            record.section.as_deref(),
        ];
        texts.iter_mut().zip(fields).for_each(|(column, value)| column.append_option(value));
        bodies.append_value(&record.text);
        scores.push(score);
        *length = 1;
    }
    let mut made: Vec<ArrayRef> = texts.map(|mut column| Arc::new(column.finish()) as ArrayRef).into();
    made.insert(4, Arc::new(Float32Array::from(scores)));
    made.insert(6, Arc::new(bodies.finish()));
    Ok(Made { lengths, columns: made })
}

/// Of each article the highest probability that it reports the event of another article of its story, of those that count; column `score`, as
/// bits. Copies have that of what they are copies of, at least.
async fn write_scores(run: &Run<'_>) -> Result<()> {
    let (model, prior, story) = (PairModel::shipped(), prior_of(run.job)?, run.job.column("story")?);
    let mut scores = vec![f32::NEG_INFINITY; story.len()];
    run.each(&pairs_above(run.job, LEAST_SIMILARITY)?, |batch| {
        let [a, b] = [0, 1].map(|at| batch.column(at).as_primitive::<UInt32Type>().values());
        let log_odds = batch.column(2).as_primitive::<Float32Type>().values();
        for ((a, b), log_odds) in a.iter().zip(b).zip(log_odds) {
            if story[*a as usize] == story[*b as usize] {
                let probability = model.probability(f64::from(*log_odds), prior) as f32;
                for number in [a, b] {
                    let score = &mut scores[*number as usize];
                    *score = score.max(probability);
                }
            }
        }
        Ok(())
    })
    .await?;
    let bits: Vec<u32> = scores.iter().map(|score| if score.is_finite() { score.to_bits() } else { NONE }).collect();
    run.job.write_column("score", &bits)
}

/// Writes the answer: the step `result`.
pub(crate) async fn write(run: &mut Run<'_>) -> Result<()> {
    let job = run.job_name();
    if !run.job.has_column("score") {
        write_scores(run).await?;
    }
    let placed = rows_of_each(
        &format!("place({job}, number)"),
        &["number", "story", "copy_of", "version_of", "score"],
        "numbers",
    );
    run.step(
        "stories",
        &format!(
            "SELECT number, story_id(id, CAST(row_number() OVER (PARTITION BY story_id(id, CAST(0 AS INT UNSIGNED))
               ORDER BY seconds NULLS LAST, id) - 1 AS INT UNSIGNED)) AS story
             FROM numbers WHERE number IN (SELECT DISTINCT story FROM ({placed}))"
        ),
    )
    .await?;
    let named = format!(
        "(SELECT numbers.shard, numbers.item, stories.story, c.id AS copy_of, v.id AS version_of, placed.score
          FROM numbers JOIN ({placed}) AS placed ON numbers.number = placed.number
          JOIN stories ON placed.story = stories.number
          LEFT JOIN numbers AS c ON placed.copy_of = c.number
          LEFT JOIN numbers AS v ON placed.version_of = v.number)"
    );
    run.step(
        "places",
        &rows_of_groups(
            &format!("keep_places({job}, shard, item, story, copy_of, version_of, score)"),
            &["shard", "articles"],
            &named,
            "shard",
        ),
    )
    .await?;
    run.step("result", &rows_of_each(&format!("result({job}, shard, item, article)"), &COLUMNS, "articles")).await
}

/// Where an article belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceOfArticle<'a> {
    /// Its id.
    pub id: &'a str,
    /// The id of its story.
    pub story: &'a str,
    /// The id of the article that it is a copy of.
    pub copy_of: Option<&'a str>,
    /// The id of the newest version of its address, where it is an older one.
    pub version_of: Option<&'a str>,
}

/// Tells where the articles of a finished job belong, in order of their ids.
///
/// # Errors
///
/// If the job is not finished, or its answer cannot be read.
pub async fn each_place(job: &Job, see: &mut dyn FnMut(PlaceOfArticle<'_>) -> Result<()>) -> Result<()> {
    if !job.result_folder().is_dir() {
        bail!("the job in `{}` is not finished", job.folder().display());
    }
    let mut ignore = |_: &crate::StepReport, _| ();
    let run = Run::new(connect(&Where::Local { partitions: 1 }).await?, job, &mut ignore);
    run.table("result", &job.result_folder()).await?;
    run.each("SELECT id, story, copy_of, version_of FROM result ORDER BY id", |batch| {
        let columns = [0, 1, 2, 3].map(|at| batch.column(at).as_string::<i32>());
        for row in 0..batch.num_rows() {
            let text = |at: usize| columns[at].is_valid(row).then(|| columns[at].value(row));
            let [id, story, copy_of, version_of] = [0, 1, 2, 3].map(text);
            let (Some(id), Some(story)) = (id, story) else { bail!("the answer of the job is damaged") };
            see(PlaceOfArticle { id, story, copy_of, version_of })?;
        }
        Ok(())
    })
    .await
}
