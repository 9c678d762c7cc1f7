//! What the visitors of a run share.

use std::net::IpAddr;
use std::sync::Mutex;

use tokio::time::Instant;

use crate::client::Target;
use crate::plan::Plan;
use crate::tally::Tally;
use crate::words::Words;

/// What visitors of a run share.
pub(crate) struct Crowd {
    pub(crate) plan: Plan,
    pub(crate) words: Words,
    pub(crate) targets: Vec<Target>,
    pub(crate) began: Instant,
    pub(crate) tally: Mutex<Tally>,
}

impl Crowd {
    /// Counts something; the lock is held for no longer than that.
    pub(crate) fn tally<T>(&self, count: impl FnOnce(&mut Tally) -> T) -> T {
        count(&mut self.tally.lock().expect("counting does not panic"))
    }

    /// The address of this machine from which a visitor connects; `None` leaves it to the system.
    pub(super) fn source(&self, number: usize) -> Option<IpAddr> {
        let sources = &self.plan.sources;
        (!sources.is_empty()).then(|| sources[number % sources.len()])
    }
}
