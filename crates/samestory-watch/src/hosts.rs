//! One request at a time to a host, with a pause between two.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use std::collections::HashMap;
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};
use tokio::time::Instant;
use url::Url;

/// Hosts that are remembered before those that rest are forgotten.
const REMEMBERED: usize = 4_096;

/// When each host was last asked.
#[derive(Debug)]
pub(crate) struct Hosts {
    delay: Duration,
    last: Mutex<HashMap<String, Arc<Turns<Option<Instant>>>>>,
}

/// The turn at a host; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn(OwnedMutexGuard<Option<Instant>>);

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0 = Some(Instant::now());
    }
}

impl Hosts {
    pub(crate) fn with_delay(delay: Duration) -> Hosts {
        Hosts { delay, last: Mutex::default() }
    }

    /// Waits until the host of an address may be asked: when nobody else asks it, and `delay`, or more where the host
    /// wishes so, after its last answer.
    pub(crate) async fn turn(&self, address: &Url, wished: Option<Duration>) -> Turn {
        let host = self.host(address);
        let turn = Turn(host.lock_owned().await);
        let delay = self.delay.max(wished.unwrap_or_default());
        if let Some(last) = *turn.0 {
            tokio::time::sleep_until(last + delay).await;
        }
        turn
    }

    fn host(&self, address: &Url) -> Arc<Turns<Option<Instant>>> {
        let name =
            format!("{}:{}", address.host_str().unwrap_or_default(), address.port_or_known_default().unwrap_or(0));
        let mut hosts = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= REMEMBERED {
            let rests = |host: &Arc<Turns<Option<Instant>>>| match host.try_lock() {
                Ok(last) => last.is_none_or(|last| last.elapsed() > self.delay),
                Err(_) => false,
            };
            // Who holds a second reference waits for it, or is about to.
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || !rests(host));
        }
        Arc::clone(hosts.entry(name).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn two_requests_to_a_host_are_apart() {
        let hosts = Hosts::with_delay(Duration::from_secs(2));
        let valley = Url::parse("https://valley.example/rss").expect("an address");
        let quay = Url::parse("https://quay.example/rss").expect("an address");
        let began = Instant::now();
        drop(hosts.turn(&valley, None).await);
        drop(hosts.turn(&quay, None).await);
        assert!(began.elapsed() < Duration::from_millis(10), "hosts do not wait for each other");
        drop(hosts.turn(&valley, None).await);
        assert!(began.elapsed() >= Duration::from_secs(2));
        drop(hosts.turn(&valley, Some(Duration::from_secs(7))).await);
        assert!(began.elapsed() >= Duration::from_secs(9));
    }
}
