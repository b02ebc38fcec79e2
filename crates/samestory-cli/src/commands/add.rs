//! `samestory add`: articles into a collection, without deciding everything anew.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use samestory::ingest::Reading;
use samestory::wording::counted;
use samestory::{Added, Collection, CollectionWriter, Counts, Settings};
use serde::Serialize;

use super::changes::print_changes;
use super::cluster::stage_name;
use crate::args::AddArgs;
use crate::input::{Progress, articles};
use crate::output::{Failure, print_json, tell};

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    added: Added,
    /// What the collection holds now.
    counts: Counts,
    rejected: usize,
    skipped: samestory::ingest::Skipped,
    seconds: f64,
}

pub(crate) fn run(args: &AddArgs, folder: &Path, mut settings: Settings) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    args.input.reading.apply(&mut settings);
    // The lock is taken before articles are read, so that a second writer is told at once.
    let mut writer = CollectionWriter::open(folder, &settings)?;
    let Reading { articles, rejected, skipped, .. } = articles(&args.input.paths, &settings)?;
    let progress = Progress::start("adding");
    let added = writer.add(articles, &mut |stage| progress.say(stage_name(stage).to_owned()))?;
    writer.close()?;
    drop(progress);
    let collection = Collection::open(folder)?;
    let counts = collection.counts();
    let seconds = started.elapsed().as_secs_f64();
    if args.json {
        print_json(&Report { added, counts, rejected: rejected.len(), skipped, seconds })?;
    } else if args.changes {
        print_changes(&collection.changes(added.changes_before)?)?;
    }
    tell(format_args!(
        "{} added, {} of them other versions, {} known already, {} rejected; {} in {}; {seconds:.1} s",
        counted(added.stored, "article"),
        added.versions,
        added.unchanged,
        rejected.len(),
        counted(counts.articles, "article"),
        counted(counts.stories, "story"),
    ));
    Ok(if rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
