//! Rows as an Apache Parquet file.

use std::sync::Arc;

use arrow_json::ReaderBuilder;
use arrow_json::reader::Decoder;
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::Serialize;

use crate::output::{Failure, Output};

/// What a column holds. Any value may be missing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    Text,
    Texts,
    Count,
    Number,
    Truth,
}

/// Rows that are turned into columns at once.
const BATCH: usize = 1024;

/// A file that is being written.
pub(super) struct ParquetRows<T> {
    pending: Vec<T>,
    columns: Decoder,
    writer: ArrowWriter<Output>,
}

impl<T: Serialize> ParquetRows<T> {
    pub(super) fn begin(out: Output, columns: &[(&'static str, Column)]) -> Result<Self, Failure> {
        let field = |(name, column): &(&'static str, Column)| {
            let kind = match column {
                Column::Text => DataType::Utf8,
                Column::Texts => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
                Column::Count => DataType::Int64,
                Column::Number => DataType::Float64,
                Column::Truth => DataType::Boolean,
            };
            Field::new(*name, kind, true)
        };
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let compression = Compression::ZSTD(ZstdLevel::try_new(3).map_err(Failure::failed)?);
        let properties = WriterProperties::builder().set_compression(compression).build();
        let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties)).map_err(Failure::failed)?;
        let columns = ReaderBuilder::new(schema).build_decoder().map_err(Failure::failed)?;
        Ok(ParquetRows { pending: Vec::new(), columns, writer })
    }

    pub(super) fn push(&mut self, row: T) -> Result<(), Failure> {
        self.pending.push(row);
        if self.pending.len() >= BATCH { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), Failure> {
        self.columns.serialize(&self.pending).map_err(Failure::failed)?;
        self.pending.clear();
        if let Some(batch) = self.columns.flush().map_err(Failure::failed)? {
            self.writer.write(&batch).map_err(Failure::failed)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.write()?;
        self.writer.into_inner().map_err(Failure::failed)?.finish()
    }
}
