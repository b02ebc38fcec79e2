//! Parts of a page with a meaning of their own: the report, teasers for others, and what lies beside.
//!
//! Dates and authors count only where they belong to the report, which is where the headline stands.

use ego_tree::NodeId;

use super::element::Attributes;
use super::linked_data::{Kind, kind_of};
use super::text::starts_with_ignoring_case;

/// Regions inside each other that are told apart.
const DEEPEST_REGION: usize = 64;

/// Words that classes and ids of what lies beside the report start with.
const BESIDE: &str = "\
    comment disqus related recommend similar sidebar teaser trending popular mostread promo newsletter \
    breadcrumb menu nav";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RegionKind {
    Page,
    /// An `<article>` or a microdata article: the report, or a teaser for another.
    Article,
    /// Comments, related reports, navigation and the like.
    Beside,
}

#[derive(Debug)]
struct Region {
    parent: usize,
    kind: RegionKind,
    /// Where it lies, in bytes of visible text.
    start: usize,
    end: usize,
}

/// The regions of a page, by number. They nest; the first is the whole page.
#[derive(Debug)]
pub(super) struct Regions {
    all: Vec<Region>,
    /// The regions that are open, and the element that opened each.
    open: Vec<(usize, NodeId)>,
    /// The region of the headline and those it lies in.
    home: Vec<usize>,
    /// The first article of some length.
    longest_first: Option<usize>,
}

impl Default for Regions {
    fn default() -> Self {
        let page = Region { parent: 0, kind: RegionKind::Page, start: 0, end: usize::MAX };
        Self { all: vec![page], open: Vec::new(), home: Vec::new(), longest_first: None }
    }
}

impl Regions {
    /// The innermost region that is open.
    pub(super) fn current(&self) -> usize {
        self.open.last().map_or(0, |(region, _)| *region)
    }

    /// Opens the region of an element, if it has one.
    pub(super) fn enter(&mut self, element: NodeId, name: &str, attributes: &Attributes, offset: usize) {
        let parent = self.current();
        let kind = match name {
            // These hold the whole page, whatever their classes say.
            "html" | "body" | "main" => None,
            // Inside an article it is the line with author and date.
            "footer" if self.all[parent].kind == RegionKind::Article => None,
            "aside" | "nav" | "footer" => Some(RegionKind::Beside),
            _ if is_named_beside(name, attributes) => Some(RegionKind::Beside),
            "article" => Some(RegionKind::Article),
            _ => attributes.itemtype.and_then(item_region),
        };
        if let Some(kind) = kind.filter(|_| self.open.len() < DEEPEST_REGION) {
            self.open.push((self.all.len(), element));
            self.all.push(Region { parent, kind, start: offset, end: usize::MAX });
        }
    }

    /// Closes the region of an element, if it has one.
    pub(super) fn leave(&mut self, element: NodeId, offset: usize) {
        if let Some((region, _)) = self.open.pop_if(|(_, opener)| *opener == element) {
            self.all[region].end = offset;
        }
    }

    /// Takes the region of the headline for that of the report.
    pub(super) fn set_home(&mut self, headline: usize) {
        self.home = self.chain(headline).collect();
        self.longest_first = (0..self.all.len()).find(|at| self.is_long_article(*at));
    }

    /// Whether a region lies beside the report by what it is.
    pub(super) fn is_beside(&self, region: usize) -> bool {
        self.chain(region).any(|at| self.all[at].kind == RegionKind::Beside)
    }

    /// Whether a region belongs to the report and not to comments or teasers. What holds the headline
    /// does, whatever its classes say.
    pub(super) fn is_of_report(&self, region: usize) -> bool {
        let is_report = |at: usize| {
            let first = self.longest_first;
            self.is_long(at) && (first == Some(at) || first == Some(self.all[at].parent))
        };
        let mut away = self.chain(region).take_while(|at| !self.home.contains(at));
        away.all(|at| match self.all[at].kind {
            RegionKind::Page => true,
            RegionKind::Article => is_report(at),
            RegionKind::Beside => false,
        })
    }

