//! Articles whose texts need not be in memory.

use std::borrow::Cow;
use std::io;

use samestory_article::Article;

use crate::spill::{Spill, Spilled};

/// Articles of which the first have their texts, up to a bound, and those of the others are kept in a
/// [spill file](Spill) and read from there one by one.
///
/// Of an article about 600 bytes stay in memory, and what its headline and other fields take.
#[derive(Debug, Default)]
pub struct ArticlesApart {
    heads: Vec<Article>,
    /// Where texts are that are not in their articles.
    texts: Vec<Option<Spilled>>,
    spill: Spill,
}

impl ArticlesApart {
    pub(crate) fn new(heads: Vec<Article>, texts: Vec<Option<Spilled>>, spill: Spill) -> ArticlesApart {
        ArticlesApart { heads, texts, spill }
    }

    /// The articles in order of their ids; some without their texts.
    pub fn heads(&self) -> &[Article] {
        &self.heads
    }

    /// The article at a position as a whole.
    ///
    /// # Errors
    ///
    /// If the spill file cannot be read.
    pub fn whole(&self, at: usize) -> io::Result<Cow<'_, Article>> {
        let head = &self.heads[at];
        match self.texts[at] {
            None => Ok(Cow::Borrowed(head)),
            Some(kept) => Ok(Cow::Owned(Article { text: kept_text(&self.spill, kept)?, ..head.clone() })),
        }
    }
}

/// Reads a text that is kept.
pub(crate) fn kept_text(spill: &Spill, kept: Spilled) -> io::Result<String> {
    let mut bytes = Vec::new();
    spill.read(kept, &mut bytes)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}
