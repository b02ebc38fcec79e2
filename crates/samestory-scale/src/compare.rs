//! Comparison: from candidates to judged pairs.
//!
//! *Design.* A window is given the texts of its own articles and of their candidates elsewhere, each once, and weighs and
//! compares them as one machine does. What its pairs share stays in a file of the window, since a pair is judged by the
//! candidates of both its articles: what an article knows of its candidates (some 600 bytes) moves to the windows in which
//! it has pairs, and these judge. A pair of two windows is compared in each that has it in a list, and judged in one.

use std::fs;
use std::sync::Arc;

use anyhow::{Context, Result};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Float32Builder, LargeBinaryBuilder, UInt32Array, UInt32Builder, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, Field, Float32Type, UInt32Type};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use samestory::LEAST_KEPT_ODDS;
use samestory::spill::{MOST_HELD, Spill, SpillList};
use samestory::stories::PairModel;
use samestory::stories::candidates::Candidate;
use samestory::stories::compared::ComparedPairs;
use samestory::stories::features::Neighbourhood;
use samestory::stories::overlap::PairOverlap;
use samestory::stories::score::Judgement;
use samestory::stories::vectors::SpilledVectors;

use crate::articles::{job_of, of_kernel, unpack};
use crate::candidates::{pack_list, unpack_list, vectors_of};
use crate::counts::{pack_counts, unpack_counts};
use crate::function::{GroupKernel, Made, RowKernel, Shape};
use crate::job::{Job, write_whole};
use crate::run::{Run, rows_of_each, rows_of_groups};
use crate::windows::{Compared, Windows};

fn number(name: &str) -> Field {
    Field::new(name, DataType::UInt32, false)
}

pub(crate) fn row_kernels() -> Vec<RowKernel> {
    let text_in_window = vec![
        number("window"),
        number("number"),
        Field::new("list", DataType::LargeBinary, true),
        Field::new("article", DataType::LargeBinary, true),
    ];
    vec![
        RowKernel {
            shape: Shape::new(
                "partners_beyond",
                vec![DataType::Utf8, DataType::UInt32, DataType::LargeBinary],
                vec![number("number"), number("window")],
            ),
            run: |columns| partners_beyond(columns).map_err(of_kernel),
        },
        RowKernel {
            shape: Shape::new(
                "list_in_window",
                vec![DataType::Utf8, DataType::UInt32, DataType::LargeBinary],
                text_in_window.clone(),
            ),
            run: |columns| lists_in_windows(columns).map_err(of_kernel),
        },
        RowKernel {
            shape: Shape::new(
                "text_in_windows",
                vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::LargeBinary],
                text_in_window,
            ),
            run: |columns| texts_in_windows(columns).map_err(of_kernel),
        },
        RowKernel {
            shape: Shape::new(
                "neighbourhood_in_windows",
                vec![DataType::Utf8, DataType::UInt32, DataType::Float32, DataType::LargeBinary],
                vec![
                    number("window"),
                    number("number"),
                    Field::new("others", DataType::Float32, false),
                    Field::new("list", DataType::LargeBinary, false),
                ],
            ),
            run: |columns| neighbourhoods_in_windows(columns).map_err(of_kernel),
        },
    ]
}

pub(crate) fn group_kernels() -> Vec<GroupKernel> {
    vec![
        GroupKernel {
            shape: Arc::new(Shape::new(
                "compare",
                vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::LargeBinary, DataType::LargeBinary],
                vec![
                    number("number"),
                    Field::new("others", DataType::Float32, false),
                    Field::new("list", DataType::LargeBinary, false),
                ],
            )),
            run: |columns| compare(columns).map_err(of_kernel),
        },
        GroupKernel {
            shape: Arc::new(Shape::new(
                "judge",
                vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::Float32, DataType::LargeBinary],
                vec![
                    number("a"),
                    number("b"),
                    Field::new("log_odds", DataType::Float32, false),
                    Field::new("pairs", DataType::UInt64, false),
                ],
            )),
            run: |columns| judge(columns).map_err(of_kernel),
        },
    ]
}

/// The windows beside its own in which an article is a candidate.
struct Beyond(Arc<Vec<u32>>);

impl Beyond {
    fn of(job: &Job) -> Result<Beyond> {
        Ok(Beyond(job.column("beyond")?))
    }

    fn windows(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        let (rows, _) = self.0.as_chunks::<2>();
        let start = rows.partition_point(|[of, _]| *of < number);
        rows[start..].iter().take_while(move |[of, _]| *of == number).map(|[_, window]| *window)
    }
}

