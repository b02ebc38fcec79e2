//! What stands in quotation marks.

use std::ops::Range;

/// The stretches of a text inside quotation marks, as byte ranges without the marks, in reading order.
///
/// A quotation ends with its paragraph at the latest, as one that goes on in the next opens there anew. Marks inside a
/// quotation are part of it. A single mark quotes only where it cannot be an apostrophe.
pub(crate) fn quoted_spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        quoted_in_line(line, at, &mut spans);
        at += line.len();
    }
    spans
}

fn quoted_in_line(line: &str, offset: usize, spans: &mut Vec<Range<usize>>) {
    // Most lines have no mark at all.
    if !line.contains(OPENING) {
        return;
    }
    let mut open: Option<(usize, &[char])> = None;
    let mut before = ' ';
    let mut characters = line.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map_or(' ', |(_, c)| *c);
        match open {
            None => {
                let single = matches!(c, '‘' | '‚' | '\'');
                let may_open = !single || !before.is_alphanumeric() && next.is_alphanumeric();
                if let Some(closing) = closing(c).filter(|_| may_open) {
                    open = Some((at + c.len_utf8(), closing));
                }
            }
            Some((start, closing)) if closing.contains(&c) => {
                let apostrophe = matches!(c, '’' | '\'' | '‘') && next.is_alphanumeric();
                if !apostrophe {
                    push(spans, offset + start..offset + at);
                    open = None;
                }
            }
            Some(_) => (),
        }
        before = c;
    }
    // A single mark that nothing closes was an apostrophe.
    if let Some((start, closing)) = open
        && !closing.contains(&'’')
    {
        push(spans, offset + start..offset + line.trim_end().len().max(start));
    }
}

/// Marks that may open a quotation.
const OPENING: [char; 11] = ['"', '“', '”', '„', '«', '»', '‹', '「', '『', '‘', '‚'];

/// The marks that close what a mark opens; none where it opens nothing.
fn closing(opening: char) -> Option<&'static [char]> {
    match opening {
        '"' => Some(&['"']),
        '“' => Some(&['”', '"']),
        '”' => Some(&['”']),
        '„' => Some(&['“', '”', '"']),
        '«' => Some(&['»']),
        '»' => Some(&['«', '»']),
        '‹' => Some(&['›']),
        '「' => Some(&['」']),
        '『' => Some(&['』']),
        '‘' => Some(&['’']),
        '‚' => Some(&['‘', '’']),
        _ => None,
    }
}

fn push(spans: &mut Vec<Range<usize>>, span: Range<usize>) {
    if !span.is_empty() {
        spans.push(span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_many_printers() {
        for (text, quoted) in [
            ("“We stay,” he said. “All of us.”", vec!["We stay,", "All of us."]),
            ("\"We stay,\" he said.", vec!["We stay,"]),
            ("« On reste », dit-il.", vec![" On reste "]),
            ("„Wir bleiben“, sagte er", vec!["Wir bleiben"]),
            ("‘We don’t go,’ he said of the workers’ plan", vec!["We don’t go,"]),
            ("It’s the workers’ plan", vec![]),
            ("“We stay.\n“And we fight,” he said", vec!["We stay.", "And we fight,"]),
            ("「停火」", vec!["停火"]),
        ] {
            let found: Vec<&str> = quoted_spans(text).into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, quoted, "{text}");
        }
    }
}
