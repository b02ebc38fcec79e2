//! `samestory export`: what the collection holds, as files for other tools.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::{ArticleRecord, Collection, CollectionError, PlaceColumns};
use serde::Serialize;

use super::stories::StoryRow;
use crate::args::{ExportArgs, ExportFormat, ExportWhat};
use crate::output::{Failure, Output};

#[derive(Serialize)]
struct CopyRow {
    id: String,
    copy_of: String,
    story: String,
}

pub(crate) fn run(args: &ExportArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let ExportFormat::Jsonl = args.format;
    let collection = Collection::open(folder)?;
    let mut out = Output::begin(args.output.as_deref().unwrap_or(Path::new("-")), &[])?;
    match args.what {
        ExportWhat::Articles => {
            each(&collection, &mut |article, place| line(&mut out, &ArticleRecord::placed(&article, place)))?
        }
        ExportWhat::Copies => each(&collection, &mut |article, place| match place.copy_of {
            Some(copy_of) => {
                let row = CopyRow { id: article.id.to_string(), copy_of, story: place.story.to_string() };
                line(&mut out, &row)
            }
            None => Ok(()),
        })?,
        ExportWhat::Stories => {
            for story in collection.stories()? {
                line(&mut out, &StoryRow::from(story))?;
            }
        }
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn line(out: &mut impl Write, row: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, row)?;
    out.write_all(b"\n")
}

/// Visits every article with its place spelled out in ids.
fn each(
    collection: &Collection,
    visit: &mut dyn FnMut(samestory::article::Article, PlaceColumns) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let stories = collection.stories()?;
    let mut ids: Vec<String> = Vec::new();
    collection.each_article(&mut |_, article, _| {
        ids.push(article.id.to_string());
        Ok(())
    })?;
    let visited = collection.each_article(&mut |_, article, place| {
        let id = |at: u32| ids[at as usize].clone();
        let columns = PlaceColumns {
            story: stories[place.story as usize].id.clone(),
            copy_of: place.copy_of.map(id),
            version_of: place.version_of.map(id),
        };
        visit(article, columns).map_err(CollectionError::Visitor)
    });
    match visited {
        Err(CollectionError::Visitor(error)) => Err(error.into()),
        visited => Ok(visited?),
    }
}
