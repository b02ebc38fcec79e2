//! A saved version-history page: two versions of one article, kept as a version chain.
//!
//! The article's text is the whole page. What is kept of it is the newer version: the frame, the
//! earlier half of a doubled paragraph and the old words of a changed one are cut. A paragraph that
//! stands once may belong to either version; it is kept and flagged.

mod page;

use std::ops::ControlFlow;

use samestory_article::{CutKind, Version};

use self::page::{Paragraph, VersionPageError};
use super::{Flaw, Format, RawItem, Sink};
use crate::encoding::decode;
use crate::fields::Field;
use crate::open::Input;
use crate::settings::ReadSettings;

pub(super) struct VersionPage;

impl Format for VersionPage {
    fn name(&self) -> &'static str {
        "version-page"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt", "text"]
    }

    fn looks_like(&self, head: &[u8], _: &ReadSettings) -> bool {
        let head = &head[..head.len().min(4096)];
        page::looks_like(&String::from_utf8_lossy(head))
    }

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        match input.read_all(settings.limits.file_bytes).and_then(decode) {
            Ok(text) => sink(
                item(text).map_err(|error| Flaw::new(error.line() as u64, format!("version-history page: {error}"))),
            ),
            Err(reason) => sink(Err(Flaw::new(None, reason))),
        }
    }
}

fn item(text: String) -> Result<RawItem, VersionPageError> {
    let page = page::parse(&text)?;
    let mut item = RawItem::default();
    item.record.set(Field::Title, 0, page.newer.headline.clone());
    item.record.set(Field::Source, 0, page.source.clone());
    page.url.clone().into_iter().for_each(|url| item.record.set(Field::Url, 0, url));
    page.first_seen.clone().into_iter().for_each(|date| item.record.set(Field::Published, 0, date));

    let version = |page: &page::PageVersion| Version {
        number: page.number,
        headline: page.headline.clone(),
        paragraphs: Vec::new(),
        unplaced: Vec::new(),
    };
    let (mut older, mut newer) = (version(&page.older), version(&page.newer));
    let small = |range: std::ops::Range<usize>| range.start as u32..range.end as u32;
    let mut before = 0;
    for paragraph in &page.paragraphs {
        let kept = paragraph.newer();
        let kind = if before == 0 { CutKind::FrontMatter } else { CutKind::OlderVersion };
        // The line end before a paragraph is kept, so that paragraphs stay apart.
        let from = before + usize::from(before > 0 && text[before..].starts_with('\n'));
        item.cuts.push((from..kept.start, kind));
        before = kept.end;
        newer.paragraphs.push(small(kept));
        match paragraph {
            Paragraph::Once { text } => older.unplaced.push(small(text.clone())),
            _ => older.paragraphs.push(small(paragraph.older())),
        }
    }
    item.versions = vec![older, newer];
    if page.paragraphs.is_empty() {
        item.cuts.push((0..text.len(), CutKind::FrontMatter));
    }
    item.record.set(Field::Text, 0, text);
    Ok(item)
}
