//! The language of an article: declared, else detected, else unknown.

use samestory_article::{Article, Language, Origin};

/// Bytes of text that detection looks at: enough to be sure, few enough to be quick.
const DETECTION_BYTES: usize = 2_000;

/// The language and where it is known from. Detection counts only where it is reliable.
pub(crate) fn language_of(declared: Option<&str>, article: &Article) -> Option<(Language, Origin)> {
    if let Some(language) = declared.and_then(Language::parse) {
        return Some((language, Origin::Field));
    }
    let mut sample = format!("{}\n", article.headline);
    let mut rest = DETECTION_BYTES;
    for span in article.body_spans() {
        let body = &article.text[span];
        let piece = &body[..body.floor_char_boundary(rest)];
        sample.push_str(piece);
        rest -= piece.len();
        if piece.len() < body.len() {
            break;
        }
    }
    let found = whatlang::detect(&sample).filter(whatlang::Info::is_reliable)?;
    Some((Language::parse(found.lang().code())?, Origin::Text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_then_detected_then_unknown() {
        let text = "The council voted on Tuesday to close the bridge for repairs that will last through the winter.";
        let of = |text: &str| Article { text: text.into(), ..Article::new("a".into()) };
        assert_eq!(language_of(Some("fr-CA"), &of(text)).map(|(l, _)| l), Language::parse("fr"));
        assert_eq!(language_of(Some("English?"), &of(text)), Some((Language::ENGLISH, Origin::Text)));
        assert_eq!(language_of(None, &of("12 34")), None);
    }
}
