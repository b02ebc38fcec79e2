//! `samestory bench`: throughput on this machine.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use samestory::ingest::Rejected;
use samestory::wording::counted;
use samestory::{Settings, StepTime, TimingError, time_dedup, time_stories};
use serde::Serialize;

use crate::args::{BenchArgs, BenchInputArgs, BenchWhat};
use crate::input::Progress;
use crate::output::{Failure, print_json, table, tell};

pub(crate) fn run(args: &BenchArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    match &args.what {
        BenchWhat::Dedup(args) => dedup(args, settings),
        BenchWhat::Stories(args) => stories(args, settings),
    }
}

#[derive(Serialize)]
struct Report {
    articles: usize,
    text_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    shingles: Option<u64>,
    pairs: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    stories: Option<usize>,
    threads: usize,
    runs: usize,
    steps: Vec<Row>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kernels: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    step: &'static str,
    seconds: f64,
    articles_per_second: f64,
    megabytes_per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nanoseconds_per_shingle: Option<f64>,
}

impl Report {
    fn of(articles: usize, text_bytes: u64, shingles: Option<u64>, steps: &[StepTime], runs: usize) -> Report {
        let threads = rayon::current_num_threads();
        let (pairs, stories, kernels) = (0, None, Vec::new());
        let mut report =
            Report { articles, text_bytes, shingles, pairs, stories, threads, runs, steps: Vec::new(), kernels };
        let seconds = steps.iter().map(|step| step.seconds).sum();
        report.steps = steps.iter().chain([&StepTime { step: "all", seconds }]).map(|step| report.row(step)).collect();
        report
    }

    fn row(&self, &StepTime { step, seconds }: &StepTime) -> Row {
        Row {
            step,
            seconds,
            articles_per_second: self.articles as f64 / seconds,
            megabytes_per_second: self.text_bytes as f64 / 1e6 / seconds,
            nanoseconds_per_shingle: self.shingles.map(|shingles| seconds * 1e9 / shingles.max(1) as f64),
        }
    }
}

/// Measures with a settings file and a reading of the command line, and tells what was rejected.
fn measure<T>(
    args: &BenchInputArgs,
    settings: &Settings,
    time: impl Fn(&[PathBuf], &Settings, usize) -> Result<T, TimingError>,
) -> Result<T, Failure> {
    let mut settings = settings.clone();
    args.input.reading.apply(&mut settings);
    if args.runs == 0 {
        return Err(Failure::usage("--runs must be at least 1"));
    }
    let _progress = Progress::start("measuring");
    Ok(time(&args.input.paths, &settings, args.runs)?)
}

fn dedup(args: &BenchInputArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let timing = measure(args, settings, time_dedup)?;
    let report = Report::of(timing.articles, timing.text_bytes, Some(timing.shingles), &timing.steps, args.runs);
    let kernels = timing.kernels.iter().map(|step| report.row(step)).collect();
    let report = Report { pairs: timing.pairs, kernels, ..report };
    print(&report, args.json, &timing.rejected)
}

fn stories(args: &BenchInputArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let timing = measure(args, settings, time_stories)?;
    let report = Report {
        pairs: timing.pairs,
        stories: Some(timing.stories),
        ..Report::of(timing.articles, timing.text_bytes, None, &timing.steps, args.runs)
    };
    print(&report, args.json, &timing.rejected)
}

fn print(report: &Report, json: bool, rejected: &[Rejected]) -> Result<ExitCode, Failure> {
    rejected.iter().for_each(|rejected| tell(format_args!("rejected: {rejected}")));
    if report.articles == 0 {
        return Err(Failure::failed(anyhow::anyhow!("no article found")));
    }
    if json {
        print_json(report)?;
    } else {
        print_table(report)?;
    }
    Ok(if rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print_table(report: &Report) -> Result<(), Failure> {
    let heads = ["step", "seconds", "articles/s", "MB/s", "ns/shingle"];
    let n_columns = heads.len() - usize::from(report.shingles.is_none());
    let mut lines = table(&heads[..n_columns], &[1, 2, 3, 4][..n_columns - 1]);
    let kernel = |row: &Row| format!("  {}, alone", row.step);
    let rows = report.steps.iter().map(|row| (row.step.to_owned(), row));
    for (step, row) in rows.chain(report.kernels.iter().map(|row| (kernel(row), row))) {
        let numbers = [
            format!("{:.3}", row.seconds),
            format!("{:.0}", row.articles_per_second),
            format!("{:.1}", row.megabytes_per_second),
        ];
        let of_shingles = row.nanoseconds_per_shingle.map(|nanoseconds| format!("{nanoseconds:.1}"));
        lines.add_row(std::iter::once(step).chain(numbers).chain(of_shingles));
    }
    let mut out = std::io::stdout().lock();
    for line in lines.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    let pairs = match (report.shingles, report.stories) {
        (Some(shingles), _) => {
            format!("{}, {}", counted(shingles, "shingle"), counted(report.pairs as u64, "verified pair"))
        }
        (None, stories) => format!(
            "{}, {}",
            counted(report.pairs as u64, "candidate pair"),
            counted(stories.unwrap_or_default() as u64, "story")
        ),
    };
    writeln!(
        out,
        "{}, {:.1} MB of text, {pairs}; {}, best of {}",
        counted(report.articles as u64, "article"),
        report.text_bytes as f64 / 1e6,
        counted(report.threads as u64, "thread"),
        counted(report.runs as u64, "run"),
    )?;
    Ok(())
}
