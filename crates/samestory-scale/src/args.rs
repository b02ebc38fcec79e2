//! Every command and option, once. The doc comments are the help texts.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use samestory_scale::{Cuts, ExecutorOptions, SchedulerOptions};

const EXIT_CODES: &str = "Exit codes: 0 done; 1 done, but items were rejected (listed on stderr); 2 wrong usage; 3 could not \
                          do it; the same command goes on with the step that failed.";

/// Groups news articles into stories on many machines, as `samestory cluster` does on one.
#[derive(Debug, Parser)]
#[command(name = "samestory-scale", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// What is logged on stderr: error, warn, info or debug, or by module as in `warn,ballista_scheduler=info`.
    #[arg(long, global = true, value_name = "FILTER", env = "SAMESTORY_LOG", default_value = "warn")]
    pub(crate) log: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the scheduler of a cluster.
    Scheduler(SchedulerArgs),
    /// Run an executor of a cluster.
    Executor(ExecutorArgs),
    /// Group the articles of files and folders into stories.
    Run(RunArgs),
    /// Print where each article of a finished job belongs: id, story, what it is a copy of and what it is an older
    /// version of, between tabs, in order of the ids.
    Stories(StoriesArgs),
    /// Write a finished job as a collection that `samestory` opens, searches, exports and adds to.
    Collect(CollectArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  samestory-scale scheduler --listen 0.0.0.0:50050 --host node-0")]
pub(crate) struct SchedulerArgs {
    /// Where it listens, for executors, clients and its pages of state (http).
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:50050")]
    listen: String,
    /// The name under which executors and clients reach it.
    #[arg(long, value_name = "NAME", default_value = "127.0.0.1")]
    host: String,
    /// Seconds without a sign of life after which an executor is lost and its tasks are done again.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    executor_timeout: u64,
}

impl From<SchedulerArgs> for SchedulerOptions {
    fn from(args: SchedulerArgs) -> SchedulerOptions {
        let SchedulerArgs { listen, host, executor_timeout } = args;
        SchedulerOptions { listen, host, executor_timeout }
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  samestory-scale executor --scheduler node-0:50050 --host node-1 --work /scratch/samestory"
)]
pub(crate) struct ExecutorArgs {
    /// Where the scheduler is.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050")]
    scheduler: String,
    /// The name under which scheduler and other executors reach it.
    #[arg(long, value_name = "NAME", default_value = "127.0.0.1")]
    host: String,
    /// Port for rows.
    #[arg(long, default_value_t = 50051)]
    port: u16,
    /// Port for the scheduler.
    #[arg(long, default_value_t = 50052)]
    grpc_port: u16,
    /// Tasks at a time. The kernels that take long use all cores by themselves.
    #[arg(long, value_name = "N", default_value_t = 1)]
    tasks: usize,
    /// Folder for rows on their way; it may be lost with the executor.
    #[arg(long, value_name = "DIR")]
    work: PathBuf,
    /// Bytes that sorts, joins and aggregations may take before they spill; by default most of the machine's memory.
    #[arg(long, value_name = "BYTES")]
    memory: Option<u64>,
    /// Seconds between its signs of life.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    heartbeat: u64,
}

impl TryFrom<ExecutorArgs> for ExecutorOptions {
    type Error = anyhow::Error;

    fn try_from(args: ExecutorArgs) -> Result<ExecutorOptions> {
        let address = || format!("`{}` is no address such as node-0:50050", args.scheduler);
        let (host, port) = args.scheduler.rsplit_once(':').with_context(address)?;
        Ok(ExecutorOptions {
            scheduler: (host.to_owned(), port.parse().with_context(address)?),
            host: args.host,
            ports: (args.port, args.grpc_port),
            tasks: args.tasks.max(1),
            work_folder: args.work,
            memory: args.memory,
            heartbeat: args.heartbeat.max(1),
        })
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory-scale run --local news/ --job job\n  samestory-scale run news/ --job /shared/job --scheduler df://node-0:50050 --partitions 64"
)]
pub(crate) struct RunArgs {
    /// Files and folders of articles, at a path that every executor has too.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Folder of the job, at a path that every executor has too. Steps that are finished there are not run again.
    #[arg(long, value_name = "DIR")]
    pub(crate) job: PathBuf,
    /// Run in this process, without a cluster.
    #[arg(long, conflicts_with = "scheduler")]
    pub(crate) local: bool,
    /// Where the scheduler is.
    #[arg(long, value_name = "URL", default_value = "df://127.0.0.1:50050")]
    pub(crate) scheduler: String,
    /// Parts that a step is cut into: some for each core of the cluster. By default the cores of this machine.
    #[arg(long, value_name = "N")]
    partitions: Option<usize>,
    /// Bytes of files that are read together; a file is never cut.
    #[arg(long, value_name = "BYTES", default_value_t = Cuts::default().shard_bytes)]
    shard_bytes: u64,
    /// Articles whose candidates are looked for together, at least.
    #[arg(long, value_name = "N", default_value_t = Cuts::default().window_articles, value_parser = clap::value_parser!(u32).range(1..))]
    window_articles: u32,
    /// Days whose candidates are looked for together, at least.
    #[arg(long, value_name = "N", default_value_t = Cuts::default().window_days, value_parser = clap::value_parser!(u32).range(1..))]
    window_days: u32,
    /// Settings file, as of `samestory`.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

impl RunArgs {
    pub(crate) fn cuts(&self) -> Cuts {
        let RunArgs { shard_bytes, window_articles, window_days, .. } = *self;
        Cuts { shard_bytes, window_articles, window_days }
    }

    pub(crate) fn partitions(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.partitions.unwrap_or_else(cores).max(1)
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  samestory-scale stories /shared/job | head")]
pub(crate) struct StoriesArgs {
    /// Folder of the job.
    #[arg(value_name = "JOB")]
    pub(crate) job: PathBuf,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  samestory-scale collect /shared/job --collection news && samestory --collection news search ferry"
)]
pub(crate) struct CollectArgs {
    /// Folder of the job.
    #[arg(value_name = "JOB")]
    pub(crate) job: PathBuf,
    /// Folder of the collection; what it holds is replaced.
    #[arg(long, value_name = "DIR", env = "SAMESTORY_COLLECTION", default_value = ".samestory")]
    pub(crate) collection: PathBuf,
}
