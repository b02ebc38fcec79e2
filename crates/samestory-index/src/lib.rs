//! Keyword search over articles that belong to stories.
//!
//! A [`StoryIndexWriter`] takes each article with its number and the number of its story; a
//! [`StorySearcher`] answers a query with [`StoryHit`]s, each story once, ranked by its best
//! articles and the breadth of its coverage. Words are split by the project's own tokenizer and
//! stemmed in the article's language.
//!
//! ```
//! use samestory_article::{Article, Language};
//! use samestory_index::{SearchFilter, StoryIndexWriter, StorySearcher};
//!
//! let folder = tempfile::tempdir()?;
//! let mut writer = StoryIndexWriter::create(folder.path(), 1)?;
//! let mut article = Article::new("courier-1".into());
//! article.headline = "Two presidents call for a cease-fire".into();
//! article.language = Some(Language::ENGLISH);
//! writer.add(&article, 0, 7)?;
//! writer.finish()?;
//!
//! let searcher = StorySearcher::open(folder.path(), &[Some(Language::ENGLISH)])?;
//! let found = searcher.search("ceasefires", &SearchFilter::default(), 10)?;
//! assert_eq!(found.hits[0].story, 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Limits: a query looks at the best [`StorySearcher::ARTICLES`] articles; a story whose articles
//! all rank below them is not found by that query.

mod error;
mod query;
mod schema;
mod searcher;
mod snippet;
mod words;
mod writer;

pub use error::IndexError;
pub use searcher::{ArticleHit, Found, SearchFilter, StoryHit, StorySearcher};
pub use snippet::{Snippet, snippet};
pub use writer::StoryIndexWriter;
