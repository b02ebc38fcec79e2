//! Passages side by side, and who has them from whom, as a person reads them.

use std::io::Write;

use samestory::reuse::{WordChange, WordSide, word_changes};
use samestory::wording::{counted, direction_text};
use samestory::{Reuse, ReusePair, SharedPassage};
use unicode_width::UnicodeWidthStr;

use crate::output::{Style, shorten, visible};

/// Columns where standard output is no terminal.
const USUAL_WIDTH: usize = 100;

/// Narrower terminals get lines that are wrapped by themselves.
const LEAST_WIDTH: usize = 40;

/// Between the two columns.
const RULE: &str = " | ";

/// Lines of one passage that are shown, unless all are asked for.
const MOST_LINES: usize = 12;

/// Columns of the terminal.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size().map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0)).max(LEAST_WIDTH)
}

/// Prints what two articles share, side by side. Templates and agency text are counted, unless all is asked for.
pub(crate) fn print_reuse(out: &mut impl Write, style: Style, reuse: &Reuse, all: bool) -> std::io::Result<()> {
    if reuse.passages.is_empty() {
        return writeln!(out, "shared passages: none");
    }
    writeln!(
        out,
        "shared passages: {}; {:.0} % of a, {:.0} % of b",
        reuse.passages.len(),
        100.0 * reuse.a_share,
        100.0 * reuse.b_share
    )?;
    writeln!(out, "direction: {}", visible(&direction_text(&reuse.direction, "a", "b")))?;
    let (shown, counted_only): (Vec<_>, Vec<_>) =
        reuse.passages.iter().partition(|passage| all || passage.kind.is_evidence());
    for passage in shown {
        writeln!(out)?;
        print_passage(out, style, passage, if all { usize::MAX } else { MOST_LINES })?;
    }
    for kind in [samestory::reuse::PassageKind::Agency, samestory::reuse::PassageKind::Template] {
        let n_passages = counted_only.iter().filter(|passage| passage.kind == kind).count();
        if n_passages > 0 {
            let words: usize = counted_only
                .iter()
                .filter(|passage| passage.kind == kind)
                .map(|passage| passage.a.text.split_whitespace().count())
                .sum();
            writeln!(
                out,
                "\n{} ({}): no evidence of one event; --all shows the text",
                style.bold(format_args!("{n_passages} {}", kind.name())),
                counted(words as u64, "word")
            )?;
        }
    }
    Ok(())
}

/// Prints what two articles of a story share, their evidence in one line each.
pub(crate) fn print_pair(out: &mut impl Write, style: Style, pair: &ReusePair) -> std::io::Result<()> {
    writeln!(out, "{} and {}", style.bold(visible(&pair.a)), style.bold(visible(&pair.b)))?;
    writeln!(
        out,
        "  {:.0} % of the first in the second, {:.0} % of the second in the first; {}",
        100.0 * pair.reuse.a_share,
        100.0 * pair.reuse.b_share,
        style.faint(visible(&direction_text(&pair.reuse.direction, "the first", "the second")))
    )?;
    let room = width().saturating_sub(16);
    for passage in &pair.reuse.passages {
        let text = passage.b.text.split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(out, "  {:>9}  {}", passage.kind.name(), shorten(&text, room))?;
    }
    Ok(())
}

fn print_passage(
    out: &mut impl Write,
    style: Style,
    passage: &SharedPassage,
    most_lines: usize,
) -> std::io::Result<()> {
    let alike = match passage.exact {
        true => "word for word".to_owned(),
        false => format!("{:.0} % alike", (100.0 * passage.similarity).min(99.0)),
    };
    writeln!(
        out,
        "{}  {}",
        style.bold(passage.kind.name()),
        style.faint(format!(
            "{alike} | a {}-{}, b {}-{}",
            passage.a.start, passage.a.end, passage.b.start, passage.b.end
        ))
    )?;
    let changes = word_changes(&visible(&passage.a.text), &visible(&passage.b.text));
    for line in side_by_side(&changes, style, width(), most_lines) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// A word as it is printed, and the columns that it takes.
struct Printed {
    text: String,
    width: usize,
}

/// Two texts in two columns; what only one has is marked.
fn side_by_side(changes: &[WordChange], style: Style, width: usize, most_lines: usize) -> Vec<String> {
    let column = (width - RULE.len()) / 2;
    let left = wrapped(changes, WordSide::Older, style, column);
    let right = wrapped(changes, WordSide::Newer, style, column);
    let n_lines = left.len().max(right.len());
    let empty = Printed { text: String::new(), width: 0 };
    let mut lines: Vec<String> = (0..n_lines.min(most_lines))
        .map(|at| {
            let (left, right) = (left.get(at).unwrap_or(&empty), right.get(at).unwrap_or(&empty));
            format!("{}{}{RULE}{}", left.text, " ".repeat(column.saturating_sub(left.width)), right.text)
        })
        .collect();
    if n_lines > most_lines {
        lines.push(style.faint(format!("... {} more (--all)", counted((n_lines - most_lines) as u64, "line"))));
    }
    lines
}

/// The words of one side, in lines of at most so many columns.
fn wrapped(changes: &[WordChange], side: WordSide, style: Style, column: usize) -> Vec<Printed> {
    let mut lines: Vec<Printed> = Vec::new();
    for change in changes.iter().filter(|change| change.side == WordSide::Both || change.side == side) {
        for word in change.text.split_whitespace() {
            for word in cut_to(word, column) {
                let text = match change.side {
                    WordSide::Both => word.to_owned(),
                    WordSide::Older => style.removed(word),
                    WordSide::Newer => style.added(word),
                };
                // Colour takes no column, the marks that stand for it do.
                let marks = if style.is_plain() && change.side != WordSide::Both { 4 } else { 0 };
                let width = word.width() + marks;
                match lines.last_mut() {
                    Some(line) if line.width + 1 + width <= column => {
                        line.text.push(' ');
                        line.text.push_str(&text);
                        line.width += 1 + width;
                    }
                    _ => lines.push(Printed { text, width }),
                }
            }
        }
    }
    lines
}

/// A word in pieces that fit a column with their marks: one of a script without spaces may be as long as its sentence.
fn cut_to(word: &str, column: usize) -> Vec<&str> {
    let most = column.saturating_sub(4).max(2);
    let mut pieces = Vec::new();
    let (mut start, mut width) = (0, 0);
    for (at, c) in word.char_indices() {
        let own = word[at..at + c.len_utf8()].width();
        if width + own > most && at > start {
            pieces.push(&word[start..at]);
            (start, width) = (at, 0);
        }
        width += own;
    }
    pieces.push(&word[start..]);
    pieces
}
