//! JSON: one article, a list of them, or an object that holds such a list.

use std::io::BufRead;

use serde_json::Value;

use super::jsonl::{Jsonl, brief};
use super::{Flaw, Format, RawItem, Sink};
use crate::open::{decode, read_all};
use crate::settings::ReadSettings;

pub(super) struct Json;

/// Keys under which a wrapping object holds its articles.
const LISTS: &[&str] = &["articles", "items", "results", "documents", "docs", "data", "news"];

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn looks_like(&self, head: &[u8], _: &ReadSettings) -> bool {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        head.starts_with(b"{")
            || head.starts_with(b"[{")
            || (head.starts_with(b"[") && head[1..].trim_ascii_start().starts_with(b"{"))
    }

    fn read(&self, input: &mut dyn BufRead, settings: &ReadSettings, sink: &mut Sink<'_>) {
        let text = match read_all(input, settings.limits.file_bytes).and_then(decode) {
            Ok(text) => text,
            Err(reason) => return sink(Err(Flaw::new(None, reason))),
        };
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Array(items)) => push_all(items, settings, sink),
            Ok(value @ Value::Object(_)) => match held_list(&value) {
                Some(items) => push_all(items.to_vec(), settings, sink),
                None => push_object(value, None, settings, sink),
            },
            Ok(_) => sink(Err(Flaw::not_an_article(None, "holds neither an object nor a list of objects"))),
            // Several objects one after another: JSON Lines under another name.
            Err(error) if text.trim_start().starts_with('{') && brief(&error).contains("trailing characters") => {
                Jsonl.read(&mut text.as_bytes(), settings, sink);
            }
            Err(error) => {
                let reason = format!("invalid JSON at column {}: {}", error.column(), brief(&error));
                sink(Err(Flaw::new(error.line() as u64, reason)));
            }
        }
    }
}

/// The list of articles that a wrapping object holds, if it does.
pub(super) fn held_list(value: &Value) -> Option<&[Value]> {
    let lists = LISTS.iter().filter_map(|key| value.get(key)?.as_array());
    lists.map(Vec::as_slice).find(|items| items.iter().any(Value::is_object))
}

fn push_all(items: Vec<Value>, settings: &ReadSettings, sink: &mut Sink<'_>) {
    for (at, item) in items.into_iter().enumerate() {
        push_object(item, Some(at as u64 + 1), settings, sink);
    }
}

/// Hands one JSON value to the sink as an item.
pub(super) fn push_object(value: Value, line: Option<u64>, settings: &ReadSettings, sink: &mut Sink<'_>) {
    let Value::Object(object) = value else {
        return sink(Err(Flaw::not_an_article(line, "is not a JSON object")));
    };
    let record = settings.fields.record(&object);
    if record.is_article() {
        sink(Ok(RawItem { line, record, ..RawItem::default() }));
    } else {
        let reason = "has neither a headline nor a text field (other names can be given with --map)";
        sink(Err(Flaw::not_an_article(line, reason)));
    }
}
