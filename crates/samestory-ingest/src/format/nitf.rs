//! NITF: news as XML, as agencies and newspaper archives keep it (IPTC, News Industry Text Format 3.x).

use std::ops::{ControlFlow, Range};

use quick_xml::XmlVersion;
use quick_xml::escape::{resolve_html5_entity, resolve_predefined_entity};
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Flaw, Format, RawItem, Sink};
use crate::encoding::decode_page;
use crate::fields::{Field, Record};
use crate::nesting::xml_is_deeper;
use crate::open::Input;
use crate::settings::ReadSettings;

pub(super) struct Nitf;

impl Format for Nitf {
    fn name(&self) -> &'static str {
        "nitf"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["nitf", "xml"]
    }

    fn looks_like(&self, head: &[u8], _: &ReadSettings) -> bool {
        let head = &head[..head.len().min(8 * 1024)];
        memchr::memmem::find(head, b"<nitf").is_some() && head.trim_ascii_start().first() != Some(&b'{')
    }

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let bytes = match input.read_all(settings.limits.file_bytes) {
            Ok(bytes) => bytes,
            Err(reason) => return sink(Err(Flaw::new(None, reason))),
        };
        let text = match decode_page(&bytes, None) {
            Ok(text) => text,
            Err(reason) => return sink(Err(Flaw::new(None, reason))),
        };
        let limit = settings.limits.nesting;
        if xml_is_deeper(&text, limit) {
            let reason = format!("nests XML elements deeper than {limit} (see --max-nesting)");
            return sink(Err(Flaw::new(None, reason)));
        }
        let (documents, broken) = documents(&text);
        if documents.is_empty() && broken.is_none() {
            return sink(Err(Flaw::not_an_article(None, "holds no `nitf` element")));
        }
        let alone = documents.len() == 1 && broken.is_none();
        for (number, document) in (1u64..).zip(documents) {
            sink(Ok(document.item((!alone).then_some(number))))?;
        }
        match broken {
            None => ControlFlow::Continue(()),
            Some((at, reason)) => {
                let line =
                    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
                sink(Err(Flaw::new(line, format!("invalid XML: {reason}"))))
            }
        }
    }
}

/// Elements that end a paragraph.
const BLOCKS: &[&str] =
    &["block", "bq", "dd", "dt", "hl1", "hl2", "hr", "li", "ol", "p", "pre", "table", "td", "tr", "ul"];

/// Elements within the text that are not the report.
const ASIDE: &[&str] = &["media", "fn", "note", "nitf-table-metadata"];

/// One `nitf` element.
#[derive(Default)]
struct Document {
    record: Record,
    /// The text of all its elements, paragraphs on lines of their own.
    text: String,
    body: Range<usize>,
    /// First paragraphs that a newspaper archive holds twice: by themselves and in the full text.
    leads: Vec<Range<usize>>,
    full_text: bool,
}

impl Document {
    fn item(mut self, line: Option<u64>) -> RawItem {
        let mut body = String::new();
        let mut from = self.body.start;
        self.leads.sort_by_key(|lead| lead.start);
        for lead in self.leads.iter().filter(|_| self.full_text) {
            // One may lie within another, or outside the body.
            if (from..self.body.end).contains(&lead.start) {
                body.push_str(&self.text[from..lead.start]);
                from = lead.end.min(self.body.end);
            }
        }
        body.push_str(&self.text[from..self.body.end]);
        let lines: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        self.record.set(Field::Text, 0, lines.join("\n"));
        RawItem { line, record: self.record, ..RawItem::default() }
    }

    /// Adds text, every run of white space as one space.
    fn add(&mut self, text: &str) {
        for c in text.chars() {
            if !c.is_whitespace() {
                self.text.push(c);
            } else if !self.text.ends_with([' ', '\n']) {
                self.text.push(' ');
            }
        }
    }

