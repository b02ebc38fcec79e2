//! News agencies: how a credit names them, and the dateline that opens their reports.
//!
//! *Motivation.* The same report stands in a hundred papers, each with the agency's name somewhere else
//! and in other words. What credits an agency is not the paper's own text, and says whose text the rest is.
//!
//! *Design.* Names and the words around them are data ([`Agencies::new`]); the code knows only how a credit is
//! built: words before, names with separators between them, words after, and nothing else. A line that holds
//! anything else is a sentence about an agency and no credit. A dateline is found by its shape, and where the
//! shape alone could be an ordinary opening, only with an agency that is known.
//!
//! *Consequences.* An agency that is not in the table is credited only behind a place in capitals. A language
//! that is not in the table costs its wordings; names and datelines are still found.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use unicode_normalization::UnicodeNormalization;

/// The words that stand around the names of agencies in the credits of one language.
///
/// Letter case, and colons and spaces at the ends, do not matter. A word that ends in an apostrophe
/// (`l'`) joins the name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wording {
    /// What may stand before a name: `with files from`, `source`, `the`.
    pub(crate) before: Vec<String>,
    /// What may stand after the last name: `contributed to this report`.
    pub(crate) after: Vec<String>,
    /// What may join two names, other than punctuation: `and`.
    pub(crate) between: Vec<String>,
}

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

/// News agencies by the ways they are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Agencies {
    names: Vec<String>,
    /// By folded spelling, the index of the name.
    by_fold: HashMap<String, usize>,
    /// Folded spellings by their first character, longest first.
    by_start: HashMap<char, Vec<String>>,
    /// Spellings as given, to tell a short credit from a word.
    exact: HashSet<String>,
    /// Spellings as given that are written without spaces around them, longest first, with their names.
    unspaced: Vec<(String, usize)>,
    before: Vec<String>,
    after: Vec<String>,
    between: Vec<String>,
}

/// How one shape of dateline is looked for in a line.
type Shape = fn(&Agencies, &str) -> Option<Opening>;

/// Longest line that is read as a credit, in bytes: the longest notice of rights in use is shorter.
const LONGEST_CREDIT: usize = 300;

/// An acronym up to this length that stands alone on its line is a credit only in its own letter case.
const LONGEST_ACRONYM: usize = 5;

