//! The port: connections in, until a signal comes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::ask::Site;
use crate::live::LiveCollection;
use crate::router::of_site;
use crate::settings::ServerSettings;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not one of this machine.
    #[error("cannot listen at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The system gives no threads.
    #[error("cannot start")]
    Start(#[source] std::io::Error),
}

impl ServeError {
    pub(crate) fn threads(error: rayon::ThreadPoolBuildError) -> ServeError {
        ServeError::Start(std::io::Error::other(error))
    }
}

/// A server that listens and answers nothing yet.
#[derive(Debug)]
pub struct Server {
    runtime: tokio::runtime::Runtime,
    listener: TcpListener,
    address: SocketAddr,
    site: Arc<Site>,
}

/// How long a request may take to arrive, and a connection may say nothing.
const HEADERS: Duration = Duration::from_secs(30);

/// Bytes of the head of a request.
const HEAD_BYTES: usize = 64 << 10;

/// How long a thread that computes is kept without work.
const KEPT: Duration = Duration::from_secs(86_400);

/// How long requests that are being answered may go on after the signal to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// How long is waited where no connection can be taken, as no file can be opened.
const NO_CONNECTION: Duration = Duration::from_millis(50);

impl Server {
    /// Listens at an address.
    ///
    /// # Errors
    ///
    /// [`ServeError`].
    pub fn bind(
        address: SocketAddr,
        collection: LiveCollection,
        settings: ServerSettings,
    ) -> Result<Server, ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            // One for each turn, and one that follows the collection. They are kept, as each knows the stems it has met.
            .max_blocking_threads(settings.most_running + 1)
            .thread_keep_alive(KEPT)
            .build()
            .map_err(ServeError::Start)?;
        let failed = |source| ServeError::Listen { address, source };
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let site = Arc::new(Site::new(Arc::new(collection), settings).map_err(ServeError::threads)?);
        Ok(Server { runtime, listener, address, site })
    }

    /// Where it listens; with the port that the system has chosen where it was asked for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` becomes true, or for good where nobody can tell it any more. Requests that are being answered are
    /// finished.
    pub fn run(self, stop: watch::Receiver<bool>) {
        let Server { runtime, listener, site, .. } = self;
        runtime.block_on(serve(listener, site, stop));
        // What still computes is not waited for.
        runtime.shutdown_timeout(Duration::from_millis(200));
    }
}

async fn serve(listener: TcpListener, site: Arc<Site>, mut stop: watch::Receiver<bool>) {
    let router = of_site(Arc::clone(&site));
    let following = tokio::spawn(Arc::clone(&site.collection).follow(site.settings.most_running));
    let connections = Arc::new(Semaphore::new(site.settings.most_connections));
    let graceful = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(NO_CONNECTION).await;
                    continue;
                }
            },
            Ok(_) = stop.wait_for(|stop| *stop) => break,
        };
        let Ok(place) = Arc::clone(&connections).try_acquire_owned() else { continue };
        // Answers are short: they go out at once.
        let _ = stream.set_nodelay(true);
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(HEAD_BYTES);
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A connection that breaks is the other side's affair.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    following.abort();
    site.closing.send_replace(true);
    if tokio::time::timeout(LAST_ANSWERS, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were not answered before the server stopped");
    }
}
