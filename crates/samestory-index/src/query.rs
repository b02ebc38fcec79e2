//! What a person types, made into what the query parser reads.

/// What the parser would take for syntax that is not documented here.
const NO_SYNTAX: &[char] = &[':', '/', '\\', '[', ']', '{', '}', '^', '~', '*', '?', '<', '>', '=', '`', '!', '&', '|'];

/// A query in which only the documented operators are left: quotes, brackets, `+`, `-`, `AND`, `OR`,
/// `NOT`. Everything else that the parser would take for syntax, such as the colon of a clock time or
/// an apostrophe, is plain text. Quotes and brackets that do not match are plain text too.
pub(crate) fn plain_query(typed: &str) -> String {
    if typed.trim() == "*" {
        return "*".to_owned();
    }
    let quotes = typed.matches('"').count().is_multiple_of(2);
    let brackets = balanced(typed);
    let plain: String = typed
        .chars()
        .map(|c| match c {
            // The tokenizer folds this back; the parser would take a straight one for a quote.
            '\'' => '\u{2019}',
            '"' if !quotes => ' ',
            '(' | ')' if !brackets => ' ',
            c if c.is_control() || NO_SYNTAX.contains(&c) => ' ',
            c => c,
        })
        .collect();
    // A sign stands before a word or phrase, not alone and not behind another sign.
    let word = |word: &str| {
        let bare = word.trim_start_matches(['-', '+']);
        let signs = word.len() - bare.len();
        match (bare.chars().any(|c| c.is_alphanumeric() || matches!(c, '"' | '(' | ')')), signs) {
            (false, _) => String::new(),
            (true, 0 | 1) => word.to_owned(),
            (true, _) => bare.to_owned(),
        }
    };
    let words: Vec<String> = plain.split_whitespace().map(word).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// The words and phrases that a plain query excludes by `NOT` or `-`, joined by `OR`; `None` where it
/// excludes none, or has brackets, inside of which an exclusion holds for a part only.
pub(crate) fn excluded(plain: &str) -> Option<String> {
    if plain.contains(['(', ')']) {
        return None;
    }
    let mut excluded = Vec::new();
    let mut rest = plain;
    let mut negated = false;
    while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
        rest = &rest[start..];
        let signs = rest.len() - rest.trim_start_matches(['-', '+']).len();
        negated |= rest.starts_with('-');
        rest = &rest[signs..];
        let end = match rest.strip_prefix('"') {
            Some(phrase) => phrase.find('"').map_or(rest.len(), |at| at + 2),
            None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        if word == "NOT" {
            negated = true;
            continue;
        }
        if negated && !word.is_empty() {
            excluded.push(word);
        }
        negated = false;
    }
    (!excluded.is_empty()).then(|| excluded.join(" OR "))
}

fn balanced(text: &str) -> bool {
    let mut open = 0i64;
    for c in text.chars() {
        open += i64::from(c == '(') - i64::from(c == ')');
        if open < 0 {
            return false;
        }
    }
    open == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusions_are_told() {
        assert_eq!(excluded("storm NOT delays").as_deref(), Some("delays"));
        assert_eq!(excluded("-\"a b\" c -d e-f").as_deref(), Some("\"a b\" OR d"));
        assert_eq!(excluded("cease-fire"), None);
        assert_eq!(excluded("(a -b) OR c"), None);
    }

    #[test]
    fn only_operators_are_syntax() {
        let cases = [
            ("ferry's", "ferry\u{2019}s"),
            ("Libya: a truce", "Libya a truce"),
            ("00:00", "00 00"),
            ("\"joint statement\" NOT gas", "\"joint statement\" NOT gas"),
            ("(a OR b) -c", "(a OR b) -c"),
            ("\"open", "open"),
            ("(open", "open"),
            ("a - b", "a b"),
            ("cease-fire", "cease-fire"),
            ("*", "*"),
            ("...", ""),
        ];
        for (typed, plain) in cases {
            assert_eq!(plain_query(typed), plain, "{typed}");
        }
    }
}
