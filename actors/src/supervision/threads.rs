//! The pool of threads that children run on.
//!
//! The pool has a fixed size; each thread is an arbiter. A thread that ended, or on which a child hangs, is
//! replaced; a hung thread cannot be killed, so it is abandoned and ends when it wakes up. The other children
//! on it are moved at once: they do not wait until they are missed as well.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use actix::{Arbiter, ArbiterHandle};
use log::{error, warn};

use super::{Ending, Exit};
use crate::mutex::Mutex;

/// The threads of a tree.
pub struct Threads {
    pool: Mutex<Pool>,
}

struct Pool {
    threads: Vec<Thread>,
    next: usize,
    next_id: u64,
    next_token: u64,
    closed: bool,
}

/// One thread, with a number that no later thread gets, and its children.
struct Thread {
    id: u64,
    arbiter: ArbiterHandle,
    work: Arc<Work>,
    residents: Vec<ThreadTenant>,
}

struct ThreadTenant {
    token: u64,
    name: Arc<str>,
    evict: OnThreadLost,
}

/// Notifies the supervisor of a child that its thread was given up, and how the child ended by that.
pub(super) type OnThreadLost = Box<dyn Fn(Exit) + Send>;

/// What a thread is doing.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Turns begun so far: constant while the thread hangs.
    turns: AtomicU64,
    /// The child whose turn it is; 0 is none.
    current: AtomicU64,
}

/// A child's own turns on its thread.
#[derive(Debug, Clone, Default)]
pub(super) struct TurnTracker {
    work: Arc<Work>,
    token: u64,
}

impl TurnTracker {
    /// Runs one turn of this child.
    pub(super) fn turn<T>(&self, work: impl FnOnce() -> T) -> T {
        self.work.current.store(self.token, Relaxed);
        self.work.turns.fetch_add(1, Relaxed);
        let done = work();
        self.work.current.store(0, Relaxed);
        done
    }

    /// Turns of the whole thread.
    pub(super) fn turns(&self) -> u64 {
        self.work.turns.load(Relaxed)
    }

    /// True during this child's turn.
    pub(super) fn is_mine(&self) -> bool {
        self.work.current.load(Relaxed) == self.token
    }
}

/// A child's slot on a thread of the pool, released on drop.
pub(super) struct ThreadSlot {
    threads: Arc<Threads>,
    thread: u64,
    pub(super) arbiter: ArbiterHandle,
    pub(super) desk: TurnTracker,
}

impl ThreadSlot {
    /// The thread hangs or ended: replaces it and notifies the supervisors of its other children.
    pub(super) fn give_up_the_thread(self) {
        let (threads, thread) = (Arc::clone(&self.threads), self.thread);
        // The caller knows already and needs no notice.
        drop(self);
        threads.give_up(thread);
    }

    /// The child that the thread hangs in, as far as known.
    pub(super) fn who_hangs(&self) -> String {
        let pool = self.threads.pool.lock();
        let thread = pool.threads.iter().find(|thread| thread.id == self.thread);
        let who = thread.and_then(Thread::at_work);
        who.map_or_else(
            || "its thread hangs".to_owned(),
            |who| format!("{who} hangs on its thread"),
        )
    }
}

impl Drop for ThreadSlot {
    fn drop(&mut self) {
        let mut pool = self.threads.pool.lock();
        if let Some(thread) = pool.threads.iter_mut().find(|thread| thread.id == self.thread) {
            thread.residents.retain(|resident| resident.token != self.desk.token);
        }
    }
}

impl Threads {
    /// Starts `count` threads, at least one.
    ///
    /// # Panics
    /// Outside an actix system, or when the machine cannot start a thread.
    #[must_use]
    pub fn start(count: usize) -> Self {
        let threads: Vec<Thread> =
            (0..count.max(1) as u64).map(|id| Thread::new(id, &Arbiter::new())).collect();
        let next_id = threads.len() as u64;
        Self { pool: Mutex::new(Pool { threads, next: 0, next_id, next_token: 1, closed: false }) }
    }

    /// A slot on the next thread in turn. A dead thread is replaced on the way.
    pub(super) fn seat(self: &Arc<Self>, name: Arc<str>, evict: OnThreadLost) -> ThreadSlot {
        let mut pool = self.pool.lock();
        let index = pool.next % pool.threads.len();
        pool.next = pool.next.wrapping_add(1);
        if !pool.threads[index].arbiter.alive() {
            pool.replace(index);
        }
        let token = pool.next_token;
        pool.next_token += 1;
        let thread = &mut pool.threads[index];
        thread.residents.push(ThreadTenant { token, name, evict });
        ThreadSlot {
            threads: Arc::clone(self),
            thread: thread.id,
            arbiter: thread.arbiter.clone(),
            desk: TurnTracker { work: Arc::clone(&thread.work), token },
        }
    }

    /// Gives up a thread that ended or hangs. Logs once, regardless of the number of its children.
    fn give_up(&self, id: u64) {
        let mut pool = self.pool.lock();
        if let Some(index) = pool.threads.iter().position(|thread| thread.id == id) {
            pool.replace(index);
        }
    }

    /// Ends all threads and starts no more.
    pub(super) fn stop(&self) {
        let mut pool = self.pool.lock();
        pool.closed = true;
        for thread in &pool.threads {
            thread.arbiter.stop();
        }
    }
}

impl Pool {
    fn replace(&mut self, index: usize) {
        if self.closed {
            return;
        }
        self.threads[index].evict_all();
        match Arbiter::try_new() {
            Ok(arbiter) => {
                warn!(thread = self.next_id; "replaced a thread that was lost or hangs");
                self.threads[index] = Thread::new(self.next_id, &arbiter);
                self.next_id += 1;
            }
            // The next start finds the thread dead again and retries; the supervisor backs off.
            Err(cause) => error!(cause:err; "no thread could be started"),
        }
    }
}

impl Thread {
    fn new(id: u64, arbiter: &Arbiter) -> Self {
        Self { id, arbiter: arbiter.handle(), work: Arc::default(), residents: Vec::new() }
    }

    /// Name of the child whose turn it is.
    fn at_work(&self) -> Option<&str> {
        let current = self.work.current.load(Relaxed);
        let resident = self.residents.iter().find(|resident| resident.token == current);
        resident.map(|resident| &*resident.name)
    }

    fn evict_all(&mut self) {
        let current = self.work.current.load(Relaxed);
        // If it only hangs, it ends when it wakes up.
        self.arbiter.stop();
        for ThreadTenant { token, evict, .. } in self.residents.drain(..) {
            evict(if token == current {
                Exit::new(Ending::Hung, "its thread was given up while it was its turn")
            } else {
                Exit::new(Ending::ThreadLost, "its thread was given up")
            });
        }
    }
}
