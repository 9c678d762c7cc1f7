//! The parameters of a run, and the state that its visitors share.
//!
//! Visitors arrive open (a rate, independent of the server) or closed (a number of concurrent visitors). A schedule is
//! a function of the visitor's number: it reads no clock, and a late harness knows its delay, because the due time of
//! a visitor is known without it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::client::Target;
use super::mix::Mix;
use super::tally::Tally;
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
    /// What they type and ask; empty lists are filled from the server when the run starts.
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

/// How visitors arrive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arrival {
    /// A fixed rate; each visitor stays for a while. A slow server gets ever more of them.
    Open {
        /// Visitors per second after the ramp.
        per_second: f64,
    },
    /// A fixed number of visitors, who stay to the end.
    Closed {
        /// Visitors in all.
        users: usize,
    },
}

/// The arrival times, from the start of the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Open or closed.
    pub arrival: Arrival,
    /// Duration until all visitors, or the whole rate, are there.
    pub ramp: Duration,
    /// End of the arrivals.
    pub duration: Duration,
}

impl Schedule {
    /// When visitor `number` (from 0) arrives, or `None` when the run is over by then.
    pub fn at(&self, number: usize) -> Option<Duration> {
        let (n, ramp) = (number as f64, self.ramp.as_secs_f64());
        let seconds = match self.arrival {
            Arrival::Closed { users } if number >= users => return None,
            Arrival::Closed { users } => ramp * n / users as f64,
            Arrival::Open { per_second } if per_second <= 0.0 => return None,
            // The rate grows linearly over the ramp, so the number of arrivals grows with
            // the square of the time; its inverse is a root.
            Arrival::Open { per_second } => {
                let in_ramp = per_second * ramp / 2.0;
                if n < in_ramp {
                    (2.0 * ramp * n / per_second).sqrt()
                } else {
                    ramp + (n - in_ramp) / per_second
                }
            }
        };
        let at = Duration::from_secs_f64(seconds);
        (at < self.duration).then_some(at)
    }
}

/// State shared by the visitors of a run.
pub(crate) struct Crowd {
    pub(crate) plan: Plan,
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
    pub(crate) fn source(&self, number: usize) -> Option<IpAddr> {
        let sources = &self.plan.sources;
        (!sources.is_empty()).then(|| sources[number % sources.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(arrival: Arrival, ramp: u64, duration: u64) -> Vec<f64> {
        let schedule = Schedule {
            arrival,
            ramp: Duration::from_secs(ramp),
            duration: Duration::from_secs(duration),
        };
        (0..).map_while(|number| schedule.at(number)).map(|at| at.as_secs_f64()).collect()
    }

    #[test]
    fn closed_visitors_arrive_evenly_over_the_ramp_and_none_after_it() {
        assert_eq!(times(Arrival::Closed { users: 4 }, 8, 60), [0.0, 2.0, 4.0, 6.0]);
    }

    #[test]
    fn closed_visitors_without_a_ramp_arrive_at_once() {
        assert_eq!(times(Arrival::Closed { users: 3 }, 0, 60), [0.0, 0.0, 0.0]);
    }

    #[test]
    fn open_visitors_arrive_at_their_rate_until_the_end() {
        assert_eq!(times(Arrival::Open { per_second: 2.0 }, 0, 2), [0.0, 0.5, 1.0, 1.5]);
    }

    #[test]
    fn a_ramp_admits_half_of_the_rate_while_it_lasts() {
        let times = times(Arrival::Open { per_second: 10.0 }, 10, 20);
        let in_ramp = times.iter().filter(|at| **at < 10.0).count();
        assert_eq!((in_ramp, times.len()), (50, 150));
        assert!(times.is_sorted());
    }

    #[test]
    fn a_rate_of_zero_has_no_arrivals() {
        assert!(times(Arrival::Open { per_second: 0.0 }, 0, 60).is_empty());
    }
}
