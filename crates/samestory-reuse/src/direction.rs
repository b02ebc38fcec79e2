//! Which of two articles has words from the other.
//!
//! *Motivation.* That two texts are alike does not say who wrote them. A claim that turns out wrong is worse than none,
//! so what cannot be known is said to be unknown.
//!
//! *Design.* What is known of the two is weighed in log odds, and every piece of it is told as a [`Reason`]. The report
//! of an agency is the source of those that credit it and of copies that credit nobody. Two papers that credit one
//! agency both have it from there, so neither is the other's source, whatever their clocks say. Otherwise the earlier is
//! the more likely source, the more so the longer the time between them and the better the clocks: a day counts as the
//! whole of it, wherever on earth it was. A claim is made from [`LEAST_CONFIDENCE`] on.
//!
//! *Consequences.* Of two copies of a report that neither credits, and which is not among the two, the earlier is called
//! the source; this is why the confidence of clocks alone stays below .85.

use samestory_article::{Article, ArticleTime, Origin, Precision, Tokenizer};
use serde::Serialize;

use crate::kind::PassageKind;
use crate::passage::{Passage, words_in};
use crate::words::{PrintedWords, is_same_name};

/// One of two articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

impl Side {
    /// The other of the two.
    pub fn other(self) -> Side {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }
}

/// Who has it from whom.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Direction {
    /// The article that the other has its words from; none where that cannot be known.
    pub source: Option<Side>,
    /// Probability that the claim is right, [`LEAST_CONFIDENCE`] to 1; 0 where nothing is claimed.
    pub confidence: f64,
    /// What speaks for it, or against any claim.
    pub reasons: Vec<Reason>,
}

/// Two reports that share no more words in a row than this, as long as a short sentence, may both have come upon them.
const FEWEST_WORDS: usize = 16;

/// Less is no claim.
pub const LEAST_CONFIDENCE: f64 = 0.6;

/// Something that is known of two articles with common words.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// This side is the report of the agency itself.
    AgencyReport {
        /// Which.
        side: Side,
        /// The agency.
        agency: String,
    },
    /// This side credits an agency, the other does not.
    Credits {
        /// Which.
        side: Side,
        /// The agency.
        agency: String,
    },
    /// Both credit one agency, so that both have it from there.
    BothCredit {
        /// The agency.
        agency: String,
    },
    /// Both are versions of one address, and this side is the older.
    OlderVersion {
        /// Which.
        side: Side,
    },
    /// The common words name the outlet of this side.
    NamesOutlet {
        /// Which.
        side: Side,
        /// The outlet.
        outlet: String,
    },
    /// This side was published earlier.
    Earlier {
        /// Which.
        side: Side,
        /// Seconds between the two, at least.
        seconds: i64,
        /// Whose clocks said so, of the first and the second.
        clocks: [Origin; 2],
    },
    /// By what their clocks show, either may have been first.
    ClocksOverlap,
    /// This side has no time.
    Undated {
        /// Which.
        side: Side,
    },
    /// This side holds nearly all words of the other, and more: one was cut, or the other added to.
    HoldsMore {
        /// Which.
        side: Side,
    },
    /// Words of a source that both may have heard or been sent, or that anyone may come upon.
    CommonSource,
    /// So few words that both may have come upon them.
    FewWords,
    /// Both have as many of these words from a third article.
    BothFrom {
        /// Its id.
        article: String,
    },
}

impl Reason {
    /// The reason in one word, as answers name it.
    pub fn name(&self) -> &'static str {
        match self {
            Reason::AgencyReport { .. } => "agency-report",
            Reason::Credits { .. } => "credits",
            Reason::BothCredit { .. } => "both-credit",
            Reason::OlderVersion { .. } => "older-version",
            Reason::NamesOutlet { .. } => "names-outlet",
            Reason::Earlier { .. } => "earlier",
            Reason::ClocksOverlap => "clocks-overlap",
            Reason::Undated { .. } => "undated",
            Reason::HoldsMore { .. } => "holds-more",
            Reason::CommonSource => "common-source",
            Reason::FewWords => "few-words",
            Reason::BothFrom { .. } => "both-from",
        }
    }
}

