//! One name for each outlet.

use crate::address::host_of;
use crate::outlet_table::OutletTable;

/// The name an outlet is known by: that of the table where it has the name or the host; else a name as
/// given, and a host, given or from the address, as the label it is registered under.
pub(crate) fn outlet_name(given: Option<&str>, url: Option<&str>, table: &OutletTable) -> Option<String> {
    let of_host = |host: String| table.name_of_host(&host);
    match given.map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) if looks_like_host(name) => host_of(name).map(of_host).or(Some(name.to_owned())),
        Some(name) => match table.by_name(name) {
            Some(outlet) => Some(outlet.name.clone()),
            None => Some(name.to_owned()),
        },
        None => url.and_then(host_of).map(of_host),
    }
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
    fn an_outlet_has_one_name() {
        let name = |given, url| outlet_name(given, url, &OutletTable::built_in());
        for given in
            ["nytimes.com", "www.nytimes.com", "https://www.nytimes.com/", "nytimes", "The New York Times", "NYT"]
        {
            assert_eq!(name(Some(given), None).as_deref(), Some("nytimes"), "{given}");
        }
        assert_eq!(name(None, Some("https://www.bbc.co.uk/news/1")).as_deref(), Some("bbc"));
        assert_eq!(name(None, Some("https://harbour.blogspot.com/1")).as_deref(), Some("harbour"));
        assert_eq!(name(None, Some("https://www.valley-observer.co.uk/1")).as_deref(), Some("valley-observer"));
        assert_eq!(name(Some("Valley Observer"), None).as_deref(), Some("Valley Observer"));
        assert_eq!(name(Some("Vol. 7 News"), None).as_deref(), Some("Vol. 7 News"));
        assert_eq!(name(None, None), None);
    }
}
