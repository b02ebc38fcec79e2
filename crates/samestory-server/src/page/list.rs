//! What lists of stories have in common: choices, parts, names and counts.

use samestory::wording::counted;

/// A choice among several, as a link.
pub(super) struct Choice {
    pub(super) label: &'static str,
    pub(super) link: String,
    pub(super) is_chosen: bool,
}

/// Links to the parts before and behind one part of a list.
#[derive(Default)]
pub(super) struct Pages {
    pub(super) before: Option<String>,
    pub(super) behind: Option<String>,
    pub(super) told: String,
}

/// Pages of a list that are shown.
const MOST_PAGES: u64 = 400;

impl Pages {
    /// Of the page of this number, from 1, of so many.
    pub(super) fn of(page: usize, of: usize, link: impl Fn(&str) -> String) -> Pages {
        Pages {
            before: (page > 1).then(|| link(&(page - 1).to_string())),
            behind: (page < of && (page as u64) < MOST_PAGES).then(|| link(&(page + 1).to_string())),
            told: if of > 1 { format!("Page {page} of {of}") } else { String::new() },
        }
    }

    /// The number of the page that is asked for.
    pub(super) fn asked(page: Option<u64>) -> usize {
        page.unwrap_or(1).clamp(1, MOST_PAGES) as usize
    }
}

/// Names of outlets that are shown.
const NAMED: usize = 4;

/// The first of some outlets.
pub(super) fn names(outlets: &[String]) -> String {
    let mut names = outlets.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if outlets.len() > NAMED {
        names.push_str(&format!(" and {} more", outlets.len() - NAMED));
    }
    names
}

/// `9 articles, 5 of them copies, from 8 outlets`.
pub(super) fn counts(articles: usize, outlets: usize, copies: usize) -> String {
    let mut told = counted(articles as u64, "article");
    if copies > 0 {
        told.push_str(&format!(", {copies} of them {}", if copies == 1 { "a copy" } else { "copies" }));
    }
    if outlets > 0 {
        told.push_str(&format!(", {}", counted(outlets as u64, "outlet")));
    }
    told
}
