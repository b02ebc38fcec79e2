//! Copies: from signatures to buckets to verified pairs to groups.
//!
//! *Design.* A bucket is the articles that agree in a band, whatever machine signed them; buckets are put together by the
//! engine, some millions of rows at a time. Their pairs are few beside the articles, and so the driver finds what hangs
//! together among them and deals it out in *blocks*: the texts of a block's articles move to one place, once, and its pairs
//! are verified there. Parts that hang together in more articles than a block takes, such as a template of a hundred
//! thousand, are cut along the order of time; an article that has pairs in several blocks moves to each.
//!
//! What a template is, is known only when all shingles of copies are counted; until then each block keeps the shingles of its
//! copies in a file, and judges them again from there.
//!
//! *Consequences.* The driver holds 8 bytes an article and 12 a pair.

use std::fs;
use std::sync::Arc;

use anyhow::{Context, Result};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, UInt32Array, UInt32Builder, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, UInt32Type, UInt64Type};
use rustc_hash::{FxHashMap, FxHashSet};
use samestory::article::Article;
use samestory::copies::{ShingleMemory, by_template, is_stub, lsh};
use samestory::minhash::{
    CandidatePair, MinHasher, NearDuplicate, Overlap, ShingleSet, Signature, copy_groups, meet_in_bucket, verify,
};
use serde::{Deserialize, Serialize};

use crate::articles::{Counts, each_wanted, job_of, unpack};
use crate::blocks::{Blocks, articles_in_blocks, pairs_in_blocks};
use crate::function::{GroupKernel, Made, RowKernel, number};
use crate::job::{Job, NONE, write_whole};
use crate::parcels::open_parcel;
use crate::run::{Run, rows_of_each, rows_of_groups};
use crate::templates::find_templates;

fn field(name: &str, of: DataType, nullable: bool) -> Field {
    Field::new(name, of, nullable)
}

pub(crate) fn row_kernels() -> Vec<RowKernel> {
    let article = || vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::LargeBinary];
    let in_block = || {
        vec![
            number("block"),
            field("number", DataType::UInt32, true),
            field("other", DataType::UInt32, true),
            field("parcel", DataType::LargeBinary, true),
        ]
    };
    vec![
        RowKernel::new("sign", article(), vec![number("number"), field("signature", DataType::Binary, false)], sign),
        RowKernel::new(
            "bands",
            vec![DataType::Utf8, DataType::UInt32, DataType::Binary],
            vec![field("bucket", DataType::UInt64, false), number("number")],
            bands,
        ),
        RowKernel::new(
            "pair_in_block",
            vec![DataType::Utf8, DataType::UInt32, DataType::UInt32],
            in_block(),
            pairs_in_blocks,
        ),
        RowKernel::new("article_in_blocks", article(), in_block(), articles_in_blocks),
    ]
}

pub(crate) fn group_kernels() -> Vec<GroupKernel> {
    let block = || vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::UInt32, DataType::LargeBinary];
    vec![
        GroupKernel::new(
            "bucket_pairs",
            vec![DataType::Utf8, DataType::UInt64, DataType::UInt32],
            vec![number("a"), number("b"), number("capped"), number("largest")],
            bucket_pairs,
        ),
        GroupKernel::new(
            "verify_pairs",
            block(),
            ["a", "b", "shared", "in_a", "in_b"].map(number).into(),
            verify_pairs,
        ),
        GroupKernel::new(
            "without_templates",
            [DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::UInt32].to_vec(),
            ["a", "b"].map(number).into(),
            without_templates,
        ),
    ]
}

