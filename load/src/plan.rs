//! What is to be done: everything a run is told.

use std::net::IpAddr;
use std::time::Duration;

use super::arrival::Schedule;
use super::mix::Mix;
use super::words::Words;

/// What a load test does: visitors, arrival, mix, targets.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Servers, taken in turn.
    pub urls: Vec<String>,
    /// Addresses of this machine that sockets go out from, taken in turn; none is the system's choice.
    pub sources: Vec<IpAddr>,
    /// When visitors come, and when the run ends.
    pub schedule: Schedule,
    /// What they do.
    pub mix: Mix,
    /// What they type and ask; what is empty comes from the server.
    pub words: Words,
    /// Most visitors at once, whatever the rate.
    pub max_users: usize,
    /// How long a visitor of an open arrival stays.
    pub stay: Duration,
    /// How long anything may take.
    pub timeout: Duration,
    /// Asks for predictions without product details.
    pub compact: bool,
    /// Where all variation comes from: the same seed, the same visitors.
    pub seed: u64,
    /// A line a second on standard error.
    pub progress: bool,
}
