//! IPTC ninjs: news items as JSON, as agencies deliver them (ninjs 1.x, 2.x and 3.x, iptc.org/std/ninjs).
//!
//! The versions differ in where texts stand: 1.x has `headline` and `body_text`, later ones lists of
//! `headlines` and `bodies` with a role or a content type each.

pub(super) mod item;

use std::ops::ControlFlow;

use self::item::TELLING;
use super::json::Json;
use super::{Format, Sink};
use crate::open::Input;
use crate::settings::ReadSettings;

pub(super) struct Ninjs;

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
        start.starts_with(['{', '['])
            && head.contains("\"uri\"")
            && TELLING.iter().any(|name| head.contains(&format!("\"{name}\"")))
    }

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        // Each object is told by its names, wherever it stands.
        Json.read(input, settings, sink)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Flaw, RawItem};
    use super::*;
    use crate::fields::Field;

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
    fn a_withdrawn_item_is_told() {
        let found = read(r#"{"uri":"urn:a:1","headline":"A truce","pubstatus":"canceled"}"#);
        assert!(matches!(&found[0], Err(flaw) if flaw.reason.contains("withdrawn")));
    }

    #[test]
    fn several_items_in_one_file() {
        let item = |id| {
            format!(
                r#"{{"uri":"urn:a:{id}","headline":"A truce","body_html":"<p>One.</p>","versioncreated":"2020-01-08T10:00:00Z"}}"#
            )
        };
        for json in [format!("{}\n{}", item(1), item(2)), format!("[{},{}]", item(1), item(2))] {
            let found = read(&json);
            assert_eq!(found.len(), 2);
            let mut record = found[1].clone().expect("an item").record;
            assert_eq!(record.take(Field::Text).as_deref(), Some("One."));
        }
    }
}
