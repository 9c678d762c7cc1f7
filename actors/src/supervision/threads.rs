//! The threads children live on.
//!
//! A fixed number, each an arbiter. One that ended, or on which a child hangs, is replaced by a new
//! one; a hung thread cannot be killed, so it is left, told to end when it wakes.

use std::sync::{Mutex, PoisonError};

use actix::{Arbiter, ArbiterHandle};
use log::{error, warn};

/// The threads of a tree.
pub struct Threads {
    pool: Mutex<Pool>,
}

struct Pool {
    threads: Vec<Thread>,
    next: usize,
    next_id: u64,
    closed: bool,
}

/// One thread, known by a number that no later one gets.
#[derive(Clone)]
pub(super) struct Thread {
    pub(super) id: u64,
    pub(super) arbiter: ArbiterHandle,
}

impl Threads {
    /// Starts so many, at least one.
    ///
    /// # Panics
    /// Outside an actix system, or when the machine gives no thread.
    #[must_use]
    pub fn start(count: usize) -> Self {
        let threads: Vec<Thread> = (0..count.max(1) as u64)
            .map(|id| Thread { id, arbiter: Arbiter::new().handle() })
            .collect();
        let next_id = threads.len() as u64;
        Self { pool: Mutex::new(Pool { threads, next: 0, next_id, closed: false }) }
    }

    /// The thread whose turn it is. A dead one is replaced on the way.
    pub(super) fn next(&self) -> Thread {
        let mut pool = self.lock();
        let index = pool.next % pool.threads.len();
        pool.next = pool.next.wrapping_add(1);
        if !pool.threads[index].arbiter.alive() {
            pool.replace(index);
        }
        pool.threads[index].clone()
    }

    /// Gives up a thread that is dead or hangs. Says it once, however many lived there.
    pub(super) fn give_up(&self, id: u64) {
        let mut pool = self.lock();
        if let Some(index) = pool.threads.iter().position(|thread| thread.id == id) {
            pool.replace(index);
        }
    }

    /// Ends all threads and starts no more.
    pub(super) fn stop(&self) {
        let mut pool = self.lock();
        pool.closed = true;
        for thread in &pool.threads {
            thread.arbiter.stop();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    fn replace(&mut self, index: usize) {
        if self.closed {
            return;
        }
        // Told to end in case it only hangs: then it ends when it wakes.
        self.threads[index].arbiter.stop();
        match Arbiter::try_new() {
            Ok(arbiter) => {
                warn!(thread = self.next_id; "replaced a thread that was lost or hangs");
                self.threads[index] = Thread { id: self.next_id, arbiter: arbiter.handle() };
                self.next_id += 1;
            }
            // The next start finds it dead again and tries again; the supervisor backs off.
            Err(cause) => error!(cause:err; "no thread could be started"),
        }
    }
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Threads({})", self.lock().threads.len())
    }
}
