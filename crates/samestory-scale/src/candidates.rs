//! Candidates: from terms to weights to the articles that each may be one story with.
//!
//! *Design.* How many articles hold a term is an aggregation; the table of it is read whole by every executor (8 bytes a
//! term that two articles hold). By it each executor weighs the texts where they lie and keeps the heaviest terms. These
//! move twice: to the windows that see the article, and, where there are several windows, by term, so that a window is told
//! the nearest articles beyond its sight that hold the rare terms of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use bytemuck::{Pod, Zeroable};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, LargeBinaryBuilder, UInt32Array, UInt32Builder,
};
use datafusion::arrow::datatypes::{DataType, Field, UInt32Type};
use rustc_hash::FxHashMap;
use samestory::stories::candidates::{
    Candidate, FAR_TERMS, HeavySource, HeavyTerm, MOST_ASIDE, MOST_FAR, candidate_lists_among, heaviest,
    heaviest_as_bytes,
};
use samestory::stories::{ArticleTerms, ArticleVectors};

use crate::articles::{each_wanted, job_of, of_kernel};
use crate::function::{GroupKernel, Made, RowKernel, Shape};
use crate::job::Job;
use crate::run::{Run, rows_of_each, rows_of_groups};
use crate::windows::{Compared, Windows};

fn number(name: &str) -> Field {
    Field::new(name, DataType::UInt32, false)
}

fn payload() -> Field {
    Field::new("payload", DataType::LargeBinary, false)
}

pub(crate) fn row_kernels() -> Vec<RowKernel> {
    let article = || vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::LargeBinary];
    let heavy = || vec![DataType::Utf8, DataType::UInt32, DataType::Binary];
    let in_window = || vec![number("window"), Field::new("number", DataType::UInt32, true), payload()];
    vec![
        RowKernel {
            shape: Shape::new("terms", article(), vec![number("term"), number("articles")]),
            run: |columns| terms(columns).map_err(of_kernel),
        },
        RowKernel {
            shape: Shape::new(
                "weigh",
                article(),
                vec![number("number"), Field::new("heaviest", DataType::Binary, false)],
            ),
            run: |columns| weigh(columns).map_err(of_kernel),
        },
        RowKernel {
            shape: Shape::new("in_windows", heavy(), in_window()),
            run: |columns| in_windows(columns).map_err(of_kernel),
        },
        RowKernel {
            shape: Shape::new("postings", [heavy(), vec![DataType::UInt32]].concat(), vec![number("part"), payload()]),
            run: |columns| postings(columns).map_err(of_kernel),
        },
    ]
}

pub(crate) fn group_kernels() -> Vec<GroupKernel> {
    vec![
        GroupKernel {
            shape: Arc::new(Shape::new(
                "far_postings",
                vec![DataType::Utf8, DataType::LargeBinary],
                vec![number("window"), Field::new("number", DataType::UInt32, true), payload()],
            )),
            run: |columns| far_postings(columns).map_err(of_kernel),
        },
        GroupKernel {
            shape: Arc::new(Shape::new(
                "candidates",
                vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::LargeBinary],
                vec![number("number"), Field::new("list", DataType::Binary, false)],
            )),
            run: |columns| candidates(columns).map_err(of_kernel),
        },
    ]
}

/// In how many articles of the batch each term occurs: far fewer rows than each term of each article.
fn terms(columns: &[ArrayRef]) -> Result<Made> {
    let mut counts: FxHashMap<u32, u32> = FxHashMap::default();
    let mut lengths = each_wanted(columns, Compared::of, Compared::has, &mut |_, article| {
        let terms = ArticleTerms::of(&article);
        terms.counted().into_iter().flatten().for_each(|term| *counts.entry(term.term).or_default() += 1);
        Ok(0)
    })?;
    let mut counts: Vec<(u32, u32)> = counts.into_iter().collect();
    counts.sort_unstable();
    if let Some(first) = lengths.first_mut() {
        *first = counts.len();
    }
    let column = |value: fn(&(u32, u32)) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(counts.iter().map(value)))
    };
    Ok(Made { lengths, columns: vec![column(|count| count.0), column(|count| count.1)] })
}