/// The signatures of the newest versions, of those with a body.
fn sign(columns: &[ArrayRef]) -> Result<Made> {
    let hasher = MinHasher::default();
    let mut memory = ShingleMemory::default();
    let (mut numbers, mut signatures) = (UInt32Builder::new(), BinaryBuilder::new());
    let lengths = each_newest(columns, &mut |number, article| {
        let Some(signature) = hasher.signature_of(memory.shingles(&article)) else { return Ok(0) };
        numbers.append_value(number);
        signatures.append_value(signature.as_slice().iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
        Ok(1)
    })?;
    Ok(Made { lengths, columns: vec![Arc::new(numbers.finish()), Arc::new(signatures.finish())] })
}

/// Gives the newest versions among the articles of a batch to `see`, which tells how many rows it makes of each.
fn each_newest(columns: &[ArrayRef], see: &mut dyn FnMut(u32, Article) -> Result<usize>) -> Result<Vec<usize>> {
    let newest = |job: &Job| job.column("newest");
    each_wanted(columns, newest, |newest, number| newest[number as usize] == number, see)
}

/// A signature as the step `signatures` keeps it.
pub(crate) fn signature(bytes: &[u8]) -> Signature {
    Signature::from_values(bytes.as_chunks().0.iter().map(|value| u32::from_le_bytes(*value)).collect())
}

fn bands(columns: &[ArrayRef]) -> Result<Made> {
    let (numbers, signatures) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_binary::<i32>());
    let (mut lengths, mut keys, mut of) = (Vec::with_capacity(numbers.len()), Vec::new(), Vec::new());
    if !numbers.is_empty() {
        let banding = lsh(&job_of(columns)?.plan.settings.copies).banding;
        for row in 0..numbers.len() {
            let before = keys.len();
            // Two bands do not share buckets.
            let of_band = |(band, key): (u64, u64)| key ^ band.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            keys.extend((0..).zip(banding.keys(&signature(signatures.value(row)))).map(of_band));
            of.resize(keys.len(), numbers.value(row));
            lengths.push(keys.len() - before);
        }
    }
    Ok(Made { lengths, columns: vec![Arc::new(UInt64Array::from(keys)), Arc::new(UInt32Array::from(of))] })
}

/// The pairs of some buckets; and one row without a pair (`a` and `b` are equal) that tells how many are above the cap, and
/// the size of the largest.
fn bucket_pairs(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let job = job_of(columns)?;
    let counts = Counts::of(&job)?;
    let cap = job.plan.settings.copies.bucket_cap;
    let (keys, numbers) = (columns[1].as_primitive::<UInt64Type>(), columns[2].as_primitive::<UInt32Type>());
    let mut rows: Vec<(u64, u32)> =
        keys.values().iter().zip(numbers.values()).map(|(key, number)| (*key, counts.rank(*number))).collect();
    rows.sort_unstable();
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    let (mut capped, mut largest) = (0, 0);
    for bucket in rows.chunk_by(|one, other| one.0 == other.0) {
        largest = largest.max(bucket.len() as u32);
        let at = |position: usize| counts.at_rank(bucket[position].1);
        capped += u32::from(meet_in_bucket(bucket.len(), cap, |one, other| {
            let (one, other) = (at(one), at(other));
            pairs.push((one.min(other), one.max(other)));
        }));
    }
    pairs.sort_unstable();
    pairs.dedup();
    let n_pairs = pairs.len();
    pairs.push((0, 0));
    let last = |value: u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(std::iter::repeat_n(0, n_pairs).chain([value])))
    };
    Ok(vec![
        Arc::new(UInt32Array::from_iter_values(pairs.iter().map(|pair| pair.0))),
        Arc::new(UInt32Array::from_iter_values(pairs.iter().map(|pair| pair.1))),
        last(capped),
        last(largest),
    ])
}

/// The articles and pairs of a block; the pairs name articles by position.
struct Block {
    job: Arc<Job>,
    numbers: Vec<u32>,
    articles: Vec<Article>,
    pairs: Vec<CandidatePair>,
}

