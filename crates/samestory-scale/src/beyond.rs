//! Beyond a window: pairs of articles of two windows.
//!
//! *Design.* Such a pair is compared in each window that has it in a list, and judged in one, when both its articles know
//! their candidates: what an article knows (some 600 bytes) moves to the windows in which it has such pairs. What these share
//! stands in a file of the window until then.

use std::fs;
use std::sync::Arc;

use anyhow::{Context, Result};
use datafusion::arrow::array::{ArrayRef, AsArray, Float32Builder, LargeBinaryBuilder, UInt32Array, UInt32Builder};
use datafusion::arrow::datatypes::{DataType, Field, Float32Type, UInt32Type};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use samestory::spill::{MOST_HELD, Spill};
use samestory::stories::PairModel;
use samestory::stories::compared::ComparedPairs;
use samestory::stories::features::Neighbourhood;
use samestory::stories::overlap::PairOverlap;
use samestory::stories::score::Judgement;

use crate::articles::job_of;
use crate::candidates::unpack_list;
use crate::compare::judged_rows;
use crate::function::{GroupKernel, Made, RowKernel, number};
use crate::job::Job;
use crate::overlaps::{Positions, read_overlaps};
use crate::run::{Run, rows_of_each, rows_of_groups};
use crate::windows::{Beyond, Windows};

pub(crate) fn row_kernels() -> Vec<RowKernel> {
    vec![
        RowKernel::new(
            "partners_beyond",
            vec![DataType::Utf8, DataType::UInt32, DataType::LargeBinary],
            vec![number("number"), number("window")],
            partners_beyond,
        ),
        RowKernel::new(
            "neighbourhood_in_windows",
            vec![DataType::Utf8, DataType::UInt32, DataType::Float32, DataType::LargeBinary],
            vec![
                number("window"),
                number("number"),
                Field::new("others", DataType::Float32, false),
                Field::new("list", DataType::LargeBinary, false),
            ],
            neighbourhoods_in_windows,
        ),
    ]
}

pub(crate) fn group_kernels() -> Vec<GroupKernel> {
    vec![GroupKernel::new(
        "judge",
        vec![DataType::Utf8, DataType::UInt32, DataType::UInt32, DataType::Float32, DataType::LargeBinary],
        vec![
            number("a"),
            number("b"),
            Field::new("log_odds", DataType::Float32, false),
            Field::new("pairs", DataType::UInt64, false),
        ],
        judge,
    )]
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

/// What an article knows, for each window in which it is in a pair of two windows.
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
            let own = windows.own(number);
            let has_beyond = unpack_list(lists.value(row)).any(|(other, _)| windows.own(other) != own);
            for window in has_beyond.then_some(own).into_iter().chain(beyond.windows(number)) {
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

/// The judged pairs of a window with other windows, as [`judged_rows`]. Arguments: job, window, number, others, list.
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
    Ok(judged_rows(&Judgement::of(&compared, PairModel::shipped()), &at).into())
}

/// Finds the windows in which articles are candidates beside their own. Column: `beyond`.
pub(crate) async fn find_beyond(run: &mut Run<'_>) -> Result<()> {
    if Windows::of(run.job)?.len() == 1 {
        return run.job.write_column("beyond", &[]);
    }
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
    Ok(())
}

/// Judges the pairs of two windows.
pub(crate) async fn judge_beyond(run: &mut Run<'_>) -> Result<()> {
    let n_windows = Windows::of(run.job)?.len() as u32;
    if n_windows > 1 {
        let in_windows = rows_of_each(
            &format!("neighbourhood_in_windows({}, number, others, list)", run.job_name()),
            &["window", "number", "others", "list"],
            "(SELECT number, others, list FROM compared WHERE number IS NOT NULL)",
        );
        run.step(
            "judged_beyond",
            &rows_of_groups(
                &format!("judge({}, \"window\", number, others, list)", run.job_name()),
                &["a", "b", "log_odds", "pairs"],
                &format!("({in_windows})"),
                "\"window\"",
            ),
        )
        .await?;
    }
    // What the pairs share is not asked for again.
    for window in 0..n_windows {
        let _ = fs::remove_file(run.job.overlaps_file(window));
    }
    Ok(())
}

/// All judged pairs, as a table of a query: a, b, log_odds, pairs.
pub(crate) fn judged_table(job: &Job) -> Result<&'static str> {
    Ok(match Windows::of(job)?.len() {
        1 => "(SELECT a, b, log_odds, pairs FROM compared WHERE a IS NOT NULL)",
        _ => {
            "(SELECT a, b, log_odds, pairs FROM compared WHERE a IS NOT NULL
              UNION ALL SELECT a, b, log_odds, pairs FROM judged_beyond)"
        }
    })
}
