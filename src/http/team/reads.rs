//! Recent readers of past conversations, so that the audit has one entry per reading and not per refresh.
//!
//! A page that shows a conversation reloads it whenever it has changed. What must never be: a reading without an
//! audit entry. Each pod counts for itself: a page that changes pods is audited once more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Length of one reading. A later read is another one.
const ONE_READING: Duration = Duration::from_secs(10 * 60);
/// Readings that are remembered. Beyond it, the audit has some twice.
const MOST: usize = 10_000;

/// The readings of this pod that began within the length of one reading, each with its begin.
#[derive(Debug, Default)]
pub struct Reads {
    began: Mutex<HashMap<(String, String), Instant>>,
}

impl Reads {
    /// True if this reader did not begin to read the conversation within the length of one reading.
    pub(super) fn begins(&self, reader: &str, conversation: &str, now: Instant) -> bool {
        let mut began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (reader.to_owned(), conversation.to_owned());
        if began.get(&key).is_some_and(|at| now.duration_since(*at) < ONE_READING) {
            return false;
        }
        if began.len() >= MOST {
            began.retain(|_, at| now.duration_since(*at) < ONE_READING);
        }
        if began.len() >= MOST {
            began.clear();
        }
        began.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_is_audited_once_per_reader_within_its_interval() {
        let (reads, now) = (Reads::default(), Instant::now());
        assert!(reads.begins("yael", "c", now));
        assert!(!reads.begins("yael", "c", now + ONE_READING / 2));
        assert!(reads.begins("ada", "c", now));
        assert!(reads.begins("yael", "d", now));
        assert!(reads.begins("yael", "c", now + ONE_READING));
    }

    #[test]
    fn the_table_of_reads_is_bounded_and_every_new_read_is_audited() {
        let (reads, now) = (Reads::default(), Instant::now());
        for number in 0..=MOST {
            assert!(reads.begins("yael", &number.to_string(), now));
        }
        assert!(reads.began.lock().expect("no test panics under it").len() <= MOST);
    }
}
