//! Candidates: from terms to weights to the articles that each may be one story with.
//!
//! *Design.* How many articles hold a term is an aggregation; the table of it is read whole by every executor (8 bytes a
//! term that two articles hold). By it each executor weighs the texts where they lie and keeps the heaviest terms. These
//! move twice: to the windows that see the article, and, where there are several windows, by term, so that a window is told
//! the nearest articles beyond its sight that hold the rare terms of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, LargeBinaryBuilder, UInt32Array, UInt32Builder};
use datafusion::arrow::datatypes::{DataType, Field, UInt32Type};
use rustc_hash::FxHashMap;
use samestory::stories::candidates::{
    Candidate, FAR_TERMS, HeavySource, HeavyTerm, MOST_ASIDE, MOST_FAR, candidate_lists_among, heaviest, pack_heaviest,
    unpack_heaviest,
};
use samestory::stories::{ArticleTerms, ArticleVectors};

use crate::articles::{Counts, each_wanted, job_of};
use crate::counts::{add_counts, combine_counts, counts_by_parts, parts_of_terms};
use crate::function::{GroupKernel, Made, RowKernel, number};
use crate::job::Job;
use crate::run::{Run, rows_of_each, rows_of_groups};
use crate::windows::{Compared, Windows};

fn payload() -> Field {
    Field::new("payload", DataType::LargeBinary, false)
}

pub(crate) fn row_kernels() -> Vec<RowKernel> {
    let article = || vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::LargeBinary];
    let heavy = || vec![DataType::Utf8, DataType::UInt32, DataType::LargeBinary];
    let in_window = || vec![number("window"), number("number"), payload()];
    vec![
        RowKernel::new("terms", [article(), vec![DataType::UInt32]].concat(), parts_of_terms(), terms),
        RowKernel::new(
            "weigh",
            article(),
            vec![number("number"), Field::new("heaviest", DataType::LargeBinary, false)],
            weigh,
        ),
        RowKernel::new("in_windows", heavy(), in_window(), in_windows),
        RowKernel::new(
            "postings",
            [heavy(), vec![DataType::UInt32]].concat(),
            vec![number("part"), payload()],
            postings,
        ),
    ]
}

pub(crate) fn group_kernels() -> Vec<GroupKernel> {
    vec![
        GroupKernel::new(
            "count_terms",
            vec![DataType::Utf8, DataType::LargeBinary],
            vec![number("term"), number("held_by")],
            count_terms,
        )
        .combining(combine_counts),
        GroupKernel::new(
            "far_postings",
            vec![DataType::Utf8, DataType::LargeBinary],
            vec![number("window"), number("number"), payload()],
            far_postings,
        ),
        GroupKernel::new(
            "candidates",
            vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::LargeBinary],
            vec![number("number"), Field::new("list", DataType::LargeBinary, false)],
            candidates,
        ),
    ]
}

/// In how many articles of the batch each term occurs, by parts of the terms: two or three bytes a term.
fn terms(columns: &[ArrayRef]) -> Result<Made> {
    let mut counts: FxHashMap<u32, u32> = FxHashMap::default();
    let lengths = each_wanted(columns, Compared::of, Compared::has, &mut |_, article| {
        let terms = ArticleTerms::of(&article);
        terms.counted().into_iter().flatten().for_each(|term| *counts.entry(term.term).or_default() += 1);
        Ok(0)
    })?;
    let mut counts: Vec<(u32, u32)> = counts.into_iter().collect();
    counts.sort_unstable();
    Ok(counts_by_parts(&counts, lengths, &columns[4]))
}

/// The terms of a part that more than one article holds.
fn count_terms(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let mut counts = add_counts(columns[1].as_binary());
    counts.retain(|(_, articles)| *articles > 1);
    Ok(vec![
        Arc::new(UInt32Array::from_iter_values(counts.iter().map(|count| count.0))),
        Arc::new(UInt32Array::from_iter_values(counts.iter().map(|count| count.1))),
    ])
}

/// The vectors of an article in the light of all.
pub(crate) fn vectors_of(job: &Job, article: &samestory::article::Article) -> Result<ArticleVectors<'static>> {
    Ok(ArticleVectors::weigh(&ArticleTerms::of(article), job.frequencies()?, article))
}