/// The vectors of an article in the light of all.
pub(crate) fn vectors_of(job: &Job, article: &samestory::article::Article) -> Result<ArticleVectors<'static>> {
    Ok(ArticleVectors::weigh(&ArticleTerms::of(article), job.frequencies()?, article))
}

fn weigh(columns: &[ArrayRef]) -> Result<Made> {
    let (mut numbers, mut terms) = (UInt32Builder::new(), BinaryBuilder::new());
    let mut lengths = vec![0; columns[1].len()];
    if !lengths.is_empty() {
        let job = job_of(columns)?;
        lengths = each_wanted(columns, Compared::of, Compared::has, &mut |number, article| {
            let vectors = vectors_of(&job, &article)?;
            numbers.append_value(number);
            terms.append_value(heaviest_as_bytes(&heaviest(&vectors)));
            Ok(1)
        })?;
    }
    Ok(Made { lengths, columns: vec![Arc::new(numbers.finish()), Arc::new(terms.finish())] })
}

/// An article's heaviest terms, for each window that sees it.
fn in_windows(columns: &[ArrayRef]) -> Result<Made> {
    let (numbers, heaviest) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_binary::<i32>());
    let (mut windows, mut of, mut payloads) = (UInt32Builder::new(), UInt32Builder::new(), LargeBinaryBuilder::new());
    let mut lengths = Vec::with_capacity(numbers.len());
    if !numbers.is_empty() {
        let all = Windows::of(&*job_of(columns)?)?;
        for row in 0..numbers.len() {
            let mut n_windows = 0;
            for window in all.that_see(numbers.value(row)) {
                windows.append_value(window);
                of.append_value(numbers.value(row));
                payloads.append_value(heaviest.value(row));
                n_windows += 1;
            }
            lengths.push(n_windows);
        }
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(windows.finish()), Arc::new(of.finish()), Arc::new(payloads.finish())];
    Ok(Made { lengths, columns })
}

/// A term of an article, where its postings are put together.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Posting {
    term: u32,
    number: u32,
    weights: [f32; 2],
    /// Whether the article asks for it beyond its window.
    asks_far: u32,
}

/// An article's heaviest terms, for each part of the terms.
fn postings(columns: &[ArrayRef]) -> Result<Made> {
    let (numbers, heaviest) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_binary::<i32>());
    let (mut parts, mut payloads) = (UInt32Builder::new(), LargeBinaryBuilder::new());
    let mut lengths = Vec::with_capacity(numbers.len());
    for row in 0..numbers.len() {
        let n_parts = columns[3].as_primitive::<UInt32Type>().value(row);
        let mut of_parts: BTreeMap<u32, Vec<Posting>> = BTreeMap::new();
        for (at, heavy) in heavy_terms(heaviest.value(row)).iter().enumerate() {
            let asks_far = u32::from(at < FAR_TERMS);
            let HeavyTerm { term, weights } = *heavy;
            of_parts.entry(term % n_parts).or_default().push(Posting {
                term,
                number: numbers.value(row),
                weights,
                asks_far,
            });
        }
        lengths.push(of_parts.len());
        for (part, postings) in of_parts {
            parts.append_value(part);
            payloads.append_value(bytemuck::cast_slice(&postings));
        }
    }
    Ok(Made { lengths, columns: vec![Arc::new(parts.finish()), Arc::new(payloads.finish())] })
}

/// Numbers of four bytes, wherever they begin.
fn read_all<T: Pod>(bytes: &[u8]) -> Vec<T> {
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
}

fn heavy_terms(bytes: &[u8]) -> Vec<HeavyTerm> {
    read_all(bytes)
}

