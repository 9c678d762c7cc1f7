//! State shared by the visitors of a run.

use std::net::IpAddr;
use std::sync::Mutex;

use tokio::time::Instant;

use crate::client::Target;
use crate::plan::Plan;
use crate::tally::Tally;
use crate::words::Words;

/// State shared by the visitors of a run.
pub(crate) struct Crowd {
    pub(crate) plan: Plan,
    pub(crate) words: Words,
    pub(crate) targets: Vec<Target>,
    pub(crate) began: Instant,
    pub(crate) tally: Mutex<Tally>,
}

impl Crowd {
    /// Updates the counters under a short lock.
    pub(crate) fn tally<T>(&self, count: impl FnOnce(&mut Tally) -> T) -> T {
        count(&mut self.tally.lock().expect("counting does not panic"))
    }

    /// The local address from which a visitor connects; `None` leaves it to the system.
    pub(super) fn source(&self, number: usize) -> Option<IpAddr> {
        let sources = &self.plan.sources;
        (!sources.is_empty()).then(|| sources[number % sources.len()])
    }
}
