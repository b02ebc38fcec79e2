//! From a finished job to a collection that `samestory` opens.

use std::path::Path;

use anyhow::{Context, Result, bail};
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{Float32Type, UInt32Type, UInt64Type};
use samestory::ingest::Gathering;
use samestory::minhash::Signature;
use samestory::spill::{MOST_HELD, Spill};
use samestory::stories::candidates::Candidate;
use samestory::stories::features::Neighbourhood;
use samestory::stories::prior::OddsCounts;
use samestory::stories::score::{JudgedPair, Judgement};
use samestory::{Clustering, CollectionWriter, Decided, Stage};

use crate::articles::{Counts, unpack};
use crate::beyond::judged_table;
use crate::candidates::{unpack_candidates, unpack_list};
use crate::copies::signature;
use crate::engine::{Where, connect};
use crate::job::{Job, NONE};
use crate::run::Run;
use crate::stories::prior_of;
use crate::windows::Compared;

/// Tables that a collection is made of; the last is there where there are several windows.
const TABLES: [&str; 6] = ["buckets", "signatures", "candidates", "compared", "linked", "judged_beyond"];

/// Writes the articles and stories of a finished job as a collection, of which one machine must have room for the index:
/// stories are those of the job, and later articles can be added. What stood in the folder is replaced.
///
/// # Errors
///
/// If the job is not finished, or the collection cannot be written.
pub async fn write_collection(job: &Job, folder: &Path, watch: &mut (dyn FnMut(Stage) + Send)) -> Result<Clustering> {
    if !job.result_folder().is_dir() {
        bail!("the job in `{}` is not finished", job.folder().display());
    }
    let mut ignore = |_: &crate::StepReport, _| ();
    let run = Run::new(connect(&Where::Local { partitions: 1 }).await?, job, &mut ignore);
    run.table("articles", &job.folder().join("articles")).await?;
    for table in TABLES {
        let folder = job.folder().join("steps").join(table);
        if folder.exists() || table != "judged_beyond" {
            run.table(table, &folder).await?;
        }
    }
    let counts = Counts::of(job)?;
    let n_articles = counts.articles as usize;
    let mut gathering = Gathering::new(Spill::holding(MOST_HELD));
    let mut numbers: Vec<u32> = Vec::with_capacity(n_articles);
    run.each("SELECT shard, item, article FROM articles", |batch| {
        let [shards, items] = [0, 1].map(|at| batch.column(at).as_primitive::<UInt32Type>());
        let articles = batch.column(2).as_binary::<i64>();
        for row in 0..batch.num_rows() {
            if let Some(number) = job.numbers(shards.value(row))?.of(items.value(row)) {
                gathering.push(unpack(articles.value(row))?);
                numbers.push(number);
            }
        }
        Ok(())
    })
    .await?;
    let ids: Vec<String> = gathering.heads().iter().map(|head| head.id.to_string()).collect();
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|at| &ids[*at]);
    let mut position = vec![NONE; n_articles];
    order.iter().zip(0u32..).for_each(|(at, place)| position[numbers[*at] as usize] = place);
    if ids.len() != n_articles || position.contains(&NONE) {
        bail!("articles of the job are missing in `{}`", job.folder().display());
    }
    drop((ids, order, numbers));
    let decided = decided(&run, &position).await?;
    let articles = gathering.as_marked();
    let mut writer = CollectionWriter::open(folder, &job.plan.settings)?;
    let clustering = writer.keep(articles, decided, &job.plan.settings, &mut |stage| watch(stage))?;
    writer.close()?;
    Ok(clustering)
}

