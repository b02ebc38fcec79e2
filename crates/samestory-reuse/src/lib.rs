//! What news articles have from each other: shared passages, who copied whom, and what changed between versions.
//!
//! Two articles of one event share a quotation, an agency's sentences, a stock phrase, or everything. This crate finds
//! these passages and says what kind of text each is ([`PassageKind`]), says which of two articles has it from the other
//! where that can be known ([`Direction`]), and tells a new version of an article from the one before, sentence by
//! sentence ([`VersionChange`]). The types to know are [`PrintedWords`], [`Passage`], [`Direction`] and
//! [`VersionChange`].
//!
//! ```
//! use samestory_article::Article;
//! use samestory_reuse::{PrintedWords, shared_passages};
//!
//! let article = |id: &str, text: &str| Article { text: text.into(), ..Article::new(id.into()) };
//! let courier = article("a", "The ferry Aurelia lay nine hours on a sandbank off Saint Orla, its owner said.");
//! let ledger = article("b", "Fog held up the Aurelia. It lay nine hours on a sandbank off Saint Orla.");
//!
//! // How telling a word is comes from the collection; here all words are alike.
//! let passages = shared_passages(&PrintedWords::of(&courier), &PrintedWords::of(&ledger), &|_, _| 3.0);
//! assert_eq!(&courier.text[passages[0].a.clone()], "lay nine hours on a sandbank off Saint Orla");
//! assert_eq!(passages[0].b, 28..71);
//! ```
//!
//! Limits: passages are seen where five words in a row are the same. Nothing here does input or output, and nothing can
//! fail.

mod align;
mod anchor;
mod chain;
mod direction;
mod kind;
mod passage;
mod quotation;
mod sentence;
mod source;
mod version;
mod words;

pub use direction::{Direction, LEAST_CONFIDENCE, Reason, Side, direction, earlier};
pub use kind::{PassageKind, Weigh};
pub use passage::{Passage, Sought, shared_passages, words_in};
pub use source::{MOST_SOURCES, source_pairs};
pub use version::{
    ChangeKind, Edition, HeadlineChange, SentenceChange, VersionChange, WordChange, WordSide, editions, version_change,
    word_changes,
};
pub use words::PrintedWords;
