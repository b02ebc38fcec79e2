//! Texts with some of their words marked.

use std::ops::Range;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) text: String,
    /// The numbers of the marks that it lies under, in rising order.
    pub(crate) marks: Vec<usize>,
    /// The marks that begin here.
    pub(crate) begins: Vec<usize>,
}

/// A paragraph of a text, in parts.
pub(crate) type Paragraph = Vec<Part>;

/// Divides paragraphs of a text where marks begin and end. Paragraphs and marks are byte ranges of the text, and marks
/// may overlap; a range that is none of the text is passed by.
pub(crate) fn paragraphs(text: &str, places: &[Range<usize>], marks: &[Range<usize>]) -> Vec<Paragraph> {
    let mut begun = vec![false; marks.len()];
    places.iter().map(|place| paragraph(text, place, marks, &mut begun)).filter(|parts| !parts.is_empty()).collect()
}

fn paragraph(text: &str, place: &Range<usize>, marks: &[Range<usize>], begun: &mut [bool]) -> Paragraph {
    let mut cuts = vec![place.start, place.end];
    for mark in marks {
        cuts.extend([mark.start, mark.end].into_iter().filter(|at| place.contains(at)));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut parts = Vec::new();
    for (from, to) in cuts.windows(2).map(|two| (two[0], two[1])) {
        let Some(part) = text.get(from..to) else { continue };
        let over: Vec<usize> = (0..marks.len()).filter(|at| marks[*at].start <= from && to <= marks[*at].end).collect();
        let begins = over.iter().copied().filter(|at| !std::mem::replace(&mut begun[*at], true)).collect();
        parts.push(Part { text: part.to_owned(), marks: over, begins });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_may_overlap_and_run_over_paragraphs() {
        let text = "One two.\nThree four.";
        let found = paragraphs(text, &[0..8, 9..20], &[4..14, 9..20]);
        let part = |text: &str, marks: &[usize], begins: &[usize]| Part {
            text: text.to_owned(),
            marks: marks.to_vec(),
            begins: begins.to_vec(),
        };
        assert_eq!(
            found,
            [
                vec![part("One ", &[], &[]), part("two.", &[0], &[0])],
                vec![part("Three", &[0, 1], &[1]), part(" four.", &[1], &[])],
            ]
        );
    }

    #[test]
    fn ranges_that_are_none_are_passed_by() {
        let mark = 0..40;
        assert!(paragraphs("é", &[0..1, 5..9], std::slice::from_ref(&mark)).is_empty());
    }
}
