//! One JSON object to one item, as the formats that hold objects share it.

use std::ops::ControlFlow;

use serde_json::Value;

use super::ninjs::item::{self, is_ninjs};
use super::{Flaw, RawItem, Sink};
use crate::fields::Record;
use crate::settings::ReadSettings;

/// Hands one JSON value to the sink as an item.
pub(super) fn push_object(
    value: Value,
    line: Option<u64>,
    settings: &ReadSettings,
    sink: &mut Sink<'_>,
) -> ControlFlow<()> {
    let Value::Object(object) = value else {
        return sink(Err(Flaw::not_an_article(line, "is not a JSON object")));
    };
    // An agency sends an item again when it changes.
    let shared_id = is_ninjs(&object);
    let record = match shared_id {
        true => item::record(&object, settings),
        false => Ok(settings.fields.record(&object)),
    };
    match record {
        Ok(record) => push_item(RawItem { line, record, shared_id, ..RawItem::default() }, sink),
        Err(reason) => sink(Err(Flaw::new(line, reason))),
    }
}

/// Hands the fields of one object to the sink as an item.
pub(super) fn push_record(record: Record, line: Option<u64>, sink: &mut Sink<'_>) -> ControlFlow<()> {
    push_item(RawItem { line, record, ..RawItem::default() }, sink)
}

fn push_item(item: RawItem, sink: &mut Sink<'_>) -> ControlFlow<()> {
    if item.record.is_article() {
        return sink(Ok(item));
    }
    let reason = "has neither a headline nor a text field (other names can be given with --map)";
    sink(Err(Flaw::not_an_article(item.line, reason)))
}
