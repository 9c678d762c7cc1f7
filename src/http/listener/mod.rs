//! Connections: accepted, counted, unwrapped (PROXY header, TLS) and handed to the HTTP library.
//!
//! actix-server accepts connections and spreads them over its workers; actix-http speaks HTTP/1 over any stream. This
//! module lies between: it decides which connection is served (`connections`), reads the bytes before HTTP
//! (`proxy_protocol`, `tls`) and closes a connection that takes too long, in any state of the HTTP library.
//!
//! Never     speaks HTTP/2: each deadline is one of a connection, so a connection must carry one request at a time.

mod accept;
mod connections;
mod proxy_protocol;
mod tls;

pub use accept::Listener;
pub use connections::{Capacity, Connections, Deadlines};
pub(super) use connections::{ConnectionState, Phase};
pub use tls::{Certificate, InvalidCertificate};
