//! The fields of a JSON object from its text, without a value for each.

use std::borrow::Cow;
use std::fmt;

use memchr::memmem;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::ninjs::item::TELLING;
use crate::fields::{Field, FieldMap, Record, value_text};
use crate::nesting::json_is_deeper;
use crate::settings::ReadSettings;

/// The fields of a text that holds one plain JSON object, which takes a fraction of the time of
/// [`parse`](super::value::parse). `None` where that has to decide: the text is no JSON object or nests too deep, a field
/// is told twice, half a character stands in it, or it is an item of ninjs.
pub(super) fn parse_record(text: &str, settings: &ReadSettings) -> Option<Record> {
    // Half a character is a flaw even in a field that is passed by.
    let is_odd = |escape: &str| memmem::find(text.as_bytes(), escape.as_bytes()).is_some();
    if is_odd("\\ud") || is_odd("\\uD") || json_is_deeper(text.as_bytes(), settings.limits.nesting) {
        return None;
    }
    parse_fields(text, &settings.fields)
}

fn parse_fields(text: &str, fields: &FieldMap) -> Option<Record> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let record = RecordParser(fields).deserialize(&mut parser).ok()?;
    parser.end().ok()?;
    Some(record)
}

/// Reads a [`Record`] from a JSON object.
struct RecordParser<'a>(&'a FieldMap);

impl<'de> DeserializeSeed<'de> for RecordParser<'_> {
    type Value = Record;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Record, D::Error> {
        parser.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RecordParser<'_> {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose fields are told once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Record, A::Error> {
        let mut record = Record::default();
        let mut seen: Vec<(Field, usize)> = Vec::with_capacity(8);
        let (mut has_uri, mut is_telling) = (false, false);
        while let Some(name) = object.next_key_seed(Text)? {
            has_uri |= name == "uri";
            is_telling |= TELLING.contains(&&*name);
            let Some(found) = self.0.field(&name) else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            if seen.contains(&found) || has_uri && is_telling {
                return Err(A::Error::invalid_type(Unexpected::Map, &self));
            }
            seen.push(found);
            record.seen(found.0);
            if let Some(text) = object.next_value_seed(FieldText)? {
                record.set(found.0, found.1, text);
            }
        }
        match has_uri && is_telling {
            true => Err(A::Error::invalid_type(Unexpected::Map, &self)),
            false => Ok(record),
        }
    }
}

/// A string, borrowed where it can be.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        parser.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A JSON value as [`value_text`] tells it.
struct FieldText;

impl<'de> DeserializeSeed<'de> for FieldText {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FieldText {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    // Numbers come as a map, too: serde_json keeps them as they are written.
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(object)).map(|value| value_text(&value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(items)).map(|value| value_text(&value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self::Value, E> {
        // Where numbers are not kept as they are written, the slower way decides how they look.
        Err(E::invalid_type(Unexpected::Float(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ninjs::item::is_ninjs;
    use super::*;
    use crate::fields::Field;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("name|title|x", inner), 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn text_and_values_make_the_same_record(
            fields in prop::collection::vec(("id|uri|title|Title|headline|body|text|date|source|bodies|hed|x", values()), 0..8),
        ) {
            let mut map = FieldMap::default();
            map.add("title=hed").expect("a valid mapping");
            let parts: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}: {value}", Value::from(name.as_str()))).collect();
            let text = format!("{{{}}}", parts.join(", "));
            let object: serde_json::Map<String, Value> = serde_json::from_str(&text).expect("an object");
            if let Some(record) = parse_fields(&text, &map) {
                let expected = map.record(&object);
                prop_assert_eq!(format!("{record:?}"), format!("{expected:?}"));
                prop_assert!(!is_ninjs(&object));
            }
        }
    }

    #[test]
    fn plain_objects_are_read_from_their_text() {
        let map = FieldMap::default();
        let text =
            r#"{"id": 17, "title": "Ferry \"Aurelia\"", "other": {"deep": [1, 2]}, "source": {"name": "Courier"}}"#;
        let mut record = parse_fields(text, &map).expect("a record");
        assert_eq!(record.take(Field::Id).as_deref(), Some("17"));
        assert_eq!(record.take(Field::Title).as_deref(), Some("Ferry \"Aurelia\""));
        assert_eq!(record.take(Field::Source).as_deref(), Some("Courier"));
        for other in
            [r#"{"title": "a", "title": "b"}"#, r#"{"uri": "a", "versioncreated": "b"}"#, r#"{"title": "a"} x"#, "[]"]
        {
            assert!(parse_fields(other, &map).is_none(), "{other}");
        }
    }
}
