//! What the visitors of a run share.

use std::net::IpAddr;
use std::sync::Mutex;

use tokio::time::Instant;

use crate::load::client::Target;
use crate::load::plan::Plan;
use crate::load::tally::Tally;
use crate::load::words::Words;

/// What visitors of a run share.
pub(in crate::load) struct Crowd {
    pub(in crate::load) plan: Plan,
    pub(in crate::load) words: Words,
    pub(in crate::load) targets: Vec<Target>,
    pub(in crate::load) began: Instant,
    pub(in crate::load) tally: Mutex<Tally>,
}

impl Crowd {
    /// Counts something; the lock is held for no longer than that.
    pub(in crate::load) fn tally<T>(&self, count: impl FnOnce(&mut Tally) -> T) -> T {
        count(&mut self.tally.lock().expect("counting does not panic"))
    }

    /// The address of this machine from which a visitor connects; `None` leaves it to the system.
    pub(super) fn source(&self, number: usize) -> Option<IpAddr> {
        let sources = &self.plan.sources;
        (!sources.is_empty()).then(|| sources[number % sources.len()])
    }
}
