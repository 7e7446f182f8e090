//! Where the request in progress came from. Every event says so, and no decision depends on it.

use std::net::IpAddr;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use crate::http::address::ClientAddress;

tokio::task_local! {
    static CURRENT: Origin;
}

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The address of the client.
    pub address: IpAddr,
}

impl Origin {
    /// That of the request in progress; `None` outside of one.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|origin| *origin).ok()
    }
}

/// Answers a request with its origin known to every event of it.
pub async fn from_the_request(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let origin = Origin { address: ClientAddress::of(&parts).0 };
    CURRENT.scope(origin, next.run(Request::from_parts(parts, body))).await
}
