//! Connections: accepted, counted, unwrapped (PROXY header, TLS) and handed to the HTTP library.
//!
//! actix-server accepts and spreads connections over its workers, actix-http speaks HTTP/1 over whatever
//! stream it is given. This module stands between: it decides which connection is served (`connections`),
//! reads what stands before HTTP (`proxy_protocol`, `tls`) and closes a connection that takes too long,
//! whatever the HTTP library is doing with it.
//!
//! Never     speaks HTTP/2: a deadline is one of a connection, and one connection carries one request.

mod accept;
mod connections;
mod proxy_protocol;
mod stream;
mod tls;

pub use accept::Listener;
pub use connections::{Capacity, Connections, Deadlines};
pub(super) use connections::{ConnectionState, Phase};
pub use tls::{Certificate, InvalidCertificate};