/// Candidates of the articles of a batch that are in another window, each once a window.
fn partners_beyond(columns: &[ArrayRef]) -> Result<Made> {
    let (numbers, lists) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_binary::<i64>());
    let mut found: FxHashSet<(u32, u32)> = FxHashSet::default();
    if !numbers.is_empty() {
        let windows = Windows::of(&*job_of(columns)?)?;
        for row in 0..numbers.len() {
            let window = windows.own(numbers.value(row));
            let partners = unpack_list(lists.value(row)).map(|(partner, _)| partner);
            found.extend(partners.filter(|partner| windows.own(*partner) != window).map(|partner| (partner, window)));
        }
    }
    let mut lengths = vec![0; numbers.len()];
    if let Some(first) = lengths.first_mut() {
        *first = found.len();
    }
    let mut found: Vec<(u32, u32)> = found.into_iter().collect();
    found.sort_unstable();
    let column = |value: fn(&(u32, u32)) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(found.iter().map(value)))
    };
    Ok(Made { lengths, columns: vec![column(|row| row.0), column(|row| row.1)] })
}

/// The candidates of an article, for its own window: their numbers alone.
fn lists_in_windows(columns: &[ArrayRef]) -> Result<Made> {
    let (numbers, lists) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_binary::<i64>());
    let (mut own, mut packed) = (UInt32Builder::new(), LargeBinaryBuilder::new());
    if !numbers.is_empty() {
        let windows = Windows::of(&*job_of(columns)?)?;
        for row in 0..numbers.len() {
            own.append_value(windows.own(numbers.value(row)));
            let mut list: Vec<(u32, u32)> = unpack_list(lists.value(row)).map(|(number, _)| (number, 1)).collect();
            list.sort_unstable();
            packed.append_value(pack_counts(&list));
        }
    }
    let mut none = LargeBinaryBuilder::new();
    numbers.values().iter().for_each(|_| none.append_null());
    let columns: Vec<ArrayRef> =
        vec![Arc::new(own.finish()), Arc::clone(&columns[1]), Arc::new(packed.finish()), Arc::new(none.finish())];
    Ok(Made { lengths: vec![1; numbers.len()], columns })
}

fn texts_in_windows(columns: &[ArrayRef]) -> Result<Made> {
    let (shards, items) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_primitive::<UInt32Type>());
    let articles = columns[3].as_binary::<i64>();
    let (mut of, mut numbers) = (UInt32Builder::new(), UInt32Builder::new());
    let (mut lists, mut texts) = (LargeBinaryBuilder::new(), LargeBinaryBuilder::new());
    let mut lengths = vec![0; shards.len()];
    if !shards.is_empty() {
        let job = job_of(columns)?;
        let (compared, windows, beyond) = (Compared::of(&job)?, Windows::of(&job)?, Beyond::of(&job)?);
        for (row, length) in lengths.iter_mut().enumerate() {
            let number = job.numbers(shards.value(row))?.of(items.value(row));
            let Some(number) = number.filter(|number| compared.has(*number)) else { continue };
            for window in std::iter::once(windows.own(number)).chain(beyond.windows(number)) {
                of.append_value(window);
                numbers.append_value(number);
                lists.append_null();
                texts.append_value(articles.value(row));
                *length += 1;
            }
        }
    }
    let columns: Vec<ArrayRef> =
        vec![Arc::new(of.finish()), Arc::new(numbers.finish()), Arc::new(lists.finish()), Arc::new(texts.finish())];
    Ok(Made { lengths, columns })
}

/// What each of a window's own articles knows of its candidates. What its pairs share is written to the file of the window.
/// Arguments: job, window, number, list, article.
fn compare(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let job = job_of(columns)?;
    let window = columns[1].as_primitive::<UInt32Type>().value(0);
    let numbers = columns[2].as_primitive::<UInt32Type>();
    let (lists, texts) = (columns[3].as_binary::<i64>(), columns[4].as_binary::<i64>());
    let mut rows: Vec<(u32, usize)> =
        (0..numbers.len()).filter(|row| texts.is_valid(*row)).map(|row| (numbers.value(row), row)).collect();
    rows.sort_unstable();
    let at = Positions(rows.iter().map(|row| row.0).collect());
    let mut vectors = SpillList::new(Spill::holding(MOST_HELD));
    for batch in rows.chunks(BATCH) {
        let weigh = |(_, row): &(u32, usize)| Ok(vectors_of(&job, &unpack(texts.value(*row))?)?.to_bytes());
        let weighed: Vec<Vec<u8>> = batch.par_iter().map(weigh).collect::<Result<_>>()?;
        weighed.iter().for_each(|bytes| vectors.push(bytes));
    }
    let vectors = SpilledVectors(vectors.seal()?);
    let mut local: Vec<Vec<Candidate>> = vec![Vec::new(); rows.len()];
    let mut own: Vec<u32> = Vec::new();
    for row in (0..numbers.len()).filter(|row| lists.is_valid(*row)) {
        // Their closeness is what comparing tells.
        let candidate = |(number, _)| Ok(Candidate { number: at.of(number)?, closeness: 0.0 });
        let list = unpack_counts(lists.value(row)).map(candidate);
        local[at.of(numbers.value(row))? as usize] = list.collect::<Result<_>>()?;
        own.push(numbers.value(row));
    }
    own.sort_unstable();
    let compared = ComparedPairs::of(&vectors, &local, Spill::holding(MOST_HELD))?;
    drop(vectors);
    write_overlaps(&job, window, &compared, &at)?;
    let neighbourhoods = compared.neighbourhoods();
    let (mut others, mut packed) = (Float32Builder::new(), LargeBinaryBuilder::new());
    for number in &own {
        let neighbourhood = &neighbourhoods[at.of(*number)? as usize];
        others.append_value(neighbourhood.others());
        let named = neighbourhood.candidates().iter().map(|(other, closeness)| (at.0[*other as usize], *closeness));
        packed.append_value(pack_list(named));
    }
    Ok(vec![Arc::new(UInt32Array::from(own)), Arc::new(others.finish()), Arc::new(packed.finish())])
}

