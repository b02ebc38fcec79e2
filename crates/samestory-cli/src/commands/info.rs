//! `samestory info`: what the collection holds.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::wording::grouped;
use samestory::{Collection, Counts, Manifest};
use serde::Serialize;

use crate::args::InfoArgs;
use crate::output::{Failure, print_json};

#[derive(Serialize)]
struct Info<'a> {
    collection: String,
    size_bytes: u64,
    #[serde(flatten)]
    manifest: &'a Manifest,
    counts: Counts,
    languages: Vec<(String, u64)>,
    outlets: Vec<(String, u64)>,
    /// The number that the next change will have.
    next_change: u64,
}

/// Outlets that are listed by name.
const LISTED_OUTLETS: usize = 10;

pub(crate) fn run(args: &InfoArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let collection = Collection::open(folder)?;
    let info = Info {
        collection: folder.display().to_string(),
        size_bytes: collection.size_bytes()?,
        manifest: collection.manifest(),
        counts: collection.counts(),
        languages: collection.languages(),
        outlets: collection.outlets(),
        next_change: collection.next_change(),
    };
    if args.json {
        print_json(&info)?;
        return Ok(ExitCode::SUCCESS);
    }
    let counts = &info.counts;
    let languages: Vec<String> = info
        .languages
        .iter()
        .map(|(code, count)| format!("{} {}", if code.is_empty() { "unknown" } else { code }, grouped(*count)))
        .collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "collection      {}", info.collection)?;
    writeln!(out, "format          {} (written by samestory {})", info.manifest.format, info.manifest.written_by)?;
    writeln!(out, "articles        {}", grouped(counts.articles))?;
    writeln!(out, "copies          {}", grouped(counts.copies))?;
    writeln!(out, "older versions  {}", grouped(counts.older_versions))?;
    writeln!(
        out,
        "stories         {} ({} of one article)",
        grouped(counts.stories),
        grouped(counts.single_article_stories)
    )?;
    writeln!(out, "languages       {}", languages.join(", "))?;
    let mut outlets: Vec<String> =
        info.outlets.iter().map(|(name, count)| format!("{name} {}", grouped(*count))).collect();
    if outlets.len() > LISTED_OUTLETS {
        let more = outlets.split_off(LISTED_OUTLETS).len();
        outlets.push(format!("{more} more"));
    }
    writeln!(out, "outlets         {}", outlets.join(", "))?;
    let settings = &info.manifest.settings;
    writeln!(
        out,
        "copies are      Jaccard >= {}{}",
        settings.copies.jaccard,
        match settings.copies.by_containment {
            true => format!(
                ", or containment >= {} with Jaccard >= {}",
                settings.copies.containment, settings.copies.containment_floor
            ),
            false => String::new(),
        }
    )?;
    writeln!(out, "strictness      {}", settings.stories.strictness)?;
    writeln!(out, "size            {:.1} MB", info.size_bytes as f64 / 1e6)?;
    Ok(ExitCode::SUCCESS)
}