impl Block {
    fn of(columns: &[ArrayRef]) -> Result<Block> {
        let job = job_of(columns)?;
        let (numbers, others) = (columns[2].as_primitive::<UInt32Type>(), columns[3].as_primitive::<UInt32Type>());
        let mut articles: Vec<(u32, Article)> = Vec::new();
        for parcel in columns[4].as_binary::<i64>().iter().flatten() {
            open_parcel(parcel, &mut |number, article| {
                articles.push((number, unpack(article)?));
                Ok(())
            })?;
        }
        articles.sort_unstable_by_key(|(number, _)| *number);
        let mut pairs: Vec<(u32, u32)> = (0..numbers.len())
            .filter(|row| others.is_valid(*row))
            .map(|row| (numbers.value(row), others.value(row)))
            .collect();
        pairs.sort_unstable();
        let (numbers, articles): (Vec<u32>, Vec<Article>) = articles.into_iter().unzip();
        let position = |number: u32| {
            let at = numbers.binary_search(&number);
            at.map(|at| at as u32).map_err(|_| anyhow::anyhow!("article {number} of a pair is not in its block"))
        };
        let pairs = pairs
            .into_iter()
            .map(|(a, b)| Ok(CandidatePair { a: position(a)?, b: position(b)? }))
            .collect::<Result<_>>()?;
        Ok(Block { job, numbers, articles, pairs })
    }

    /// The pairs that the rule accepts, with the shingle sets of all articles.
    fn verified(&self) -> (Vec<NearDuplicate>, Vec<ShingleSet>) {
        let settings = &self.job.plan.settings.copies;
        let mut memory = ShingleMemory::default();
        let hasher = MinHasher::default();
        let sets: Vec<ShingleSet> =
            self.articles.iter().map(|article| memory.shingles(article).iter().copied().collect()).collect();
        let signatures: Vec<Option<Signature>> = sets.iter().map(|set| hasher.signature(set)).collect();
        let least = lsh(settings).min_estimate;
        let is_alike = |pair: &&CandidatePair| {
            let both = signatures[pair.a as usize].as_ref().zip(signatures[pair.b as usize].as_ref());
            both.is_some_and(|(a, b)| a.estimate(b) >= least)
        };
        let pairs: Vec<CandidatePair> = self.pairs.iter().filter(is_alike).copied().collect();
        (verify(&sets, &pairs, &settings.rule()), sets)
    }
}

/// The verified pairs of a block. The shingles of their articles are written to the file of the block. Arguments: job,
/// block, number, other, parcel.
fn verify_pairs(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let mut block = Block::of(columns)?;
    let (verified, mut sets) = block.verified();
    let mut in_pairs: Vec<u32> = verified.iter().flat_map(|pair| [pair.a, pair.b]).collect();
    in_pairs.sort_unstable();
    in_pairs.dedup();
    let shingled = |at: &u32| {
        let article = &mut block.articles[*at as usize];
        Shingled {
            number: block.numbers[*at as usize],
            outlet: article.outlet.take(),
            headline: std::mem::take(&mut article.headline),
            shingles: std::mem::take(&mut sets[*at as usize]).as_slice().to_vec(),
        }
    };
    let shingled: Vec<Shingled> = in_pairs.iter().map(shingled).collect();
    let name = columns[1].as_primitive::<UInt32Type>().value(0);
    write_whole(&block.job.shingles_file(name), &postcard::to_stdvec(&shingled)?)?;
    let row = |pair: &NearDuplicate| {
        let Overlap { shared, a, b } = pair.overlap;
        let [first, second] = [pair.a, pair.b].map(|at| block.numbers[at as usize]);
        [first, second, shared as u32, a as u32, b as u32]
    };
    Ok(columns_of(&verified.iter().map(row).collect::<Vec<_>>()))
}

/// What is asked of an article of a verified pair once templates are known.
#[derive(Serialize, Deserialize)]
struct Shingled {
    number: u32,
    outlet: Option<String>,
    headline: String,
    shingles: Vec<u64>,
}

