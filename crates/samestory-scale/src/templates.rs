//! Templates: which halves of shingles so many unlike articles hold that they make no copy.
//!
//! *Design.* Only halves of articles with verified pairs are asked for. The driver reads these and makes bits of them, a
//! filter; what passes it is counted in all articles that are nobody's copy, as terms are.
//!
//! *Consequences.* The filter lets more pass than was asked for, which changes nothing: a half that is not asked for is in no
//! pair. It takes 8 to 16 bits a half, at most 512 MB, on the driver and on each executor.

use std::sync::Arc;

use anyhow::Result;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use datafusion::arrow::datatypes::{DataType, UInt32Type};
use samestory::article::Article;
use samestory::copies::{ShingleMemory, TEMPLATE_ARTICLES};

use crate::articles::{each_wanted, job_of};
use crate::counts::{add_counts, combine_counts, counts_by_parts, parts_of_terms, unpack_counts};
use crate::function::{GroupKernel, Made, RowKernel, number};
use crate::job::{Job, NONE};
use crate::run::{Run, rows_of_each, rows_of_groups};

pub(crate) fn row_kernels() -> Vec<RowKernel> {
    let in_parts = || vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::LargeBinary, DataType::UInt32];
    vec![
        RowKernel::new("halves_of_pairs", in_parts(), parts_of_terms(), halves_of_pairs),
        RowKernel::new("halves_asked_for", in_parts(), parts_of_terms(), halves_asked_for),
    ]
}

pub(crate) fn group_kernels() -> Vec<GroupKernel> {
    let of_part = vec![DataType::Utf8, DataType::LargeBinary];
    vec![GroupKernel::new("halves_of_many", of_part, vec![number("half")], halves_of_many).combining(combine_counts)]
}

/// The distinct lower halves of an article's shingles.
fn halves(memory: &mut ShingleMemory, article: &Article) -> Vec<u32> {
    let mut halves: Vec<u32> = memory.shingles(article).iter().map(|shingle| *shingle as u32).collect();
    halves.sort_unstable();
    halves.dedup();
    halves
}

/// How many articles of the batch hold each half that is wanted, by parts of them.
fn halves_made(columns: &[ArrayRef], wanted: impl Fn(&Job) -> Result<Wanted>) -> Result<Made> {
    let mut memory = ShingleMemory::default();
    let mut all: Vec<u32> = Vec::new();
    let mut asked: Option<Asked> = None;
    if !columns[1].is_empty() {
        asked = wanted(&*job_of(columns)?)?.halves;
    }
    let asked = |half: u32| asked.as_ref().is_none_or(|asked| asked.has(half));
    let is_wanted = |of: &Wanted, number: u32| (of.article)(number);
    let lengths = each_wanted(columns, wanted, is_wanted, &mut |_, article| {
        all.extend(halves(&mut memory, &article).into_iter().filter(|half| asked(*half)));
        Ok(0)
    })?;
    all.sort_unstable();
    let counts: Vec<(u32, u32)> = all.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32)).collect();
    Ok(counts_by_parts(&counts, lengths, &columns[4]))
}

/// The halves of a part that [`TEMPLATE_ARTICLES`] or more articles hold.
fn halves_of_many(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let counts = add_counts(columns[1].as_binary());
    let many = counts.iter().filter(|(_, articles)| *articles as usize >= TEMPLATE_ARTICLES);
    Ok(vec![Arc::new(UInt32Array::from_iter_values(many.map(|(half, _)| *half)))])
}

/// Of which articles which halves are wanted.
struct Wanted {
    article: Box<dyn Fn(u32) -> bool>,
    /// All where there is none.
    halves: Option<Asked>,
}

/// The halves that are asked for, and some more: a bit for each, by its lower bits where there are fewer.
struct Asked(Arc<Vec<u32>>);

impl Asked {
    fn has(&self, half: u32) -> bool {
        self.0[(half >> 5) as usize & (self.0.len() - 1)] >> (half & 31) & 1 == 1
    }

    /// 8 bits and more for each of so many halves, at most one for each that there can be.
    fn no_bits(n_halves: u64) -> Vec<u32> {
        let words = (n_halves / 4).clamp(1 << 16, 1 << 27).next_power_of_two();
        vec![0; words as usize]
    }

    fn set(bits: &mut [u32], half: u32) {
        bits[(half >> 5) as usize & (bits.len() - 1)] |= 1 << (half & 31);
    }
}

fn halves_of_pairs(columns: &[ArrayRef]) -> Result<Made> {
    halves_made(columns, |job| {
        let of = job.column("verified")?;
        Ok(Wanted { article: Box::new(move |number| of[number as usize] != NONE), halves: None })
    })
}

fn halves_asked_for(columns: &[ArrayRef]) -> Result<Made> {
    halves_made(columns, |job| {
        let (newest, copied) = (job.column("newest")?, job.column("alike")?);
        let is_representative = move |number: u32| newest[number as usize] == number && copied[number as usize] == NONE;
        Ok(Wanted { article: Box::new(is_representative), halves: Some(Asked(job.column("asked")?)) })
    })
}

/// Distinct halves of an article, on the mean.
const HALVES_OF_ARTICLE: u64 = 400;

/// Finds the halves that templates are made of, among those of the articles of the column `verified`. Columns: `asked`, the
/// filter, and `templates`, sorted.
pub(crate) async fn find_templates(run: &mut Run<'_>) -> Result<()> {
    let (job, parts) = (run.job_name(), run.parts_of(HALVES_OF_ARTICLE)?);
    let halves = |kernel: &str| {
        rows_of_each(&format!("{kernel}({job}, shard, item, article, {parts})"), &["part", "payload"], "articles")
    };
    run.step("asked_halves", &halves("halves_of_pairs")).await?;
    if !run.job.has_column("asked") {
        let n_articles = run.job.column("verified")?.iter().filter(|of| **of != NONE).count() as u64;
        let mut bits = Asked::no_bits(n_articles * HALVES_OF_ARTICLE);
        run.each("SELECT payload FROM asked_halves", |batch| {
            let payloads = batch.column(0).as_binary::<i64>();
            payloads.iter().flatten().flat_map(unpack_counts).for_each(|(half, _)| Asked::set(&mut bits, half));
            Ok(())
        })
        .await?;
        run.job.write_column("asked", &bits)?;
    }
    let asked_for = format!("({})", halves("halves_asked_for"));
    let many = format!("halves_of_many({job}, payload)");
    run.step("template_halves", &rows_of_groups(&many, &["half"], &asked_for, "part")).await?;
    if !run.job.has_column("templates") {
        let mut halves = Vec::new();
        run.each("SELECT half FROM template_halves", |rows| {
            halves.extend_from_slice(rows.column(0).as_primitive::<UInt32Type>().values());
            Ok(())
        })
        .await?;
        halves.sort_unstable();
        run.job.write_column("templates", &halves)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_asked_for_passes(halves in prop::collection::vec(any::<u32>(), 0..200)) {
            let mut bits = Asked::no_bits(halves.len() as u64);
            halves.iter().for_each(|half| Asked::set(&mut bits, *half));
            let n_bits: u32 = bits.iter().map(|word| word.count_ones()).sum();
            prop_assert!(n_bits as usize <= halves.len());
            let asked = Asked(Arc::new(bits));
            prop_assert!(halves.iter().all(|half| asked.has(*half)));
        }
    }
}
