//! `samestory remove`, `expire`, `pin`, `unpin`, `split`, `merge` and `recluster`: what a person changes.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::wording::counted;
use samestory::{CollectionWriter, Pinned};

use super::changes::seconds_of;
use super::cluster::stage_name;
use crate::args::{ExpireArgs, MergeArgs, PinArgs, RemoveArgs, SplitArgs, UnpinArgs};
use crate::input::Progress;
use crate::output::{Failure, Style, print_json, tell};
use crate::span::span;

pub(crate) fn remove(args: &RemoveArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let mut writer = CollectionWriter::open_existing(folder)?;
    let removed = writer.remove(&args.names)?;
    writer.close()?;
    tell(format_args!("{} removed", counted(removed, "article")));
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn expire(args: &ExpireArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let before = match (&args.older_than, &args.before) {
        (Some(age), _) if span(age).is_none() => {
            return Err(Failure::usage(format!("`{age}` is no time, such as 12h, 90d or 52w")));
        }
        (Some(written), _) | (None, Some(written)) => seconds_of(written)?,
        (None, None) => return Err(Failure::usage("--older-than or --before is needed")),
    };
    let mut writer = CollectionWriter::open_existing(folder)?;
    let expired = writer.expire(before)?;
    writer.close()?;
    if args.json {
        print_json(&expired)?;
    }
    tell(format_args!("{} removed, {} left", counted(expired.removed, "article"), expired.left));
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn pin(args: &PinArgs, folder: &Path) -> Result<ExitCode, Failure> {
    fixed(folder, args.json, |writer| writer.pin(&args.articles, args.story.as_deref()))
}

pub(crate) fn unpin(args: &UnpinArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let mut writer = CollectionWriter::open_existing(folder)?;
    writer.unpin(&args.names)?;
    writer.close()?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn split(args: &SplitArgs, folder: &Path) -> Result<ExitCode, Failure> {
    fixed(folder, args.json, |writer| writer.split(&args.story, &args.articles))
}

pub(crate) fn merge(args: &MergeArgs, folder: &Path) -> Result<ExitCode, Failure> {
    fixed(folder, args.json, |writer| writer.merge(&args.stories))
}

/// Fixes stories and tells which articles are pinned to them.
fn fixed(
    folder: &Path,
    json: bool,
    fix: impl FnOnce(&mut CollectionWriter) -> Result<Vec<Pinned>, samestory::CollectionError>,
) -> Result<ExitCode, Failure> {
    let mut writer = CollectionWriter::open_existing(folder)?;
    let pinned = fix(&mut writer)?;
    writer.close()?;
    if json {
        print_json(&pinned)?;
        return Ok(ExitCode::SUCCESS);
    }
    let style = Style::of_stdout();
    let mut out = std::io::stdout().lock();
    for story in &pinned {
        writeln!(out, "{}  {}", style.bold(&story.story), story.articles.join(", "))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn recluster(folder: &Path) -> Result<ExitCode, Failure> {
    let mut writer = CollectionWriter::open_existing(folder)?;
    let progress = Progress::start("reading");
    writer.recluster(&mut |stage| progress.say(stage_name(stage).to_owned()))?;
    writer.close()?;
    Ok(ExitCode::SUCCESS)
}
