//! Stories: from judged pairs to the story of each article.
//!
//! *Design.* What pairs above the threshold hold together is found by the driver, in one pass over them and 4 bytes an
//! article. Two articles of different parts are never in one story, so parts are linked on their own, many to a task.

use std::sync::Arc;

use anyhow::Result;
use datafusion::arrow::array::{ArrayRef, AsArray, Float32Array, UInt32Array, UInt32Builder};
use datafusion::arrow::datatypes::{DataType, Field, Float32Type, UInt32Type, UInt64Type};
use samestory::stories::PairModel;
use samestory::stories::linkage::{ScoredPair, average_linkage};
use samestory::stories::prior::{OddsCounts, estimate_prior};
use samestory::stories::score::LEAST_SIMILARITY;

use crate::articles::{Counts, job_of};
use crate::beyond::judged_table;
use crate::components::Components;
use crate::function::{GroupKernel, Made, RowKernel};
use crate::job::{Job, NONE};
use crate::run::{Run, StepReport, rows_of_each, rows_of_groups};
use crate::windows::Compared;

pub(crate) fn row_kernels() -> Vec<RowKernel> {
    let pair = vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::Float32, DataType::UInt32];
    let fields = vec![
        Field::new("part", DataType::UInt32, false),
        Field::new("a", DataType::UInt32, false),
        Field::new("b", DataType::UInt32, false),
        Field::new("log_odds", DataType::Float32, false),
    ];
    vec![RowKernel::new("inside_component", pair, fields, inside_components)]
}

pub(crate) fn group_kernels() -> Vec<GroupKernel> {
    let fields = ["number", "story"].map(|name| Field::new(name, DataType::UInt32, false));
    vec![GroupKernel::new(
        "link",
        vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::Float32],
        fields.into(),
        link,
    )]
}

/// The share of candidate pairs that report one event, as the job knows it.
pub(crate) fn prior_of(job: &Job) -> Result<f64> {
    let halves = job.column("prior")?;
    Ok(f64::from_bits(u64::from(halves[0]) | u64::from(halves[1]) << 32))
}

/// A query for the pairs that may be more similar than `least`, so that the others do not move.
pub(crate) fn pairs_above(job: &Job, least: f64) -> Result<String> {
    let (model, prior) = (PairModel::shipped(), prior_of(job)?);
    // Similarity rises with the log odds.
    let (mut low, mut high) = (-64.0f64, 64.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        match model.similarity(middle, prior) > least {
            true => high = middle,
            false => low = middle,
        }
    }
    Ok(format!("SELECT a, b, log_odds FROM {} WHERE a <> b AND log_odds > {:.6}", judged_table(job)?, low - 1e-3))
}

/// The pairs that count and whose articles hang together, by parts of the components.
fn inside_components(columns: &[ArrayRef]) -> Result<Made> {
    let [a, b] = [1, 2].map(|at| columns[at].as_primitive::<UInt32Type>());
    let log_odds = columns[3].as_primitive::<Float32Type>();
    let mut lengths = vec![0; a.len()];
    let mut rows: [UInt32Builder; 3] = Default::default();
    let mut kept = Vec::new();
    if !a.is_empty() {
        let component = job_of(columns)?.column("component")?;
        for (row, length) in lengths.iter_mut().enumerate() {
            let (first, second) = (a.value(row), b.value(row));
            let of = component[first as usize];
            if of == component[second as usize] {
                // Components are spread over the parts, whatever the order of time.
                let part = (of.wrapping_mul(0x9e37_79b1) >> 8) % columns[4].as_primitive::<UInt32Type>().value(row);
                rows.iter_mut().zip([part, first, second]).for_each(|(column, value)| column.append_value(value));
                kept.push(log_odds.value(row));
                *length = 1;
            }
        }
    }
    let mut columns: Vec<ArrayRef> = rows.map(|mut column| Arc::new(column.finish()) as ArrayRef).into();
    columns.push(Arc::new(Float32Array::from(kept)));
    Ok(Made { lengths, columns })
}

/// The articles of some components, each with the first of its story.
fn link(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let job = job_of(columns)?;
    let (model, prior) = (PairModel::shipped(), prior_of(&job)?);
    let [a, b] = [1, 2].map(|at| columns[at].as_primitive::<UInt32Type>().values());
    let log_odds = columns[3].as_primitive::<Float32Type>().values();
    let mut items: Vec<u32> = a.iter().chain(b).copied().collect();
    items.sort_unstable();
    items.dedup();
    let position = |number: u32| items.partition_point(|item| *item < number) as u32;
    let scored = |((a, b), log_odds): ((&u32, &u32), &f32)| ScoredPair {
        a: position(*a),
        b: position(*b),
        similarity: model.similarity(f64::from(*log_odds), prior),
    };
    let mut pairs: Vec<ScoredPair> =
        a.iter().zip(b).zip(log_odds).map(scored).filter(|pair| pair.similarity > LEAST_SIMILARITY).collect();
    pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
    let labels = average_linkage(items.len(), &pairs, &[], job.plan.settings.stories.strictness.threshold());
    let stories = UInt32Array::from_iter_values(labels.iter().map(|label| items[*label as usize]));
    Ok(vec![Arc::new(UInt32Array::from(items)), Arc::new(stories)])
}