/// The verified pairs of a block that are neither made by a template nor stubs. Arguments: job, block, a, b.
fn without_templates(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let job = job_of(columns)?;
    let path = job.shingles_file(columns[1].as_primitive::<UInt32Type>().value(0));
    let bytes = fs::read(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    let shingled: Vec<Shingled> =
        postcard::from_bytes(&bytes).with_context(|| format!("`{}` is damaged", path.display()))?;
    let known: FxHashMap<u32, (Article, ShingleSet)> = shingled
        .into_iter()
        .map(|Shingled { number, outlet, headline, shingles }| {
            let article = Article { outlet, headline, ..Article::new("".into()) };
            (number, (article, shingles.into_iter().collect()))
        })
        .collect();
    let known =
        |number: u32| known.get(&number).with_context(|| format!("`{}` has no article {number}", path.display()));
    let shared: FxHashSet<u32> = job.column("templates")?.iter().copied().collect();
    let rule = job.plan.settings.copies.rule();
    let [a, b] = [2, 3].map(|at| columns[at].as_primitive::<UInt32Type>().values());
    let mut evident: Vec<[u32; 2]> = Vec::new();
    for (a, b) in a.iter().zip(b) {
        let ((first, set), (second, other)) = (known(*a)?, known(*b)?);
        let overlap = Overlap::of(set, other);
        if !by_template(set, other, &overlap, &shared, &rule) && !is_stub(first, second, &overlap) {
            evident.push([*a, *b]);
        }
    }
    Ok(columns_of(&evident))
}

fn columns_of<const N: usize>(rows: &[[u32; N]]) -> Vec<ArrayRef> {
    let column = |at: usize| -> ArrayRef { Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row[at]))) };
    (0..N).map(column).collect()
}

/// What is known of the copies of a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CopyCounts {
    /// Candidate pairs, verified pairs, and of these those that make copies.
    pub pairs: [u64; 3],
    /// Buckets over the cap, in which not all pairs were looked at.
    pub capped_buckets: u64,
    /// Articles in the largest bucket.
    pub largest_bucket: u32,
    /// Articles that are copies.
    pub copies: u64,
}

/// Rows of one part of the buckets.
const BUCKET_ROWS: u64 = 4 << 20;

const IN_BLOCK: [&str; 4] = ["block", "number", "other", "parcel"];

/// Finds the copies. Column: `copy_of`, by number.
pub(crate) async fn find_copies(run: &mut Run<'_>) -> Result<CopyCounts> {
    let job = run.job_name();
    let mut found = CopyCounts::default();
    run.step(
        "signatures",
        &rows_of_each(&format!("sign({job}, shard, item, article)"), &["number", "signature"], "articles"),
    )
    .await?;
    let n_signatures = run.reports.last().map_or(0, |report| report.rows);
    let bands = rows_of_each(&format!("bands({job}, number, signature)"), &["bucket", "number"], "signatures");
    let parts = (n_signatures * 64).div_ceil(BUCKET_ROWS).max(run.partitions() as u64);
    run.step(
        "buckets",
        &rows_of_groups(
            &format!("bucket_pairs({job}, bucket, number)"),
            &["a", "b", "capped", "largest"],
            &format!("({bands})"),
            &format!("bucket % {parts}"),
        ),
    )
    .await?;
    run.each("SELECT sum(capped), max(largest) FROM buckets WHERE a = b", |rows| {
        if rows.num_rows() > 0 {
            found.capped_buckets = rows.column(0).as_primitive::<UInt64Type>().value(0);
            found.largest_bucket = rows.column(1).as_primitive::<UInt32Type>().value(0);
        }
        Ok(())
    })
    .await?;
    run.step("candidate_copies", "SELECT DISTINCT a, b FROM buckets WHERE a <> b").await?;
    found.pairs[0] = run.reports.last().map_or(0, |report| report.rows);
    if !run.job.has_column("block") {
        Blocks::write(run.job, &pairs(run, "candidate_copies").await?)?;
    }
    let blocks = in_blocks(&job, "candidate_copies");
    run.step(
        "verified_copies",
        &rows_of_groups(
            &format!("verify_pairs({job}, block, number, other, parcel)"),
            &["a", "b", "shared", "in_a", "in_b"],
            &blocks,
            "block",
        ),
    )
    .await?;
    let verified = pairs(run, "verified_copies").await?;
    found.pairs[1] = verified.len() as u64;
    if !run.job.has_column("alike") {
        let mut in_pairs = vec![NONE; Counts::of(run.job)?.articles as usize];
        verified.iter().flat_map(|(a, b)| [a, b]).for_each(|number| in_pairs[*number as usize] = 1);
        run.job.write_column("verified", &in_pairs)?;
        run.job.write_column("alike", &groups(run.job, &verified)?)?;
    }
    drop(verified);
    find_templates(run).await?;
    let in_block = rows_of_each(&format!("pair_in_block({job}, a, b)"), &IN_BLOCK, "verified_copies");
    run.step(
        "evident_copies",
        &rows_of_groups(
            &format!("without_templates({job}, block, number, other)"),
            &["a", "b"],
            &format!("(SELECT block, number, other FROM ({in_block}))"),
            "block",
        ),
    )
    .await?;
    // Shingles are not asked for again.
    for block in 0..run.job.column("block")?.iter().filter(|block| **block != NONE).max().map_or(0, |last| last + 1) {
        let _ = fs::remove_file(run.job.shingles_file(block));
    }
    if !run.job.has_column("copy_of") {
        let evident = pairs(run, "evident_copies").await?;
        let mut copy_of = groups(run.job, &evident)?;
        fold_equal_headlines(run, &mut copy_of).await?;
        run.job.write_column("copy_of", &copy_of)?;
    }
    found.pairs[2] = run.reports.last().map_or(0, |report| report.rows);
    found.copies = run.job.column("copy_of")?.iter().filter(|of| **of != NONE).count() as u64;
    Ok(found)
}

