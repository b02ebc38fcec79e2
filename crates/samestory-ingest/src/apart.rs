//! Articles without their texts, which are kept apart.

use std::io;

use samestory_article::Article;

use crate::spill::{Spill, Spilled};

/// Articles whose texts are kept in a [spill file](Spill), and read from there one by one.
///
/// Of an article about 600 bytes stay in memory, and what its headline and other fields take.
#[derive(Debug, Default)]
pub struct ArticlesApart {
    heads: Vec<Article>,
    texts: Vec<Spilled>,
    spill: Spill,
}

impl ArticlesApart {
    pub(crate) fn new(heads: Vec<Article>, texts: Vec<Spilled>, spill: Spill) -> ArticlesApart {
        ArticlesApart { heads, texts, spill }
    }

    /// The articles, all that is known of them but their texts, in order of their ids.
    pub fn heads(&self) -> &[Article] {
        &self.heads
    }

    /// The article at a position as a whole.
    ///
    /// # Errors
    ///
    /// If the spill file cannot be read.
    pub fn whole(&self, at: usize) -> io::Result<Article> {
        let mut article = self.heads[at].clone();
        article.text = kept_text(&self.spill, self.texts[at])?;
        Ok(article)
    }
}

/// Reads a text that is kept.
pub(crate) fn kept_text(spill: &Spill, kept: Spilled) -> io::Result<String> {
    let mut bytes = Vec::new();
    spill.read(kept, &mut bytes)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}
