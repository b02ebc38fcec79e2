//! Addresses: the one that a page declares for itself, and how written ones become absolute.
//!
//! A relative address is resolved against the base of the page, or else against what it declares.

use url::Url;

use super::found::Found;
use super::{LONGEST_VALUE, meta};

/// The address that the page declares. That of the whole site is taken only where there is no other.
pub(super) fn page_address(found: &Found) -> Option<Url> {
    let others = meta::URL.split(' ').flat_map(|name| found.meta_raw(name)).filter(|address| address.contains("://"));
    let written = found.canonical.into_iter().chain(found.meta_raw("og:url")).chain(others);
    let addresses: Vec<Url> = written.filter_map(|address| found.absolute(address)).collect();
    let page = addresses.iter().find(|url| url.path().len() > 1 || url.query().is_some());
    page.or(addresses.first()).cloned()
}

impl Found<'_> {
    /// An absolute web address, resolved against what the page gives as its own.
    pub(super) fn absolute(&self, written: &str) -> Option<Url> {
        let written = written.trim();
        if written.is_empty() || written.len() > LONGEST_VALUE {
            return None;
        }
        let url = match Url::parse(written) {
            Ok(url) => url,
            Err(_) if written.starts_with("//") => Url::parse(&format!("https:{written}")).ok()?,
            Err(_) if written.starts_with("www.") => Url::parse(&format!("https://{written}")).ok()?,
            Err(_) => self.own_base()?.join(written).ok()?,
        };
        let is_web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| host.contains('.'));
        is_web.then_some(url)
    }

    fn own_base(&self) -> Option<Url> {
        let absolute = |written: &str| Url::parse(written.trim()).ok().filter(|url| url.scheme().starts_with("http"));
        let written = self.base.into_iter().chain(self.meta_raw("og:url")).chain(self.canonical);
        written.chain(self.meta_raw("twitter:url")).find_map(absolute)
    }
}

/// Whether two addresses are of one page.
pub(super) fn same_page(a: &Url, b: &Url) -> bool {
    fn key(url: &Url) -> (&str, &str) {
        let host = url.host_str().unwrap_or_default();
        (host.strip_prefix("www.").unwrap_or(host), url.path().trim_end_matches('/'))
    }
    key(a) == key(b)
}

/// Whether a value is a web or mail address, a path or an account name.
pub(super) fn is_address(text: &str) -> bool {
    text.contains("://")
        || text.starts_with(['/', '@'])
        || (!text.contains(' ') && (text.contains('@') || text.starts_with("www.")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::page;

    #[test]
    fn addresses_are_absolute_web_addresses() {
        let url = |head: &str| page(head, "").url;
        assert_eq!(
            url("<link rel='Canonical' href=' /a?b=1 '><base href=https://c.example/x/>").as_deref(),
            Some("https://c.example/a?b=1")
        );
        assert_eq!(url("<link rel=canonical href=//c.example/a>").as_deref(), Some("https://c.example/a"));
        assert_eq!(url("<link rel=canonical href=/a>"), None);
        assert_eq!(
            url("<link rel=canonical href=javascript:a><meta name=twitter:url content=mailto:a@b.example>"),
            None
        );
        let front = "<link rel=canonical href=https://c.example/><meta property=og:url content=https://c.example/a>";
        assert_eq!(url(front).as_deref(), Some("https://c.example/a"));
    }
}