/// Who has it from whom, of two articles and what they share.
pub fn direction(a: &PrintedWords<'_>, b: &PrintedWords<'_>, passages: &[Passage]) -> Direction {
    let articles = [a.article(), b.article()];
    let mut weighed = Weighed::default();
    // An agency or an order of versions says more than any clock.
    let by_agency = weigh_agency([a, b], &mut weighed);
    if let Some(older) = older_version(articles) {
        weighed.add(Reason::OlderVersion { side: older }, older, VERSION_ODDS);
    }
    weigh_names(articles, [a, b], passages, &mut weighed);
    let contradicted = weigh_clocks(articles, by_agency == Agency::OwnReport, &mut weighed);
    if let Some(side) = holds_more([a, b], passages) {
        weighed.reasons.push(Reason::HoldsMore { side });
    }
    match by_agency == Agency::Common || contradicted {
        true => weighed.unknown(),
        false => weighed.decide(),
    }
}

impl Direction {
    /// Whether both have it from an agency that is neither.
    pub fn is_of_common_agency(&self) -> bool {
        self.reasons.iter().any(|reason| matches!(reason, Reason::BothCredit { .. }))
    }

    /// Whether a claim rests on clocks alone.
    pub fn is_by_clocks(&self) -> bool {
        let says_more = |reason: &Reason| {
            matches!(reason, Reason::AgencyReport { .. } | Reason::OlderVersion { .. } | Reason::NamesOutlet { .. })
        };
        self.source.is_some() && !self.reasons.iter().any(says_more)
    }

    /// Takes a claim back, since both have their words from a third article.
    pub fn take_back(&mut self, article: &str) {
        self.source = None;
        self.confidence = 0.0;
        self.reasons.push(Reason::BothFrom { article: article.to_owned() });
    }

    /// The direction of one passage, where this is that of the pair: two reports that have no more in common than what
    /// a source told both say nothing of each other.
    pub fn of_passage(&self, passage: &Passage, is_copy: bool) -> Direction {
        let unknown = |reason| Direction { source: None, confidence: 0.0, reasons: vec![reason] };
        match passage.kind {
            // Not even a copy has furniture and turns of phrase from its source.
            PassageKind::Template => unknown(Reason::CommonSource),
            PassageKind::Quotation | PassageKind::Statement if !is_copy => unknown(Reason::CommonSource),
            _ if !is_copy && passage.words_a.len() < FEWEST_WORDS && !self.is_of_common_agency() => {
                unknown(Reason::FewWords)
            }
            _ => self.clone(),
        }
    }
}

/// Log odds that the first is the source, and why.
#[derive(Default)]
struct Weighed {
    odds: f64,
    reasons: Vec<Reason>,
}

impl Weighed {
    fn add(&mut self, reason: Reason, side: Side, odds: f64) {
        self.reasons.push(reason);
        self.odds += if side == Side::A { odds } else { -odds };
    }

    fn unknown(self) -> Direction {
        Direction { source: None, confidence: 0.0, reasons: self.reasons }
    }

    fn decide(self) -> Direction {
        let confidence = 1.0 / (1.0 + (-self.odds.abs()).exp());
        if confidence < LEAST_CONFIDENCE {
            return self.unknown();
        }
        let source = if self.odds > 0.0 { Side::A } else { Side::B };
        Direction { source: Some(source), confidence, reasons: self.reasons }
    }
}

/// The agency's own report beside one that credits it; beside one that credits nobody.
const CREDITED_ODDS: f64 = 4.0;
const UNCREDITED_ODDS: f64 = 2.5;

const VERSION_ODDS: f64 = 4.0;
const NAMED_ODDS: f64 = 1.5;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Agency {
    /// One of the two is the agency's own report.
    OwnReport,
    /// What they share comes from an agency that is neither.
    Common,
    None,
}

