//! How sources are watched.

use std::time::Duration;

use ipnet::IpNet;

/// How sources are watched. All times are by the clock of this machine.
#[derive(Debug, Clone)]
pub struct WatchSettings {
    /// How often a feed is asked that answers, give or take a tenth. Default 15 minutes.
    pub every: Duration,
    /// How often folders are looked through. Default 5 seconds.
    pub scan_every: Duration,
    /// Whether the page of an entry is fetched whose feed has only a summary of it. Default no.
    pub pages: bool,
    /// Each source is asked once, and that is all; feeds that rest after a failure are left alone. Default no.
    pub once: bool,
    /// Requests that run at once. Default 16.
    pub connections: usize,
    /// Least time between two requests to one host. Default 2 seconds.
    pub host_delay: Duration,
    /// How long an answer may take, from the request to its last byte. Default 30 seconds.
    pub timeout: Duration,
    /// Bytes of a feed after decompression. Default 16 MiB.
    pub feed_bytes: usize,
    /// Bytes of a page after decompression. Default 4 MiB.
    pub page_bytes: usize,
    /// Networks that may be asked although they are not of the public Internet. Default none.
    pub allow_private: Vec<IpNet>,
    /// An address of whoever runs this, for the owners of the servers that are asked. Default none.
    pub contact: Option<String>,
    /// Articles are gathered for so long before they are added together. Default 1 second.
    pub gather: Duration,
    /// How long nothing must come before all stories are decided together. Default 1 minute.
    pub settle: Duration,
    /// Articles older than this are removed once a day. Default none.
    pub keep: Option<Duration>,
    /// A command, run by the shell, that gets a story on its standard input when it passes `notify_outlets`. Default none.
    pub notify: Option<String>,
    /// Outlets that a story must have before it is notified of. Default 3.
    pub notify_outlets: usize,
}

impl Default for WatchSettings {
    fn default() -> Self {
        WatchSettings {
            every: Duration::from_secs(900),
            scan_every: Duration::from_secs(5),
            pages: false,
            once: false,
            connections: 16,
            host_delay: Duration::from_secs(2),
            timeout: Duration::from_secs(30),
            feed_bytes: 16 << 20,
            page_bytes: 4 << 20,
            allow_private: Vec::new(),
            contact: None,
            gather: Duration::from_secs(1),
            settle: Duration::from_secs(60),
            keep: None,
            notify: None,
            notify_outlets: 3,
        }
    }
}
