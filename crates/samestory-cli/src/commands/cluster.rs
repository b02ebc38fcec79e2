//! `samestory cluster`: the whole pipeline, into a collection.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use samestory::ingest::Reading;
use samestory::wording::{counted, grouped};
use samestory::{Clustering, Collection, Counts, Settings, Stage, StoryRow, StorySummary, instant};
use serde::Serialize;

use crate::args::ClusterArgs;
use crate::input::{Progress, StageTime, Stages, articles_apart};
use crate::output::{Failure, Output, Style, days, print_json, shorten, table, tell, write_lines};

/// A line of `--assignments`.
#[derive(Serialize)]
struct Assignment<'a> {
    id: &'a str,
    story: &'a str,
    copy_of: Option<&'a str>,
    version_of: Option<&'a str>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    counts: Counts,
    rejected: usize,
    skipped: samestory::ingest::Skipped,
    capped_buckets: usize,
    seconds: f64,
    stages: &'a [StageTime],
    largest: Vec<StoryRow>,
}

pub(crate) fn run(args: &ClusterArgs, folder: &Path, mut settings: Settings) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    args.input.reading.apply(&mut settings);
    args.strictness.apply(&mut settings);
    Collection::check_writable(folder, args.replace)?;
    // A file that cannot be written is told before the work, not after.
    let assignments = args.assignments.as_deref().map(|path| Output::begin(path, &args.input.paths)).transpose()?;
    let (reading, articles) = articles_apart(&args.input.paths, &settings)?;
    let mut stages = Stages::reading_since(started);
    let progress = Progress::start("clustering");
    let clustering = Collection::write(folder, articles, &settings, &mut |stage| {
        stages.begin(&progress, stage_name(stage));
    })?;
    stages.end();
    drop(progress);
    if let Some(out) = assignments {
        write_assignments(out, &clustering)?;
    }
    let collection = Collection::open(folder)?;
    let mut stories: Vec<StorySummary> = collection.stories()?.into_iter().map(|(_, story)| story).collect();
    stories.sort_by(|a, b| b.articles.len().cmp(&a.articles.len()).then_with(|| a.id.cmp(&b.id)));
    stories.truncate(args.top);
    let seconds = started.elapsed().as_secs_f64();
    if args.json {
        print_json(&Report {
            counts: collection.counts(),
            rejected: reading.rejected.len(),
            skipped: reading.skipped,
            capped_buckets: clustering.capped_buckets,
            seconds,
            stages: &stages.times,
            largest: stories.into_iter().map(StoryRow::from).collect(),
        })?;
    } else if args.assignments.as_deref() != Some(Path::new("-")) {
        print_largest(&stories)?;
    }
    tell_counts(&reading, &clustering, &collection.counts(), seconds);
    Ok(if reading.rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What a stage is called while it goes on.
pub(crate) fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Copies => "folding copies",
        Stage::Terms => "weighing terms",
        Stage::Candidates => "finding candidates",
        Stage::Comparison => "comparing pairs",
        Stage::Stories => "grouping stories",
        Stage::Writing => "writing the collection",
    }
}

fn write_assignments(out: Output, clustering: &Clustering) -> Result<(), Failure> {
    let heads = clustering.articles.heads();
    let id = |at: u32| heads[at as usize].id.as_str();
    let lines = heads.iter().zip(&clustering.places).map(|(article, place)| Assignment {
        id: article.id.as_str(),
        story: clustering.stories[place.story as usize].id.as_str(),
        copy_of: place.copy_of.map(id),
        version_of: place.version_of.map(id),
    });
    write_lines(out, lines)
}

/// Characters of a headline in a table.
const HEADLINE: usize = 70;

fn print_largest(stories: &[StorySummary]) -> Result<(), Failure> {
    let mut lines = table(&["story", "articles", "outlets", "copies", "when", "headline"], &[1, 2, 3]);
    for story in stories {
        let (first, last) = (story.first.map(instant), story.last.map(instant));
        lines.add_row([
            story.id.to_string(),
            story.articles.len().to_string(),
            story.outlets.len().to_string(),
            story.copies.to_string(),
            days(first.as_deref(), last.as_deref()),
            shorten(&story.headline, HEADLINE),
        ]);
    }
    let mut out = std::io::stdout().lock();
    let style = Style::of_stdout();
    for (at, line) in lines.to_string().lines().enumerate() {
        writeln!(out, "{}", if at == 0 { style.bold(line.trim_end()) } else { line.trim_end().to_owned() })?;
    }
    Ok(())
}

fn tell_counts(reading: &Reading, clustering: &Clustering, counts: &Counts, seconds: f64) {
    if clustering.capped_buckets > 0 {
        tell(format_args!(
            "warning: {} held more articles than the cap; there not every pair was looked at for copies",
            counted(clustering.capped_buckets as u64, "bucket")
        ));
    }
    tell(format_args!(
        "{} from {}, {} skipped, {} rejected; {}, {}; {}, {} of one article; {seconds:.1} s",
        counted(counts.articles, "article"),
        counted(reading.files, "file"),
        reading.skipped.total(),
        reading.rejected.len(),
        counted(counts.copies, "copy"),
        counted(counts.older_versions, "older version"),
        counted(counts.stories, "story"),
        grouped(counts.single_article_stories),
    ));
}
