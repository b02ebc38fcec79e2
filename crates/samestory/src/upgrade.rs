//! A collection of an earlier format made one of this format.
//!
//! *Design.* Only what cannot be derived is read from the earlier store, all else is made anew: of format 4 articles
//! and names of stories, which are the two tables below; of format 5 versions, pins and changes too, whose tables are
//! those of today. The new generation stands beside the old one until the manifest is replaced.

use std::path::{Path, PathBuf};

use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use rustc_hash::FxHashMap;
use samestory_article::Article;
use samestory_cluster::StoryId;
use serde::Deserialize;

use crate::config::Settings;
use crate::error::{CollectionError, FORMAT};
use crate::folder::{Generation, UPGRADED, WriterLock, format_of, guarded, manifest_text, parse};
use crate::former::{Former, FormerStory};
use crate::pipeline::Stage;
use crate::rebuild::{Room, rebuild};
use crate::store::StoreWriter;

/// The earliest format that can be upgraded.
pub const EARLIEST_FORMAT: u32 = 4;

/// What is needed of an earlier manifest.
#[derive(Deserialize)]
struct EarlierManifest {
    generation: u64,
    settings: Settings,
    /// Format 4 was never fed.
    #[serde(default)]
    fed: bool,
}

/// Article number -> zstd of postcard of the article.
const ARTICLES: TableDefinition<u32, &[u8]> = TableDefinition::new("articles");
/// Story number -> postcard of id, headline, article numbers, and more.
const STORIES: TableDefinition<u32, &[u8]> = TableDefinition::new("stories");

/// Makes a collection of an earlier format one of this format, and tells the format that it had; one of this format
/// is left as it is.
///
/// # Errors
///
/// If there is no collection, it is of a format before [`EARLIEST_FORMAT`] or of a later one, it is damaged or
/// cannot be written. The former state stays.
pub fn upgrade(folder: &Path, watch: &mut dyn FnMut(Stage)) -> Result<u32, CollectionError> {
    let text = manifest_text(folder)?.ok_or_else(|| CollectionError::NotFound(folder.to_owned()))?;
    match format_of(folder, &text)? {
        FORMAT => Ok(FORMAT),
        found @ EARLIEST_FORMAT..FORMAT => {
            let _lock = WriterLock::take(folder)?;
            let manifest: EarlierManifest = parse(folder, &text)?;
            let path = Generation::of(folder, manifest.generation).store();
            let read = || if found == 4 { read_format_4(&path) } else { read_format_5(folder, &path) };
            let (former, articles) = guarded(&path, read).map_err(|error| error.in_file(&path))?;
            rebuild(folder, articles.into(), &former, &manifest.settings, manifest.fed, Room::Ample, watch)?;
            Ok(found)
        }
        found if found > FORMAT => Err(CollectionError::Newer { path: folder.to_owned(), found }),
        found => Err(CollectionError::TooOld { path: folder.to_owned(), found }),
    }
}

fn read_format_4(path: &Path) -> Result<(Former, Vec<Article>), CollectionError> {
    let read = redb::ReadOnlyDatabase::open(path)?.begin_read()?;
    let mut articles: Vec<Article> = Vec::new();
    let mut ids: FxHashMap<u32, String> = FxHashMap::default();
    for row in read.open_table(ARTICLES)?.iter()? {
        let (number, bytes) = row?;
        let article: Article = postcard::from_bytes(&zstd::decode_all(bytes.value())?)?;
        ids.insert(number.value(), article.id.to_string());
        articles.push(article);
    }
    let mut former = Former::default();
    for row in read.open_table(STORIES)?.iter()? {
        let (number, bytes) = row?;
        let ((id, _, members), _): ((StoryId, String, Vec<u32>), _) = postcard::take_from_bytes(bytes.value())?;
        let members: Option<Vec<String>> = members.iter().map(|member| ids.get(member).cloned()).collect();
        let number = number.value();
        let articles = members.ok_or(CollectionError::Missing { what: "an article of story", number })?;
        former.next_story = former.next_story.max(number + 1);
        former.stories.push(FormerStory { number, id, former: Vec::new(), articles });
    }
    Ok((former, articles))
}

fn read_format_5(folder: &Path, path: &Path) -> Result<(Former, Vec<Article>), CollectionError> {
    // From a copy, in which the tables that it lacks can be made.
    let copy = PassingFile(folder.join(UPGRADED));
    std::fs::copy(path, &copy.0).map_err(|source| CollectionError::Io { path: copy.0.clone(), source })?;
    let store = StoreWriter::open(&copy.0)?;
    store.make_tables()?;
    let mut articles = Vec::new();
    let former = Former::read(&store.snapshot()?, |article| articles.push(article))?;
    Ok((former, articles))
}

/// A file that goes with what it was made for, be that a failure.
struct PassingFile(PathBuf);

impl Drop for PassingFile {
    fn drop(&mut self) {
        // One that stays is removed with the former generation.
        let _ = std::fs::remove_file(&self.0);
    }
}
