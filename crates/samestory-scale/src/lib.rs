//! The stories of samestory, from many machines.
//!
//! *Motivation.* One machine carries a national monitor for a year; a billion articles do not fit.
//!
//! *Design.* The stages of `samestory cluster` are queries of Apache DataFusion, in this process or on the machines of a
//! [Ballista](https://datafusion.apache.org/ballista/) cluster, and what is ours in them are kernels: functions that make
//! rows of rows, by the code that one machine runs. A [`Job`] is a folder that all machines share. Each step leaves its rows
//! there, and is not run again once they are there. Texts lie in files of the shard that they were read in; they move to
//! where copies are verified and to the [windows](Cuts) in which articles are compared, and else only what is made of them
//! does.
//!
//! *Consequences.* The stories are those of one machine, where the articles are one shard. Of several shards, what an outlet
//! repeats is found among its articles of the same shard, and an outlet has the name that most of these give. The driver
//! holds some 40 bytes an article.
//!
//! ```
//! use std::path::Path;
//!
//! use samestory::Settings;
//! use samestory_scale::{Cuts, Job, Where, each_place, plan, run_job};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
//! # let folder = std::env::temp_dir().join(format!("samestory-scale-{}", std::process::id()));
//! let (plan, _) = plan(&[corpus], Settings::default(), Cuts::default())?;
//! let job = Job::begin(&folder, plan)?;
//! let runtime = tokio::runtime::Runtime::new()?;
//! let outcome = runtime.block_on(run_job(&job, &Where::Local { partitions: 2 }, &mut |_, _| ()))?;
//! assert_eq!(outcome.stories, 42);
//!
//! let mut story_of_ferry = None;
//! runtime.block_on(each_place(&job, &mut |place| {
//!     if place.id.contains("ferry") {
//!         story_of_ferry.get_or_insert(place.story.to_owned());
//!     }
//!     Ok(())
//! }))?;
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```

mod articles;
mod beyond;
mod blocks;
mod candidates;
mod collection;
mod compare;
mod components;
mod copies;
mod counts;
mod engine;
mod function;
mod job;
mod overlaps;
mod parcels;
mod result;
mod roles;
mod run;
mod sink;
mod stories;
mod templates;
mod windows;

use std::time::Duration;

pub use collection::write_collection;
pub use copies::CopyCounts;
pub use engine::Where;
pub use job::{Cuts, Job, Plan, plan};
pub use result::{PlaceOfArticle, each_place};
pub use roles::{ExecutorOptions, SchedulerOptions, executor, scheduler};
pub use run::StepReport;
use samestory::ingest::Rejected;

/// What a job found.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Articles that were taken.
    pub articles: u64,
    /// Stories.
    pub stories: u64,
    /// Copies.
    pub copies: CopyCounts,
    /// Share of the candidate pairs that report one event.
    pub prior: f64,
    /// Items that were not taken.
    pub rejected: Vec<Rejected>,
    /// What each step made and took.
    pub steps: Vec<StepReport>,
}

/// Times that a job on a cluster is begun, while whatever is lost may come back.
const MOST_ATTEMPTS: u32 = 3;

/// Seconds between these.
const REST: Duration = Duration::from_secs(5);

/// Runs a job to its end; steps that are finished already are not run again. `tell` is told of each step, and whether
/// that was so. What fails on a cluster is tried again twice.
///
/// # Errors
///
/// If a step fails, or the scheduler is lost. The same call goes on with that step.
pub async fn run_job(
    job: &Job,
    place: &Where,
    tell: &mut (dyn FnMut(&StepReport, bool) + Send),
) -> anyhow::Result<Outcome> {
    let attempts = if matches!(place, Where::Cluster { .. }) { MOST_ATTEMPTS } else { 1 };
    let mut attempt = 1;
    loop {
        match run_steps(job, place, tell).await {
            Err(error) if attempt < attempts => {
                tracing::warn!(attempt, "goes on behind what is finished, since {error:#}");
                tokio::time::sleep(REST).await;
                attempt += 1;
            }
            done => return done,
        }
    }
}

async fn run_steps(
    job: &Job,
    place: &Where,
    tell: &mut (dyn FnMut(&StepReport, bool) + Send),
) -> anyhow::Result<Outcome> {
    let mut run = run::Run::new(engine::connect(place).await?, job, tell);
    let rejected = articles::number(&mut run).await?;
    let copies = copies::find_copies(&mut run).await?;
    candidates::find_candidates(&mut run).await?;
    beyond::find_beyond(&mut run).await?;
    compare::compare_candidates(&mut run).await?;
    beyond::judge_beyond(&mut run).await?;
    let prior = stories::link_stories(&mut run).await?;
    result::write(&mut run).await?;
    let rows = |name: &str| run.reports.iter().rfind(|report| report.step == name).map_or(0, |report| report.rows);
    Ok(Outcome { articles: rows("numbers"), stories: rows("stories"), copies, prior, rejected, steps: run.reports })
}
