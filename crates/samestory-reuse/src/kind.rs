//! What kind of text a passage is.

use std::ops::Range;
use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::{Language, Tokenizer};
use serde::Serialize;

use crate::sentence::sentences;
use crate::words::{Part, PrintedWords};

/// What kind of text two articles share. Of several that fit, the first named here holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PassageKind {
    /// Words that say nothing of an event: what the outlet repeats, what many other articles hold, and turns of
    /// phrase that anyone may come upon.
    Template,
    /// Both credit the same agency, or one has the other's agency report.
    Agency,
    /// Most of it stands in quotation marks in both.
    Quotation,
    /// What a source is said to have said: a sentence with a verb of saying and a name, in both.
    Statement,
    /// Anything else.
    Other,
}

impl PassageKind {
    /// Whether it speaks for one event: copies of an agency's report and templates say nothing that each has found out.
    pub fn is_evidence(self) -> bool {
        !matches!(self, PassageKind::Template | PassageKind::Agency)
    }

    /// The kind in one word, as documents and answers name it.
    pub fn name(self) -> &'static str {
        match self {
            PassageKind::Template => "template",
            PassageKind::Agency => "agency",
            PassageKind::Quotation => "quotation",
            PassageKind::Statement => "statement",
            PassageKind::Other => "other",
        }
    }
}

/// How telling a word is, in nats: minus the logarithm of the share of articles that hold it. Asked for words in their
/// normal form.
pub type Weigh<'a> = dyn Fn(&PrintedWords<'_>, &str) -> f32 + Sync + 'a;

/// A passage whose distinct words are not as telling as this together, in nats, is a turn of phrase.
const LEAST_TELLING: f32 = 14.0;

/// Longer passages are no turn of phrase; what is quoted is none from fewer words on.
const LONGEST_PHRASE: usize = 10;
const LONGEST_QUOTED_PHRASE: usize = 6;

/// A passage of more sentences than this is a report and not what one source said.
const MOST_STATED: usize = 3;

/// Nor is one of more bytes, and what stands further from a passage does not tell who said it.
const LONGEST_STATED: usize = 2_000;

