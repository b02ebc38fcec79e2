//! The command line of samestory on many machines.

mod args;

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use samestory::{ConfigError, Settings};
use samestory_scale::{Job, Outcome, Where, each_place, executor, plan, run_job, scheduler, write_collection};
use tracing_subscriber::EnvFilter;

use crate::args::{Arguments, CollectArgs, Command, RunArgs};

/// As the command line of one machine has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rejected items that are shown.
const MOST_SHOWN: usize = 20;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_new(&arguments.log);
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    let done = match arguments.command {
        Command::Scheduler(options) => scheduler(options.into()).await.map(|()| ExitCode::SUCCESS),
        Command::Executor(options) => match options.try_into() {
            Ok(options) => executor(options).await.map(|()| ExitCode::SUCCESS),
            Err(error) => return failed(&error, 2),
        },
        Command::Run(options) => run(options).await,
        Command::Collect(options) => collect(&options).await.map(|()| ExitCode::SUCCESS),
        Command::Stories(options) => stories(&options.job).await.map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| failed(&error, 3))
}

fn failed(error: &anyhow::Error, code: u8) -> ExitCode {
    // The reader of a pipe went away.
    if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    let code = if error.is::<ConfigError>() { 2 } else { code };
    // A broken pipe has nobody left to tell.
    let _ = writeln!(std::io::stderr(), "samestory-scale: {error:#}");
    ExitCode::from(code)
}

async fn run(options: RunArgs) -> Result<ExitCode> {
    let began = Instant::now();
    let settings = match &options.config {
        Some(path) => Settings::read_file(path)?,
        None => Settings::default(),
    };
    let (plan, listing) = plan(&options.paths, settings, options.cuts())?;
    let job = Job::begin(&options.job, plan)?;
    let place = match options.local {
        true => Where::Local { partitions: options.partitions() },
        false => Where::Cluster { scheduler: options.scheduler.clone(), partitions: options.partitions() },
    };
    let mut error = std::io::stderr();
    let outcome = run_job(&job, &place, &mut |step, again| {
        let done = if again { "done before" } else { "" };
        let line =
            format!("{:<18} {:>12} rows {:>14} bytes {:>9.2} s {done}", step.step, step.rows, step.bytes, step.seconds);
        let _ = writeln!(error, "{}", line.trim_end());
    })
    .await
    .with_context(|| {
        format!("the job stands in `{}`; the same command goes on with the step that failed", job.folder().display())
    })?;
    let rejected: Vec<_> = listing.rejected.iter().chain(&outcome.rejected).collect();
    for item in rejected.iter().take(MOST_SHOWN) {
        let _ = writeln!(error, "rejected {item}");
    }
    if rejected.len() > MOST_SHOWN {
        let _ = writeln!(error, "and {} more", rejected.len() - MOST_SHOWN);
    }
    let code = if rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) };
    answer(&options, &job, &outcome, rejected.len(), began.elapsed().as_secs_f64())?;
    Ok(code)
}

fn answer(options: &RunArgs, job: &Job, outcome: &Outcome, rejected: usize, seconds: f64) -> Result<()> {
    let mut out = std::io::stdout();
    let result = job.result_folder();
    if options.json {
        let answer = serde_json::json!({
            "articles": outcome.articles,
            "stories": outcome.stories,
            "copies": outcome.copies,
            "prior": outcome.prior,
            "rejected": rejected,
            "seconds": seconds,
            "steps": outcome.steps,
            "result": result,
        });
        return Ok(writeln!(out, "{answer}")?);
    }
    Ok(writeln!(
        out,
        "{} articles, {rejected} rejected; {} copies, {} stories; {seconds:.1} s\n{}",
        outcome.articles,
        outcome.copies.copies,
        outcome.stories,
        result.display(),
    )?)
}

async fn stories(folder: &Path) -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    each_place(&Job::open(folder)?, &mut |place| {
        let [copy_of, version_of] = [place.copy_of, place.version_of].map(Option::unwrap_or_default);
        Ok(writeln!(out, "{}\t{}\t{copy_of}\t{version_of}", place.id, place.story)?)
    })
    .await?;
    Ok(out.flush()?)
}

async fn collect(options: &CollectArgs) -> Result<()> {
    let job = Job::open(&options.job)?;
    let mut error = std::io::stderr();
    let clustering = write_collection(&job, &options.collection, &mut |stage| {
        let _ = writeln!(error, "{stage:?}");
    })
    .await?;
    let (articles, stories) = (clustering.articles.heads().len(), clustering.stories.len());
    Ok(writeln!(std::io::stdout(), "{articles} articles, {stories} stories in {}", options.collection.display())?)
}
