//! What a server may be asked for, with the reason of each default.

use std::time::Duration;

/// Bounds of a server, and who may write.
#[derive(Clone)]
pub struct ServerSettings {
    /// Who sends this as `Authorization: Bearer` may add articles. Default none: nobody may.
    pub token: Option<String>,
    /// Names under which it may be asked beside `localhost`, `127.0.0.1` and `[::1]`: a page of another site that leads
    /// its own name to this machine is refused.
    pub hosts: Vec<String>,
    /// Requests that are worked on at once. Default one for each core, at least two.
    pub most_running: usize,
    /// Of these, those that may take long, such as coverage, and the threads that they compute on. Default half of the
    /// cores, at least one.
    pub most_long: usize,
    /// Requests that wait for their turn; more are sent away with 429. Default 512.
    pub most_waiting: usize,
    /// How long one waits before it is sent away. Default 3 s.
    pub patience: Duration,
    /// After how long a request is answered with 503 whatever it computes. Default 20 s.
    pub longest: Duration,
    /// Connections at once; more are closed. Default 768: below the 1,024 files that a process may usually have open.
    pub most_connections: usize,
    /// Live views at once. Default 256.
    pub most_live: usize,
    /// Bytes of a text that is matched. Default 1 MiB.
    pub match_bytes: usize,
    /// Bytes of articles that are added in one request. Default 16 MiB.
    pub add_bytes: usize,
    /// Articles that are added in one request. Default 2,000.
    pub add_articles: u64,
}

impl Default for ServerSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        ServerSettings {
            token: None,
            hosts: Vec::new(),
            most_running: cores.max(2),
            most_long: (cores / 2).max(1),
            most_waiting: 512,
            patience: Duration::from_secs(3),
            longest: Duration::from_secs(20),
            most_connections: 768,
            most_live: 256,
            match_bytes: 1 << 20,
            add_bytes: 16 << 20,
            add_articles: 2_000,
        }
    }
}

impl std::fmt::Debug for ServerSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token stays out of every message.
        f.debug_struct("ServerSettings").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
