//! `samestory bench`: throughput on this machine.

use std::io::Write;
use std::process::ExitCode;

use samestory::{Settings, StepTime, time_dedup};
use serde::Serialize;

use crate::args::{BenchArgs, BenchDedupArgs, BenchWhat};
use crate::input::Progress;
use crate::output::{Failure, counted, print_json, table, tell};

pub(crate) fn run(args: &BenchArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    match &args.what {
        BenchWhat::Dedup(args) => dedup(args, settings),
    }
}

#[derive(Serialize)]
struct Report {
    articles: usize,
    text_bytes: u64,
    shingles: u64,
    pairs: usize,
    threads: usize,
    runs: usize,
    steps: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    step: &'static str,
    seconds: f64,
    articles_per_second: f64,
    megabytes_per_second: f64,
    nanoseconds_per_shingle: f64,
}

fn dedup(args: &BenchDedupArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut settings = settings.clone();
    args.input.reading.apply(&mut settings);
    if args.runs == 0 {
        return Err(Failure::usage("--runs must be at least 1"));
    }
    let progress = Progress::start("measuring");
    let timing = time_dedup(&args.input.paths, &settings, args.runs)?;
    drop(progress);
    timing.rejected.iter().for_each(|rejected| tell(format_args!("rejected: {rejected}")));
    if timing.articles == 0 {
        return Err(Failure::failed(anyhow::anyhow!("no article found")));
    }
    let row = |step: &'static str, seconds: f64| Row {
        step,
        seconds,
        articles_per_second: timing.articles as f64 / seconds,
        megabytes_per_second: timing.text_bytes as f64 / 1e6 / seconds,
        nanoseconds_per_shingle: seconds * 1e9 / timing.shingles.max(1) as f64,
    };
    let total: f64 = timing.steps.iter().map(|step| step.seconds).sum();
    let mut steps: Vec<Row> = timing.steps.iter().map(|StepTime { step, seconds }| row(step, *seconds)).collect();
    steps.push(row("all", total));
    let report = Report {
        articles: timing.articles,
        text_bytes: timing.text_bytes,
        shingles: timing.shingles,
        pairs: timing.pairs,
        threads: rayon::current_num_threads(),
        runs: args.runs,
        steps,
    };
    if args.json {
        print_json(&report)?;
    } else {
        print_report(&report)?;
    }
    Ok(if timing.rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print_report(report: &Report) -> Result<(), Failure> {
    let mut lines = table(&["step", "seconds", "articles/s", "MB/s", "ns/shingle"], &[1, 2, 3, 4]);
    for row in &report.steps {
        lines.add_row([
            row.step.to_owned(),
            format!("{:.3}", row.seconds),
            format!("{:.0}", row.articles_per_second),
            format!("{:.1}", row.megabytes_per_second),
            format!("{:.1}", row.nanoseconds_per_shingle),
        ]);
    }
    let mut out = std::io::stdout().lock();
    for line in lines.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(
        out,
        "{}, {:.1} MB of text, {}, {}; {}, best of {}",
        counted(report.articles as u64, "article"),
        report.text_bytes as f64 / 1e6,
        counted(report.shingles, "shingle"),
        counted(report.pairs as u64, "verified pair"),
        counted(report.threads as u64, "thread"),
        counted(report.runs as u64, "run"),
    )?;
    Ok(())
}
