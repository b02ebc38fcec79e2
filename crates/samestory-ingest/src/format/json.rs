//! JSON: one article, a list of them, or an object that holds such a list.

use std::ops::ControlFlow;

use serde_json::Value;

use super::jsonl::Jsonl;
use super::object::push_object;
use super::value::{held_list, parse};
use super::{Flaw, Format, Sink};
use crate::encoding::decode;
use crate::open::Input;
use crate::settings::ReadSettings;

pub(super) struct Json;

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

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let text = match input.read_all(settings.limits.file_bytes).and_then(decode) {
            Ok(text) => text,
            Err(reason) => return sink(Err(Flaw::new(None, reason))),
        };
        match parse(&text, settings) {
            Ok(Value::Array(items)) => push_all(items, settings, sink),
            Ok(value @ Value::Object(_)) => match held_list(&value) {
                Some(items) => push_all(items.to_vec(), settings, sink),
                None => push_object(value, None, settings, sink),
            },
            Ok(_) => sink(Err(Flaw::not_an_article(None, "holds neither an object nor a list of objects"))),
            // Several objects one after another: JSON Lines under another name.
            Err(bad) if bad.has_more && text.trim_start().starts_with('{') => {
                Jsonl.read(&mut text.as_bytes().into(), settings, sink)
            }
            Err(bad) => sink(Err(Flaw::new(bad.line, bad.reason))),
        }
    }
}

fn push_all(items: Vec<Value>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
    (1u64..).zip(items).try_for_each(|(at, item)| push_object(item, Some(at), settings, sink))
}
