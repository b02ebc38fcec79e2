//! Apache Parquet: one article a row, with the column names of JSONL.

mod header;

use std::ops::ControlFlow;

use parquet::file::reader::{ChunkReader, FileReader};
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::Row;
use parquet::record::reader::RowIter;
use serde_json::Value;

use self::header::Checked;
use super::object::push_object;
use super::{Flaw, Format, Sink};
use crate::guard::guarded;
use crate::open::{Input, check_growth};
use crate::settings::ReadSettings;

pub(super) struct Parquet;

impl Format for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["parquet"]
    }

    fn looks_like(&self, head: &[u8], _: &ReadSettings) -> bool {
        head.starts_with(b"PAR1")
    }

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        // The columns lie apart, so the file cannot be read from front to back.
        match input.file() {
            Some(Ok(file)) => rows(file, settings, sink),
            Some(Err(error)) => sink(Err(Flaw::new(None, crate::open::stream_reason(&error)))),
            None => match input.read_all(settings.limits.file_bytes) {
                Ok(bytes) => rows(bytes::Bytes::from(bytes), settings, sink),
                Err(reason) => sink(Err(Flaw::new(None, reason))),
            },
        }
    }
}

fn rows(file: impl ChunkReader + 'static, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let broken = |reason: String| Flaw::new(None, format!("is no sound Parquet file: {reason}"));
    let length = file.len();
    let file = Checked(file);
    if let Err(error) = file.check_footer() {
        return sink(Err(broken(first_line(&error.to_string()))));
    }
    let reader = match guarded(|| SerializedFileReader::new(file)) {
        Ok(Ok(reader)) => reader,
        Ok(Err(error)) => return sink(Err(broken(first_line(&error.to_string())))),
        Err(reason) => return sink(Err(broken(reason))),
    };
    let named = |name: &str| settings.fields.field(name).is_some_and(|(field, _)| field.makes_an_article());
    let columns = reader.metadata().file_metadata().schema_descr().root_schema().get_fields();
    if !columns.iter().any(|column| named(column.name())) {
        let reason = "has neither a headline nor a text column (other names can be given with --map)";
        return sink(Err(Flaw::not_an_article(None, reason)));
    }
    let mut rows = RowIter::from_file_into(Box::new(reader));
    // A page of a few bytes can say one value a million times over.
    let mut bytes = 0u64;
    for number in 1u64.. {
        // The values of a damaged file can be such as make the library panic.
        match guarded(|| rows.next()) {
            Ok(None) => break,
            Ok(Some(Ok(row))) => {
                bytes += row_item(&row, number, settings, sink)?;
                if let Err(error) = check_growth(bytes, length, &settings.limits) {
                    return sink(Err(Flaw::new(number, format!("{error}; the rows up to here are kept"))));
                }
            }
            Ok(Some(Err(error))) => {
                let reason = format!("cannot be read: {}; the rows before are kept", first_line(&error.to_string()));
                return sink(Err(Flaw::new(number, reason)));
            }
            Err(reason) => {
                return sink(Err(Flaw::new(number, format!("cannot be read: {reason}; the rows before are kept"))));
            }
        }
    }
    ControlFlow::Continue(())
}

fn row_item(row: &Row, number: u64, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<(), u64> {
    match guarded(|| row.to_json_value()) {
        Ok(value) => {
            let bytes = ROW_BYTES + value_bytes(&value);
            push_object(value, Some(number), settings, sink)?;
            ControlFlow::Continue(bytes)
        }
        Err(reason) => {
            sink(Err(Flaw::new(number, format!("has a value out of range: {reason}"))))?;
            ControlFlow::Continue(ROW_BYTES)
        }
    }
}

/// Bytes that a row counts for besides its values.
const ROW_BYTES: u64 = 64;

fn value_bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64,
        Value::Array(items) => items.iter().map(value_bytes).sum(),
        Value::Object(fields) => fields.values().map(value_bytes).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}
