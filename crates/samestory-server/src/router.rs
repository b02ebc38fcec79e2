//! Which address is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use tower_http::compression::CompressionLevel;

use crate::ask::Site;
use crate::live::LiveCollection;
use crate::outer::{finish, tagged};
use crate::server::ServeError;
use crate::settings::ServerSettings;
use crate::{api, assets, feed, page};

/// Every page, feed and call of the API, without a port: for tests, or to be part of another server.
///
/// It does not follow the collection by itself: [`LiveCollection::refresh`] opens the newest state.
///
/// # Errors
///
/// If the system gives no threads.
pub fn router(collection: LiveCollection, settings: ServerSettings) -> Result<Router, ServeError> {
    let site = Site::new(Arc::new(collection), settings).map_err(ServeError::threads)?;
    Ok(of_site(Arc::new(site)))
}

pub(crate) fn of_site(site: Arc<Site>) -> Router {
    // What is the same as long as the collection is.
    let of_state = Router::new()
        .merge(page::routes())
        .merge(feed::routes())
        .nest("/api/v1", api::reading())
        .layer(from_fn_with_state(Arc::clone(&site), tagged));
    Router::new()
        .merge(of_state)
        .merge(page::live::events())
        .nest("/api/v1", api::others())
        .route("/assets/{name}", get(assets::serve))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn_with_state(Arc::clone(&site), finish))
        .with_state(site)
}