/// Articles that are weighed together.
const BATCH: usize = 1024;

/// Where articles stand among some, which are sorted.
struct Positions(Vec<u32>);

impl Positions {
    fn of(&self, number: u32) -> Result<u32> {
        let at = self.0.binary_search(&number);
        at.map(|at| at as u32).map_err(|_| anyhow::anyhow!("article {number} is not in the window of its pairs"))
    }
}

/// How many pairs there are, the pairs by number, and what they share; as numbers of this machine.
fn write_overlaps(job: &Job, window: u32, compared: &ComparedPairs, at: &Positions) -> Result<()> {
    let pairs = compared.pairs();
    let mut bytes = Vec::with_capacity(8 + pairs.len() * (8 + PairOverlap::BYTES));
    bytes.extend((pairs.len() as u64).to_le_bytes());
    for (a, b) in pairs {
        bytes.extend(at.0[*a as usize].to_le_bytes());
        bytes.extend(at.0[*b as usize].to_le_bytes());
    }
    compared.overlaps().for_each(|overlap| bytes.extend_from_slice(overlap));
    write_whole(&job.overlaps_file(window), &bytes)
}

/// Pairs, and what they share in the same order.
type Overlaps<'a> = (Vec<(u32, u32)>, &'a [[u8; PairOverlap::BYTES]]);

/// What [`write_overlaps`] wrote.
fn read_overlaps(bytes: &[u8]) -> Option<Overlaps<'_>> {
    let (head, rest) = bytes.split_first_chunk()?;
    let n_pairs = u64::from_le_bytes(*head) as usize;
    let (pairs, overlaps) = rest.split_at_checked(n_pairs.checked_mul(8)?)?;
    let (overlaps, []) = overlaps.as_chunks() else { return None };
    let number = |bytes: [u8; 4]| u32::from_le_bytes(bytes);
    let pair = |[a, b, c, d, e, f, g, h]: &[u8; 8]| (number([*a, *b, *c, *d]), number([*e, *f, *g, *h]));
    (overlaps.len() == n_pairs).then(|| (pairs.as_chunks().0.iter().map(pair).collect(), overlaps))
}

fn neighbourhoods_in_windows(columns: &[ArrayRef]) -> Result<Made> {
    let (numbers, others) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_primitive::<Float32Type>());
    let lists = columns[3].as_binary::<i64>();
    let (mut of, mut named) = (UInt32Builder::new(), UInt32Builder::new());
    let (mut share, mut packed) = (Float32Builder::new(), LargeBinaryBuilder::new());
    let mut lengths = vec![0; numbers.len()];
    if !numbers.is_empty() {
        let job = job_of(columns)?;
        let (windows, beyond) = (Windows::of(&job)?, Beyond::of(&job)?);
        for (row, length) in lengths.iter_mut().enumerate() {
            let number = numbers.value(row);
            for window in std::iter::once(windows.own(number)).chain(beyond.windows(number)) {
                of.append_value(window);
                named.append_value(number);
                share.append_value(others.value(row));
                packed.append_value(lists.value(row));
                *length += 1;
            }
        }
    }
    let columns: Vec<ArrayRef> =
        vec![Arc::new(of.finish()), Arc::new(named.finish()), Arc::new(share.finish()), Arc::new(packed.finish())];
    Ok(Made { lengths, columns })
}