    /// Takes the text of the innermost open element, which ends.
    fn close(&mut self, path: &[Open]) {
        let Some(open) = path.last() else { return };
        let range = open.from..self.text.len();
        match (open.name.as_str(), open.class.as_str()) {
            // An editor's note may have a body of its own.
            ("body.content", _) if path.len() > 1 && path[path.len() - 2].name != "body" => (),
            ("body.content", _) => self.body = range,
            ("block", "lead_paragraph") => self.leads.push(range),
            ("block", "full_text") => self.full_text = true,
            _ => self.field(path, range),
        }
    }

    /// Takes what the attributes of an element say.
    fn attributes(&mut self, name: &str, element: &BytesStart<'_>) {
        let known: &[(&str, &str, Field, usize)] = &[
            ("doc-id", "id-string", Field::Id, 0),
            ("date.issue", "norm", Field::Published, 1),
            ("date.release", "norm", Field::Published, 2),
            ("pubdata", "date.publication", Field::Published, 3),
            ("story.date", "norm", Field::Published, 4),
            ("pubdata", "name", Field::Source, 1),
            ("doc.copyright", "holder", Field::Source, 2),
            ("pubdata", "ex-ref", Field::Url, 1),
            ("pubdata", "position.section", Field::Section, 1),
            ("nitf", "lang", Field::Language, 1),
            ("body", "lang", Field::Language, 2),
        ];
        for attribute in element.attributes().filter_map(Result::ok) {
            let local = attribute.key.local_name();
            let found = known.iter().find(|(element, key, ..)| *element == name && *key == local.as_ref());
            if let (Some((_, _, field, rank)), Ok(value)) = (found, attribute.normalized_value(XmlVersion::Implicit1_0))
            {
                self.record.set(*field, *rank, value.into_owned());
            }
        }
    }

    /// Takes an element whose text is a field.
    fn field(&mut self, path: &[Open], range: Range<usize>) {
        let within = |name: &str| path.iter().any(|open| open.name == name);
        let text = self.text[range].trim();
        match path.last().map_or("", |open| open.name.as_str()) {
            "hl1" if within("hedline") => self.record.set(Field::Title, 0, text.to_owned()),
            "title" if within("head") => self.record.set(Field::Title, 1, text.to_owned()),
            "hl2" if within("hedline") => self.record.set(Field::Standfirst, 0, text.to_owned()),
            "abstract" => self.record.set(Field::Standfirst, 1, text.to_owned()),
            "person" if within("byline") => self.record.set(Field::Byline, 0, text.to_owned()),
            "byline" => {
                let who = text.get(..3).filter(|by| by.eq_ignore_ascii_case("by ")).map_or(text, |_| &text[3..]);
                self.record.set(Field::Byline, 1, who.to_owned());
            }
            "distributor" => self.record.set(Field::Source, 3, text.to_owned()),
            _ => (),
        }
    }
}

/// An element that is open.
struct Open {
    name: String,
    class: String,
    /// Length of the text where it began.
    from: usize,
}

/// Reads every `nitf` element, and up to where the text is broken, with the offset of that place.
fn documents(text: &str) -> (Vec<Document>, Option<(usize, String)>) {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut documents = Vec::new();
    let mut document = Document::default();
    let mut path: Vec<Open> = Vec::new();
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return (documents, Some((reader.error_position() as usize, error.to_string()))),
        };
        let read = !path.iter().any(|open| ASIDE.contains(&open.name.as_str()));
        match event {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                document.attributes(&name, &start);
                if BLOCKS.contains(&name.as_str()) {
                    document.text.push('\n');
                }
                let class = start.try_get_attribute("class").ok().flatten().map(|class| class.value.to_string());
                path.push(Open { name, class: class.unwrap_or_default(), from: document.text.len() });
            }
            Event::End(_) => {
                if read {
                    document.close(&path);
                }
                let Some(open) = path.pop() else { continue };
                if BLOCKS.contains(&open.name.as_str()) {
                    document.text.push('\n');
                }
                if open.name == "nitf" {
                    documents.push(std::mem::take(&mut document));
                    // The elements around it go on with the text of the next.
                    path.iter_mut().for_each(|open| open.from = 0);
                }
            }
            Event::Text(text) if read => document.add(&text.xml10_content()),
            Event::CData(text) if read => document.add(&text.xml10_content()),
            Event::GeneralRef(reference) if read => document.add(&resolved(&reference)),
            Event::Eof if !path.is_empty() => return (documents, Some((text.len(), "ends in the middle".into()))),
            Event::Eof => return (documents, None),
            _ => (),
        }
    }
}

