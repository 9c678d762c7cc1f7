//! The HTTP API: one file per family of routes.
//!
//! [`routes()`] puts them into an actix app; [`Dependencies`] has everything that they call. Bytes, headers and
//! status codes occur only here. A route never decides how a product is found, a manual is read or an answer is made:
//! it calls the part that does.
//!
//! Every error is JSON with a stable `code` and a `message` ([`ApiError`]).

mod api_error;
mod asyncapi;
mod capacity;
mod client_address;
mod dependencies;
mod docs;
mod guard;
mod headers;
mod health;
mod list_query;
mod listener;
mod manuals;
mod observe;
mod openapi;
mod operations;
mod origins;
mod pages;
mod products;
mod request_body;
mod routes;
mod search;
mod sign_in;
mod socket;
mod team;
mod visitor;

use api_error::ApiResult;
pub use api_error::{ApiError, ApiErrorCode};
pub use asyncapi::asyncapi;
pub use client_address::{Connection, TrustedProxies};
use client_address::{client_address, warn_of_unknown_proxy};
pub use dependencies::Dependencies;
use dependencies::Deps;
pub use headers::FrameAncestors;
pub use listener::{Capacity, Certificate, Connections, Deadlines, InvalidCertificate, Listener};
pub use openapi::{openapi, start_counters};
pub use origins::Origins;
pub use routes::{operations_routes, routes};
pub use team::Reads;
pub use visitor::Allowances;
