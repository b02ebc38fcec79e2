//! Comparison: from candidates to what each article knows of them, and to judged pairs.
//!
//! *Design.* A window is given the texts of its own articles and of their candidates elsewhere, each once, and weighs and
//! compares them as one machine does. Of its own articles it knows then all that a pair is judged by, and judges those pairs
//! at once; pairs with articles of other windows [wait](crate::beyond) for what these know.

use std::sync::Arc;

use anyhow::Result;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Float32Builder, LargeBinaryArray, LargeBinaryBuilder, UInt32Array,
    UInt32Builder, UInt64Array, new_null_array,
};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType, Field, UInt32Type};
use rayon::prelude::*;
use samestory::LEAST_KEPT_ODDS;
use samestory::spill::{MOST_HELD, Spill, SpillList};
use samestory::stories::PairModel;
use samestory::stories::candidates::Candidate;
use samestory::stories::compared::ComparedPairs;
use samestory::stories::score::Judgement;
use samestory::stories::vectors::{SpilledVectors, VectorSource};

use crate::articles::{job_of, unpack};
use crate::candidates::{pack_list, unpack_list, vectors_of};
use crate::counts::{pack_counts, unpack_counts};
use crate::function::{GroupKernel, Made, RowKernel, number};
use crate::job::Job;
use crate::overlaps::{Positions, write_overlaps};
use crate::parcels::{Parcels, open_parcel};
use crate::run::{Run, rows_of_each, rows_of_groups};
use crate::windows::{Beyond, Compared, Windows};

pub(crate) fn row_kernels() -> Vec<RowKernel> {
    let in_window = vec![
        number("window"),
        Field::new("number", DataType::UInt32, true),
        Field::new("list", DataType::LargeBinary, true),
        Field::new("parcel", DataType::LargeBinary, true),
    ];
    vec![
        RowKernel::new(
            "list_in_window",
            vec![DataType::Utf8, DataType::UInt32, DataType::LargeBinary],
            in_window.clone(),
            lists_in_windows,
        ),
        RowKernel::new(
            "text_in_windows",
            vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::LargeBinary],
            in_window,
            texts_in_windows,
        ),
    ]
}

pub(crate) fn group_kernels() -> Vec<GroupKernel> {
    vec![GroupKernel::new(
        "compare",
        vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::LargeBinary, DataType::LargeBinary],
        vec![
            Field::new("number", DataType::UInt32, true),
            Field::new("others", DataType::Float32, true),
            Field::new("list", DataType::LargeBinary, true),
            Field::new("a", DataType::UInt32, true),
            Field::new("b", DataType::UInt32, true),
            Field::new("log_odds", DataType::Float32, true),
            Field::new("pairs", DataType::UInt64, true),
        ],
        compare,
    )]
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
    let none = new_null_array(&DataType::LargeBinary, numbers.len());
    let columns: Vec<ArrayRef> = vec![Arc::new(own.finish()), Arc::clone(&columns[1]), Arc::new(packed.finish()), none];
    Ok(Made { lengths: vec![1; numbers.len()], columns })
}

/// Parcels for the windows in which the articles of a batch are compared, as rows of the first.
fn texts_in_windows(columns: &[ArrayRef]) -> Result<Made> {
    let (shards, items) = (columns[1].as_primitive::<UInt32Type>(), columns[2].as_primitive::<UInt32Type>());
    let articles = columns[3].as_binary::<i64>();
    let mut parcels = Parcels::default();
    if !shards.is_empty() {
        let job = job_of(columns)?;
        let (compared, windows, beyond) = (Compared::of(&job)?, Windows::of(&job)?, Beyond::of(&job)?);
        for row in 0..shards.len() {
            let number = job.numbers(shards.value(row))?.of(items.value(row));
            let Some(number) = number.filter(|number| compared.has(*number)) else { continue };
            for window in std::iter::once(windows.own(number)).chain(beyond.windows(number)) {
                parcels.add(window, number, articles.value(row))?;
            }
        }
    }
    parcels.rows(shards.len(), &[DataType::UInt32, DataType::LargeBinary])
}