fn weigh_agency(words: [&PrintedWords<'_>; 2], weighed: &mut Weighed) -> Agency {
    let [a, b] = words;
    let own = [own_agency(a, b), own_agency(b, a)];
    match (own, [a.article().agency.as_deref(), b.article().agency.as_deref()]) {
        ([Some(_), Some(_)], _) => Agency::None,
        ([Some(agency), None], [_, credit]) => weigh_report(Side::A, agency, credit, weighed),
        ([None, Some(agency)], [credit, _]) => weigh_report(Side::B, agency, credit, weighed),
        ([None, None], [Some(first), Some(second)]) if is_same_name(first, second) => {
            weighed.reasons.push(Reason::BothCredit { agency: first.to_owned() });
            Agency::Common
        }
        ([None, None], [None, None]) => Agency::None,
        ([None, None], credits) => {
            for (side, agency) in [Side::A, Side::B].into_iter().zip(credits) {
                weighed.reasons.extend(agency.map(|agency| Reason::Credits { side, agency: agency.to_owned() }));
            }
            Agency::Common
        }
    }
}

fn weigh_report(side: Side, agency: &str, credit: Option<&str>, weighed: &mut Weighed) -> Agency {
    let reason = Reason::AgencyReport { side, agency: agency.to_owned() };
    match credit {
        Some(credit) if is_same_name(credit, agency) => weighed.add(reason, side, CREDITED_ODDS),
        None => weighed.add(reason, side, UNCREDITED_ODDS),
        // The other has it from another agency.
        Some(credit) => {
            let other = Reason::Credits { side: side.other(), agency: credit.to_owned() };
            weighed.reasons.extend([reason, other]);
            return Agency::Common;
        }
    }
    Agency::OwnReport
}

/// The agency whose own report an article is: by itself, or since the other credits its outlet.
fn own_agency<'a>(words: &'a PrintedWords<'_>, other: &PrintedWords<'_>) -> Option<&'a str> {
    words.own_agency().or_else(|| {
        let outlet = words.article().outlet.as_deref()?;
        other.article().agency.as_deref().filter(|agency| is_same_name(agency, outlet)).map(|_| outlet)
    })
}

fn older_version(articles: [&Article; 2]) -> Option<Side> {
    let [a, b] = articles;
    if a.version_key()? != b.version_key()? {
        return None;
    }
    match a.version_order().0.cmp(&b.version_order().0) {
        std::cmp::Ordering::Less => Some(Side::A),
        std::cmp::Ordering::Greater => Some(Side::B),
        std::cmp::Ordering::Equal => earlier(&a.time?, &b.time?).map(|(side, _)| side),
    }
}

/// Outlets of one word have the name of something else too: an independent inquiry, a mirror, the times.
const FEWEST_WORDS_OF_A_NAME: usize = 2;

