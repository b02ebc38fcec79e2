//! Every field of the index, once.

use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions};

/// The tokenizer of headline and text: for a query one that splits and stems it, for a document one that reads terms
/// that are ready.
pub(crate) const QUERY_TOKENIZER: &str = "samestory";

pub(crate) struct Fields {
    pub(crate) number: Field,
    pub(crate) headline: Field,
    pub(crate) text: Field,
    pub(crate) outlet: Field,
    pub(crate) language: Field,
    pub(crate) time: Field,
}

pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let words = TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(QUERY_TOKENIZER)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions),
    );
    let fields = Fields {
        number: builder.add_u64_field("number", INDEXED | FAST),
        headline: builder.add_text_field("headline", words.clone()),
        text: builder.add_text_field("text", words),
        outlet: builder.add_text_field("outlet", STRING),
        language: builder.add_text_field("language", STRING),
        time: builder.add_i64_field("time", INDEXED | FAST),
    };
    (builder.build(), fields)
}