/// What the steps decided, articles by position.
async fn decided(run: &Run<'_>, position: &[u32]) -> Result<Decided> {
    let job = run.job;
    let compared = Compared::of(job)?;
    let numbers: Vec<u32> = (0..position.len() as u32).filter(|number| compared.has(*number)).collect();
    // Compared articles by their place among these: numbers are in the same order.
    let place = |number: u32| numbers.partition_point(|other| *other < number) as u32;
    let (newest, representative) = (job.column("newest")?, job.column("copy_of")?);
    let mut copy_of = vec![None; position.len()];
    let mut version_of = vec![None; position.len()];
    for (number, at) in (0u32..).zip(position) {
        let (newest, of) = (newest[number as usize], representative[number as usize]);
        copy_of[*at as usize] = (of != NONE).then(|| position[of as usize]);
        version_of[*at as usize] = (newest != number).then(|| position[newest as usize]);
    }
    let mut labels: Vec<u32> = (0..numbers.len() as u32).collect();
    run.each("SELECT number, story FROM linked", |batch| {
        let [of, first] = [0, 1].map(|at| batch.column(at).as_primitive::<UInt32Type>().values());
        of.iter().zip(first).for_each(|(number, first)| labels[place(*number) as usize] = place(*first));
        Ok(())
    })
    .await?;
    let mut pairs: Vec<JudgedPair> = Vec::new();
    let mut odds = OddsCounts::default();
    run.each(&format!("SELECT a, b, log_odds, pairs FROM {}", judged_table(job)?), |batch| {
        let [a, b] = [0, 1].map(|at| batch.column(at).as_primitive::<UInt32Type>());
        let (log_odds, n_pairs) =
            (batch.column(2).as_primitive::<Float32Type>(), batch.column(3).as_primitive::<UInt64Type>());
        for row in 0..batch.num_rows() {
            let (a, b) = (a.value(row), b.value(row));
            match a == b {
                true => odds.add_step(a as usize, n_pairs.value(row)),
                false => pairs.push(JudgedPair { a: place(a), b: place(b), log_odds: log_odds.value(row) }),
            }
        }
        Ok(())
    })
    .await?;
    pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
    let mut lists: Vec<Vec<Candidate>> = vec![Vec::new(); numbers.len()];
    run.each("SELECT number, list FROM candidates", |batch| {
        let (of, packed) = (batch.column(0).as_primitive::<UInt32Type>(), batch.column(1).as_binary::<i64>());
        for row in 0..batch.num_rows() {
            let placed = |other: Candidate| Candidate { number: place(other.number), ..other };
            lists[place(of.value(row)) as usize] =
                unpack_candidates(packed.value(row)).into_iter().map(placed).collect();
        }
        Ok(())
    })
    .await?;
    let mut neighbourhoods: Vec<Option<Neighbourhood>> = vec![None; numbers.len()];
    run.each("SELECT number, others, list FROM compared WHERE number IS NOT NULL", |batch| {
        let of = batch.column(0).as_primitive::<UInt32Type>();
        let (others, packed) = (batch.column(1).as_primitive::<Float32Type>(), batch.column(2).as_binary::<i64>());
        for row in 0..batch.num_rows() {
            let own = place(of.value(row));
            let known = unpack_list(packed.value(row)).map(|(number, closeness)| (place(number), closeness));
            neighbourhoods[own as usize] = Some(Neighbourhood::of(own, known, others.value(row)));
        }
        Ok(())
    })
    .await?;
    let neighbourhoods: Option<Vec<Neighbourhood>> = neighbourhoods.into_iter().collect();
    let mut signatures: Vec<Option<Signature>> = vec![None; position.len()];
    run.each("SELECT number, signature FROM signatures", |batch| {
        let (of, packed) = (batch.column(0).as_primitive::<UInt32Type>(), batch.column(1).as_binary::<i32>());
        for row in 0..batch.num_rows() {
            signatures[position[of.value(row) as usize] as usize] = Some(signature(packed.value(row)));
        }
        Ok(())
    })
    .await?;
    let mut capped_buckets = 0;
    run.each("SELECT sum(capped) FROM buckets", |batch| {
        capped_buckets = batch.column(0).as_primitive::<UInt64Type>().value(0) as usize;
        Ok(())
    })
    .await?;
    let prior = prior_of(job)?;
    Ok(Decided {
        copy_of,
        version_of,
        labels,
        judgement: Judgement { pairs, counts: odds, prior },
        lists,
        neighbourhoods: neighbourhoods.context("the neighbourhoods of the job are not whole")?,
        signatures,
        capped_buckets,
    })
}