/// The kind of a passage that two articles share.
pub(crate) fn kind(
    a: (&PrintedWords<'_>, &Range<usize>),
    b: (&PrintedWords<'_>, &Range<usize>),
    weigh: &Weigh<'_>,
) -> PassageKind {
    let sides = [a, b];
    let mostly = |part: Part| sides.iter().any(|(words, range)| share(range, |at| words.part(at) == part) > 0.5);
    let quoted = sides.iter().all(|(words, range)| share(range, |at| words.is_quoted(at)) >= 0.5);
    let longest_phrase = if quoted { LONGEST_QUOTED_PHRASE } else { LONGEST_PHRASE };
    if mostly(Part::Furniture) || a.1.len() <= longest_phrase && telling(a, weigh) < LEAST_TELLING {
        return PassageKind::Template;
    }
    let agencies = sides.map(|(words, _)| words.agency());
    if mostly(Part::Credit) || agencies[0].is_some() && agencies[0] == agencies[1] {
        return PassageKind::Agency;
    }
    if quoted {
        return PassageKind::Quotation;
    }
    let stated = sides.iter().all(|(words, range)| is_stated(words, range));
    if stated {
        return PassageKind::Statement;
    }
    match agencies {
        [None, None] => PassageKind::Other,
        _ => PassageKind::Agency,
    }
}

fn share(range: &Range<usize>, holds: impl Fn(usize) -> bool) -> f64 {
    range.clone().filter(|at| holds(*at)).count() as f64 / range.len().max(1) as f64
}

/// How telling the distinct words of a passage are together. Of its names the most telling alone counts: a person with
/// office and party says no more than the person.
fn telling((words, range): (&PrintedWords<'_>, &Range<usize>), weigh: &Weigh<'_>) -> f32 {
    let mut distinct: Vec<(&str, usize)> = range.clone().map(|at| (words.word(at), at)).collect();
    distinct.sort_unstable();
    distinct.dedup_by_key(|(word, _)| *word);
    let (mut sum, mut name) = (0.0, 0.0_f32);
    for (word, at) in distinct {
        let weight = weigh(words, word);
        if words.is_capitalised(at) {
            name = name.max(weight);
        } else {
            sum += weight;
        }
    }
    sum + name
}

/// Whether most words of a passage stand in sentences that say who said so.
fn is_stated(words: &PrintedWords<'_>, range: &Range<usize>) -> bool {
    let text = &words.article().text;
    let bytes = words.bytes(range);
    // A passage of many sentences is no statement, and is not read for them.
    if bytes.len() > LONGEST_STATED || text[bytes.clone()].matches('\n').count() > MOST_STATED {
        return false;
    }
    let from = text.floor_char_boundary(bytes.start.saturating_sub(LONGEST_STATED));
    let to = text.ceil_char_boundary((bytes.end + LONGEST_STATED).min(text.len()));
    let start = text[from..bytes.start].rfind('\n').map_or(from, |at| from + at + 1);
    let end = text[bytes.end..to].find('\n').map_or(to, |at| bytes.end + at);
    let mut met = 0;
    let mut stated = 0;
    for sentence in sentences(&text[start..end]) {
        let sentence = words.within(&(start + sentence.start..start + sentence.end));
        let shared = sentence.start.max(range.start)..sentence.end.min(range.end);
        if !shared.is_empty() {
            met += 1;
            if says_who(words, &sentence) {
                stated += shared.len();
            }
        }
    }
    met <= MOST_STATED && 2 * stated >= range.len()
}

/// Whether a sentence has a verb of saying and a name, both outside of quotation marks.
fn says_who(words: &PrintedWords<'_>, sentence: &Range<usize>) -> bool {
    let outside = || sentence.clone().filter(|at| !words.is_quoted(*at));
    let verbs = verbs_of_saying(words.article().language);
    let verb = |at: usize| verbs.contains(&words.hashes()[at]);
    // A capital that opens a sentence is a name's where the verb stands beside it: `Ketteridge said`.
    let name = |at: usize| {
        let beside = at + 1 < sentence.end && verb(at + 1) || at > sentence.start && verb(at - 1);
        words.is_name(at) || words.is_capitalised(at) && beside && !verb(at)
    };
    outside().any(verb) && outside().any(name)
}

/// Verbs of saying as reports use them, and what stands for `according to`, in the languages of most readers. The
/// other languages have quotations, but no statements; what is of no known language is read as English.
const VERBS_OF_SAYING: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "said",
            "says",
            "told",
            "tells",
            "announced",
            "announces",
            "stated",
            "according",
            "warned",
            "argued",
            "insisted",
            "tweeted",
            "wrote",
            "confirmed",
            "claimed",
            "noted",
            "explained",
            "declared",
            "replied",
            "added",
            "acknowledged",
            "denied",
            "stressed",
            "testified",
            "alleged",
            "recalled",
            "urged",
        ],
    ),
    (
        "fr",
        &[
            "dit",
            "déclaré",
            "déclare",
            "affirmé",
            "affirme",
            "selon",
            "annoncé",
            "annonce",
            "expliqué",
            "explique",
            "ajouté",
            "ajoute",
            "indiqué",
            "indique",
            "précisé",
            "précise",
            "assuré",
            "assure",
            "estime",
            "estimé",
            "confirmé",
            "souligné",
        ],
    ),
    (
        "es",
        &[
            "dijo",
            "dice",
            "afirmó",
            "afirma",
            "según",
            "anunció",
            "declaró",
            "señaló",
            "explicó",
            "aseguró",
            "añadió",
            "indicó",
            "confirmó",
            "informó",
            "sostuvo",
            "advirtió",
            "agregó",
            "manifestó",
        ],
    ),
    (
        "de",
        &[
            "sagte",
            "sagt",
            "erklärte",
            "laut",
            "zufolge",
            "betonte",
            "berichtete",
            "kündigte",
            "warnte",
            "bestätigte",
            "teilte",
            "hieß",
            "meinte",
        ],
    ),
    (
        "it",
        &[
            "detto",
            "dichiarato",
            "secondo",
            "annunciato",
            "spiegato",
            "affermato",
            "aggiunto",
            "sottolineato",
            "confermato",
        ],
    ),
    (
        "pt",
        &["disse", "afirmou", "segundo", "anunciou", "declarou", "explicou", "acrescentou", "informou", "confirmou"],
    ),
    ("nl", &["zei", "zegt", "aldus", "volgens", "verklaarde", "meldt", "meldde", "bevestigde"]),
    ("sv", &["sade", "säger", "sa", "enligt", "uppger"]),
    ("da", &["sagde", "siger", "ifølge", "oplyser"]),
    ("no", &["sa", "sier", "ifølge", "opplyser"]),
];

/// The verbs of a language, as hashes of their normal forms.
fn verbs_of_saying(language: Option<Language>) -> &'static FxHashSet<u64> {
    static OF_LANGUAGES: OnceLock<FxHashMap<Language, FxHashSet<u64>>> = OnceLock::new();
    static NONE: OnceLock<FxHashSet<u64>> = OnceLock::new();
    let of_languages = OF_LANGUAGES.get_or_init(|| {
        let hashes = |verbs: &[&str]| verbs.iter().flat_map(|verb| Tokenizer.text(verb).hashes()).collect();
        VERBS_OF_SAYING.iter().filter_map(|(code, verbs)| Some((Language::parse(code)?, hashes(verbs)))).collect()
    });
    let language = language.unwrap_or(Language::ENGLISH);
    of_languages.get(&language).unwrap_or_else(|| NONE.get_or_init(FxHashSet::default))
}
