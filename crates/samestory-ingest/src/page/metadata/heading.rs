//! Which heading of a page is its headline: as a rule the one that the `<title>` repeats.
//!
//! Others are logos, names of sections, teasers, or parts of the text.

use std::cmp::Reverse;

use super::found::{Found, Heading};
use super::site_name::splits;
use super::text::letters;

impl Found<'_> {
    /// The heading that is the headline.
    pub(super) fn heading(&self) -> Option<&Heading> {
        self.headings.get(self.heading?).map(|heading| &heading.value)
    }

    /// Where the headline stands, in bytes of visible text.
    pub(super) fn heading_offset(&self) -> Option<usize> {
        self.headings.get(self.heading?).map(|heading| heading.offset)
    }

    /// Finds the heading that is the headline, and with it what belongs to the report.
    pub(super) fn find_heading(&mut self) {
        let likeliest = self.likeliest_heading();
        self.heading = likeliest.map(|(at, _)| at);
        self.heading_is_titled = likeliest.is_some_and(|(_, titled)| titled);
        self.regions.set_home(self.heading.map_or(0, |at| self.headings[at].region));
    }

    /// The heading that the title repeats, outside navigation and teasers, and whether it does.
    fn likeliest_heading(&self) -> Option<(usize, bool)> {
        let titles = self.title.iter().cloned().chain(self.meta("og:title"));
        let titles: Vec<String> = titles.map(|title| letters(&title)).collect();
        let parts = self.title.iter().flat_map(|title| splits(title)).flat_map(|(head, tail)| [head, tail]);
        let parts: Vec<String> = parts.map(letters).collect();
        let ranks = self.headings.iter().enumerate().map(|(at, placed)| {
            let heading = &placed.value;
            let titled = if heading.top {
                repetition(&letters(&heading.text), &titles)
            } else {
                // A low heading has to be all of the title or a part of it, and no word or two.
                let text = letters(&heading.text);
                let is_part = titles.iter().chain(&parts).any(|part| *part == text);
                if is_part && heading.text.split_whitespace().count() >= 3 { 2 } else { 0 }
            };
            (titled, heading.marked, heading.top, !self.regions.is_beside(placed.region), Reverse(at))
        });
        let (titled, marked, top, _, Reverse(at)) = ranks.max()?;
        // A low heading that the title does not repeat is any heading.
        (titled > 0 || marked || top).then_some((at, titled > 0))
    }
}

/// 2 where a title repeats the heading and has little else, 1 where one repeats it, 0 else.
fn repetition(heading: &str, titles: &[String]) -> u8 {
    let repeats = |title: &&String| !title.is_empty() && (title.contains(heading) || heading.contains(title.as_str()));
    match titles.iter().filter(repeats).map(String::len).min() {
        Some(length) if heading.len() * 3 >= length => 2,
        Some(_) => 1,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{headline_of, page};

    #[test]
    fn the_heading_of_the_report() {
        let body = "<nav><h1>Menu</h1></nav><div class=related><h1>Other</h1></div>\
            <h1 class=logo>Courier</h1><h1>Ferry aground</h1>";
        assert_eq!(headline_of(&page("<title>Ferry aground - C</title>", body)), "Ferry aground");
        let low = "<h1>Courier</h1><h2>Harbour</h2><h2>Ferry runs aground</h2>";
        assert_eq!(headline_of(&page("<title>Courier | Ferry runs aground</title>", low)), "Ferry runs aground");
    }
}