    /// A region and all that it lies in, up to the whole page.
    fn chain(&self, region: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(region), |at| (*at != 0).then(|| self.all[*at].parent))
    }

    fn is_long_article(&self, at: usize) -> bool {
        self.all[at].kind == RegionKind::Article && self.is_long(at)
    }

    /// Whether there is text enough for a report; a teaser has less.
    fn is_long(&self, at: usize) -> bool {
        const FEWEST_BYTES: usize = 1_000;
        self.all[at].end.saturating_sub(self.all[at].start) >= FEWEST_BYTES
    }
}

fn is_named_beside(name: &str, attributes: &Attributes) -> bool {
    let is_block = matches!(name, "div" | "section" | "ul" | "ol" | "li" | "form" | "table" | "article");
    is_block
        && attributes.class.split_ascii_whitespace().chain(Some(attributes.id)).any(|token| {
            let mut words = token.split(['-', '_']).peekable();
            // `has-sidebar` says what lies next to an element, not what it is.
            let says_where = words.peek().is_some_and(|word| ["has", "with", "no", "without"].contains(word));
            starts_with_ignoring_case(token, "widget")
                || !says_where
                    && words.any(|word| BESIDE.split(' ').any(|beside| starts_with_ignoring_case(word, beside)))
        })
}

/// The region that a microdata item opens: an article, nothing for a page, else something beside.
fn item_region(itemtype: &str) -> Option<RegionKind> {
    let name = itemtype.trim_end_matches('/').rsplit(['/', '#']).next().unwrap_or_default();
    match kind_of(name) {
        Kind::Work | Kind::OtherWork => Some(RegionKind::Article),
        Kind::Page | Kind::Site => None,
        Kind::Other => (!name.starts_with("WP") && name != "Blog").then_some(RegionKind::Beside),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::page;

    #[test]
    fn dates_of_comments_and_teasers_do_not_count() {
        let beside = "<article><time datetime=2020-05-01>May</time> <a href=/x>Another report</a></article>\
            <div class=comment-list><time datetime=2020-06-01>June</time></div>\
            <aside><time datetime=2020-07-01>J</time></aside>\
            <div itemscope itemtype=http://schema.org/Comment><meta itemprop=datePublished content=2020-08-01></div>";
        assert!(page("", &format!("<h1>Ferry</h1>{beside}")).published.is_empty());
        let filler = "<p>The harbour master said that the ferry would be towed away at high tide.</p>".repeat(30);
        let report = format!("<article><p><time datetime=2020-01-08>8 Jan</time></p>{filler}</article>");
        assert_eq!(page("", &format!("<h1>Ferry</h1>{report}{beside}")).published, ["2020-01-08"]);
        assert_eq!(page("", &format!("<h1>Ferry</h1>{beside}{report}")).published, ["2020-01-08"]);
        let said = "<h1>F</h1><time datetime=2020-01-09>x</time><time datetime=2020-01-10 pubdate>y</time>";
        assert_eq!(page("", said).published, ["2020-01-10", "2020-01-09"]);
        let footer =
            "<article><h1>F</h1><footer><time class=entry-date datetime=2020-01-08>x</time></footer></article>";
        assert_eq!(page("", footer).published, ["2020-01-08"]);
        let micro = "<div itemscope itemtype=https://schema.org/NewsArticle><h1 itemprop=headline>F</h1>\
            <span itemprop=datePublished content=2020-01-08>x</span><span itemprop=author itemscope \
            itemtype=https://schema.org/Person><a href=/a itemprop=url>see all</a>\
            <span itemprop=name>Ada Reed</span></span></div>";
        let read = page("", micro);
        assert_eq!(
            (read.published.as_slice(), read.byline.as_deref()),
            (&["2020-01-08".to_owned()][..], Some("Ada Reed"))
        );
    }
}
