//! A saved web page: one article.

use std::ops::ControlFlow;

use super::{Flaw, Format, Page, RawItem, Sink};
use crate::open::Input;
use crate::settings::ReadSettings;

pub(super) struct Html;

impl Format for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["html", "htm", "xhtml"]
    }

    fn looks_like(&self, head: &[u8], _: &ReadSettings) -> bool {
        starts_like_html(head)
    }

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        match input.read_all(settings.limits.file_bytes) {
            Ok(bytes) => {
                let page = Some(Page { bytes, charset: None });
                sink(Ok(RawItem { page, ..RawItem::default() }))
            }
            Err(reason) => sink(Err(Flaw::new(None, reason))),
        }
    }
}

/// Whether a file starts as HTML does: with a doctype, or a tag that only HTML has, behind a byte order
/// mark, white space, comments and an XML declaration.
pub(super) fn starts_like_html(head: &[u8]) -> bool {
    let mut rest = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    loop {
        let end: &[u8] = match rest {
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'?', ..] => b"?>",
            _ => break,
        };
        match rest.windows(end.len()).position(|window| window == end) {
            Some(at) => rest = rest[at + end.len()..].trim_ascii_start(),
            None => return false,
        }
    }
    let start = rest[..rest.len().min(32)].to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body", "<meta", "<title"].iter().any(|tag| start.starts_with(tag.as_bytes()))
}
