//! When the articles of a story appeared, drawn.

use samestory::{ArticleLine, StoryView};

use super::when::{When, seconds};

/// A drawing of a story's articles along time. Units are those of the drawing, which is [`WIDTH`] wide.
pub(crate) struct Timeline {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) axis: u32,
    pub(crate) dots: Vec<Dot>,
    pub(crate) ticks: Vec<Tick>,
    /// What it shows, in words.
    pub(crate) told: String,
}

/// An article.
pub(crate) struct Dot {
    pub(crate) x: u32,
    pub(crate) y: u32,
    /// `original` or `copy`.
    pub(crate) class: &'static str,
    pub(crate) link: String,
    pub(crate) label: String,
}

/// A day or an hour below the axis.
pub(crate) struct Tick {
    pub(crate) x: u32,
    pub(crate) label: String,
    /// Which way the label runs from the tick: `start`, `middle` or `end`.
    pub(crate) anchor: &'static str,
}

const WIDTH: u32 = 960;
const MARGIN: u32 = 24;
const ROW: u32 = 18;
const MOST_ROWS: usize = 12;

/// Dots that would stand closer than this are put above each other.
const APART: u32 = 14;

/// Articles that are drawn.
const MOST_DOTS: usize = 400;

impl Timeline {
    /// Draws a story; none where its articles have no two different times.
    pub(crate) fn of(story: &StoryView) -> Option<Timeline> {
        let mut dated: Vec<(i64, &ArticleLine, bool)> = Vec::new();
        let mut undated = 0;
        for line in &story.articles {
            let copies = line.copies.iter().map(|copy| (copy, true));
            for (line, is_copy) in std::iter::once((line, false)).chain(copies) {
                match line.time.as_deref().and_then(seconds) {
                    Some(time) => dated.push((time, line, is_copy)),
                    None => undated += 1,
                }
            }
        }
        dated.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.id.cmp(&b.1.id)));
        let (first, last) = (dated.first()?.0, dated.last()?.0);
        if first == last {
            return None;
        }
        let left_out = dated.len().saturating_sub(MOST_DOTS);
        dated.truncate(MOST_DOTS);
        let span = (last - first).max(1) as f64;
        let x = |time: i64| MARGIN + ((time - first) as f64 / span * f64::from(WIDTH - 2 * MARGIN)) as u32;
        let mut ends: Vec<u32> = Vec::new();
        let mut placed = Vec::new();
        for (time, line, is_copy) in dated {
            let x = x(time);
            let free = ends.iter().position(|end| x >= *end);
            let row = free.unwrap_or(ends.len()).min(MOST_ROWS - 1);
            if row == ends.len() {
                ends.push(0);
            }
            ends[row] = x + APART;
            placed.push((x, row as u32, line, is_copy));
        }
        let axis = 10 + ends.len() as u32 * ROW;
        let dot = |(x, row, line, is_copy): (u32, u32, &ArticleLine, bool)| {
            let time = line.time.as_deref().map(|time| When::of(time).shown).unwrap_or_default();
            let outlet = line.outlet.as_deref().unwrap_or("unknown outlet");
            let copy = if is_copy { " (copy)" } else { "" };
            Dot {
                x,
                y: axis - 12 - row * ROW,
                class: if is_copy { "copy" } else { "original" },
                link: super::article_link(&line.id),
                label: format!("{time}, {outlet}{copy}: {}", line.headline),
            }
        };
        let dots: Vec<Dot> = placed.into_iter().map(dot).collect();
        let mut told = format!("{} articles in order of time, copies hollow", dots.len());
        if undated > 0 {
            told.push_str(&format!("; {undated} without a time are not drawn"));
        }
        if left_out > 0 {
            told.push_str(&format!("; the last {left_out} are not drawn"));
        }
        Some(Timeline { width: WIDTH, height: axis + 26, axis, ticks: ticks(first, last, &x), dots, told })
    }
}

/// Steps between ticks, in seconds: an hour to a century.
const STEPS: [i64; 14] = [
    3_600,
    7_200,
    10_800,
    21_600,
    43_200,
    86_400,
    172_800,
    604_800,
    1_209_600,
    2_592_000,
    7_776_000,
    31_536_000,
    315_360_000,
    3_153_600_000,
];

/// Ticks in the middle that are drawn at most.
const MOST_TICKS: i64 = 7;

/// Ticks stand no closer.
const TICKS_APART: u32 = 120;

fn ticks(first: i64, last: i64, x: &dyn Fn(i64) -> u32) -> Vec<Tick> {
    let text = |time: i64| When::of(&samestory::instant(time)).shown;
    let mut ticks = vec![Tick { x: x(first), label: text(first), anchor: "start" }];
    let step = STEPS.into_iter().find(|step| (last - first) / step <= MOST_TICKS).unwrap_or(STEPS[STEPS.len() - 1]);
    let end = x(last);
    let mut time = first.div_euclid(step) * step + step;
    while time < last {
        let (at, before) = (x(time), ticks[ticks.len() - 1].x);
        let room = if ticks.len() == 1 { TICKS_APART + TICKS_APART / 3 } else { TICKS_APART };
        if at >= before + room && at + TICKS_APART + TICKS_APART / 3 <= end {
            let shown = text(time);
            let label = match step >= 86_400 {
                true => shown.split(',').next().unwrap_or_default().to_owned(),
                false => shown.rsplit(", ").next().unwrap_or_default().to_owned(),
            };
            ticks.push(Tick { x: at, label, anchor: "middle" });
        }
        time += step;
    }
    ticks.push(Tick { x: end, label: text(last), anchor: "end" });
    ticks
}
