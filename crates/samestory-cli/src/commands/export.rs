//! `samestory export`: what the collection holds, as files for other tools.

mod parquet;
mod reuse;

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::{ArticleRecord, Collection, CollectionError, PlaceColumns, StoryRow, StorySummary};
use serde::Serialize;

use self::parquet::{Column, ParquetRows};
use self::reuse::{EdgeRow, PassageRow, each_pair};
use crate::args::{ExportArgs, ExportFormat, ExportWhat};
use crate::output::{Failure, Output};

#[derive(Serialize)]
struct CopyRow {
    id: String,
    copy_of: String,
    story: String,
}

/// The columns of Parquet, which are those of JSONL.
fn columns(what: ExportWhat) -> Vec<(&'static str, Column)> {
    let texts = |names: &[&'static str]| names.iter().map(|name| (*name, Column::Text)).collect::<Vec<_>>();
    match what {
        ExportWhat::Articles => texts(&[
            "id",
            "story",
            "copy_of",
            "version_of",
            "title",
            "text",
            "source",
            "published",
            "url",
            "language",
            "byline",
            "section",
        ]),
        ExportWhat::Copies => texts(&["id", "copy_of", "story"]),
        ExportWhat::Stories => [
            texts(&["id", "headline"]),
            ["articles", "copies", "older_versions"].map(|name| (name, Column::Count)).to_vec(),
            ["outlets", "languages"].map(|name| (name, Column::Texts)).to_vec(),
            texts(&["first", "last"]),
        ]
        .concat(),
        ExportWhat::Edges => [
            texts(&["story", "a", "b"]),
            vec![("copy", Column::Truth), ("a_share", Column::Number), ("b_share", Column::Number)],
            vec![("passages", Column::Count), ("evidence", Column::Count)],
            texts(&["source"]),
            vec![("confidence", Column::Number), ("reasons", Column::Texts)],
        ]
        .concat(),
        ExportWhat::Passages => [
            texts(&["story", "a", "b", "kind"]),
            vec![("exact", Column::Truth), ("similarity", Column::Number)],
            vec![("a_start", Column::Count), ("a_end", Column::Count), ("a_text", Column::Text)],
            vec![("b_start", Column::Count), ("b_end", Column::Count), ("b_text", Column::Text)],
            texts(&["source"]),
            vec![("confidence", Column::Number)],
        ]
        .concat(),
    }
}

/// Where rows go, in either format.
enum Rows<T> {
    Jsonl(Output),
    Parquet(Box<ParquetRows<T>>),
}

impl<T: Serialize> Rows<T> {
    fn push(&mut self, row: T) -> Result<(), Failure> {
        match self {
            Rows::Jsonl(out) => {
                serde_json::to_writer(&mut *out, &row)?;
                Ok(out.write_all(b"\n")?)
            }
            Rows::Parquet(rows) => rows.push(row),
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Rows::Jsonl(out) => out.finish(),
            Rows::Parquet(rows) => rows.finish(),
        }
    }
}

pub(crate) fn run(args: &ExportArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let collection = Collection::open(folder)?;
    match args.what {
        ExportWhat::Articles => {
            let mut rows = begin(args)?;
            each(&collection, &mut |article, place| rows.push(ArticleRecord::placed(&article, place)))?;
            rows.finish()?;
        }
        ExportWhat::Copies => {
            let mut rows = begin(args)?;
            each(&collection, &mut |article, place| match place.copy_of {
                Some(copy_of) => {
                    rows.push(CopyRow { id: article.id.to_string(), copy_of, story: place.story.to_string() })
                }
                None => Ok(()),
            })?;
            rows.finish()?;
        }
        ExportWhat::Stories => {
            let mut rows = begin(args)?;
            collection.stories()?.into_iter().try_for_each(|(_, story)| rows.push(StoryRow::from(story)))?;
            rows.finish()?;
        }
        ExportWhat::Edges => {
            let mut rows = begin(args)?;
            each_pair(&collection, &mut |pair| rows.push(EdgeRow::of(&pair)))?;
            rows.finish()?;
        }
        ExportWhat::Passages => {
            let mut rows = begin(args)?;
            each_pair(&collection, &mut |pair| {
                pair.reuse.passages.iter().try_for_each(|passage| rows.push(PassageRow::of(&pair, passage)))
            })?;
            rows.finish()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn begin<T: Serialize>(args: &ExportArgs) -> Result<Rows<T>, Failure> {
    let path = args.output.as_deref().unwrap_or(Path::new("-"));
    let by_name = match path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet")) {
        true => ExportFormat::Parquet,
        false => ExportFormat::Jsonl,
    };
    let out = Output::begin(path, &[])?;
    Ok(match args.format.unwrap_or(by_name) {
        ExportFormat::Jsonl => Rows::Jsonl(out),
        ExportFormat::Parquet => Rows::Parquet(Box::new(ParquetRows::begin(out, &columns(args.what))?)),
    })
}

/// Visits every article with its place spelled out in ids.
fn each(
    collection: &Collection,
    visit: &mut dyn FnMut(samestory::article::Article, PlaceColumns) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let stories: HashMap<u32, StorySummary> = collection.stories()?.into_iter().collect();
    let mut ids: HashMap<u32, String> = HashMap::new();
    collection.each_article(&mut |number, article, _| {
        ids.insert(number, article.id.to_string());
        Ok(())
    })?;
    visiting(|stop| {
        collection.each_article(&mut |_, article, place| {
            let id = |at: u32| ids[&at].clone();
            let columns = PlaceColumns {
                story: stories[&place.story].id.clone(),
                copy_of: place.copy_of.map(id),
                version_of: place.version_of.map(id),
            };
            stop(visit(article, columns))
        })
    })
}

/// Visits what a collection holds with a visitor that may fail by itself: `stop` takes what it says and makes of a
/// failure what stops the collection.
fn visiting(
    visit: impl FnOnce(&mut dyn FnMut(Result<(), Failure>) -> Result<(), CollectionError>) -> Result<(), CollectionError>,
) -> Result<(), Failure> {
    let mut failed = None;
    let visited = visit(&mut |said| {
        said.map_err(|failure| {
            failed = Some(failure);
            CollectionError::Visitor(std::io::Error::other("the visitor stopped"))
        })
    });
    match failed {
        Some(failure) => Err(failure),
        None => Ok(visited?),
    }
}