/// The sign of a German editor behind an agency (`dpa/lbg`) has no more letters than this.
const LONGEST_SIGN: usize = 4;

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
    /// Agencies by their canonical names, each with the spellings it is credited under, and the wordings of
    /// credits. The canonical name is always a spelling too. Where two agencies claim a spelling, the first has it.
    pub(crate) fn new(
        names: impl IntoIterator<Item = (String, Vec<String>)>,
        wordings: impl IntoIterator<Item = Wording>,
    ) -> Self {
        let mut agencies = Agencies::default();
        for (name, spellings) in names {
            let index = agencies.names.len();
            for spelling in std::iter::once(&name).chain(&spellings) {
                agencies.add_spelling(spelling, index);
            }
            agencies.names.push(name);
        }
        for wording in wordings {
            agencies.before.extend(wording.before.iter().map(|words| wording_key(words)));
            agencies.after.extend(wording.after.iter().map(|words| wording_key(words)));
            agencies.between.extend(wording.between.iter().map(|words| wording_key(words)));
        }
        for spellings in agencies.by_start.values_mut() {
            longest_first(spellings);
        }
        for words in [&mut agencies.before, &mut agencies.after, &mut agencies.between] {
            longest_first(words);
        }
        agencies.unspaced.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        agencies
    }

    fn add_spelling(&mut self, spelling: &str, index: usize) {
        let clean = clean(spelling);
        let folded = fold(spelling);
        let Some(first) = folded.chars().next() else { return };
        if self.by_fold.contains_key(&folded) {
            // Another letter case of a spelling that is there.
            self.exact.insert(clean);
            return;
        }
        if clean.chars().any(is_unspaced) {
            self.unspaced.push((clean.clone(), index));
        }
        self.exact.insert(clean);
        self.by_start.entry(first).or_default().push(folded.clone());
        self.by_fold.insert(folded, index);
    }

    /// The canonical name of the agency that is written exactly so, whatever the letter case and the brackets
    /// and punctuation around it.
    pub(crate) fn named(&self, credit: &str) -> Option<&str> {
        self.index(&fold(credit)).map(|index| self.names[index].as_str())
    }

    fn index(&self, folded: &str) -> Option<usize> {
        let bare = folded.trim_matches(|c: char| !c.is_alphanumeric());
        // `A.P.` ends in a full stop that is part of it.
        self.by_fold.get(folded).or_else(|| self.by_fold.get(bare)).copied()
    }

    /// The canonical names of the agencies that a whole line, or the content of a bracket, credits. Empty where
    /// the line says anything else.
    pub(crate) fn credited(&self, line: &str) -> Vec<&str> {
        let line = line.trim();
        if line.len() > LONGEST_CREDIT || line.contains('\n') {
            return Vec::new();
        }
        let Some(credit) = self.read_credit(&fold(line), line) else { return Vec::new() };
        let mut names: Vec<&str> = Vec::new();
        for index in credit {
            if !names.contains(&self.names[index].as_str()) {
                names.push(&self.names[index]);
            }
        }
        names
    }

    /// The agencies of a folded line that is a credit and nothing else.
    fn read_credit(&self, folded: &str, written: &str) -> Option<Vec<usize>> {
        let mut found = Vec::new();
        let mut framed = false;
        let mut ended = false;
        // Whether a name may follow: at the start, behind punctuation and behind a joining word.
        let mut name_may_follow = true;
        let mut rest = folded;
        let mut shortest = usize::MAX;
        loop {
            let (next, skipped) = skip_punctuation(rest);
            rest = next;
            name_may_follow |= !skipped.trim().is_empty();
            if rest.is_empty() {
                break;
            }
            if name_may_follow
                && !ended
                && let Some((spelling, index)) = self.spelling_at(rest)
            {
                found.push(index);
                shortest = shortest.min(spelling.chars().count());
                rest = &rest[spelling.len()..];
                name_may_follow = false;
            } else if !found.is_empty()
                && !ended
                && let Some(next) = strip_words(&self.between, rest)
            {
                rest = next;
                (framed, name_may_follow) = (true, true);
            } else if name_may_follow
                && !ended
                && let Some(next) = strip_words(&self.before, rest)
                && (found.is_empty() || !next.trim().is_empty())
            {
                rest = next;
                framed = true;
            } else if !found.is_empty()
                && let Some(next) = strip_words(&self.after, rest)
            {
                rest = next;
                (framed, ended) = (true, true);
            } else if !found.is_empty()
                && skipped.contains('/')
                && let Some(sign) = editor_sign(rest, written)
            {
                rest = &rest[sign.len()..];
                framed = true;
            } else {
                return None;
            }
        }
        let bracketed = written.starts_with(|c: char| !c.is_alphanumeric());
        if found.len() == 1 && !framed && !bracketed && shortest <= LONGEST_ACRONYM {
            let bare = clean(written);
            let bare = bare.trim_matches(|c: char| !c.is_alphanumeric());
            if bare.chars().any(char::is_lowercase) && !self.exact.contains(bare) {
                return None;
            }
        }
        Some(found).filter(|found| !found.is_empty())
    }

    /// The longest spelling that a folded text begins with.
    fn spelling_at(&self, folded: &str) -> Option<(&str, usize)> {
        let spellings = self.by_start.get(&folded.chars().next()?)?;
        let spelling = spellings.iter().find(|spelling| begins_with_words(folded, spelling))?;
        Some((spelling, *self.by_fold.get(spelling)?))
    }

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

/// One form for every way a keyboard writes the same signs, with letter case kept.
fn clean(text: &str) -> String {
    if text.is_ascii() {
        return text.replace('`', "'").split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let signs: String = text
        .nfkc()
        .map(|c| match c {
            '‘' | '’' | 'ʼ' | '`' | '´' => '\'',
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
            '«' | '»' | '“' | '”' | '„' => '"',
            c => c,
        })
        .collect();
    signs.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// [`clean`] in lower case. The dot of the Turkish capital İ goes, so that `İHA`, `IHA` and `iha` are one.
fn fold(text: &str) -> String {
    let lower: String = clean(text).to_lowercase().chars().filter(|&c| c != '\u{307}').collect();
    lower.replace("(c)", "©")
}

/// A wording in the form it is compared in.
fn wording_key(words: &str) -> String {
    fold(words).trim_matches(|c: char| !c.is_alphanumeric() && c != '\'').to_owned()
}

fn longest_first(words: &mut Vec<String>) {
    words.retain(|words| !words.is_empty());
    words.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    words.dedup();
}

/// The text behind the longest of the words that it begins with.
fn strip_words<'t>(words: &[String], text: &'t str) -> Option<&'t str> {
    words.iter().find(|words| begins_with_words(text, words)).map(|words| &text[words.len()..])
}

