//! IPTC ninjs: news items as JSON, as agencies deliver them (ninjs 1.x, 2.x and 3.x, iptc.org/std/ninjs).
//!
//! The versions differ in where texts stand: 1.x has `headline` and `body_text`, later ones lists of
//! `headlines` and `bodies` with a role or a content type each.

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::object::{held_list, parse};
use super::{Flaw, Format, RawItem, Sink};
use crate::encoding::decode;
use crate::fields::{Field, Record};
use crate::markup::plain_text;
use crate::open::Input;
use crate::settings::ReadSettings;

pub(super) struct Ninjs;

/// Names of which one, beside `uri`, makes an object a ninjs item.
const SURE: &[&str] =
    &["\"versioncreated\"", "\"body_xhtml\"", "\"body_html\"", "\"bodies\"", "\"headlines\"", "\"pubstatus\""];

impl Format for Ninjs {
    fn name(&self) -> &'static str {
        "ninjs"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn looks_like(&self, head: &[u8], _: &ReadSettings) -> bool {
        let head = String::from_utf8_lossy(&head[..head.len().min(64 * 1024)]);
        let start = head.trim_start_matches('\u{feff}').trim_start();
        start.starts_with(['{', '[']) && head.contains("\"uri\"") && SURE.iter().any(|name| head.contains(name))
    }

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let text = match input.read_all(settings.limits.file_bytes).and_then(decode) {
            Ok(text) => text,
            Err(reason) => return sink(Err(Flaw::new(None, reason))),
        };
        let value = match parse(&text, settings) {
            Ok(value) => value,
            // Several objects one after another.
            Err(bad) if bad.has_more => return super::jsonl::Jsonl.read(&mut text.as_bytes().into(), settings, sink),
            Err(bad) => return sink(Err(Flaw::new(bad.line, bad.reason))),
        };
        let items = match &value {
            Value::Array(items) => Some(items.as_slice()),
            value => held_list(value).filter(|_| value.get("uri").is_none()),
        };
        match items {
            Some(items) => (1u64..).zip(items).try_for_each(|(at, item)| push(item, Some(at), settings, sink)),
            None => push(&value, None, settings, sink),
        }
    }
}

fn push(value: &Value, line: Option<u64>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let Value::Object(object) = value else {
        return sink(Err(Flaw::not_an_article(line, "is not a JSON object")));
    };
    if object.get("pubstatus").and_then(Value::as_str) == Some("canceled") {
        return sink(Err(Flaw::not_an_article(line, "is withdrawn (`pubstatus` is `canceled`)")));
    }
    match record(object, settings) {
        Ok(record) if record.is_article() => sink(Ok(RawItem { line, record, ..RawItem::default() })),
        Ok(_) => sink(Err(Flaw::not_an_article(line, "has neither a headline nor a body"))),
        Err(reason) => sink(Err(Flaw::new(line, reason))),
    }
}

fn record(object: &Map<String, Value>, settings: &ReadSettings) -> Result<Record, String> {
    let mut record = settings.fields.record(object);
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let headline = text("headline").or_else(|| chosen(object, "headlines", "main")).or_else(|| text("title"));
    headline.into_iter().for_each(|headline| record.set(Field::Title, 0, headline));
    let marked_up = chosen(object, "bodies", "main").or_else(|| text("body_xhtml")).or_else(|| text("body_html"));
    match text("body_text").filter(|body| !body.trim().is_empty()) {
        Some(body) => record.set(Field::Text, 0, body),
        None => {
            if let Some(body) = marked_up {
                record.set(Field::Text, 0, plain_text(&body, &settings.limits)?);
            }
        }
    }
    let standfirst = text("description_text").or_else(|| chosen(object, "descriptions", "summary"));
    standfirst.into_iter().for_each(|standfirst| record.set(Field::Standfirst, 0, standfirst));
    // `source` is a list of those who had a part; the one who holds the rights is who publishes.
    let source =
        ["copyrightholder", "publisher"].iter().find_map(|name| text(name)).or_else(|| named(object, "infosources"));
    source.into_iter().for_each(|source| record.set(Field::Source, 2, source));
    named(object, "subjects").into_iter().for_each(|section| record.set(Field::Section, 1, section));
    Ok(record)
}

/// Of a list of texts that of the role, else the first.
fn chosen(object: &Map<String, Value>, list: &str, role: &str) -> Option<String> {
    let items = object.get(list)?.as_array()?;
    let of_role = |item: &&Value| item.get("role").and_then(Value::as_str).is_some_and(|found| found.ends_with(role));
    let item = items.iter().find(of_role).or(items.first())?;
    Some(item.get("value")?.as_str()?.to_owned())
}

fn named(object: &Map<String, Value>, list: &str) -> Option<String> {
    Some(object.get(list)?.as_array()?.first()?.get("name")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Vec<Result<RawItem, Flaw>> {
        let mut found = Vec::new();
        let _ = Ninjs.read(&mut json.as_bytes().into(), &ReadSettings::default(), &mut |item| {
            found.push(item);
            ControlFlow::Continue(())
        });
        found
    }

    #[test]
    fn first_and_later_versions() {
        let first = r#"{"uri":"urn:a:1","type":"text","headline":"A truce","body_html":"<p>One.</p><p>Two.</p>","versioncreated":"2020-01-08T10:00:00Z"}"#;
        let later = r#"{"uri":"urn:a:1","headlines":[{"role":"short","value":"Truce"},{"role":"main","value":"A truce"}],"bodies":[{"role":"main","contenttype":"text/html","value":"<p>One.</p><p>Two.</p>"}],"versioncreated":"2020-01-08T10:00:00Z"}"#;
        for json in [first, later] {
            assert!(Ninjs.looks_like(json.as_bytes(), &ReadSettings::default()));
            let mut record = read(json).remove(0).expect("an item").record;
            assert_eq!(record.take(Field::Id).as_deref(), Some("urn:a:1"));
            assert_eq!(record.take(Field::Title).as_deref(), Some("A truce"));
            assert_eq!(record.take(Field::Text).as_deref(), Some("One.\nTwo."));
            assert_eq!(record.take(Field::Published).as_deref(), Some("2020-01-08T10:00:00Z"));
        }
    }

    #[test]
    fn a_withdrawn_item_is_no_article() {
        let found = read(r#"{"uri":"urn:a:1","headline":"A truce","pubstatus":"canceled"}"#);
        assert!(matches!(&found[0], Err(flaw) if flaw.not_an_article));
    }
}
