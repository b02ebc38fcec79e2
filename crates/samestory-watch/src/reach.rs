//! Which machines may be asked.
//!
//! *Problem.* A feed is written by strangers. What it links to, and what its server redirects to, may be an address that only
//! this machine can reach: a router's page, a database, the metadata of a cloud.
//!
//! *Design.* Every address of a name is looked at when it is connected to, not before, so that a name that answers otherwise
//! the second time gains nothing. Special-purpose addresses (IANA registries of RFC 6890, kept up to RFC 9637) are refused
//! unless the user allows their network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

/// Whether an address is one of the public Internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        // This network, private, loopback.
        [0 | 10 | 127, ..] => false,
        // Shared by the customers of a provider.
        [100, 64..=127, ..] => false,
        [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..] => false,
        // Protocol assignments, documentation, the former relays of 6to4.
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => false,
        // Benchmarks.
        [198, 18 | 19, ..] => false,
        // Multicast and what is reserved.
        [224..=255, ..] => false,
        _ => true,
    }
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match parts {
        // An address of version 4 in another dress: mapped, or behind a translator.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(v4(high, low)),
        [0x2002, high, low, ..] => is_public_v4(v4(high, low)),
        // Protocol assignments, Teredo and the like; documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // All else that is given out is in 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// The networks that may be reached besides the public Internet.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    allowed: Arc<[IpNet]>,
    /// A turn is held until the system has answered, whoever still waits for it.
    resolving: Arc<Semaphore>,
}

/// Names that are resolved at once.
pub(crate) const RESOLVING: usize = 32;

/// Why a name was not connected to.
#[derive(Debug, thiserror::Error)]
#[error("{0} is a private address")]
pub(crate) struct Private(pub(crate) IpAddr);

impl Reach {
    pub(crate) fn and(allowed: &[IpNet]) -> Reach {
        Reach { allowed: allowed.into(), resolving: Arc::new(Semaphore::new(RESOLVING)) }
    }

    /// Whether an address may be connected to.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let plain = address.to_canonical();
        is_public(address) || self.allowed.iter().any(|net| net.contains(&plain) || net.contains(&address))
    }

    /// Refuses a host that is given as an address; a name is looked at when it is resolved.
    pub(crate) fn check(&self, host: &url::Host<&str>) -> Result<(), Private> {
        let address: IpAddr = match host {
            url::Host::Domain(_) => return Ok(()),
            url::Host::Ipv4(address) => (*address).into(),
            url::Host::Ipv6(address) => (*address).into(),
        };
        match self.allows(address) {
            true => Ok(()),
            false => Err(Private(address)),
        }
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            let turn = Arc::clone(&reach.resolving).acquire_owned().await?;
            let found = tokio::task::spawn_blocking(move || {
                let found = (name.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<SocketAddr>>);
                drop(turn);
                found
            });
            let found = found.await??;
            let (allowed, refused): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| reach.allows(found.ip()));
            match (allowed.is_empty(), refused.first()) {
                (true, Some(refused)) => Err(Box::new(Private(refused.ip())) as _),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        let special = [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.2.7",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::1",
            "3fff::1",
            "::7f00:1",
            "64:ff9b:1::1",
            "100::1",
        ];
        for text in special {
            assert!(!is_public(text.parse().expect("an address")), "{text}");
        }
        for text in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2001:4860::8888", "::ffff:8.8.8.8"] {
            assert!(is_public(text.parse().expect("an address")), "{text}");
        }
    }

    #[test]
    fn a_network_can_be_allowed() {
        let reach = Reach::and(&["127.0.0.1/32".parse().expect("a network")]);
        assert!(reach.allows("127.0.0.1".parse().expect("an address")));
        assert!(reach.allows("::ffff:127.0.0.1".parse().expect("an address")));
        assert!(!reach.allows("127.0.0.2".parse().expect("an address")));
        // What browsers understand, this does too.
        let url = url::Url::parse("http://0x7f.2/").expect("an address");
        assert!(reach.check(&url.host().expect("a host")).is_err());
    }
}