/// The judged pairs of a window that may matter; and rows without a pair (`a` and `b` are equal, and a step of log odds)
/// that tell how many of all have which log odds. Arguments: job, window, number, others, list.
fn judge(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let job = job_of(columns)?;
    let windows = Windows::of(&job)?;
    let window = columns[1].as_primitive::<UInt32Type>().value(0);
    let (numbers, others) = (columns[2].as_primitive::<UInt32Type>(), columns[3].as_primitive::<Float32Type>());
    let lists = columns[4].as_binary::<i64>();
    let mut rows: Vec<(u32, usize)> = (0..numbers.len()).map(|row| (numbers.value(row), row)).collect();
    rows.sort_unstable();
    let at = Positions(rows.iter().map(|row| row.0).collect());
    let neighbourhood =
        |(number, row): &(u32, usize)| Neighbourhood::of(*number, unpack_list(lists.value(*row)), others.value(*row));
    let neighbourhoods: Vec<Neighbourhood> = rows.par_iter().map(neighbourhood).collect();
    let path = job.overlaps_file(window);
    let bytes = fs::read(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    let (pairs, overlaps) = read_overlaps(&bytes).with_context(|| format!("`{}` is damaged", path.display()))?;
    let mut here: Vec<(u32, u32)> = Vec::new();
    let mut of_here: Vec<&[u8; PairOverlap::BYTES]> = Vec::new();
    for ((a, b), overlap) in pairs.into_iter().zip(overlaps) {
        let (first, second) = (at.of(a)?, at.of(b)?);
        // The window of the first judges it, if it has it.
        let elsewhere = windows.own(a) != window
            && neighbourhoods[first as usize].candidates().iter().any(|(candidate, _)| *candidate == b);
        if !elsewhere {
            here.push((first, second));
            of_here.push(overlap);
        }
    }
    let compared = ComparedPairs::known(here, of_here, neighbourhoods, Spill::holding(MOST_HELD))?;
    let judgement = Judgement::of(&compared, PairModel::shipped());
    let kept = judgement.pairs.iter().filter(|pair| pair.log_odds > LEAST_KEPT_ODDS);
    let kept = kept.map(|pair| (at.0[pair.a as usize], at.0[pair.b as usize], pair.log_odds, 1));
    let counted = (0u32..).zip(judgement.counts.counts()).filter(|(_, pairs)| **pairs > 0);
    let made: Vec<(u32, u32, f32, u64)> = kept.chain(counted.map(|(step, pairs)| (step, step, 0.0, *pairs))).collect();
    Ok(vec![
        Arc::new(UInt32Array::from_iter_values(made.iter().map(|row| row.0))),
        Arc::new(UInt32Array::from_iter_values(made.iter().map(|row| row.1))),
        Arc::new(Float32Array::from_iter_values(made.iter().map(|row| row.2))),
        Arc::new(UInt64Array::from_iter_values(made.iter().map(|row| row.3))),
    ])
}

const IN_WINDOW: [&str; 4] = ["window", "number", "list", "article"];

/// Compares and judges the candidates. Column: `beyond`.
pub(crate) async fn judge_candidates(run: &mut Run<'_>) -> Result<()> {
    let job = run.job_name();
    let beyond = rows_of_each(&format!("partners_beyond({job}, number, list)"), &["number", "window"], "candidates");
    run.step("beyond", &format!("SELECT DISTINCT number, \"window\" FROM ({beyond})")).await?;
    if !run.job.has_column("beyond") {
        let mut rows: Vec<[u32; 2]> = Vec::new();
        run.each("SELECT number, \"window\" FROM beyond", |batch| {
            let [numbers, windows] = [0, 1].map(|at| batch.column(at).as_primitive::<UInt32Type>().values());
            rows.extend(numbers.iter().zip(windows).map(|(number, window)| [*number, *window]));
            Ok(())
        })
        .await?;
        rows.sort_unstable();
        run.job.write_column("beyond", rows.as_flattened())?;
    }
    let lists = rows_of_each(&format!("list_in_window({job}, number, list)"), &IN_WINDOW, "candidates");
    let texts = rows_of_each(&format!("text_in_windows({job}, shard, item, article)"), &IN_WINDOW, "articles");
    run.step(
        "neighbourhoods",
        &rows_of_groups(
            &format!("compare({job}, \"window\", number, list, article)"),
            &["number", "others", "list"],
            &format!("({lists} UNION ALL {texts})"),
            "\"window\"",
        ),
    )
    .await?;
    let in_windows = rows_of_each(
        &format!("neighbourhood_in_windows({job}, number, others, list)"),
        &["window", "number", "others", "list"],
        "neighbourhoods",
    );
    run.step(
        "judged_pairs",
        &rows_of_groups(
            &format!("judge({job}, \"window\", number, others, list)"),
            &["a", "b", "log_odds", "pairs"],
            &format!("({in_windows})"),
            "\"window\"",
        ),
    )
    .await?;
    // What the pairs share is not asked for again.
    for window in 0..Windows::of(run.job)?.len() as u32 {
        let _ = fs::remove_file(run.job.overlaps_file(window));
    }
    Ok(())
}
