//! Windows: articles of neighbouring days, whose candidates are looked for and compared together.
//!
//! *Design.* A window is a range of numbers, so of time; articles without a time, which have the first numbers, are a
//! window of their own where there are several. Beside its own articles a window sees those of ten days on either side,
//! whose candidates are found in their own windows, and of rare terms the nearest articles beyond.
//!
//! *Consequences.* What a window holds is bounded by what appears in its days and ten days on either side, or by all
//! articles without a time.

use std::ops::Range;
use std::sync::Arc;

use anyhow::Result;
use samestory::stories::candidates::WINDOW_SECONDS;

use crate::articles::Times;
use crate::job::{Job, NONE};

pub(crate) struct Windows {
    /// The first number of each.
    starts: Arc<Vec<u32>>,
    /// The numbers that each sees in time.
    seen: Vec<Range<u32>>,
    pub(crate) times: Times,
}

impl Windows {
    /// Cuts the articles that are compared into windows, and writes the column `windows`.
    pub(crate) fn write(job: &Job) -> Result<()> {
        let times = Times::of(job)?;
        let counts = times.counts;
        let compared = Compared::of(job)?;
        let mut starts = vec![counts.undated];
        let (mut n_articles, mut start_day) = (0, i64::MIN);
        let mut last_day = i64::MIN;
        for number in (counts.undated..counts.articles).filter(|number| compared.has(*number)) {
            let day = times.seconds(number).div_euclid(86_400);
            let full = n_articles >= job.plan.window_articles
                && day.saturating_sub(start_day) >= i64::from(job.plan.window_days);
            if full && day != last_day {
                starts.push(number);
                n_articles = 0;
            }
            if n_articles == 0 {
                start_day = day;
            }
            n_articles += 1;
            last_day = day;
        }
        // The last is not left small.
        if starts.len() > 1 && n_articles < job.plan.window_articles / 2 {
            starts.pop();
        }
        match counts.undated {
            0 => (),
            undated if starts.len() == 1 && undated <= job.plan.window_articles => starts[0] = 0,
            _ => starts.insert(0, 0),
        }
        job.write_column("windows", &starts)
    }

    pub(crate) fn of(job: &Job) -> Result<Windows> {
        let (starts, times) = (job.column("windows")?, Times::of(job)?);
        let counts = times.counts;
        let seen = |window: usize| {
            let start = starts[window];
            let end = starts.get(window + 1).copied().unwrap_or(counts.articles);
            if start >= end || start < counts.undated {
                return start..end;
            }
            let first = times.first_from(times.seconds(start).saturating_sub(WINDOW_SECONDS));
            let last = times.seconds(end - 1).saturating_add(WINDOW_SECONDS + 1);
            first..times.first_from(last)
        };
        Ok(Windows { seen: (0..starts.len()).map(seen).collect(), starts, times })
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The window whose own an article is.
    pub(crate) fn own(&self, number: u32) -> u32 {
        self.starts.partition_point(|start| *start <= number).saturating_sub(1) as u32
    }

    /// Whether the articles of a window have no time.
    pub(crate) fn is_undated(&self, window: u32) -> bool {
        self.len() > 1 && self.starts[window as usize] < self.times.counts.undated
    }

    /// The numbers that a window sees in time.
    pub(crate) fn seen(&self, window: u32) -> Range<u32> {
        self.seen[window as usize].clone()
    }

    /// The windows that see an article in time.
    pub(crate) fn that_see(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        let own = self.own(number);
        let sees = move |window: &u32| self.seen[*window as usize].contains(&number);
        let before = (0..own).rev().take_while(sees);
        before.chain((own..self.len() as u32).take_while(sees))
    }
}

/// The windows beside its own in which an article is a candidate.
pub(crate) struct Beyond(Arc<Vec<u32>>);

impl Beyond {
    pub(crate) fn of(job: &Job) -> Result<Beyond> {
        Ok(Beyond(job.column("beyond")?))
    }

    pub(crate) fn windows(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        let (rows, _) = self.0.as_chunks::<2>();
        let start = rows.partition_point(|[of, _]| *of < number);
        rows[start..].iter().take_while(move |[of, _]| *of == number).map(|[_, window]| *window)
    }
}

/// The articles that are compared: neither copies nor older versions.
pub(crate) struct Compared {
    newest: Arc<Vec<u32>>,
    copy_of: Arc<Vec<u32>>,
}

impl Compared {
    pub(crate) fn of(job: &Job) -> Result<Compared> {
        Ok(Compared { newest: job.column("newest")?, copy_of: job.column("copy_of")? })
    }

    pub(crate) fn has(&self, number: u32) -> bool {
        self.newest[number as usize] == number && self.copy_of[number as usize] == NONE
    }
}