/// For each window the postings that its own articles ask for and that it does not see: by terms that they ask for far
/// away the nearest on either side, and of those without a time the last.
fn far_postings(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let windows = Windows::of(&*job_of(columns)?)?;
    let undated = windows.times.counts.undated;
    let payloads = columns[1].as_binary::<i64>();
    let mut all: Vec<Posting> = payloads.iter().flatten().flat_map(read_all).collect();
    all.sort_unstable_by_key(|posting| (posting.term, posting.number));
    let mut of_windows: BTreeMap<u32, Vec<Posting>> = BTreeMap::new();
    for of_term in all.chunk_by(|one, other| one.term == other.term) {
        let (untimed, timed) = of_term.split_at(of_term.partition_point(|posting| posting.number < undated));
        // Runs of one window: numbers follow windows.
        for askers in of_term.chunk_by(|one, other| windows.own(one.number) == windows.own(other.number)) {
            let window = windows.own(askers[0].number);
            let far = askers.iter().any(|posting| posting.asks_far == 1);
            let sent = of_windows.entry(window).or_default();
            if windows.is_undated(window) {
                sent.extend(&timed[timed.len().saturating_sub(MOST_ASIDE)..]);
                continue;
            }
            let seen = windows.seen(window);
            let before = timed.partition_point(|posting| posting.number < seen.start);
            let behind = timed.partition_point(|posting| posting.number < seen.end);
            if far {
                sent.extend(&timed[before.saturating_sub(MOST_FAR)..before]);
                sent.extend(timed[behind..].iter().take(MOST_FAR));
            }
            if seen.start >= undated {
                let first = if far { MOST_FAR.min(untimed.len()) } else { 0 };
                let last = untimed.len().saturating_sub(MOST_ASIDE).max(first);
                sent.extend(&untimed[..first]);
                sent.extend(&untimed[last..]);
            }
        }
    }
    let (mut of, mut numbers, mut sent) = (UInt32Builder::new(), UInt32Builder::new(), LargeBinaryBuilder::new());
    for (window, postings) in of_windows.iter().filter(|(_, postings)| !postings.is_empty()) {
        of.append_value(*window);
        numbers.append_null();
        sent.append_value(bytemuck::cast_slice(postings));
    }
    Ok(vec![Arc::new(of.finish()), Arc::new(numbers.finish()), Arc::new(sent.finish())])
}

/// What a window knows of an article.
struct Known {
    number: u32,
    heaviest: Vec<HeavyTerm>,
    asks: bool,
}

/// The articles that a window sees, and those beyond of which it is told, by number.
struct InWindow {
    articles: Vec<Known>,
    windows: Windows,
}

impl HeavySource for InWindow {
    fn n_articles(&self) -> usize {
        self.articles.len()
    }

    fn number(&self, at: usize) -> u32 {
        self.articles[at].number
    }

    fn time(&self, at: usize) -> Option<i64> {
        self.windows.times.time(self.articles[at].number)
    }

    fn heaviest(&self, at: usize) -> Cow<'_, [HeavyTerm]> {
        Cow::Borrowed(&self.articles[at].heaviest)
    }

    fn asks(&self, at: usize) -> bool {
        self.articles[at].asks
    }
}

/// The candidates of a window's own articles. Arguments: job, window, number, payload.
fn candidates(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let windows = Windows::of(&*job_of(columns)?)?;
    let window = columns[1].as_primitive::<UInt32Type>().value(0);
    let (numbers, payloads) = (columns[2].as_primitive::<UInt32Type>(), columns[3].as_binary::<i64>());
    let mut articles: Vec<Known> = Vec::new();
    let mut beyond: BTreeMap<u32, Vec<HeavyTerm>> = BTreeMap::new();
    for row in 0..numbers.len() {
        if numbers.is_valid(row) {
            let number = numbers.value(row);
            let asks = windows.own(number) == window;
            articles.push(Known { number, heaviest: heavy_terms(payloads.value(row)), asks });
        } else {
            for Posting { term, number, weights, .. } in read_all(payloads.value(row)) {
                beyond.entry(number).or_default().push(HeavyTerm { term, weights });
            }
        }
    }
    articles.extend(beyond.into_iter().map(|(number, heaviest)| Known { number, heaviest, asks: false }));
    articles.sort_by_key(|article| article.number);
    let known = InWindow { articles, windows };
    let lists = candidate_lists_among(&known);
    let (mut of, mut packed) = (UInt32Builder::new(), BinaryBuilder::new());
    for (article, list) in known.articles.iter().zip(&lists).filter(|(article, _)| article.asks) {
        of.append_value(article.number);
        packed.append_value(pack_list(list.iter().map(|candidate| (candidate.number, candidate.closeness))));
    }
    Ok(vec![Arc::new(of.finish()), Arc::new(packed.finish())])
}

