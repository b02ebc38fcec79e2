//! Labels of articles: which story each belongs to, as gold or as a prediction.

use std::io::BufRead;
use std::path::Path;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::open::{Raw, stream_reason};
use crate::settings::Limits;

/// Reads `(id, story)` from JSONL with the fields `id` and `story`, or from TSV with two columns and
/// an optional line of names. A null story is left out.
///
/// # Errors
///
/// A sentence that says what is wrong and where, without the path. An id with two labels is an error.
pub fn read_labels(path: &Path) -> Result<Vec<(String, String)>, String> {
    let input =
        Raw::open(path).and_then(|raw| raw.decompress(&Limits::default())).map_err(|error| stream_reason(&error))?;
    let mut labels = Vec::new();
    let mut known = FxHashMap::default();
    for (number, line) in (1u64..).zip(input.lines()) {
        let line = line.map_err(|error| format!("line {number}: {}", stream_reason(&error)))?;
        let line = line.trim_start_matches('\u{feff}').trim_end_matches('\r');
        if line.trim().is_empty() || (number == 1 && line == "id\tstory") {
            continue;
        }
        match label(line) {
            Some((id, Some(story))) => match known.insert(id.clone(), story.clone()) {
                None => labels.push((id, story)),
                Some(before) if before != story => {
                    return Err(format!("line {number}: `{id}` is labelled `{story}`, but `{before}` before"));
                }
                Some(_) => (),
            },
            Some((_, None)) => (),
            None => return Err(format!("line {number}: is neither JSON with `id` and `story` nor `id<TAB>story`")),
        }
    }
    Ok(labels)
}

fn label(line: &str) -> Option<(String, Option<String>)> {
    if !line.starts_with('{') {
        let (id, story) = line.split_once('\t')?;
        return Some((id.trim().to_owned(), Some(story.trim().to_owned())));
    }
    let row: Value = serde_json::from_str(line).ok()?;
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Some((text(row.get("id")?)?, row.get("story").and_then(text)))
}
