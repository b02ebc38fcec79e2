//! One ninjs object to the fields of an item.

use serde_json::{Map, Value};

use crate::fields::{Field, Record};
use crate::markup::plain_text;
use crate::settings::ReadSettings;

/// Names of which one, beside `uri`, makes an object a ninjs item.
pub(in crate::format) const TELLING: &[&str] =
    &["versioncreated", "body_xhtml", "body_html", "bodies", "headlines", "pubstatus"];

pub(in crate::format) fn is_ninjs(object: &Map<String, Value>) -> bool {
    object.contains_key("uri") && TELLING.iter().any(|name| object.contains_key(*name))
}

/// The fields of an item.
///
/// # Errors
///
/// A sentence for the user: the item is withdrawn, or its markup is over a limit.
pub(in crate::format) fn record(object: &Map<String, Value>, settings: &ReadSettings) -> Result<Record, String> {
    if object.get("pubstatus").and_then(Value::as_str) == Some("canceled") {
        return Err("is withdrawn (`pubstatus` is `canceled`)".into());
    }
    let mut record = settings.fields.record(object);
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let headline = text("headline").or_else(|| chosen(object, "headlines", "main")).or_else(|| text("title"));
    headline.into_iter().for_each(|headline| record.set(Field::Title, 0, headline));
    let marked_up = chosen(object, "bodies", "main").or_else(|| text("body_xhtml")).or_else(|| text("body_html"));
    match text("body_text").filter(|body| !body.trim().is_empty()) {
        Some(body) => record.set(Field::Text, 0, body),
        None => {
            if let Some(body) = marked_up {
                let plain = content_type(object).is_some_and(|kind| kind.starts_with("text/plain"));
                record.set(Field::Text, 0, if plain { body } else { plain_text(&body, &settings.limits)? });
            }
        }
    }
    let standfirst = text("description_text").or_else(|| chosen(object, "descriptions", "summary"));
    standfirst.into_iter().for_each(|standfirst| record.set(Field::Standfirst, 0, standfirst));
    // Where `source` is missing: who holds the rights or publishes, else the first who had a part.
    let source =
        ["copyrightholder", "publisher"].iter().find_map(|name| text(name)).or_else(|| named(object, "infosources"));
    source.into_iter().for_each(|source| record.set(Field::Source, 2, source));
    named(object, "subjects").into_iter().for_each(|section| record.set(Field::Section, 1, section));
    Ok(record)
}

/// The media type of the main body.
fn content_type(object: &Map<String, Value>) -> Option<&str> {
    of_role(object.get("bodies")?.as_array()?, "main")?.get("contenttype")?.as_str()
}

/// Of a list of texts that of the role, else the first.
fn chosen(object: &Map<String, Value>, list: &str, role: &str) -> Option<String> {
    let item = of_role(object.get(list)?.as_array()?, role)?;
    Some(item.get("value")?.as_str()?.to_owned())
}

fn of_role<'a>(items: &'a [Value], role: &str) -> Option<&'a Value> {
    let has = |item: &&Value| item.get("role").and_then(Value::as_str).is_some_and(|found| found.ends_with(role));
    items.iter().find(has).or(items.first())
}

fn named(object: &Map<String, Value>, list: &str) -> Option<String> {
    Some(object.get(list)?.as_array()?.first()?.get("name")?.as_str()?.to_owned())
}
