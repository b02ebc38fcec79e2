//! The text of JSON-LD scripts: reading it, and mending the few mistakes that its writers make.
//!
//! A script is mended only if nothing can be read of it as it stands.

use serde_json::Value;

use super::MOST_SCRIPTS;

/// The JSON values in a script.
pub(super) fn read_json(script: &str) -> Vec<Value> {
    let inner = unwrapped(script);
    let mut values = parse_json(inner);
    if values.is_empty() {
        values = parse_json(&mended(inner));
    }
    if values.is_empty() && inner.contains("&quot;") {
        // Only the quotes: other entities stand in the values and are decoded there.
        values = parse_json(&mended(&inner.replace("&quot;", "\"")));
    }
    values
}

/// The values up to the first mistake.
fn parse_json(text: &str) -> Vec<Value> {
    let stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    stream.map_while(Result::ok).take(MOST_SCRIPTS).collect()
}

/// The script without the comments that once hid it from browsers.
fn unwrapped(script: &str) -> &str {
    const OPENINGS: &[&str] = &["\u{feff}", "<!--", "<![CDATA[", "//", "/*", "*/"];
    const CLOSINGS: &[&str] = &["-->", "]]>", "//", "/*", "*/", ";"];
    let mut inner = script.trim();
    while let Some(rest) = OPENINGS.iter().find_map(|opening| inner.strip_prefix(opening)) {
        inner = rest.trim_start();
    }
    while let Some(rest) = CLOSINGS.iter().find_map(|closing| inner.strip_suffix(closing)) {
        inner = rest.trim_end();
    }
    inner
}

/// JSON with the usual mistakes mended: raw line breaks and unescaped quotes in strings, unknown
/// escapes, surplus commas, comments, a missing end.
fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut open: Vec<char> = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => rest = mended_string(rest, open.last().copied(), &mut out),
            '{' | '[' => {
                open.push(if c == '{' { '}' } else { ']' });
                out.push(c);
            }
            '}' | ']' => {
                without_last_comma(&mut out);
                if open.pop() == Some(c) {
                    out.push(c);
                }
            }
            ',' if out.ends_with(['{', '[', ',']) => {}
            '/' if rest.starts_with('*') => rest = rest.split_once("*/").map_or("", |(_, after)| after),
            '/' if rest.starts_with('/') => rest = rest.split_once('\n').map_or("", |(_, after)| after),
            c if c.is_whitespace() || c.is_control() => {}
            c => out.push(c),
        }
    }
    without_last_comma(&mut out);
    out.extend(open.iter().rev());
    out
}

fn without_last_comma(out: &mut String) {
    while out.ends_with(',') {
        out.pop();
    }
}

/// Writes the string that starts here, and gives what follows it.
fn mended_string<'t>(text: &'t str, closing: Option<char>, out: &mut String) -> &'t str {
    out.push('"');
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '"' if ends_string(rest, closing) => break,
            '"' => out.push_str("\\\""),
            '\\' => rest = mended_escape(rest, out),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    rest
}

/// Whether a quote before this text ends its string: else it is a quote that should be escaped.
fn ends_string(rest: &str, closing: Option<char>) -> bool {
    let after = rest.trim_start();
    match after.chars().next() {
        None | Some(':' | '}' | ']') => true,
        // In an object a comma is followed by the next name.
        Some(',') => closing != Some('}') || after[1..].trim_start().starts_with(['"', '}', ',', '/']),
        _ => false,
    }
}

/// Writes the escape whose backslash has been read, and gives what follows it.
fn mended_escape<'t>(rest: &'t str, out: &mut String) -> &'t str {
    let unit = |text: &str| {
        let digits = text.strip_prefix('u')?.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let second = || rest.get(5..)?.strip_prefix('\\').and_then(unit);
    let kept = match (unit(rest), rest.chars().next()) {
        (Some(0xD800..0xDC00), _) if second().is_some_and(|second| (0xDC00..0xE000).contains(&second)) => 11,
        // Half of a character.
        (Some(0xD800..0xE000), _) => {
            out.push('\u{fffd}');
            return &rest[5..];
        }
        (Some(_), _) => 5,
        (None, Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => 1,
        // A backslash before anything else has no meaning.
        _ => return rest,
    };
    out.push('\\');
    out.push_str(&rest[..kept]);
    &rest[kept..]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{headline_of, linked, page};

    #[test]
    fn broken_json_is_mended() {
        let mended = [
            "{\"@type\": \"Article\", \"headline\": \"Ferry\n\taground\"}",
            "<!-- {\"@type\": \"Article\", \"headline\": \"Ferry aground\",} -->",
            "//<![CDATA[\n{\"@type\": \"Article\", \"headline\": \"Ferry aground\"};\n//]]>",
            "/*<![CDATA[*/ [{\"@type\": \"Article\",, \"headline\": \"Ferry aground\"},] /*]]>*/",
            "{&quot;@type&quot;: &quot;Article&quot;, &quot;headline&quot;: &quot;Ferry aground&quot;}",
            "{\"@type\": \"Article\", \"headline\": \"Ferry aground\", \"author\": {\"name\": \"Ada",
            "{\"@type\": \"Article\", /* the line */ \"headline\": \"Ferry\\u0020\\aground\"}",
            "{\"@type\": \"Article\", \"headline\": \"Ferry aground\"} trailing words",
        ];
        for json in mended {
            assert_eq!(headline_of(&linked(json)), "Ferry aground", "{json}");
        }
        let quoted = r#"{"@type": "Article", "headline": "He said "no", then left", "keywords": "a\'b \ud83d",}"#;
        assert_eq!(headline_of(&linked(quoted)), "He said \"no\", then left");
        let rest = "<script type=application/ld+json>{{{]</script><meta name=date content=2020-01-08><h1>Ferry</h1>";
        let read = page(rest, "");
        assert_eq!((headline_of(&read), read.published.as_slice()), ("Ferry", &["2020-01-08".to_owned()][..]));
    }
}