/// `told the Harbour Courier`, in what both have.
fn weigh_names(articles: [&Article; 2], words: [&PrintedWords<'_>; 2], passages: &[Passage], weighed: &mut Weighed) {
    let outlet = |at: usize| articles[at].outlet.as_deref();
    if outlet(0) == outlet(1) {
        return;
    }
    let named = |outlet: &str| {
        let name = Tokenizer.text(outlet).hashes();
        passages.iter().any(|passage| {
            let sides = [(words[0], &passage.words_a), (words[1], &passage.words_b)];
            sides.iter().all(|(words, range)| {
                let starts = range.start..(range.end + 1).saturating_sub(name.len());
                let is_name = |at: usize| {
                    words.hashes()[at..at + name.len()] == name
                        && (at..at + name.len()).all(|word| words.is_capitalised(word))
                };
                name.len() >= FEWEST_WORDS_OF_A_NAME && starts.into_iter().any(is_name)
            })
        })
    };
    let names = [0, 1].map(|at| outlet(at).filter(|outlet| named(outlet)));
    for (side, name) in [Side::A, Side::B].into_iter().zip(names) {
        if let Some(outlet) = name {
            weighed.add(Reason::NamesOutlet { side, outlet: outlet.to_owned() }, side, NAMED_ODDS);
        }
    }
}

/// Weighs what the clocks show; true where they speak so clearly against an agency's report that nothing can be claimed:
/// it was not the first, or is an update.
fn weigh_clocks(articles: [&Article; 2], one_is_report: bool, weighed: &mut Weighed) -> bool {
    let [Some(a), Some(b)] = articles.map(|article| article.time) else {
        for (side, article) in [Side::A, Side::B].into_iter().zip(articles) {
            if article.time.is_none() {
                weighed.reasons.push(Reason::Undated { side });
            }
        }
        return false;
    };
    let Some((side, seconds)) = earlier(&a, &b) else {
        weighed.reasons.push(Reason::ClocksOverlap);
        return false;
    };
    let reason = Reason::Earlier { side, seconds, clocks: [a.origin, b.origin] };
    let exact = a.precision > Precision::Day && b.precision > Precision::Day;
    let agrees = (weighed.odds >= 0.0) == (side == Side::A);
    let odds = match one_is_report && !agrees {
        // A paper may be dated before the update of a report that it had.
        true => 0.0,
        false => clock_odds(seconds) * [a, b].iter().map(trust).fold(1.0, f64::min),
    };
    weighed.add(reason, side, odds);
    one_is_report && !agrees && exact && seconds >= 3_600
}

/// Log odds that the earlier is the source, by the seconds between both.
fn clock_odds(seconds: i64) -> f64 {
    match seconds {
        21_600.. => 1.6,
        3_600.. => 1.2,
        600.. => 0.7,
        _ => 0.2,
    }
}

/// How far a clock is believed: what an address or a text says may be the day of something else.
fn trust(time: &ArticleTime) -> f64 {
    match time.origin {
        Origin::Field | Origin::Page => 1.0,
        Origin::Feed => 0.9,
        Origin::Url => 0.75,
        Origin::Text => 0.5,
    }
}

/// Which of two times was earlier, and the seconds between them at least; none where either may have been.
pub fn earlier(a: &ArticleTime, b: &ArticleTime) -> Option<(Side, i64)> {
    let (a, b) = (span(a), span(b));
    if a.1 <= b.0 && a.0 < b.0 {
        return Some((Side::A, b.0 - a.1));
    }
    (b.1 <= a.0 && b.0 < a.0).then(|| (Side::B, a.0 - b.1))
}

/// The first and the last second that a time may stand for. A day is that of some place: zones lie from fourteen hours
/// before Greenwich to twelve hours behind it.
fn span(time: &ArticleTime) -> (i64, i64) {
    const HOUR: i64 = 3_600;
    match time.precision {
        Precision::Day => (time.seconds - 14 * HOUR, time.seconds + (24 + 12) * HOUR),
        Precision::Minute => (time.seconds, time.seconds + 59),
        Precision::Second => (time.seconds, time.seconds),
    }
}

/// A side holds more where it has nearly all of the other's body and a good part of its own beside.
fn holds_more(words: [&PrintedWords<'_>; 2], passages: &[Passage]) -> Option<Side> {
    const NEARLY_ALL: f64 = 0.9;
    const PART: f64 = 0.85;
    let share_a =
        words_in(passages.iter().map(|passage| passage.words_a.clone())) as f64 / words[0].len().max(1) as f64;
    let share_b =
        words_in(passages.iter().map(|passage| passage.words_b.clone())) as f64 / words[1].len().max(1) as f64;
    match (share_a >= NEARLY_ALL, share_b >= NEARLY_ALL) {
        (true, false) if share_b < PART => Some(Side::B),
        (false, true) if share_a < PART => Some(Side::A),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passage::shared_passages;

    const TEXT: &str =
        "The ferry lay nine hours on a sandbank off Saint Orla before two tugs pulled it clear of the fog.";

    fn article(id: &str, outlet: &str, agency: Option<&str>, time: Option<&str>) -> Article {
        let seconds = |day: i64, second: i64| 86_400 * day + second;
        let time = time.map(|time| match time.split_once(' ') {
            None => (seconds(time.parse().expect("a day"), 0), Precision::Day),
            Some((day, minute)) => {
                let minute: i64 = minute.parse().expect("a minute");
                (seconds(day.parse().expect("a day"), 60 * minute), Precision::Minute)
            }
        });
        Article {
            outlet: Some(outlet.into()),
            agency: agency.map(str::to_owned),
            time: time.map(|(seconds, precision)| ArticleTime { seconds, precision, origin: Origin::Field }),
            text: TEXT.into(),
            ..Article::new(id.into())
        }
    }

    fn of(a: &Article, b: &Article) -> Option<Side> {
        let (a, b) = (PrintedWords::of(a), PrintedWords::of(b));
        direction(&a, &b, &shared_passages(&a, &b, &|_, _| 3.0)).source
    }

    #[test]
    fn what_is_known_decides_and_nothing_else() {
        let wire = |time| article("wire", "Estuary Wire", Some("Estuary Wire"), time);
        let credited = |time| article("courier", "Harbour Courier", Some("Estuary Wire"), time);
        let plain = |id, time| article(id, "Meridian Post", None, time);
        for (case, a, b, source) in [
            ("a report and a credited copy without a date", wire(Some("3 600")), credited(None), Some(Side::A)),
            ("the same the other way round", credited(None), wire(Some("3 600")), Some(Side::B)),
            ("a report and a copy that credits nobody", wire(None), plain("x", Some("3")), Some(Side::A)),
            ("a report that is dated hours behind its copy", wire(Some("3 900")), credited(Some("3 600")), None),
            ("the same, and the copy credits nobody", wire(Some("3 900")), plain("x", Some("3 600")), None),
            ("a report of the day of its copy", wire(Some("3 900")), credited(Some("3")), Some(Side::A)),
            (
                "two papers with one agency",
                credited(Some("3 600")),
                article("l", "Ledger", Some("Estuary Wire"), Some("3 900")),
                None,
            ),
            ("one credits an agency, the other nobody", credited(Some("3 600")), plain("x", Some("3 900")), None),
            ("six hours apart", plain("x", Some("3 100")), plain("y", Some("3 900")), Some(Side::A)),
            ("two minutes apart", plain("x", Some("3 100")), plain("y", Some("3 102")), None),
            ("a minute and a day", plain("x", Some("3 100")), plain("y", Some("3")), None),
            ("one day and the next, somewhere", plain("x", Some("3")), plain("y", Some("4")), None),
            ("days apart", plain("x", Some("3")), plain("y", Some("7")), Some(Side::A)),
            ("undated", plain("x", None), plain("y", Some("3")), None),
        ] {
            assert_eq!(of(&a, &b), source, "{case}");
        }
    }

    #[test]
    fn words_told_to_an_outlet_come_from_there() {
        let told = |id: &str, outlet: &str| Article {
            text: "“We lay nine hours in the fog and nobody came,” the captain told the Harbour Courier on Tuesday."
                .into(),
            ..article(id, outlet, None, None)
        };
        assert_eq!(of(&told("a", "Meridian Post"), &told("b", "Harbour Courier")), Some(Side::B));
        assert_eq!(of(&told("a", "Meridian Post"), &told("b", "Quayside Ledger")), None);
        // A captain is no outlet.
        assert_eq!(of(&told("a", "Meridian Post"), &told("b", "Captain")), None);
    }

    #[test]
    fn a_table_of_outlets_knows_agencies() {
        let wire = article("wire", "apnews", Some("AP"), None);
        let copy = article("copy", "Harbour Courier", Some("AP"), None);
        let (a, b) = (PrintedWords::of(&copy), PrintedWords::of(&wire).report_of(Some("AP")));
        assert_eq!(direction(&a, &b, &shared_passages(&a, &b, &|_, _| 3.0)).source, Some(Side::B));
    }

    #[test]
    fn the_older_version_is_the_source() {
        let version = |id: &str, time| Article {
            canonical_url: Some("courier.example/ferry".into()),
            ..article(id, "Harbour Courier", None, Some(time))
        };
        assert_eq!(of(&version("a", "3 101"), &version("b", "3 100")), Some(Side::B));
        assert_eq!(of(&version("a", "3 101"), &version("b", "3")), None);
        let named = |path: &str| Article { path: path.into(), ..article(path, "Harbour Courier", None, None) };
        assert_eq!(of(&named("ferry-v2.txt"), &named("ferry-v10.txt")), Some(Side::A));
    }
}