fn weigh(columns: &[ArrayRef]) -> Result<Made> {
    let (mut numbers, mut terms) = (UInt32Builder::new(), LargeBinaryBuilder::new());
    let mut lengths = vec![0; columns[1].len()];
    if !lengths.is_empty() {
        let job = job_of(columns)?;
        lengths = each_wanted(columns, Compared::of, Compared::has, &mut |number, article| {
            let mut heaviest = heaviest(&vectors_of(&job, &article)?);
            let frequencies = job.frequencies()?;
            for heavy in &mut heaviest {
                // All executors have the table, and a place in it takes fewer bytes.
                heavy.term = frequencies.place(heavy.term).context("a term that none counted")?;
            }
            numbers.append_value(number);
            terms.append_value(pack_heaviest(&heaviest));
            Ok(1)
        })?;
    }
    Ok(Made { lengths, columns: vec![Arc::new(numbers.finish()), Arc::new(terms.finish())] })
}

/// An article's heaviest terms, for each window that sees it.
fn in_windows(columns: &[ArrayRef]) -> Result<Made> {
    let (numbers, heaviest) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_binary::<i64>());
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
#[derive(Debug, Clone, Copy)]
struct Posting {
    number: u32,
    heavy: HeavyTerm,
    /// Whether the article asks for it beyond its window.
    asks_far: bool,
}

/// An article's heaviest terms, for each part of the terms: its number, how many of them it asks for far away, which are the
/// first, and the terms.
fn postings(columns: &[ArrayRef]) -> Result<Made> {
    let (numbers, heaviest) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_binary::<i64>());
    let (mut parts, mut payloads) = (UInt32Builder::new(), LargeBinaryBuilder::new());
    let mut lengths = Vec::with_capacity(numbers.len());
    for row in 0..numbers.len() {
        let n_parts = columns[3].as_primitive::<UInt32Type>().value(row);
        let mut of_parts: BTreeMap<u32, (u8, Vec<HeavyTerm>)> = BTreeMap::new();
        for (at, heavy) in unpack_heaviest(heaviest.value(row)).into_iter().enumerate() {
            let (n_far, terms) = of_parts.entry(heavy.term % n_parts).or_default();
            *n_far += u8::from(at < FAR_TERMS);
            terms.push(heavy);
        }
        lengths.push(of_parts.len());
        for (part, (n_far, terms)) in of_parts {
            let mut bytes = numbers.value(row).to_le_bytes().to_vec();
            bytes.push(n_far);
            bytes.append(&mut pack_heaviest(&terms));
            parts.append_value(part);
            payloads.append_value(bytes);
        }
    }
    Ok(Made { lengths, columns: vec![Arc::new(parts.finish()), Arc::new(payloads.finish())] })
}

fn unpack_postings(bytes: &[u8]) -> Vec<Posting> {
    let Some(([a, b, c, d, n_far], terms)) = bytes.split_first_chunk() else { return Vec::new() };
    let number = u32::from_le_bytes([*a, *b, *c, *d]);
    let posting = |(at, heavy)| Posting { number, heavy, asks_far: at < *n_far };
    (0..).zip(unpack_heaviest(terms)).map(posting).collect()
}

/// For each window the postings that its own articles ask for and that it does not see: by terms that they ask for far
/// away the nearest on either side, and of those without a time the last. A row is
/// an article with such terms.
fn far_postings(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let windows = Windows::of(&*job_of(columns)?)?;
    let undated = windows.times.counts.undated;
    let payloads = columns[1].as_binary::<i64>();
    let mut all: Vec<Posting> = payloads.iter().flatten().flat_map(unpack_postings).collect();
    all.sort_unstable_by_key(|posting| (posting.heavy.term, posting.number));
    let mut of_windows: BTreeMap<(u32, u32), Vec<HeavyTerm>> = BTreeMap::new();
    for of_term in all.chunk_by(|one, other| one.heavy.term == other.heavy.term) {
        let (untimed, timed) = of_term.split_at(of_term.partition_point(|posting| posting.number < undated));
        // Runs of one window: numbers follow windows.
        for askers in of_term.chunk_by(|one, other| windows.own(one.number) == windows.own(other.number)) {
            let window = windows.own(askers[0].number);
            let mut send = |postings: &[Posting]| {
                for posting in postings {
                    of_windows.entry((window, posting.number)).or_default().push(posting.heavy);
                }
            };
            if windows.is_undated(window) {
                send(&timed[timed.len().saturating_sub(MOST_ASIDE)..]);
                continue;
            }
            let far = askers.iter().any(|posting| posting.asks_far);
            let seen = windows.seen(window);
            let before = timed.partition_point(|posting| posting.number < seen.start);
            let behind = timed.partition_point(|posting| posting.number < seen.end);
            if far {
                send(&timed[before.saturating_sub(MOST_FAR)..before]);
                send(&timed[behind..timed.len().min(behind + MOST_FAR)]);
            }
            if seen.start >= undated {
                let first = if far { MOST_FAR.min(untimed.len()) } else { 0 };
                let last = untimed.len().saturating_sub(MOST_ASIDE).max(first);
                send(&untimed[..first]);
                send(&untimed[last..]);
            }
        }
    }
    let (mut of, mut numbers, mut sent) = (UInt32Builder::new(), UInt32Builder::new(), LargeBinaryBuilder::new());
    for ((window, number), terms) in &of_windows {
        of.append_value(*window);
        numbers.append_value(*number);
        sent.append_value(pack_heaviest(terms));
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
    let seen = windows.seen(window);
    let mut articles: Vec<Known> = Vec::new();
    for row in 0..numbers.len() {
        let (number, heaviest) = (numbers.value(row), unpack_heaviest(payloads.value(row)));
        articles.push(Known { number, heaviest, asks: windows.own(number) == window });
    }
    // Of an article beyond sight there is a row for each part of the terms.
    articles.sort_by_key(|article| article.number);
    articles.dedup_by(|next, article| {
        let same = next.number == article.number && !seen.contains(&next.number);
        if same {
            article.heaviest.append(&mut next.heaviest);
        }
        same
    });
    let known = InWindow { articles, windows };
    let lists = candidate_lists_among(&known);
    let (mut of, mut packed) = (UInt32Builder::new(), LargeBinaryBuilder::new());
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
    bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|[a, b, c, d, e, f, g, h]| (u32::from_le_bytes([*a, *b, *c, *d]), f32::from_le_bytes([*e, *f, *g, *h])))
}