/// Whether a text begins with whole words.
fn begins_with_words(text: &str, words: &str) -> bool {
    let Some(rest) = text.strip_prefix(words) else { return false };
    match (words.chars().next_back(), rest.chars().next()) {
        (Some(last), Some(next)) => {
            !(last.is_alphanumeric() && next.is_alphanumeric()) || is_unspaced(last) || is_unspaced(next)
        }
        _ => true,
    }
}

/// Whether the script of a character writes words without spaces between them, or hangs particles on them.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{E00}'..='\u{EFF}' // Thai and Lao
        | '\u{1000}'..='\u{109F}' // Burmese
        | '\u{1780}'..='\u{17FF}' // Khmer
        | '\u{3040}'..='\u{30FF}' // kana
        | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}' // Han
        | '\u{AC00}'..='\u{D7AF}' // Hangul
    )
}

/// The text behind punctuation and years (`Copyright 2020`), and what was passed over.
fn skip_punctuation(text: &str) -> (&str, &str) {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let year = rest.get(..4).filter(|year| {
            (year.starts_with("19") || year.starts_with("20")) && year.bytes().all(|b| b.is_ascii_digit())
        });
        match year {
            Some(_) if !rest[4..].starts_with(char::is_alphanumeric) => rest = &rest[4..],
            _ => break,
        }
    }
    (rest, &text[..text.len() - rest.len()])
}

