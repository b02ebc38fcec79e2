//! The news article and its tokens: what every stage of samestory speaks of.
//!
//! An [`Article`] keeps the text exactly as it was read. What is not the article's own reporting
//! (front matter, a dateline, a list of other headlines) is marked by a [`Cut`], never removed, so
//! every offset of a [`Token`] points into the text a person can look up. The three types to know
//! are [`Article`], [`Tokenizer`] and [`Stemmer`].
//!
//! ```
//! use samestory_article::{Article, ArticleId, CutKind, Tokenizer};
//!
//! let mut article = Article::new(ArticleId::from("courier-1"));
//! article.headline = "Ferry runs aground off Saint Orla".into();
//! article.text = "SAINT ORLA (Reuters) - A ferry ran aground on Tuesday.\nShare this article".into();
//! // What is not compared is marked, not deleted.
//! article.cut(0..23, CutKind::Dateline);
//! article.cut(55..73, CutKind::Furniture);
//!
//! assert_eq!(article.body_text().trim(), "A ferry ran aground on Tuesday.");
//!
//! let tokens = Tokenizer.body(&article);
//! let words: Vec<&str> = tokens.iter().map(|token| tokens.word(token)).collect();
//! assert_eq!(words, ["a", "ferry", "ran", "aground", "on", "tuesday"]);
//! // Offsets point into the text as it was read.
//! let ferry = &tokens.as_slice()[1];
//! assert_eq!(&article.text[ferry.span()], "ferry");
//! ```
//!
//! Limits: a text is at most 4 GiB (offsets are 32 bits). Nothing here does input or output, and
//! nothing can fail.

mod article;
pub mod language;
mod stem;
mod time;
mod token;

pub use article::{Article, ArticleId, Cut, CutKind, Origin, Paragraphs, Version};
pub use language::Language;
pub use stem::Stemmer;
pub use time::{ArticleTime, Precision};
pub use token::{Shape, Token, Tokenizer, Tokens};