/// The candidates in a packed list.
pub(crate) fn unpack_candidates(bytes: &[u8]) -> Vec<Candidate> {
    unpack_list(bytes).map(|(number, closeness)| Candidate { number, closeness }).collect()
}

/// Terms of an article that its batch has not met before, on the mean.
const TERMS_OF_ARTICLE: u64 = 500;

/// Bytes of a posting, and of those that are put together at a time.
const POSTING_BYTES: u64 = size_of::<Posting>() as u64;
const POSTINGS_BYTES: u64 = 256 << 20;

/// Finds the candidates of all articles that are compared. Columns: `frequencies`, `windows`.
pub(crate) async fn find_candidates(run: &mut Run<'_>) -> Result<()> {
    let job = run.job_name();
    let parts = run.parts_of(TERMS_OF_ARTICLE)?;
    let terms = rows_of_each(&format!("terms({job}, shard, item, article, {parts})"), &["part", "payload"], "articles");
    let from = format!("({terms})");
    run.step(
        "frequencies",
        &rows_of_groups(&format!("count_terms({job}, payload)"), &["term", "held_by"], &from, "part"),
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
        &rows_of_each(&format!("weigh({job}, shard, item, article)"), &["number", "heaviest"], "articles"),
    )
    .await?;
    let fields = ["window", "number", "payload"];
    let mut in_sight = rows_of_each(&format!("in_windows({job}, number, heaviest)"), &fields, "heaviest_terms");
    if Windows::of(run.job)?.len() > 1 {
        let held: u64 =
            run.reports.iter().filter(|report| report.step == "heaviest_terms").map(|report| report.rows).sum();
        let n_parts = (held * 125 * POSTING_BYTES).div_ceil(POSTINGS_BYTES).max(run.partitions() as u64);
        let postings = rows_of_each(
            &format!("postings({job}, number, heaviest, CAST({n_parts} AS INT UNSIGNED))"),
            &["part", "payload"],
            "heaviest_terms",
        );
        let from = format!("({postings})");
        run.step("far_postings", &rows_of_groups(&format!("far_postings({job}, payload)"), &fields, &from, "part"))
            .await?;
        in_sight = format!("{in_sight} UNION ALL SELECT * FROM far_postings");
    }
    run.step(
        "candidates",
        &rows_of_groups(
            &format!("candidates({job}, window, number, payload)"),
            &["number", "list"],
            &format!("({in_sight})"),
            "window",
        ),
    )
    .await
}

async fn write_frequencies(run: &Run<'_>) -> Result<()> {
    let compared = Compared::of(run.job)?;
    let n_articles = (0..Counts::of(run.job)?.articles).filter(|number| compared.has(*number)).count();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lists_survive_packing(list in prop::collection::vec((any::<u32>(), -1e3f32..1e3), 0..20)) {
            prop_assert_eq!(unpack_list(&pack_list(list.iter().copied())).collect::<Vec<_>>(), list);
        }
    }
}
