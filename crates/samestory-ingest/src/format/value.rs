//! JSON text to one value, as the formats that hold JSON share it.

use serde::Deserialize;
use serde_json::Value;

use crate::nesting::json_is_deeper;
use crate::settings::ReadSettings;

/// Keys under which a wrapping object holds its articles.
const LISTS: &[&str] = &["articles", "items", "results", "documents", "docs", "data", "news"];

/// Why a text is no JSON.
pub(super) struct BadJson {
    /// The sentence for the user.
    pub(super) reason: String,
    /// Line within the text, from 1.
    pub(super) line: u64,
    /// The text starts with a whole value and goes on.
    pub(super) has_more: bool,
}

/// Parses a text that holds one JSON value.
pub(super) fn parse(text: &str, settings: &ReadSettings) -> Result<Value, BadJson> {
    let limit = settings.limits.nesting;
    if json_is_deeper(text.as_bytes(), limit) {
        let reason = format!("nests brackets deeper than {limit} (see --max-nesting)");
        return Err(BadJson { reason, line: 1, has_more: false });
    }
    let mut parser = serde_json::Deserializer::from_str(text);
    // The nesting is known to be within bounds.
    parser.disable_recursion_limit();
    Value::deserialize(&mut parser).and_then(|value| parser.end().map(|()| value)).map_err(|error| {
        let message = error.to_string();
        let brief = message.split(" at line ").next().unwrap_or(&message);
        BadJson {
            reason: format!("invalid JSON at column {}: {brief}", error.column()),
            line: error.line() as u64,
            has_more: brief.contains("trailing characters"),
        }
    })
}

/// The list of articles that a wrapping object holds, if it does.
pub(super) fn held_list(value: &Value) -> Option<&[Value]> {
    let lists = LISTS.iter().filter_map(|key| value.get(key)?.as_array());
    lists.map(Vec::as_slice).find(|items| items.iter().any(Value::is_object))
}
