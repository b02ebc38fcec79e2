//! Changes that say nothing new: of form, of spelling, of a time stamp.

use samestory_article::Tokenizer;

/// Whether a change says nothing new: the same words in another form, one of them spelled right, or another time stamp.
pub(super) fn is_trivial(old: &str, new: &str) -> bool {
    if is_time_stamp(old) && is_time_stamp(new) {
        return true;
    }
    let (before, after) = (Tokenizer.text(old), Tokenizer.text(new));
    if before.len() != after.len() || signs(old) != signs(new) {
        return false;
    }
    let mut words = before.iter().zip(after.iter());
    words.all(|(x, y)| {
        let as_written = (&old[x.span()], &new[y.span()]);
        match before.word(x) == after.word(y) {
            true => is_acronym(as_written.0) == is_acronym(as_written.1),
            false => is_typo(before.word(x), after.word(y)),
        }
    })
}

/// Signs that say something by themselves: of money and shares, and the minus before a number.
fn signs(text: &str) -> Vec<char> {
    let mut signs = Vec::new();
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        let minus = matches!(c, '-' | '−' | '–') && !before.is_alphanumeric();
        if matches!(c, '%' | '‰' | '$' | '£' | '€' | '¥' | '₹' | '₽' | '₩' | '¢' | '+' | '°')
            || minus && characters.peek().is_some_and(char::is_ascii_digit)
        {
            signs.push(if minus { '-' } else { c });
        }
        before = c;
    }
    signs
}

/// Whether a word is in capitals, as `US` is and `us` is not.
fn is_acronym(word: &str) -> bool {
    word.chars().filter(|c| c.is_uppercase()).nth(1).is_some()
}

/// Whether two words differ by a letter that stands once for twice, or twice for once, or by two neighbours in another
/// order. One letter in place of another makes another word as often as not: million and billion, could and would.
fn is_typo(before: &str, after: &str) -> bool {
    const SHORTEST: usize = 7;
    let (x, y): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    if x.len().min(y.len()) < SHORTEST || !x.iter().chain(&y).all(|c| c.is_alphabetic()) {
        return false;
    }
    let front = x.iter().zip(&y).take_while(|(a, b)| a == b).count();
    let beside = front.checked_sub(1).map(|at| x[at]);
    let (x, y) = (&x[front..], &y[front..]);
    let back = x.iter().rev().zip(y.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&x[..x.len() - back], &y[..y.len() - back]) {
        ([twice], []) | ([], [twice]) => beside == Some(*twice),
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

/// Words that make a time stamp of numbers, in the languages of most readers.
const STAMPS: &[&str] = &[
    "updated",
    "published",
    "posted",
    "modified",
    "am",
    "pm",
    "a.m",
    "p.m",
    "est",
    "edt",
    "et",
    "gmt",
    "utc",
    "bst",
    "cet",
    "ist",
    "pst",
    "pdt",
    "ago",
    "mis",
    "publié",
    "actualizado",
    "publicado",
    "aktualisiert",
    "uhr",
];

/// Words that may stand beside these.
const STAMP_WORDS: &[&str] = &[
    "last",
    "first",
    "at",
    "on",
    "of",
    "the",
    "hours",
    "hour",
    "minutes",
    "minute",
    "à",
    "jour",
    "le",
    "el",
    "las",
    "a",
    "um",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
];

/// Whether a sentence is nothing but the time of its version: `Updated 3:15 p.m. EST, Jan. 8`.
pub(super) fn is_time_stamp(text: &str) -> bool {
    const LONGEST: usize = 14;
    let tokens = Tokenizer.text(text);
    let words: Vec<&str> = tokens.iter().map(|token| tokens.word(token)).collect();
    let is_number = |word: &&str| word.bytes().any(|byte| byte.is_ascii_digit());
    let is_known = |word: &&str| is_number(word) || STAMPS.contains(word) || STAMP_WORDS.contains(word);
    words.len() <= LONGEST
        && words.iter().any(is_number)
        && words.iter().any(|word| STAMPS.contains(word))
        && words.iter().all(is_known)
}