/// Rows of pairs and of the texts of their articles, by block.
fn in_blocks(job: &str, pairs: &str) -> String {
    let pairs = rows_of_each(&format!("pair_in_block({job}, a, b)"), &IN_BLOCK, pairs);
    let articles = rows_of_each(&format!("article_in_blocks({job}, shard, item, article)"), &IN_BLOCK, "articles");
    format!("({pairs} UNION ALL {articles})")
}

/// The pairs of a table, sorted.
async fn pairs(run: &Run<'_>, table: &str) -> Result<Vec<(u32, u32)>> {
    let mut pairs = Vec::new();
    run.each(&format!("SELECT a, b FROM {table}"), |rows| {
        let [a, b] = [0, 1].map(|at| rows.column(at).as_primitive::<UInt32Type>().values());
        pairs.extend(a.iter().copied().zip(b.iter().copied()));
        Ok(())
    })
    .await?;
    pairs.sort_unstable();
    Ok(pairs)
}

/// The representative of each article that is a copy by these pairs, else [`NONE`].
fn groups(job: &Job, pairs: &[(u32, u32)]) -> Result<Vec<u32>> {
    let counts = Counts::of(job)?;
    let ranks: Vec<u32> = (0..counts.articles).map(|number| counts.rank(number)).collect();
    let pairs: Vec<NearDuplicate> =
        pairs.iter().map(|(a, b)| NearDuplicate { a: *a, b: *b, overlap: Overlap::default() }).collect();
    Ok(copy_groups(&ranks, &pairs).into_iter().map(|of| of.unwrap_or(NONE)).collect())
}

/// Articles without a body are copies only where headline and outlet are known and equal.
async fn fold_equal_headlines(run: &Run<'_>, copy_of: &mut [u32]) -> Result<()> {
    let counts = Counts::of(run.job)?;
    let mut rows: Vec<(u64, u32)> = Vec::new();
    run.each("SELECT headline_key, number FROM numbers WHERE headline_key IS NOT NULL AND newest = number", |batch| {
        let keys = batch.column(0).as_primitive::<UInt64Type>().values();
        let numbers = batch.column(1).as_primitive::<UInt32Type>().values();
        rows.extend(keys.iter().copied().zip(numbers.iter().map(|number| counts.rank(*number))));
        Ok(())
    })
    .await?;
    rows.sort_unstable();
    let mut first: FxHashMap<u64, u32> = FxHashMap::default();
    for (key, rank) in rows {
        let number = counts.at_rank(rank);
        let representative = *first.entry(key).or_insert(number);
        if representative != number {
            copy_of[number as usize] = representative;
        }
    }
    Ok(())
}
