//! How many requests are worked on at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;
use crate::settings::ServerSettings;

/// Turns at the cores: a request that computes takes one and gives it back when it has its answer. Those that come when
/// all are taken wait in line; where the line is long or does not move, they are sent away.
#[derive(Debug)]
pub(crate) struct Turns {
    running: Arc<Semaphore>,
    long: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    patience: Duration,
}

/// A turn; given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "held, not read")] [Option<OwnedSemaphorePermit>; 2]);

/// How long a request may compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Some milliseconds.
    Short,
    /// Up to seconds, in a large story.
    Long,
}

impl Turns {
    pub(crate) fn new(settings: &ServerSettings) -> Turns {
        Turns {
            running: Arc::new(Semaphore::new(settings.most_running)),
            long: Arc::new(Semaphore::new(settings.most_long)),
            waiting: AtomicUsize::new(0),
            most_waiting: settings.most_waiting,
            patience: settings.patience,
        }
    }

    /// Waits for a turn.
    pub(crate) async fn take(&self, cost: Cost) -> Result<Turn, Problem> {
        // A place in the line is given up even if the one who asked goes away meanwhile.
        struct InLine<'a>(&'a AtomicUsize);
        impl Drop for InLine<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let place = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _in_line = InLine(&self.waiting);
        if place >= self.most_waiting {
            return Err(busy());
        }
        let wait = async {
            // A long one waits for the others of its kind first, and holds nobody up meanwhile.
            let long = match cost {
                Cost::Short => None,
                Cost::Long => Some(Arc::clone(&self.long).acquire_owned().await.map_err(|_| busy())?),
            };
            let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| busy())?;
            Ok(Turn([long, Some(running)]))
        };
        tokio::time::timeout(self.patience, wait).await.unwrap_or_else(|_| Err(busy()))
    }
}

fn busy() -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests at once; ask again in a moment")
}
