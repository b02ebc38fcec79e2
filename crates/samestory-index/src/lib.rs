//! Keyword search over articles that belong to stories.
//!
//! A [`StoryIndexWriter`] takes each article with its number; a [`StorySearcher`] answers a query with
//! [`StoryHit`]s, each story once, ranked by its best articles and the breadth of its coverage. Which story an
//! article is in is asked for when it is found, since stories change and articles do not. Words are split by the project's own tokenizer and
//! stemmed in the article's language.
//!
//! ```
//! use samestory_article::{Article, Language};
//! use samestory_index::{SearchFilter, StoryIndexWriter, StorySearcher};
//!
//! let folder = tempfile::tempdir()?;
//! let mut writer = StoryIndexWriter::open(folder.path(), 1)?;
//! let mut article = Article::new("courier-1".into());
//! article.headline = "Two presidents call for a cease-fire".into();
//! article.language = Some(Language::ENGLISH);
//! writer.add(&article, 0)?;
//! writer.commit(1)?;
//! writer.close()?;
//!
//! let searcher = StorySearcher::open(folder.path(), &[Some(Language::ENGLISH)])?;
//! let mut story_of = |_| Ok::<_, samestory_index::IndexError>(Some(7));
//! let found = searcher.search("ceasefires", &SearchFilter::default(), 10, &mut story_of)?;
//! assert_eq!(found.hits[0].story, 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Limits: a query looks at the best [`StorySearcher::ARTICLES`] articles; a story whose articles
//! all rank below them is not found by that query.

mod durable;
mod error;
mod query;
mod queue;
mod schema;
mod searcher;
mod snippet;
mod words;
mod writer;

pub use error::IndexError;
pub use searcher::{ArticleHit, Found, SearchFilter, StoryHit, StorySearcher};
pub use snippet::{Snippet, snippet};
pub use words::AskedStems;
pub use writer::StoryIndexWriter;
