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
    /// Until when hosts wish to be left alone.
    resting: Mutex<HashMap<String, Instant>>,
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
        Hosts { delay, last: Mutex::default(), resting: Mutex::default() }
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

    /// Leaves the host of an address alone for a while.
    pub(crate) fn rest(&self, address: &Url, time: Duration) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        if resting.len() >= REMEMBERED {
            resting.retain(|_, until| *until > Instant::now());
        }
        resting.insert(name_of(address), Instant::now() + time);
    }

    /// How long the host of an address still wishes to be left alone.
    pub(crate) fn rests(&self, address: &Url) -> Option<Duration> {
        let resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.get(&name_of(address))?.checked_duration_since(Instant::now()).filter(|rest| !rest.is_zero())
    }

    fn host(&self, address: &Url) -> Arc<Turns<Option<Instant>>> {
        let mut hosts = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= REMEMBERED {
            let rests = |host: &Arc<Turns<Option<Instant>>>| match host.try_lock() {
                Ok(last) => last.is_none_or(|last| last.elapsed() > self.delay),
                Err(_) => false,
            };
            // Who holds a second reference waits for it, or is about to.
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || !rests(host));
        }
        Arc::clone(hosts.entry(name_of(address)).or_default())
    }
}

fn name_of(address: &Url) -> String {
    format!("{}:{}", address.host_str().unwrap_or_default(), address.port_or_known_default().unwrap_or(0))
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
        hosts.rest(&valley, Duration::from_secs(60));
        assert!(hosts.rests(&valley).is_some() && hosts.rests(&quay).is_none());
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(hosts.rests(&valley), None);
    }
}
