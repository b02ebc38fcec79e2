//! Plain text: optional front matter, then headline, standfirst and paragraphs.
//!
//! Front matter is either `Name: value` lines closed by a blank line, or YAML between two `---`
//! lines. Without a `Title:` the first line of the text is the headline. The article's text is the
//! whole file; front matter and headline are cut from what is compared.

use std::ops::{ControlFlow, Range};

use samestory_article::CutKind;

use super::{Flaw, Format, RawItem, Sink};
use crate::encoding::decode;
use crate::fields::{Field, Record};
use crate::open::Input;
use crate::settings::ReadSettings;

pub(super) struct Plain;

impl Format for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt", "text"]
    }

    fn looks_like(&self, _: &[u8], _: &ReadSettings) -> bool {
        true
    }

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        match input.read_all(settings.limits.file_bytes).and_then(decode) {
            Ok(text) => sink(parse(text, settings)),
            Err(reason) => sink(Err(Flaw::new(None, reason))),
        }
    }
}

/// Longest first line that is taken for a headline, in words.
const LONGEST_HEADLINE: usize = 40;

fn parse(text: String, settings: &ReadSettings) -> Result<RawItem, Flaw> {
    let mut item = RawItem::default();
    let front = front_matter(&text, settings, &mut item.record)?;
    if front > 0 {
        item.cuts.push((0..front, CutKind::FrontMatter));
    }
    let lines = lines_from(&text, front);
    let has_title = {
        let mut probe = item.record.clone();
        probe.take(Field::Title).is_some()
    };
    if !has_title
        && let Some(first) = lines.first()
        && lines.len() > 1
        && text[first.clone()].split_whitespace().count() <= LONGEST_HEADLINE
    {
        item.record.set(Field::Title, 0, text[first.clone()].to_owned());
        item.cuts.push((first.clone(), CutKind::Headline));
        if let Some(standfirst) = lines.get(1)
            && is_standfirst(&text, first, standfirst)
        {
            item.record.set(Field::Standfirst, 0, text[standfirst.clone()].to_owned());
        }
    }
    item.record.set(Field::Text, 0, text);
    Ok(item)
}

/// A standfirst is a short line right below the headline, set off from the text by a blank line.
fn is_standfirst(text: &str, headline: &Range<usize>, line: &Range<usize>) -> bool {
    let line_ends = |between: &str| between.matches('\n').count();
    let after = &text[line.end..];
    let gap = &after[..after.len() - after.trim_start().len()];
    line_ends(&text[headline.end..line.start]) == 1
        && line_ends(gap) > 1
        && gap.len() < after.len()
        && text[line.clone()].split_whitespace().count() <= LONGEST_HEADLINE
}

/// The lines that are not blank from a byte offset on, trimmed.
fn lines_from(text: &str, from: usize) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = from;
    for line in text[from..].split_inclusive('\n') {
        let inner = line.trim();
        if !inner.is_empty() {
            let inner_start = start + (line.len() - line.trim_start().len());
            lines.push(inner_start..inner_start + inner.len());
        }
        start += line.len();
    }
    lines
}

/// Reads front matter into the record and gives the byte offset behind it; 0 where there is none.
fn front_matter(text: &str, settings: &ReadSettings, record: &mut Record) -> Result<usize, Flaw> {
    let opening = text.lines().next().unwrap_or_default();
    if opening.trim_end() == "---" {
        return yaml(text, settings, record);
    }
    let mut offset = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        offset += line.len();
        if line.trim().is_empty() {
            break;
        }
        match named(line) {
            Some(pair) => lines.push(pair),
            None => return Ok(0),
        }
    }
    // One known name makes the block front matter; names nobody knows are passed over.
    let known: Vec<_> = lines.iter().filter_map(|(name, value)| Some((settings.fields.field(name)?, value))).collect();
    // A single line may be a headline with a colon: `Source: Kremlin ready for talks`.
    let sure = |field| matches!(field, Field::Id | Field::Title | Field::Url);
    if known.is_empty() || (lines.len() == 1 && !known.iter().any(|((field, _), _)| sure(*field))) {
        return Ok(0);
    }
    for ((field, rank), value) in known {
        record.set(field, rank, (*value).to_owned());
    }
    Ok(offset)
}

/// `Name: value`, where the name is one to three words.
fn named(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let words = name.split([' ', '-', '_']).count();
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    (plain && !name.is_empty() && words <= 3).then(|| (name, value.trim()))
}

fn yaml(text: &str, settings: &ReadSettings, record: &mut Record) -> Result<usize, Flaw> {
    let body_start = text.find('\n').map_or(text.len(), |at| at + 1);
    let mut offset = body_start;
    for line in text[body_start..].split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            let values: serde_json::Map<String, serde_json::Value> = serde_saphyr::from_str(&text[body_start..offset])
                .map_err(|error| {
                    Flaw::new(2, format!("front matter is not valid YAML: {}", first_line(&error.to_string())))
                })?;
            *record = settings.fields.record(&values);
            return Ok(offset + line.len());
        }
        offset += line.len();
    }
    // A dash line that nothing closes is part of the text.
    Ok(0)
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> RawItem {
        parse(text.to_owned(), &ReadSettings::default()).expect("a valid file")
    }

    #[test]
    fn headline_and_standfirst_without_front_matter() {
        let mut item = parsed("Joint work on truce\nTwo states call\n\nBody.");
        assert_eq!(item.record.take(Field::Standfirst).as_deref(), Some("Two states call"));
        assert_eq!(parsed("Joint work on truce\n\nBody.\nMore.").record.take(Field::Standfirst), None);
        assert_eq!(item.record.take(Field::Title).as_deref(), Some("Joint work on truce"));
        assert_eq!(item.cuts, [(0..19, CutKind::Headline)]);
    }

    #[test]
    fn both_kinds_of_front_matter() {
        for text in [
            "Title: A truce\nID: 7\n\nBody.",
            "---\ntitle: A truce\nid: 7\n---\nBody.",
            "Title: A truce\r\nID: 7\r\n\r\nBody.",
        ] {
            let mut item = parsed(text);
            assert_eq!(item.record.take(Field::Title).as_deref(), Some("A truce"));
            assert_eq!(item.record.take(Field::Id).as_deref(), Some("7"));
            assert_eq!(text[item.cuts[0].0.end..].trim(), "Body.");
        }
    }

    #[test]
    fn unknown_names_are_passed_over() {
        let mut item = parsed("Title: A truce\nSection: World\n\nBody.");
        assert_eq!(item.record.take(Field::Title).as_deref(), Some("A truce"));
        assert_eq!(item.cuts, [(0..31, CutKind::FrontMatter)]);
    }

    #[test]
    fn a_colon_in_a_headline_is_no_front_matter() {
        let mut item = parsed("Libya: a truce\n\nBody.");
        assert_eq!(item.record.take(Field::Title).as_deref(), Some("Libya: a truce"));
    }

    #[test]
    fn a_single_line_is_text_not_headline() {
        let mut item = parsed("Two presidents met in Istanbul.");
        assert_eq!(item.record.take(Field::Title), None);
    }
}