/// The sign of an editor at the start of a folded text, if it is in lower case as written.
fn editor_sign<'t>(folded: &'t str, written: &str) -> Option<&'t str> {
    let sign = &folded[..folded.bytes().take_while(u8::is_ascii_lowercase).count()];
    let behind = &folded[sign.len()..];
    let fits = (1..=LONGEST_SIGN).contains(&sign.len()) && !behind.starts_with(char::is_alphanumeric);
    (fits && written.contains(&format!("/{sign}"))).then_some(sign)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A small table with what the tests need; the real one is data of another crate.
    fn agencies() -> Agencies {
        let names = [
            ("Reuters", "Thomson Reuters|rtr|Рейтер|رويترز|路透社|ロイター|로이터"),
            ("AP", "A.P.|Associated Press"),
            ("AFP", "Agence France-Presse|أ ف ب|法新社|АФП"),
            ("dpa", "Deutsche Presse-Agentur|dpa-AFX"),
            ("UPI", ""),
            ("The Canadian Press", "CP|Canadian Press|La Presse canadienne|Presse canadienne"),
            ("CNN", ""),
            ("EFE", "Agencia EFE"),
            ("Europa Press", ""),
            ("Notimex", ""),
            ("ANSA", ""),
            ("Lusa", ""),
            ("Agência Brasil", ""),
            ("ANP", ""),
            ("Keystone-SDA", "SDA|ATS"),
            ("TASS", "ТАСС"),
            ("RIA Novosti", "РИА Новости|РИА «Новости»"),
            ("Interfax", "INTERFAX.RU|Интерфакс"),
            ("ČTK", ""),
            ("MTI", ""),
            ("Anadolu", "AA|Anadolu Ajansı"),
            ("İHA", "IHA"),
            ("Xinhua", "新华社|新華社"),
            ("China News Service", "中新社"),
            ("CNA", "中央社"),
            ("Kyodo", "共同通信|共同"),
            ("Yonhap", "연합뉴스"),
            ("VNA", "TTXVN|Vietnam+"),
            ("ANI", ""),
            ("PTI", "Press Trust of India"),
            ("IANS", ""),
            ("APP", "Associated Press of Pakistan"),
        ];
        let wordings = [
            (
                "the|with|by|source|copyright|with files from|additional reporting by",
                "contributed to this report|contributed to this story|all rights reserved|staff",
                "and|and the",
            ),
            ("avec|avec l'|l'|source :|d'après", "tous droits réservés", "et|et l'"),
            ("mit material von|mit|quelle:|von", "", "und"),
            ("fuente:|con información de|con", "y agencias", "y"),
            ("fonte:|com|com informações|com informações da|da", "", "e"),
            ("bron:", "", "en"),
            ("по материалам|по данным", "", "и"),
            ("theo|nguồn:", "", "và"),
            ("据|来源：", "报道", "和"),
        ];
        let parts = |text: &str| text.split('|').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Agencies::new(
            names.map(|(name, spellings)| (name.to_owned(), parts(spellings))),
            wordings.map(|(before, after, between)| Wording {
                before: parts(before),
                after: parts(after),
                between: parts(between),
            }),
        )
    }

    #[test]
    fn a_spelling_has_one_name() {
        let agencies = agencies();
        for (credit, name) in [
            ("Reuters", Some("Reuters")),
            ("(REUTERS)", Some("Reuters")),
            ("© AFP", Some("AFP")),
            ("a.p.", Some("AP")),
            ("/ТАСС/", Some("TASS")),
            ("тасс", Some("TASS")),
            ("iha", Some("İHA")),
            ("（路透社）", Some("Reuters")),
            ("agence  france–presse", Some("AFP")),
            ("The Plains Dispatch", None),
            ("", None),
            ("()", None),
        ] {
            assert_eq!(agencies.named(credit), name, "{credit}");
        }
    }

    #[test]
    fn a_line_that_is_a_credit() {
        let agencies = agencies();
        for (line, names) in [
            ("(Reuters)", "Reuters"),
            ("Reuters/AFP", "Reuters|AFP"),
            ("AFP, dpa", "AFP|dpa"),
            ("dpa/afp/rtr", "dpa|AFP|Reuters"),
            ("dpa/lbg", "dpa"),
            ("— AFP", "AFP"),
            ("avec AFP", "AFP"),
            ("Avec l'AFP et Reuters", "AFP|Reuters"),
            ("(avec l’AFP)", "AFP"),
            ("Source : AFP", "AFP"),
            ("© 2020 AFP. Tous droits réservés.", "AFP"),
            ("La Presse canadienne", "The Canadian Press"),
            ("Mit Material von dpa", "dpa"),
            ("Quelle: dpa", "dpa"),
            ("Quelle: ntv.de, dpa", ""),
            ("Fuente: EFE", "EFE"),
            ("Con información de Reuters", "Reuters"),
            ("con Reuters y AP", "Reuters|AP"),
            ("com Reuters", "Reuters"),
            ("Com informações da Agência Brasil", "Agência Brasil"),
            ("Bron: ANP", "ANP"),
            ("Fonte: ANSA", "ANSA"),
            ("По материалам ТАСС", "TASS"),
            ("Theo Reuters", "Reuters"),
            ("(Theo TTXVN)", "VNA"),
            ("Theo AP và Reuters", "AP|Reuters"),
            ("新华社", "Xinhua"),
            ("来源：新华社", "Xinhua"),
            ("据路透社", "Reuters"),
            ("据路透社和法新社报道", "Reuters|AFP"),
            ("Reuters contributed to this report.", "Reuters"),
            ("The Associated Press contributed to this report", "AP"),
            ("The Associated Press and Reuters contributed to this story.", "AP|Reuters"),
            ("With files from The Canadian Press", "The Canadian Press"),
            ("Copyright 2020 The Associated Press. All rights reserved.", "AP"),
            ("(c) 2019-2020 AFP", "AFP"),
            ("By Reuters Staff", "Reuters"),
            ("ＡＦＰ", "AFP"),
        ] {
            assert_eq!(agencies.credited(line).join("|"), names, "{line}");
        }
    }

    #[test]
    fn a_sentence_is_no_credit() {
        let agencies = agencies();
        for line in [
            "Reuters was founded in 1851.",
            "The minister told Reuters.",
            "with the minister",
            "Reuters and the Guardian",
            "The Associated Press is a cooperative",
            "AFP Reuters said",
            "路透社记者说，他不知道。",
            "据路透社报道，部长周三辞职。",
            "Theo Reuters, hai bộ trưởng đã gặp nhau.",
            "Reutersdorf",
            "Ap",
            "App",
            "Downloaded from an app/web",
            "source",
            "2020",
            "",
        ] {
            assert_eq!(agencies.credited(line), Vec::<&str>::new(), "{line}");
        }
    }

    /// Opening, place, agency; what follows is `Zwei Minister met. 两` or so in every case.
    #[test]
    fn datelines_are_found() {
        let agencies = agencies();
        for (opening, place, agency) in [
            ("TRIPOLI, Jan 8 (Reuters) - ", "TRIPOLI", "Reuters"),
            ("PARIS, 8 janvier (AFP) – ", "PARIS", "AFP"),
            ("Paris, le 8 janvier 2020 (AFP) - ", "Paris", "AFP"),
            ("Paris (AFP) - ", "Paris", "AFP"),
            ("Rio de Janeiro (AFP) - ", "Rio de Janeiro", "AFP"),
            ("BERLIN (dpa) - ", "BERLIN", "dpa"),
            ("Berlin (dpa/lbg) - ", "Berlin", "dpa"),
            ("Frankfurt/Main (dpa-AFX) - ", "Frankfurt/Main", "dpa"),
            ("Bern (sda) - ", "Bern", "Keystone-SDA"),
            ("Madrid, 8 ene (EFE).- ", "Madrid", "EFE"),
            ("Madrid, 8 ene. (EFE).-", "Madrid", "EFE"),
            ("MADRID, 8 Ene. (EUROPA PRESS) - ", "MADRID", "Europa Press"),
            ("CIUDAD DE MÉXICO, 8 de enero (Notimex).- ", "CIUDAD DE MÉXICO", "Notimex"),
            ("ROMA (ANSA) - ", "ROMA", "ANSA"),
            ("(ANSA) - ROMA, 08 GEN - ", "ROMA", "ANSA"),
            ("(ANSA) - NEW YORK, 08 GEN - ", "NEW YORK", "ANSA"),
            ("Lisboa, 08 jan 2020 (Lusa) - ", "Lisboa", "Lusa"),
            ("AMSTERDAM (ANP) - ", "AMSTERDAM", "ANP"),
            ("МОСКВА, 8 января. /ТАСС/. ", "МОСКВА", "TASS"),
            ("MOSCOW, January 8. /TASS/. ", "MOSCOW", "TASS"),
            ("МОСКВА, 8 янв - РИА Новости. ", "МОСКВА", "RIA Novosti"),
            ("САНКТ-ПЕТЕРБУРГ, 8 янв — РИА Новости, Иван Петров. ", "САНКТ-ПЕТЕРБУРГ", "RIA Novosti"),
            ("Москва. 8 января. INTERFAX.RU - ", "Москва", "Interfax"),
            ("ТАСС, 8 января. ", "", "TASS"),
            ("(ANSA) - Roma, 8 gen. - ", "Roma", "ANSA"),
            ("القاهرة 8 كانون الثاني (رويترز)- ", "القاهرة", "Reuters"),
            ("Praha 8. ledna (ČTK) - ", "Praha", "ČTK"),
            ("Budapest, 2020. január 8., szerda (MTI) - ", "Budapest", "MTI"),
            ("HÀ NỘI (TTXVN) - ", "HÀ NỘI", "VNA"),
            ("Hà Nội, ngày 8/1 (TTXVN) - ", "Hà Nội", "VNA"),
            ("ANKARA (AA) - ", "ANKARA", "Anadolu"),
            ("İSTANBUL (İHA) - ", "İSTANBUL", "İHA"),
            ("القاهرة (رويترز) - ", "القاهرة", "Reuters"),
            ("الرياض 8 يناير (أ ف ب) - ", "الرياض", "AFP"),
            ("新华社北京1月8日电 ", "北京", "Xinhua"),
            ("新华社北京1月8日电（记者张三、李四）", "北京", "Xinhua"),
            ("据新华社华盛顿1月8日电 ", "华盛顿", "Xinhua"),
            ("（新华社）", "", "Xinhua"),
            ("中新社北京1月8日电", "北京", "China News Service"),
            ("（中央社記者王小明台北8日電）", "", "CNA"),
            ("（ロイター）- ", "", "Reuters"),
            ("［東京　８日　ロイター］ - ", "東京", "Reuters"),
            ("【北京共同】", "北京", "Kyodo"),
            ("(서울=연합뉴스) 홍길동 기자 = ", "서울", "Yonhap"),
            ("New Delhi [India], January 8 (ANI): ", "New Delhi", "ANI"),
            ("New Delhi, Jan 8 (PTI) ", "New Delhi", "PTI"),
            ("WASHINGTON (AP) — ", "WASHINGTON", "AP"),
            ("WASHINGTON (AP) ", "WASHINGTON", "AP"),
            ("BEIJING, Jan. 8 (Xinhua) -- ", "BEIJING", "Xinhua"),
            ("WASHINGTON, Jan. 8 (UPI) -- ", "WASHINGTON", "UPI"),
            ("(Reuters) - ", "", "Reuters"),
            ("(CNN) ", "", "CNN"),
            ("(CNN)", "", "CNN"),
            ("ISTANBUL — ", "ISTANBUL", ""),
            ("ISTANBUL, 8 janvier — ", "ISTANBUL", ""),
            ("NEW YORK, N.Y. -- ", "NEW YORK, N.Y.", ""),
            ("SPRINGFIELD, Ill. (AP) — ", "SPRINGFIELD, Ill.", "AP"),
            ("LONDON—", "LONDON", ""),
            ("KYIV (Suspilne) - ", "KYIV", "Suspilne"),
            ("  TRIPOLI, Jan 8 (Reuters) - ", "TRIPOLI", "Reuters"),
        ] {
            for report in ["Two ministers met on Monday.", "两国部长 met 周一 on 8"] {
                if opening.ends_with('—') && !report.starts_with('T') {
                    continue;
                }
                let text = format!("{opening}{report}");
                let Some(found) = agencies.opening(&text) else { panic!("{text} has a dateline") };
                assert_eq!(&text[found.end..], report, "{text}");
                assert_eq!(found.place.map_or("", |place| &text[place]), place, "{text}");
                assert_eq!(found.agency.unwrap_or_default(), agency, "{text}");
            }
        }
    }

    #[test]
    fn an_ordinary_opening_is_left_alone() {
        let agencies = agencies();
        for text in [
            "The U.S. - a rich country - voted.",
            "A man - no, two.",
            "NATO said on Monday it will stay.",
            "NASA—the agency—said so on Monday.",
            "(Tuesday) It rained.",
            "Paris (Texas) - a small town in America.",
            "London (AFP) reported that it rained.",
            "Agence France-Presse (AFP) - founded in 1835 - is old.",
            "The Press Trust of India (PTI) - an agency - said so.",
            "Press Trust of India (PTI) said so on Monday.",
            "Reuters said on Monday that it rained.",
            "Moscow. 8 January. It rained - again.",
            "Reuters, 8 people and a dog - that is all.",
            "路透社报道，部长周三辞职。",
            "新华社记者走进了学校。",
            "北京1月8日下雪了。",
            "(서울=홍길동) 기자 = 서울",
            "ISTANBUL — No",
            "U.S.-backed forces met the rebels on Monday.",
            "U.S.-Canadian ties could worsen on Monday.",
            "TOKYO RUBBER (YEN PER KILO) - APRIL 07",
            "",
            "\n",
        ] {
            assert_eq!(agencies.opening(text), None, "{text}");
        }
    }

    #[test]
    fn no_table_still_finds_places() {
        let none = Agencies::new([], []);
        let text = "ISTANBUL — Two ministers met.";
        assert_eq!(none.opening(text), Some(Opening { end: 13, place: Some(0..8), agency: None }));
        assert_eq!(none.named("Reuters"), None);
        assert_eq!(none.credited("Reuters"), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn any_text_is_sound(text in "(\\PC|\n|[A-Z(){}/.,—-]|（|新华社|日电| |8){0,120}") {
            let agencies = agencies();
            agencies.named(&text);
            agencies.credited(&text);
            if let Some(opening) = agencies.opening(&text) {
                prop_assert!(opening.end > 0 && text.get(..opening.end).is_some());
                if let Some(place) = opening.place {
                    prop_assert!(place.start < place.end && place.end <= opening.end && text.get(place).is_some());
                }
            }
        }
    }
}
