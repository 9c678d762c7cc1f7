//! All parameters of a run.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::arrival::Schedule;
use super::mix::Mix;
use super::words::Words;

/// What a load test does: visitors, arrival, mix, targets.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Servers, used in turn.
    pub urls: Vec<String>,
    /// TLS of `wss` servers, with the certificate authorities to trust.
    pub tls: Arc<rustls::ClientConfig>,
    /// Local source addresses, used in turn; empty leaves the choice to the system.
    pub sources: Vec<IpAddr>,
    /// When visitors arrive, and when the run ends.
    pub schedule: Schedule,
    /// The scenarios of the visitors.
    pub mix: Mix,
    /// What they type and ask; empty lists are filled from the server.
    pub words: Words,
    /// Most concurrent visitors, whatever the rate.
    pub max_users: usize,
    /// How long a visitor of an open arrival stays.
    pub stay: Duration,
    /// Time limit of every operation.
    pub timeout: Duration,
    /// Asks for predictions without product details.
    pub compact: bool,
    /// Seed of all variation: the same seed gives the same visitors.
    pub seed: u64,
    /// Prints a line per second on standard error.
    pub progress: bool,
}
