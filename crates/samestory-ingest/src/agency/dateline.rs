//! The dateline that opens a report: place, day and credit, as agencies write them in any language.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Agencies, is_unspaced};

/// The dateline found at the start of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    /// Where the report itself begins, in bytes.
    pub(crate) end: usize,
    /// The place, where one is named.
    pub(crate) place: Option<Range<usize>>,
    /// The agency, under its canonical name where it is known, else as it is written. Of several the first.
    pub(crate) agency: Option<String>,
}

/// How one shape of dateline is looked for in a line.
type Shape = fn(&Agencies, &str) -> Option<Opening>;

/// A dateline stands in this many bytes at the start of a report.
const LONGEST_OPENING: usize = 320;

/// Brackets that a credit opens with.
const OPENING_BRACKETS: [char; 7] = ['(', '（', '【', '[', '［', '〔', '/'];

/// A name in a script without spaces begins within so many characters, behind a bracket and a place.
const FIRST_OF_UNSPACED: usize = 20;

/// A capitalised label before a dash opens a report only where the report goes on in its line.
const FEWEST_WORDS_AFTER_PLACE: usize = 3;

/// What stands before a known agency is a place up to this many words: `Santa Cruz de la Sierra, Bolivia`.
const MOST_WORDS_OF_A_PLACE: usize = 7;

/// An agency that is not known has at most so many characters.
const LONGEST_UNKNOWN: usize = 30;

impl Agencies {
    /// The dateline at the very start of a report: place, day and credit as agencies write them, in whatever
    /// language. `text` is the report, or its first paragraph.
    pub(crate) fn opening(&self, text: &str) -> Option<Opening> {
        let line = first_line(text);
        // Most reports open without a credit: what a shape cannot do without is looked for first.
        let bracket = line.contains(OPENING_BRACKETS);
        let ahead = bracket && line.trim_start().starts_with(OPENING_BRACKETS);
        let day = line.contains(|c: char| c.is_ascii_digit());
        let unspaced = line.chars().take(FIRST_OF_UNSPACED).any(is_unspaced);
        let shapes: [(bool, Shape); 7] = [
            (ahead, Self::credit_then_place),
            (bracket, Self::place_then_credit),
            (day, Self::place_then_bare_credit),
            (day, Self::credit_and_day),
            (unspaced, Self::unspaced_credit),
            (unspaced && ahead, Self::place_in_credit),
            (true, Self::place_alone),
        ];
        shapes.iter().filter(|(possible, _)| *possible).find_map(|(_, shape)| shape(self, line))
    }

    fn first_credited(&self, credit: &str) -> Option<String> {
        self.credited(credit).first().map(|name| (*name).to_owned())
    }

    /// `(ANSA) - ROMA, 08 GEN - `
    fn credit_then_place(&self, line: &str) -> Option<Opening> {
        let found = CREDIT_THEN_PLACE.captures(line)?;
        let agency = self.first_credited(bracketed(&found)?)?;
        Some(Opening { end: found.get(0)?.end(), place: place_of(&found), agency: Some(agency) })
    }

    /// `TRIPOLI, Jan 8 (Reuters) - ` and all its kin, with an agency that is known.
    fn place_then_credit(&self, line: &str) -> Option<Opening> {
        let found = PLACE_THEN_CREDIT.captures(line)?;
        let credit = bracketed(&found)?;
        // In brackets a lone name needs no letter case of its own: `(ap)`.
        let agency = self.first_credited(&format!("({credit})"))?;
        let place = place_of(&found);
        let end = found.get(0)?.end();
        if let Some(place) = &place {
            let name = &line[place.clone()];
            if name.split_whitespace().count() > MOST_WORDS_OF_A_PLACE {
                return None;
            }
            // `The Press Trust of India (PTI) - `: the brackets explain the name.
            if !self.credited(name).is_empty() || ARTICLE_AHEAD.is_match(name) {
                return None;
            }
            if found.name("close").is_none() {
                // Without a dash, `New Delhi, Jan 8 (PTI) The` opens a report; `London (AFP) said` does not.
                let capitals = !name.chars().any(char::is_lowercase);
                let sentence = line[end..].chars().next().is_some_and(|c| !c.is_lowercase() && c != ',');
                if !sentence || !(capitals || found.name("date").is_some()) {
                    return None;
                }
            }
        }
        Some(Opening { end, place, agency: Some(agency) })
    }

