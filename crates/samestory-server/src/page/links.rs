//! Addresses of pages.

use std::borrow::Cow;

/// An address with parameters; empty ones are left out.
pub(crate) fn at(path: &str, parameters: &[(&str, &str)]) -> String {
    let given: Vec<&(&str, &str)> = parameters.iter().filter(|(_, value)| !value.is_empty()).collect();
    if given.is_empty() {
        return path.to_owned();
    }
    let query: Vec<String> = given.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("{path}?{}", query.join("&"))
}

pub(crate) fn story_link(id: &str) -> String {
    format!("/story/{}", encoded(id))
}

pub(crate) fn article_link(id: &str) -> String {
    at("/article", &[("id", id)])
}

/// A text as a part of an address (RFC 3986, section 2.3).
fn encoded(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        match is_plain(byte) {
            true => shown.push(char::from(byte)),
            false => shown.push_str(&format!("%{byte:02X}")),
        }
    }
    Cow::Owned(shown)
}

/// An address that a page may lead to: of the web, and of nothing that runs.
pub(crate) fn outside(url: Option<&str>) -> Option<String> {
    let url = url?;
    let is_web = ["http://", "https://"]
        .iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    is_web.then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_is_left_in_an_address() {
        assert_eq!(article_link("a/b c&d=é\"<"), "/article?id=a%2Fb%20c%26d%3D%C3%A9%22%3C");
        assert_eq!(at("/search", &[("q", ""), ("sort", "newest")]), "/search?sort=newest");
    }

    #[test]
    fn only_the_web_is_led_to() {
        assert!(outside(Some("HTTPS://paper.example/a")).is_some());
        for url in ["javascript:alert(1)", "data:text/html,x", "//paper.example", "httpsé"] {
            assert_eq!(outside(Some(url)), None, "{url}");
        }
    }
}
