//! The names under which the fields of an article are known in the field.
//!
//! News-please and CC-News, trafilatura, IPTC ninjs, newspaper exports and our own output differ in
//! little but names. One table serves JSON, JSONL, CSV, TSV and front matter.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde_json::Value;

/// A field of an article as it is read from a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// Unique name.
    Id,
    /// Headline.
    Title,
    /// The line below the headline.
    Standfirst,
    /// The text.
    Text,
    /// Publication time.
    Published,
    /// Outlet.
    Source,
    /// Address.
    Url,
    /// Language tag.
    Language,
    /// Who wrote it.
    Byline,
    /// Part of the paper it stands in, such as `World`.
    Section,
}

impl Field {
    /// Whether an item with this field is an article, be the field empty.
    pub(crate) fn makes_an_article(self) -> bool {
        matches!(self, Field::Title | Field::Text)
    }
}

/// Names in lower case; the first of a field that holds something wins.
const NAMES: &[(Field, &[&str])] = &[
    (Field::Id, &["id", "guid", "uri"]),
    (Field::Title, &["title", "headline"]),
    (Field::Text, &["text", "body", "content", "maintext", "body_text"]),
    (Field::Standfirst, &["standfirst", "description", "summary", "subtitle"]),
    (
        Field::Published,
        &["published", "date", "date_publish", "pubdate", "versioncreated", "published_at", "datepublished"],
    ),
    (Field::Source, &["source", "outlet", "domain", "source_domain", "publisher", "sitename"]),
    (Field::Url, &["url", "link", "canonical_url"]),
    (Field::Language, &["language", "lang"]),
    (Field::Byline, &["byline", "author"]),
    (Field::Section, &["section", "articlesection", "category"]),
];

/// Fields and ranks by name.
static BY_NAME: LazyLock<FxHashMap<&'static str, (Field, usize)>> = LazyLock::new(|| {
    let ranked = |(field, names): &(Field, &'static [&'static str])| {
        let field = *field;
        names.iter().enumerate().map(move |(at, name)| (*name, (field, at + 1)))
    };
    NAMES.iter().flat_map(ranked).collect()
});

/// Which names stand for which fields: the table above and what the user adds with `title=hed`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldMap {
    added: Vec<(Field, String)>,
}

impl FieldMap {
    /// Adds names from `title=hed,text=story`. Added names win over the built-in ones.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong, if a part is not `FIELD=NAME` with a known field.
    pub fn add(&mut self, spec: &str) -> Result<(), String> {
        for part in spec.split(',').filter(|part| !part.trim().is_empty()) {
            let (field, name) = part
                .split_once('=')
                .filter(|(_, name)| !name.trim().is_empty())
                .ok_or_else(|| format!("`{part}` is not of the form FIELD=NAME, such as title=hed"))?;
            let field = NAMES
                .iter()
                .find(|(_, names)| names.contains(&field.trim().to_ascii_lowercase().as_str()))
                .map(|(field, _)| *field)
                .ok_or_else(|| format!("`{field}` is no field; known are {}", known_fields()))?;
            self.added.push((field, name.trim().to_owned()));
        }
        Ok(())
    }

    /// The field that a column or key of this name holds, with its rank among the names of the field
    /// (lower wins).
    pub fn field(&self, name: &str) -> Option<(Field, usize)> {
        let name = name.trim();
        if let Some((field, _)) = self.added.iter().find(|(_, added)| added.eq_ignore_ascii_case(name)) {
            return Some((*field, 0));
        }
        if let Some(found) = BY_NAME.get(name) {
            return Some(*found);
        }
        BY_NAME.get(name.to_ascii_lowercase().as_str()).copied()
    }

    /// Reads the fields of a JSON object.
    pub fn record(&self, object: &serde_json::Map<String, Value>) -> Record {
        let mut record = Record::default();
        for (name, value) in object {
            if let Some((field, rank)) = self.field(name) {
                record.seen(field);
                if let Some(text) = value_text(value) {
                    record.set(field, rank, text);
                }
            }
        }
        record
    }
}

fn known_fields() -> String {
    let names: Vec<&str> = NAMES.iter().map(|(_, names)| names[0]).collect();
    names.join(", ")
}

/// A JSON value as text: strings, numbers, the name inside an object, the first item of a list.
pub(crate) fn value_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(object) => ["name", "title", "domain", "value", "text", "uri"]
            .iter()
            .find_map(|key| object.get(*key))
            .and_then(value_text),
        Value::Array(items) => items.first().and_then(value_text),
        Value::Null | Value::Bool(_) => None,
    }
}

/// The fields of one item as text, before any of them is understood.
#[derive(Debug, Clone, Default)]
pub struct Record {
    values: [Option<(usize, String)>; N_FIELDS],
    article_field: bool,
}

const N_FIELDS: usize = NAMES.len();

impl Record {
    /// Says that the item has a field of this kind, be it empty.
    pub fn seen(&mut self, field: Field) {
        self.article_field |= field.makes_an_article();
    }

    /// Sets a field unless a name of lower rank has set it. Blank values set nothing.
    pub fn set(&mut self, field: Field, rank: usize, text: String) {
        self.seen(field);
        let value = &mut self.values[field as usize];
        if !text.trim().is_empty() && value.as_ref().is_none_or(|(before, _)| rank < *before) {
            *value = Some((rank, text));
        }
    }

    /// What a field holds.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.values[field as usize].as_ref().map(|(_, text)| text.as_str())
    }

    /// Takes a field out.
    pub fn take(&mut self, field: Field) -> Option<String> {
        self.values[field as usize].take().map(|(_, text)| text)
    }

    /// Whether the item has a headline or a text field at all, empty or not.
    pub fn is_article(&self) -> bool {
        self.article_field
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_names_come_first() {
        let mut map = FieldMap::default();
        map.add("title=hed").expect("a valid mapping");
        let object = serde_json::json!({"title": "built in", "hed": "added", "id": 17, "source": {"name": "Courier"}});
        let mut record = map.record(object.as_object().expect("an object"));
        assert_eq!(record.take(Field::Title).as_deref(), Some("added"));
        assert_eq!(record.take(Field::Id).as_deref(), Some("17"));
        assert_eq!(record.take(Field::Source).as_deref(), Some("Courier"));
        assert!(map.add("colour=red").is_err() && map.add("title").is_err());
    }
}