    /// `МОСКВА, 8 янв - РИА Новости. ` and `Москва. 8 января. INTERFAX.RU - `
    fn place_then_bare_credit(&self, line: &str) -> Option<Opening> {
        let found = PLACE_THEN_BARE_CREDIT.captures(line)?;
        let agency = self.named(&found["agency"])?.to_owned();
        Some(Opening { end: found.get(0)?.end(), place: place_of(&found), agency: Some(agency) })
    }

    /// `ТАСС, 8 января. `
    fn credit_and_day(&self, line: &str) -> Option<Opening> {
        let found = CREDIT_AND_DAY.captures(line)?;
        let agency = self.named(&found["agency"])?.to_owned();
        Some(Opening { end: found.get(0)?.end(), place: None, agency: Some(agency) })
    }

    /// `新华社北京1月8日电 ` and `（中央社記者王小明台北8日電）`
    fn unspaced_credit(&self, line: &str) -> Option<Opening> {
        let start = UNSPACED_START.find(line)?.end();
        let (spelling, index) = self.unspaced.iter().find(|(spelling, _)| line[start..].starts_with(spelling))?;
        let behind = start + spelling.len();
        let found = UNSPACED_DATELINE.captures(&line[behind..])?;
        let place = place_of(&found).map(|place| behind + place.start..behind + place.end);
        Some(Opening { end: behind + found.get(0)?.end(), place, agency: Some(self.names[*index].clone()) })
    }

    /// `(서울=연합뉴스) 홍길동 기자 = ` and `［東京　８日　ロイター］ - `
    fn place_in_credit(&self, line: &str) -> Option<Opening> {
        let found = PLACE_IN_CREDIT.captures(line)?;
        let content = found.name("content")?;
        let bare = content.as_str().trim_end();
        let (spelling, index) = self.unspaced.iter().find(|(spelling, _)| bare.ends_with(spelling))?;
        let before = &bare[..bare.len() - spelling.len()];
        let place = PLACE_AND_DAY.captures(before).and_then(|found| place_of(&found))?;
        let place = content.start() + place.start..content.start() + place.end;
        Some(Opening { end: found.get(0)?.end(), place: Some(place), agency: Some(self.names[*index].clone()) })
    }

    /// `ISTANBUL — ` and `KYIV, Jan 8 (Suspilne) - `: a place in capitals, without an agency or with one that
    /// is not known.
    fn place_alone(&self, line: &str) -> Option<Opening> {
        let found = PLACE_ALONE.captures(line)?;
        let place = place_of(&found)?;
        let end = found.get(0)?.end();
        // A dash without spaces is a dateline's only before a new sentence: `LONDON—The`, not `NASA—the`.
        if found.name("tight").is_some() && !line[end..].starts_with(char::is_uppercase) {
            return None;
        }
        line[end..].split_whitespace().nth(FEWEST_WORDS_AFTER_PLACE - 1)?;
        let agency = bracketed(&found)
            .map(str::trim)
            .filter(|credit| credit.starts_with(char::is_uppercase) && credit.chars().count() <= LONGEST_UNKNOWN)
            .map(|credit| self.named(credit).unwrap_or(credit).to_owned());
        Some(Opening { end, place: Some(place), agency })
    }
}

/// The stems that names of months begin with, in the languages whose reports open with place and day.
const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", // English
    "fév", "fev", "avr", "mai", "juin", "juil", "aoû", "aou", "déc", // French
    "ene", "abr", "ago", "set", "dic", "out", "dez", // Spanish, Portuguese
    "gen", "mag", "giu", "lug", "ott", // Italian
    "jän", "mär", "mrz", "okt", "mrt", "maa", "mei", "maj", "des", // German, Dutch, Nordic, Indonesian
    "sty", "lut", "kwi", "cze", "lip", "sie", "wrz", "paź", "lis", "gru", // Polish
    "led", "úno", "bře", "dub", "kvě", "čer", "srp", "zář", "říj", "pros", // Czech
    "már", "ápr", "máj", "jún", "júl", "sze", "ian", "iun", "iul", "noi", // Hungarian, Romanian
    "oca", "şub", "nis", "haz", "tem", "ağu", "eyl", "eki", "kas", "ara", // Turkish
    "янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек", // Russian
    "січ", "лют", "бер", "кві", "тра", "чер", "лип", "сер", "вер", "жов", "лис", "гру", // Ukrainian
];

