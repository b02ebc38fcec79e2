//! `samestory diff`: what changed between versions of an article.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use samestory::article::Article;
use samestory::reuse::{ChangeKind, SentenceChange, VersionChange, WordSide};
use samestory::wording::version_summary;
use samestory::{ArticleVersions, Collection, Settings, article_versions, version_step};

use crate::args::DiffArgs;
use crate::input::articles;
use crate::output::{Failure, Style, print_json, visible};

pub(crate) fn run(args: &DiffArgs, folder: &Path, mut settings: Settings) -> Result<ExitCode, Failure> {
    args.reading.apply(&mut settings);
    let path = Path::new(&args.article);
    let chain = match path.exists() {
        false => Collection::open(folder)?.version_chain(&args.article)?,
        true => {
            let mut found = articles(&[PathBuf::from(path)], &settings)?.articles;
            // A file may hold an address as it was seen several times, a folder the versions of one article.
            let key = found[0].version_key();
            if found.len() > 1 && (key.is_none() || found.iter().any(|article| article.version_key() != key)) {
                let told = format!("`{}` holds {} articles; cluster it, then name one", args.article, found.len());
                return Err(Failure::usage(told));
            }
            found.sort_by(|a, b| a.version_order().cmp(&b.version_order()));
            // The collection may know more versions of it.
            match found.as_slice() {
                [one] if one.versions.len() < 2 => known_versions(folder, one).unwrap_or(found),
                _ => found,
            }
        }
    };
    let versions = match (args.from, args.to) {
        (None, None) => article_versions(&chain),
        (from, to) => version_step(&chain, from, to).map_err(Failure::usage)?,
    };
    if args.json {
        print_json(&versions)?;
    } else {
        print(&mut std::io::stdout().lock(), Style::of_stdout(), &versions)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The versions of an article that a collection has under its id with the same text, where there is a collection.
fn known_versions(folder: &Path, article: &Article) -> Option<Vec<Article>> {
    let chain = Collection::open(folder).ok()?.version_chain(article.id.as_str()).ok()?;
    chain.iter().any(|known| known.id == article.id && known.text == article.text).then_some(chain)
}

fn print(out: &mut impl Write, style: Style, versions: &ArticleVersions) -> std::io::Result<()> {
    writeln!(out, "{}", style.faint(format!("id {}", visible(&versions.id))))?;
    print_editions(out, style, versions)?;
    if versions.changes.is_empty() {
        writeln!(out, "\nthere is one version alone")?;
    }
    for change in &versions.changes {
        writeln!(out)?;
        print_change(out, style, change, "")?;
    }
    Ok(())
}

/// The versions, a line each.
pub(crate) fn print_editions(out: &mut impl Write, style: Style, versions: &ArticleVersions) -> std::io::Result<()> {
    for edition in &versions.versions {
        let time = edition.time.as_ref().map(|time| format!("  {time}")).unwrap_or_default();
        writeln!(out, "version {}{time}  {}", edition.number, style.bold(visible(&edition.headline)))?;
    }
    Ok(())
}

/// A step from one version to a later one.
pub(crate) fn print_change(
    out: &mut impl Write,
    style: Style,
    change: &VersionChange,
    indent: &str,
) -> std::io::Result<()> {
    writeln!(out, "{indent}{}", version_summary(change))?;
    if let Some(headline) = &change.headline {
        let trivial = if headline.trivial { ", trivial" } else { "" };
        let (from, to) = (style.removed(visible(&headline.from)), style.added(visible(&headline.to)));
        writeln!(out, "{indent}  headline changed{trivial}: {from} {to}")?;
    }
    for sentence in &change.sentences {
        print_sentence(out, style, sentence, indent)?;
    }
    Ok(())
}

fn print_sentence(out: &mut impl Write, style: Style, sentence: &SentenceChange, indent: &str) -> std::io::Result<()> {
    let kind = match sentence.kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
        ChangeKind::Moved => "moved",
        ChangeKind::AddedOrRemoved => "added or removed (the page does not tell which)",
    };
    let place = match (sentence.from_paragraph, sentence.to_paragraph) {
        (Some(from), Some(to)) if from != to => format!(" paragraph {from} to {to}"),
        (_, Some(paragraph)) | (Some(paragraph), None) => format!(" paragraph {paragraph}"),
        (None, None) => String::new(),
    };
    let trivial = if sentence.trivial { ", trivial" } else { "" };
    write!(out, "{indent}  {kind}{trivial}{}: ", style.faint(place))?;
    for change in &sentence.words {
        let text = visible(change.text.trim_end());
        let space = &change.text[change.text.trim_end().len()..];
        match change.side {
            WordSide::Both => write!(out, "{}", visible(&change.text))?,
            WordSide::Older => write!(out, "{}{space}", style.removed(text))?,
            WordSide::Newer => write!(out, "{}{space}", style.added(text))?,
        }
    }
    writeln!(out)
}
