//! The language of an article: declared, else detected, else unknown.

use samestory_article::{Language, Origin};

/// Bytes of text that detection looks at: enough to be sure, few enough to be quick.
const DETECTION_BYTES: usize = 2_000;

/// The language and where it is known from. Detection counts only where it is reliable.
pub(crate) fn language_of(declared: Option<&str>, headline: &str, body: &str) -> Option<(Language, Origin)> {
    if let Some(language) = declared.and_then(Language::parse) {
        return Some((language, Origin::Field));
    }
    let mut end = body.len().min(DETECTION_BYTES);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    let sample = format!("{headline}\n{}", &body[..end]);
    let found = whatlang::detect(&sample).filter(whatlang::Info::is_reliable)?;
    Some((Language::parse(found.lang().code())?, Origin::Text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_then_detected_then_unknown() {
        let text = "The council voted on Tuesday to close the bridge for repairs that will last through the winter.";
        assert_eq!(language_of(Some("fr-CA"), "", text).map(|(l, _)| l), Language::parse("fr"));
        assert_eq!(language_of(Some("English?"), "", text), Some((Language::ENGLISH, Origin::Text)));
        assert_eq!(language_of(None, "", "12 34"), None);
    }
}