/// The letters of a word in capitals: its first, and those behind it.
const CAPITALS: &str = r"\p{Lu}[\p{Lu}\p{M}\d.'’-]";

/// A place in capitals, perhaps with its region in ordinary letters: `NEW YORK, N.Y.`, `SPRINGFIELD, Ill.`
fn place_in_capitals() -> String {
    let region = r"\p{Lu}[\p{L}\p{M}.]+(?:\s\p{Lu}[\p{L}\p{M}.]+){0,2}";
    format!(r"(?P<place>{CAPITALS}+(?:[ ,/]+{CAPITALS}*){{0,3}}(?:,\s*{region})?)")
}

/// A place in any letters: `Rio de Janeiro`, `Frankfurt/Main`, `القاهرة`, `New Delhi [India]`.
const PLACE: &str = concat!(
    r"(?P<place>(?:\p{Lu}[\p{L}\p{M}\d.'’-]*(?:[ ,/]+\p{Lu}[\p{L}\p{M}\d.'’-]*| \p{Ll}{1,4}\b)*",
    r"|[\p{Lo}\p{M}]+(?:[ ,،/-]+[\p{Lo}\p{M}]+)*))(?:\s*\[[^\[\]\n]+\])?",
);

/// A day of the year with the month by its name (`month` is a pattern) or by its number.
fn day(month: &str) -> String {
    let ways = [
        format!(r"{month}\.?\s+[0-9]{{1,2}}(?:st|nd|rd|th)?"),
        format!(r"(?:le\s+)?[0-9]{{1,2}}(?:er|\.|º)?(?:\s+de)?[\s-]*{month}\.?(?:\s+de)?"),
        format!(r"[0-9]{{4}}\.?\s*{month}\.?\s+[0-9]{{1,2}}\.?(?:,\s*\p{{L}}+)?"),
        r"(?:\p{L}+\s+)?[0-9]{1,2}[./][0-9]{1,2}(?:[./][0-9]{2,4})?\.?".to_owned(),
    ];
    format!(r"(?:(?:{})(?:,?\s*[0-9]{{4}})?)", ways.join("|"))
}

/// Any word where a month would stand: the agency beside it says that it is one.
fn any_day() -> String {
    // Names of months are two words in some scripts without letter case: `كانون الثاني`.
    day(r"[\p{L}\p{M}]+(?:\s[\p{Lo}\p{M}]+)?")
}

/// What stands between place and day: without it, `MOSCOW, Janu` could be a place and `ary 8` a day.
const GAP: &str = r"(?:[,.]\s*|\s+)";

/// A credit in brackets of some kind.
const BRACKETED: &str = concat!(
    r"(?:\((?P<round>[^()\n]+)\)|（(?P<wide>[^（）\n]+)）|【(?P<lens>[^【】\n]+)】",
    r"|\[(?P<square>[^\[\]\n]+)\]|/(?P<slash>[^/\n]+)/)",
);

/// What closes a dateline: a dash with space behind it, or the stop and dash of Spanish agencies.
const CLOSE: &str = r"(?:\s*[.:]?\s*(?:—|–|−|--?|_|=)(?:\s+|$)|\s*\.\s?[—–-]\s*|\s*:(?:\s+|$)|\s*[—–]{1,2}\s*)";

static CREDIT_THEN_PLACE: LazyLock<Regex> = LazyLock::new(|| {
    let capitals = r"(?P<place>\p{Lu}[\p{Lu}\p{M}.,'’ /-]*\p{Lu}\.?)";
    let town = r"(?P<town>\p{Lu}[\p{L}\p{M}'’ /-]*)";
    let day = any_day();
    pattern(&format!(r"^\s*{BRACKETED}\s*[—–-]+\s*(?:{capitals}(?:{GAP}{day})?|{town}{GAP}{day})\.?\s*[—–-]+\s+"))
});

