//! Articles into the index.

use std::path::Path;

use samestory_article::{Article, Stemmer, Tokenizer};
use tantivy::tokenizer::PreTokenizedString;
use tantivy::{Index, IndexWriter, TantivyDocument};

use crate::error::IndexError;
use crate::schema::{Fields, QUERY_TOKENIZER, schema};
use crate::words::{QueryWords, Side, terms};

/// Writes a new index.
pub struct StoryIndexWriter {
    writer: IndexWriter,
    fields: Fields,
}

impl std::fmt::Debug for StoryIndexWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoryIndexWriter")
    }
}

/// Memory for documents not yet written, in all threads together.
const BUFFER_BYTES: usize = 256 << 20;

impl StoryIndexWriter {
    /// Makes an index in an empty folder, written by this many threads.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written or already holds an index.
    pub fn create(folder: &Path, n_threads: usize) -> Result<Self, IndexError> {
        let (schema, fields) = schema();
        let index = Index::create_in_dir(folder, schema)?;
        // Documents come split already, but tantivy wants the name of their tokenizer known.
        index.tokenizers().register(QUERY_TOKENIZER, QueryWords(None));
        let writer = index.writer_with_num_threads(n_threads.clamp(1, 8), BUFFER_BYTES)?;
        Ok(StoryIndexWriter { writer, fields })
    }

    /// Adds one article under its number and the number of its story. May be called from many
    /// threads.
    ///
    /// # Errors
    ///
    /// If the index cannot be written.
    pub fn add(&self, article: &Article, number: u32, story: u32) -> Result<(), IndexError> {
        let stemmer = Stemmer::new(article.language);
        let words =
            |tokens| PreTokenizedString { text: String::new(), tokens: terms(&tokens, &stemmer, Side::Document) };
        let mut document = TantivyDocument::new();
        document.add_u64(self.fields.number, u64::from(number));
        document.add_u64(self.fields.story, u64::from(story));
        document.add_pre_tokenized_text(self.fields.headline, words(Tokenizer.text(&article.headline)));
        document.add_pre_tokenized_text(self.fields.text, words(Tokenizer.body(article)));
        if let Some(outlet) = &article.outlet {
            document.add_text(self.fields.outlet, outlet.to_lowercase());
        }
        if let Some(language) = article.language {
            document.add_text(self.fields.language, language.code());
        }
        if let Some(time) = article.time {
            document.add_i64(self.fields.time, time.seconds);
        }
        self.writer.add_document(document)?;
        Ok(())
    }

    /// Makes everything added durable and closes the index.
    ///
    /// # Errors
    ///
    /// If the index cannot be written.
    pub fn finish(mut self) -> Result<(), IndexError> {
        self.writer.commit()?;
        self.writer.wait_merging_threads()?;
        Ok(())
    }
}