/// Weighs the articles of some parcels, by rising number: those of neighbouring days are held against each other, and stand
/// side by side.
fn weigh_parcels(job: &Job, parcels: &LargeBinaryArray) -> Result<(Positions, SpilledVectors)> {
    let mut texts = SpillList::new(Spill::holding(MOST_HELD));
    let mut numbers: Vec<(u32, usize)> = Vec::new();
    for parcel in parcels.iter().flatten() {
        open_parcel(parcel, &mut |number, article| {
            numbers.push((number, numbers.len()));
            texts.push(article);
            Ok(())
        })?;
    }
    let texts = texts.seal()?;
    numbers.sort_unstable();
    let mut vectors = SpillList::new(Spill::holding(MOST_HELD));
    for batch in numbers.chunks(BATCH) {
        let weigh = |(_, place): &(u32, usize)| Ok(vectors_of(job, &unpack(texts.get(*place))?)?.to_bytes());
        let weighed: Vec<Vec<u8>> = batch.par_iter().map(weigh).collect::<Result<_>>()?;
        weighed.iter().for_each(|bytes| vectors.push(bytes));
    }
    let numbers = numbers.into_iter().map(|(number, _)| number).collect();
    Ok((Positions(numbers), SpilledVectors(vectors.seal()?)))
}

/// Articles that are weighed together.
const BATCH: usize = 1024;

/// What each of a window's own articles knows of its candidates, and the [judged](judged_rows) pairs of these articles. What
/// pairs with articles of other windows share is written to the file of the window.
/// Arguments: job, window, number, list, parcel.
fn compare(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let job = job_of(columns)?;
    let window = columns[1].as_primitive::<UInt32Type>().value(0);
    let numbers = columns[2].as_primitive::<UInt32Type>();
    let lists = columns[3].as_binary::<i64>();
    let (at, vectors) = weigh_parcels(&job, columns[4].as_binary())?;
    let mut local: Vec<Vec<Candidate>> = vec![Vec::new(); vectors.n_articles()];
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
    drop((vectors, local));
    let mut is_own = vec![false; at.0.len()];
    for number in &own {
        is_own[at.of(*number)? as usize] = true;
    }
    let of_window = |a: u32, b: u32| is_own[a as usize] && is_own[b as usize];
    write_overlaps(&job, window, &compared, &at, |a, b| !of_window(a, b))?;
    let judged = judged_rows(&Judgement::of_those(&compared, PairModel::shipped(), of_window), &at);
    let neighbourhoods = compared.neighbourhoods();
    let mut others = Float32Builder::new();
    let mut packed = LargeBinaryBuilder::new();
    for number in &own {
        let neighbourhood = &neighbourhoods[at.of(*number)? as usize];
        others.append_value(neighbourhood.others());
        let named = neighbourhood.candidates().iter().map(|(other, closeness)| (at.0[*other as usize], *closeness));
        packed.append_value(pack_list(named));
    }
    let known: [ArrayRef; 3] = [Arc::new(UInt32Array::from(own)), Arc::new(others.finish()), Arc::new(packed.finish())];
    let (n_known, n_judged) = (known[0].len(), judged[0].len());
    let known = known.map(|column| [Arc::clone(&column), new_null_array(column.data_type(), n_judged)]);
    let judged = judged.map(|column| [new_null_array(column.data_type(), n_known), column]);
    known.iter().chain(&judged).map(|[first, second]| Ok(concat(&[first.as_ref(), second.as_ref()])?)).collect()
}

/// The judged pairs that may matter, and rows without a pair (`a` and `b` are equal, and a step of log odds) that tell how
/// many of all have which log odds: a, b, log_odds, pairs.
pub(crate) fn judged_rows(judgement: &Judgement, at: &Positions) -> [ArrayRef; 4] {
    let kept = judgement.pairs.iter().filter(|pair| pair.log_odds > LEAST_KEPT_ODDS);
    let kept = kept.map(|pair| (at.0[pair.a as usize], at.0[pair.b as usize], pair.log_odds, 1));
    let counted = (0u32..).zip(judgement.counts.counts()).filter(|(_, pairs)| **pairs > 0);
    let rows: Vec<(u32, u32, f32, u64)> = kept.chain(counted.map(|(step, pairs)| (step, step, 0.0, *pairs))).collect();
    [
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.0))),
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.1))),
        Arc::new(Float32Array::from_iter_values(rows.iter().map(|row| row.2))),
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.3))),
    ]
}

const IN_WINDOW: [&str; 4] = ["window", "number", "list", "parcel"];

/// Compares the candidates, and judges the pairs of one window.
pub(crate) async fn compare_candidates(run: &mut Run<'_>) -> Result<()> {
    let job = run.job_name();
    let lists = rows_of_each(&format!("list_in_window({job}, number, list)"), &IN_WINDOW, "candidates");
    let texts = rows_of_each(&format!("text_in_windows({job}, shard, item, article)"), &IN_WINDOW, "articles");
    run.step(
        "compared",
        &rows_of_groups(
            &format!("compare({job}, \"window\", number, list, parcel)"),
            &["number", "others", "list", "a", "b", "log_odds", "pairs"],
            &format!("({lists} UNION ALL {texts})"),
            "\"window\"",
        ),
    )
    .await
}