/// `ТАСС, 8 января. `
static CREDIT_AND_DAY: LazyLock<Regex> = LazyLock::new(|| {
    let day = any_day();
    pattern(&format!(r"^\s*(?P<agency>\p{{Lu}}[\p{{L}}\p{{M}} -]+),\s*{day}(?:\.\s+|\.?\s*[—–-]\s+)"))
});

static PLACE_THEN_CREDIT: LazyLock<Regex> = LazyLock::new(|| {
    let day = any_day();
    pattern(&format!(
        r"^\s*(?:{PLACE}(?:{GAP}(?P<date>{day}))?|{day})?[,.]?\s*{BRACKETED}(?:(?P<close>{CLOSE})|\s*[?.]?\s*)"
    ))
});

static PLACE_THEN_BARE_CREDIT: LazyLock<Regex> = LazyLock::new(|| {
    let day = any_day();
    let agency = r#"(?P<agency>\p{L}[\p{L}\p{M}«»"'. -]+?)"#;
    let author = r"(?:,\s*\p{Lu}[^.,\n]+)?";
    let close = r"(?:\.\s*[—–-]\s+|\s*[—–-]\s+|\.(?:\s+|$))";
    pattern(&format!(r"^\s*{PLACE}{GAP}{day}\s*[.—–-]+\s*{agency}{author}{close}"))
});

/// What may stand before the name of an agency in scripts that write no spaces.
static UNSPACED_START: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*[（(【\[［]?\s*[据據]?"));

/// Reporter, place and day behind the name, up to the sign for a dispatch and a bracket with the reporters.
static UNSPACED_DATELINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"^\s*(?:[记記]者[\p{Han}、\s]{2,20}|(?P<place>\p{Han}[\p{Han}·\s]{1,11}?))?\s*",
        r"(?:\d{4}年)?(?:\d{1,2}月)?\d{1,2}日\p{Han}{0,4}?[电電讯訊]\s*[）)】\]］]?",
        r"\s*(?:[（(][^（）()\n]{2,40}[）)])?\s*[—–:：-]*\s*",
    ))
});

static PLACE_IN_CREDIT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"^\s*[（(【\[［〔](?P<content>[^（）()【】\[\]［］〔〕\n]{3,40})[）)】\]］〕]",
        r"\s*(?:[\p{Hangul}\s·,]{2,30}=\s*|[—–=:：-]+\s*)?",
    ))
});

/// Place and day before the name inside a bracket.
static PLACE_AND_DAY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*(?P<place>[\p{L}\p{M}ー・]+)\s*=?\s*(?:(?:\d{1,2}月)?\s*\d{1,2}日)?\s*$"));

static PLACE_ALONE: LazyLock<Regex> = LazyLock::new(|| {
    let place = place_in_capitals();
    let day = day(&format!(r"(?i:{})\p{{L}}*", MONTHS.join("|")));
    let close = r"(?:\s*\.?(?:—|–|--?)\s+|(?P<tight>—))";
    pattern(&format!(r"^\s*{place}(?:{GAP}{day})?[,.]?\s*{BRACKETED}?{close}"))
});

/// A name with its article is a name that the bracket behind it explains.
static ARTICLE_AHEAD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:The|An?)\s"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("a pattern of this module is not valid: {error}"))
}

/// The content of the bracket of a match of [`BRACKETED`].
fn bracketed<'t>(found: &Captures<'t>) -> Option<&'t str> {
    ["round", "wide", "lens", "square", "slash"].iter().find_map(|name| found.name(name)).map(|credit| credit.as_str())
}

/// The place of a match, without the comma behind it, or the full stop that ends it rather than shortens it.
fn place_of(found: &Captures<'_>) -> Option<Range<usize>> {
    let place = found.name("place").or_else(|| found.name("town"))?;
    let mut name = place.as_str().trim_end_matches([' ', ',', '،']);
    if let Some(whole) = name.strip_suffix('.').filter(|whole| !whole.contains(['.', ','])) {
        name = whole;
    }
    Some(place.start()..place.start() + name.len())
}

/// The first line, up to where a dateline may reach.
fn first_line(text: &str) -> &str {
    let begin = text.len() - text.trim_start().len();
    let mut end = text[begin..].find('\n').map_or(text.len(), |at| begin + at).min(begin + LONGEST_OPENING);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
