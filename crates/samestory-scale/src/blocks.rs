//! Blocks: where articles with pairs are verified.
//!
//! Parts that hang together stay together, as many as a block takes; one that is larger is cut along the order of time.

use std::sync::Arc;

use anyhow::Result;
use datafusion::arrow::array::{ArrayRef, AsArray, UInt32Array, new_null_array};
use datafusion::arrow::datatypes::{DataType, UInt32Type};

use crate::articles::{Counts, job_of};
use crate::components::Components;
use crate::function::Made;
use crate::job::{Job, NONE};
use crate::parcels::Parcels;

/// Articles that a block takes.
const BLOCK: usize = 8_192;

/// Where articles with pairs are verified. A pair belongs to the block of its later article.
pub(crate) struct Blocks {
    counts: Counts,
    /// The block of each article.
    of: Arc<Vec<u32>>,
    /// Other blocks in which an article has pairs, as (number, block), sorted.
    others: Arc<Vec<u32>>,
}

impl Blocks {
    fn open(job: &Job) -> Result<Blocks> {
        Ok(Blocks { counts: Counts::of(job)?, of: job.column("block")?, others: job.column("other_blocks")? })
    }

    fn of_pair(&self, a: u32, b: u32) -> u32 {
        let later = if self.counts.rank(a) > self.counts.rank(b) { a } else { b };
        self.of[later as usize]
    }

    fn of_article(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        let (others, _) = self.others.as_chunks::<2>();
        let start = others.partition_point(|[of, _]| *of < number);
        let others = others[start..].iter().take_while(move |[of, _]| *of == number).map(|[_, block]| *block);
        std::iter::once(self.of[number as usize]).filter(|block| *block != NONE).chain(others)
    }

    /// Deals out pairs and writes the columns.
    pub(crate) fn write(job: &Job, pairs: &[(u32, u32)]) -> Result<()> {
        let counts = Counts::of(job)?;
        let mut components = Components::new(counts.articles as usize);
        pairs.iter().for_each(|(a, b)| components.join(*a, *b));
        // Articles with pairs, those that hang together side by side, in order of time.
        let mut in_pairs: Vec<u32> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
        in_pairs.sort_unstable();
        in_pairs.dedup();
        in_pairs.sort_by_key(|number| (components.root(*number), counts.rank(*number)));
        let mut of = vec![NONE; counts.articles as usize];
        let (mut block, mut taken) = (0, 0);
        for component in in_pairs.chunk_by(|one, other| components.root(*one) == components.root(*other)) {
            if taken > 0 && taken + component.len() > BLOCK {
                (block, taken) = (block + 1, 0);
            }
            for part in component.chunks(BLOCK) {
                if taken > 0 && taken + part.len() > BLOCK {
                    (block, taken) = (block + 1, 0);
                }
                part.iter().for_each(|number| of[*number as usize] = block);
                taken += part.len();
            }
        }
        let blocks = Blocks { counts, of: Arc::new(of), others: Arc::default() };
        let elsewhere = |(a, b): &(u32, u32)| {
            let block = blocks.of_pair(*a, *b);
            [*a, *b]
                .map(|number| [number, block])
                .into_iter()
                .filter(|[number, block]| blocks.of[*number as usize] != *block)
        };
        let mut others: Vec<[u32; 2]> = pairs.iter().flat_map(elsewhere).collect();
        others.sort_unstable();
        others.dedup();
        job.write_column("other_blocks", others.as_flattened())?;
        job.write_column("block", &blocks.of)
    }
}

/// Rows of pairs, each in its block: block, number, other, parcel.
pub(crate) fn pairs_in_blocks(columns: &[ArrayRef]) -> Result<Made> {
    let (a, b) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_primitive::<UInt32Type>());
    let mut of_pairs = Vec::with_capacity(a.len());
    if !a.is_empty() {
        let blocks = Blocks::open(&*job_of(columns)?)?;
        of_pairs.extend(a.values().iter().zip(b.values()).map(|(a, b)| blocks.of_pair(*a, *b)));
    }
    let none = new_null_array(&DataType::LargeBinary, a.len());
    let columns: Vec<ArrayRef> =
        vec![Arc::new(UInt32Array::from(of_pairs)), Arc::clone(&columns[1]), Arc::clone(&columns[2]), none];
    Ok(Made { lengths: vec![1; a.len()], columns })
}

/// Rows of parcels for the blocks, in the same columns, as rows of the first article of a batch.
pub(crate) fn articles_in_blocks(columns: &[ArrayRef]) -> Result<Made> {
    let (shards, items) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_primitive::<UInt32Type>());
    let articles = columns[3].as_binary::<i64>();
    let mut parcels = Parcels::default();
    if !shards.is_empty() {
        let job = job_of(columns)?;
        let blocks = Blocks::open(&job)?;
        for row in 0..shards.len() {
            let Some(number) = job.numbers(shards.value(row))?.of(items.value(row)) else { continue };
            for block in blocks.of_article(number) {
                parcels.add(block, number, articles.value(row))?;
            }
        }
    }
    parcels.rows(shards.len(), &[DataType::UInt32, DataType::UInt32])
}
