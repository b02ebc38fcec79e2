//! One name for each outlet.

use crate::address::host_of;

/// Second-level labels under which countries register: the `co` of `co.uk`.
const REGISTRY_LABELS: &[&str] = &["ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"];

/// The name an outlet is known by: a name as given; a host, given or from the address, as the label
/// it registered.
pub(crate) fn outlet_name(given: Option<&str>, url: Option<&str>) -> Option<String> {
    let given = given.map(str::trim).filter(|name| !name.is_empty());
    match given {
        Some(name) if looks_like_host(name) => {
            host_of(name).map(|host| outlet_of_host(&host)).or(Some(name.to_owned()))
        }
        Some(name) => Some(name.split_whitespace().collect::<Vec<_>>().join(" ")),
        None => url.and_then(host_of).map(|host| outlet_of_host(&host)),
    }
}

/// The label that a host is registered under.
///
/// ```
/// use samestory_ingest::outlet_of_host;
/// assert_eq!(outlet_of_host("edition.courier.example"), "courier");
/// assert_eq!(outlet_of_host("www.courier.co.uk"), "courier");
/// ```
pub fn outlet_of_host(host: &str) -> String {
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    let mut name = labels.len().saturating_sub(2);
    if name > 0 && labels[labels.len() - 1].len() == 2 && REGISTRY_LABELS.contains(&labels[name]) {
        name -= 1;
    }
    labels.get(name).map_or_else(|| host.to_owned(), |label| label.to_ascii_lowercase())
}

fn looks_like_host(name: &str) -> bool {
    let name = name.strip_prefix("https://").or(name.strip_prefix("http://")).unwrap_or(name);
    let host = name.split('/').next().unwrap_or(name);
    let labels: Vec<&str> = host.split('.').collect();
    labels.len() >= 2
        && labels.iter().all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        && labels[labels.len() - 1].len() >= 2
        && labels[labels.len() - 1].bytes().all(|b| b.is_ascii_alphabetic())
        && host.bytes().any(|b| b.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_name() {
        for given in ["nytimes.com", "www.nytimes.com", "https://www.nytimes.com/", "nytimes"] {
            assert_eq!(outlet_name(Some(given), None).as_deref(), Some("nytimes"), "{given}");
        }
        assert_eq!(outlet_name(None, Some("https://www.bbc.co.uk/news/1")).as_deref(), Some("bbc"));
        assert_eq!(outlet_name(Some(" The  Hill "), None).as_deref(), Some("The Hill"));
        assert_eq!(outlet_name(Some("U.S. News"), None).as_deref(), Some("U.S. News"));
        assert_eq!(outlet_name(None, None), None);
    }
}