/// Rows of pairs that are linked in one task, on the mean.
const PAIRS_OF_PART: u64 = 1 << 20;

/// Puts articles into stories. Columns: `prior`, `component`, and `story`, the first article of each one's story by
/// number, copies and older versions included.
pub(crate) async fn link_stories(run: &mut Run<'_>) -> Result<f64> {
    let job = run.job_name();
    let counts = Counts::of(run.job)?;
    let model = PairModel::shipped();
    if !run.job.has_column("prior") {
        let mut odds = OddsCounts::default();
        let counted = format!("SELECT a, sum(pairs) FROM {} WHERE a = b GROUP BY a", judged_table(run.job)?);
        run.each(&counted, |batch| {
            let steps = batch.column(0).as_primitive::<UInt32Type>().values();
            let pairs = batch.column(1).as_primitive::<UInt64Type>().values();
            steps.iter().zip(pairs).for_each(|(step, pairs)| odds.add_step(*step as usize, *pairs));
            Ok(())
        })
        .await?;
        let bits = estimate_prior(&odds, model.prior()).to_bits();
        run.job.write_column("prior", &[bits as u32, (bits >> 32) as u32])?;
    }
    let prior = prior_of(run.job)?;
    if !run.job.has_column("component") {
        let threshold = run.job.plan.settings.stories.strictness.threshold();
        let mut components = Components::new(counts.articles as usize);
        run.each(&pairs_above(run.job, threshold)?, |batch| {
            let [a, b] = [0, 1].map(|at| batch.column(at).as_primitive::<UInt32Type>().values());
            let log_odds = batch.column(2).as_primitive::<Float32Type>().values();
            for ((a, b), log_odds) in a.iter().zip(b).zip(log_odds) {
                if model.similarity(f64::from(*log_odds), prior) > threshold {
                    components.join(*a, *b);
                }
            }
            Ok(())
        })
        .await?;
        let roots: Vec<u32> = (0..counts.articles).map(|number| components.root(number)).collect();
        run.job.write_column("component", &roots)?;
    }
    let judged = |report: &&StepReport| ["compared", "judged_beyond"].contains(&report.step.as_str());
    let n_pairs: u64 = run.reports.iter().filter(judged).map(|report| report.rows).sum();
    let parts = n_pairs.div_ceil(PAIRS_OF_PART).max(run.partitions() as u64);
    let inside = rows_of_each(
        &format!("inside_component({job}, a, b, log_odds, CAST({parts} AS INT UNSIGNED))"),
        &["part", "a", "b", "log_odds"],
        &format!("({})", pairs_above(run.job, LEAST_SIMILARITY)?),
    );
    run.step(
        "linked",
        &rows_of_groups(&format!("link({job}, a, b, log_odds)"), &["number", "story"], &format!("({inside})"), "part"),
    )
    .await?;
    if !run.job.has_column("story") {
        let mut story: Vec<u32> = (0..counts.articles).collect();
        run.each("SELECT number, story FROM linked", |batch| {
            let [numbers, stories] = [0, 1].map(|at| batch.column(at).as_primitive::<UInt32Type>().values());
            numbers.iter().zip(stories).for_each(|(number, first)| story[*number as usize] = *first);
            Ok(())
        })
        .await?;
        run.job.write_column("story", &named_by_first(run.job, story)?)?;
    }
    Ok(prior)
}

/// Follows copies and older versions to what they are copies and versions of, and names each story by the article that
/// comes first in it.
fn named_by_first(job: &Job, mut story: Vec<u32>) -> Result<Vec<u32>> {
    let counts = Counts::of(job)?;
    let (compared, newest, copy_of) = (Compared::of(job)?, job.column("newest")?, job.column("copy_of")?);
    for number in (0..counts.articles).filter(|number| !compared.has(*number)) {
        let newest = newest[number as usize];
        let representative = if copy_of[newest as usize] == NONE { newest } else { copy_of[newest as usize] };
        story[number as usize] = story[representative as usize];
    }
    let mut first = vec![NONE; counts.articles as usize];
    for number in 0..counts.articles {
        let first = &mut first[story[number as usize] as usize];
        if *first == NONE || counts.rank(number) < counts.rank(*first) {
            *first = number;
        }
    }
    Ok(story.into_iter().map(|label| first[label as usize]).collect())
}