/// Articles with a closeness each, as bytes.
pub(crate) fn pack_list(list: impl Iterator<Item = (u32, f32)>) -> Vec<u8> {
    list.flat_map(|(number, closeness)| [number, closeness.to_bits()]).flat_map(u32::to_le_bytes).collect()
}

pub(crate) fn unpack_list(bytes: &[u8]) -> impl Iterator<Item = (u32, f32)> + '_ {
    bytes.as_chunks::<8>().0.iter().map(|bytes| {
        let [number, closeness]: [u32; 2] = bytemuck::pod_read_unaligned(bytes);
        (number, f32::from_bits(closeness))
    })
}

/// The candidates in a packed list.
pub(crate) fn unpack_candidates(bytes: &[u8]) -> Vec<Candidate> {
    unpack_list(bytes).map(|(number, closeness)| Candidate { number, closeness }).collect()
}

/// Bytes of the postings that are put together at a time.
const POSTINGS_BYTES: u64 = 256 << 20;

/// Finds the candidates of all articles that are compared. Columns: `frequencies`, `windows`.
pub(crate) async fn find_candidates(run: &mut Run<'_>) -> Result<()> {
    let folder = run.folder();
    let terms = rows_of_each(&format!("terms({folder}, shard, item, article)"), &["term", "articles"], "articles");
    run.step(
        "frequencies",
        &format!("SELECT term, CAST(sum(articles) AS INT UNSIGNED) AS held_by FROM ({terms}) GROUP BY term HAVING sum(articles) > 1"),
    )
    .await?;
    if !run.job.has_column("frequencies") {
        write_frequencies(run).await?;
    }
    if !run.job.has_column("windows") {
        Windows::write(run.job)?;
    }
    run.step(
        "heaviest_terms",
        &rows_of_each(&format!("weigh({folder}, shard, item, article)"), &["number", "heaviest"], "articles"),
    )
    .await?;
    let fields = ["window", "number", "payload"];
    let mut in_sight = rows_of_each(&format!("in_windows({folder}, number, heaviest)"), &fields, "heaviest_terms");
    if Windows::of(run.job)?.len() > 1 {
        let held: u64 =
            run.reports.iter().filter(|report| report.step == "heaviest_terms").map(|report| report.rows).sum();
        let n_parts = (held * 125 * size_of::<Posting>() as u64).div_ceil(POSTINGS_BYTES).max(run.partitions() as u64);
        let postings = rows_of_each(
            &format!("postings({folder}, number, heaviest, CAST({n_parts} AS INT UNSIGNED))"),
            &["part", "payload"],
            "heaviest_terms",
        );
        let from = format!("({postings})");
        run.step("far_postings", &rows_of_groups(&format!("far_postings({folder}, payload)"), &fields, &from, "part"))
            .await?;
        in_sight = format!("{in_sight} UNION ALL SELECT * FROM far_postings");
    }
    run.step(
        "candidates",
        &rows_of_groups(
            &format!("candidates({folder}, window, number, payload)"),
            &["number", "list"],
            &format!("({in_sight})"),
            "window",
        ),
    )
    .await
}

async fn write_frequencies(run: &Run<'_>) -> Result<()> {
    let compared = Compared::of(run.job)?;
    let n_articles = (0..crate::articles::Counts::of(run.job)?.articles).filter(|number| compared.has(*number)).count();
    let mut rows: Vec<(u32, u32)> = Vec::new();
    run.each("SELECT term, held_by FROM frequencies", |batch| {
        let [terms, articles] = [0, 1].map(|at| batch.column(at).as_primitive::<UInt32Type>().values());
        rows.extend(terms.iter().copied().zip(articles.iter().copied()));
        Ok(())
    })
    .await?;
    rows.sort_unstable();
    let head = [n_articles as u32, rows.len() as u32];
    let table: Vec<u32> =
        head.into_iter().chain(rows.iter().map(|row| row.0)).chain(rows.iter().map(|row| row.1)).collect();
    run.job.write_column("frequencies", &table)
}
