//! `samestory dedup`: the first stages of the pipeline alone.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use samestory::article::Article;
use samestory::wording::counted;
use samestory::{ArticleRecord, CopyPair, CopySettings, Settings, find_copies_stepwise};
use serde::Serialize;

use crate::args::DedupArgs;
use crate::input::{Progress, StageTime, Stages, articles_apart, spill_failed};
use crate::output::{Failure, Output, print_json, tell, write_lines};

/// A line of `--pairs`.
#[derive(Serialize)]
struct Pair<'a> {
    a: &'a str,
    b: &'a str,
    jaccard: f64,
    a_in_b: f64,
    b_in_a: f64,
    containment: f64,
    template: bool,
}

#[derive(Serialize)]
struct Report {
    articles: usize,
    kept: usize,
    copies: usize,
    pairs: usize,
    template_pairs: usize,
    rejected: usize,
    capped_buckets: usize,
    largest_bucket: usize,
    seconds: f64,
    stages: Vec<StageTime>,
}

pub(crate) fn run(args: &DedupArgs, mut settings: Settings) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    args.input.reading.apply(&mut settings);
    args.apply(&mut settings.copies)?;
    settings.check()?;
    let begin = |path: &Option<PathBuf>| path.as_deref().map(|path| Output::begin(path, &args.input.paths)).transpose();
    let (pairs, output, keep) = (begin(&args.pairs)?, begin(&args.output)?, begin(&args.keep)?);
    let (reading, all) = articles_apart(&args.input.paths, &settings)?;
    let progress = Progress::start("folding copies");
    let mut stages = Stages::reading_since(started);
    stages.end();
    let copies = find_copies_stepwise(&all, &settings.copies, &mut |step| stages.ended(step)).map_err(spill_failed)?;
    drop(progress);
    if let Some(out) = pairs {
        write_lines(out, copies.pairs.iter().map(|pair| line(pair, all.heads())))?;
    }
    let kept = || (0..all.heads().len()).filter(|at| copies.copy_of[*at].is_none());
    if let Some(mut out) = output {
        for at in kept() {
            let article = all.whole(at).map_err(spill_failed)?;
            out.line(&ArticleRecord::of(&article))?;
        }
        out.finish()?;
    }
    if let Some(mut out) = keep {
        kept().try_for_each(|at| writeln!(out, "{}", all.heads()[at].id))?;
        out.finish()?;
    }
    let report = Report {
        articles: all.heads().len(),
        kept: kept().count(),
        copies: copies.copy_of.iter().flatten().count(),
        pairs: copies.pairs.len(),
        template_pairs: copies.pairs.iter().filter(|pair| pair.template).count(),
        rejected: reading.rejected.len(),
        capped_buckets: copies.capped_buckets,
        largest_bucket: copies.largest_bucket,
        seconds: started.elapsed().as_secs_f64(),
        stages: stages.times,
    };
    tell_report(args, &report)?;
    Ok(if reading.rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

impl DedupArgs {
    fn apply(&self, copies: &mut CopySettings) -> Result<(), Failure> {
        copies.jaccard = self.jaccard.unwrap_or(copies.jaccard);
        copies.containment_floor = self.containment_floor.unwrap_or(copies.containment_floor);
        match self.containment.as_deref() {
            None => (),
            Some("off") => copies.by_containment = false,
            Some(number) => {
                copies.by_containment = true;
                copies.containment = number.parse().map_err(|_| {
                    Failure::usage(format!("--containment takes `off` or a number from 0 to 1, not `{number}`"))
                })?;
            }
        }
        Ok(())
    }
}

fn line<'a>(pair: &CopyPair, articles: &'a [Article]) -> Pair<'a> {
    let overlap = pair.pair.overlap;
    Pair {
        a: articles[pair.pair.a as usize].id.as_str(),
        b: articles[pair.pair.b as usize].id.as_str(),
        jaccard: overlap.jaccard(),
        a_in_b: overlap.a_in_b(),
        b_in_a: overlap.b_in_a(),
        containment: overlap.containment(),
        template: pair.template,
    }
}

fn tell_report(args: &DedupArgs, report: &Report) -> Result<(), Failure> {
    if report.capped_buckets > 0 {
        tell(format_args!(
            "warning: {} held more articles than the cap (the largest {}); there not every pair was looked at",
            counted(report.capped_buckets as u64, "bucket"),
            report.largest_bucket
        ));
    }
    if args.json {
        return print_json(report);
    }
    let line = format!(
        "{}: {} kept, {} folded; {} verified, {} of them by templates only; {:.1} s",
        counted(report.articles as u64, "article"),
        report.kept,
        counted(report.copies as u64, "copy"),
        counted(report.pairs as u64, "pair"),
        report.template_pairs,
        report.seconds
    );
    // Standard output may be the named file.
    let to_stdout = [&args.pairs, &args.output, &args.keep]
        .iter()
        .any(|path| path.as_deref().is_some_and(|p| p.as_os_str() == "-"));
    if to_stdout {
        tell(line);
    } else {
        writeln!(std::io::stdout().lock(), "{line}")?;
    }
    Ok(())
}