/// The characters that a reference stands for. One nobody knows stays as it is written.
fn resolved(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return c.to_string();
    }
    let name: &str = reference;
    let known = resolve_predefined_entity(name).or_else(|| resolve_html5_entity(name));
    known.map_or_else(|| format!("&{name};"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nitf SYSTEM "nitf-3-3.dtd">
<nitf xml:lang="en"><head><title>Archive copy</title>
<docdata><doc-id id-string="vo-118"/><date.issue norm="20210504T063000Z"/><doc.copyright holder="Valley Observer"/></docdata>
<pubdata ex-ref="https://valley-observer.example/bridge" position.section="County"/></head>
<body><body.head><hedline><hl1>Bridge closed &amp; fenced</hl1><hl2>Crack found</hl2></hedline>
<byline>By <person>Mara Voss</person></byline></body.head>
<body.content><block class="lead_paragraph"><p>Engineers shut the bridge.</p></block>
<block class="full_text"><p>Engineers shut
 the bridge.</p><media><media-caption>The bridge</media-caption></media><p>No one was hurt &#8212; so far&nbsp;.</p></block></body.content></body></nitf>"#;

    #[test]
    fn a_report_with_its_fields() {
        let mut items = documents(PAGE).0;
        assert_eq!(items.len(), 1);
        let mut record = items.remove(0).item(None).record;
        let expected = [
            (Field::Id, "vo-118"),
            (Field::Title, "Bridge closed & fenced"),
            (Field::Standfirst, "Crack found"),
            (Field::Text, "Engineers shut the bridge.\nNo one was hurt — so far ."),
            (Field::Published, "20210504T063000Z"),
            (Field::Source, "Valley Observer"),
            (Field::Url, "https://valley-observer.example/bridge"),
            (Field::Language, "en"),
            (Field::Section, "County"),
            (Field::Byline, "Mara Voss"),
        ];
        for (field, value) in expected {
            assert_eq!(record.take(field).as_deref(), Some(value), "{field:?}");
        }
    }

    #[test]
    fn a_broken_file_keeps_what_is_whole() {
        let (found, broken) = documents(&PAGE[..PAGE.len() - 20]);
        assert!(found.is_empty() && broken.is_some());
        let (found, broken) = documents("<nitf/><nitf><body>");
        assert!(found.len() == 1 && broken.is_some_and(|(_, reason)| reason == "ends in the middle"));
        let (found, broken) = documents("<a><nitf/><nitf><body></nitf></a>");
        assert!(found.len() == 1 && broken.is_some());
        let (found, broken) = documents("<nitf/>");
        assert!(found.len() == 1 && broken.is_none());
    }

    #[test]
    fn a_first_paragraph_within_another() {
        let lead = "<block class=\"lead_paragraph\">";
        let nested = format!(
            "<nitf><body><body.content>{lead}a{lead}b</block>c</block><block class=\"full_text\">d</block></body.content></body></nitf>"
        );
        let mut items = documents(&nested).0;
        assert_eq!(items.remove(0).item(None).record.take(Field::Text).as_deref(), Some("d"));
    }

    #[test]
    fn reports_within_other_elements() {
        assert_eq!(documents("\n<key-list><nitf a=\"\"/></key-list>").0.len(), 1);
        let one = "<nitf><body><body.content><p>The ferry was late.</p></body.content></body></nitf>";
        let (found, broken) = documents(&format!("<docs>\n<doc>{one}</doc>\n<doc><title>x</title>{one}</doc></docs>"));
        assert!(broken.is_none());
        for document in found {
            assert_eq!(document.item(None).record.take(Field::Text).as_deref(), Some("The ferry was late."));
        }
    }
}
