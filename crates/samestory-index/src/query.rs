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
