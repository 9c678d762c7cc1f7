//! The running children of one supervisor, shared by all generations of the supervisor.
//!
//! Only the current generation may change them: it takes a [`ChildrenGuard`], which a replaced
//! supervisor does not get. Every side effect of a supervisor goes through a guard, so a replaced
//! supervisor that wakes up can change no record, end no child and start none.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle};
use futures::future::AbortHandle;
use log::error;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::pulse::{BEATS_BEFORE_A_HANG, Pulse};
use super::run::{ChildEvent, ChildNotice, ExitGuard, Launch};
use super::spec::Placement;
use super::threads::{ThreadSlot, TurnTracker};
use super::{ChildSpec, Ending, Exit, Life, State, Threads};
use crate::mutex::Mutex;

/// The children of a supervisor, independent of its generation.
pub(super) struct Children {
    specs: Arc<[ChildSpec]>,
    threads: Arc<Threads>,
    /// A panic under the lock ends the supervisor, and that ends all children: the state needs no check.
    held: Mutex<ChildEntry>,
}

struct ChildEntry {
    /// Generation of the supervisor that may change them; 0 is none.
    owner: u64,
    living: Vec<Option<RunningChild>>,
}

/// The current generation of a child.
struct RunningChild {
    generation: u64,
    abort: AbortHandle,
    home: ChildHost,
    beats: Pulse,
    turns: Pulse,
    thread_hangs: bool,
    stop_by: Option<Instant>,
}

enum ChildHost {
    Pool(ThreadSlot),
    /// A thread of its own, which ends with the child.
    Own(ArbiterHandle, TurnTracker),
    /// No thread could be started.
    Nowhere,
}

/// A child that ended, and how.
pub(super) struct EndedChild {
    pub(super) child: usize,
    generation: u64,
    pub(super) exit: Exit,
}

/// Exclusive access to the children while it is held.
pub(super) struct ChildrenGuard<'a> {
    specs: &'a [ChildSpec],
    threads: &'a Arc<Threads>,
    held: MutexGuard<'a, ChildEntry>,
}

impl Children {
    pub(super) fn new(specs: Arc<[ChildSpec]>, threads: Arc<Threads>) -> Self {
        let living = specs.iter().map(|_| None).collect();
        Self { specs, threads, held: Mutex::new(ChildEntry { owner: 0, living }) }
    }

    pub(super) fn specs(&self) -> &[ChildSpec] {
        &self.specs
    }

    /// Gives the children to this supervisor and ends those of an earlier one; false when a later supervisor
    /// already owns them.
    pub(super) fn hand_to(&self, supervisor: &Life) -> bool {
        let mut held = self.held.lock();
        if !supervisor.holds() {
            return false;
        }
        held.end_all(&self.specs);
        held.owner = supervisor.generation();
        true
    }

    /// Access to the children, for the current supervisor only.
    pub(super) fn guard(&self, supervisor: &Life) -> Option<ChildrenGuard<'_>> {
        let held = self.held.lock();
        let is_in_force = held.owner == supervisor.generation() && supervisor.holds();
        is_in_force.then(|| ChildrenGuard { specs: &self.specs, threads: &self.threads, held })
    }

    /// Ends all children, if this generation of the supervisor still owns them.
    pub(super) fn end_if_owned(&self, generation: u64) {
        let mut held = self.held.lock();
        if held.owner == generation {
            held.end_all(&self.specs);
        }
    }

    /// Ends all children, whichever generation owns them. For the parent, which has fenced the supervisor off before.
    pub(super) fn end(&self) {
        self.held.lock().end_all(&self.specs);
    }
}

impl ChildEntry {
    /// Children without a supervisor would run unwatched. The end does not wait for their exit: each is
    /// fenced off, so that it can do no harm while it ends, or when it wakes up.
    fn end_all(&mut self, specs: &[ChildSpec]) {
        self.owner = 0;
        for (spec, living) in specs.iter().zip(&mut self.living).rev() {
            let Some(living) = living.take() else { continue };
            (spec.fence)();
            living.abort.abort();
            living.home.release(false);
            (spec.end_family)();
            if spec.record.state() != State::GaveUp {
                spec.record.enter(State::Restarting);
            }
        }
    }
}

impl RunningChild {
    /// How the child ended without an exit notice, if it did.
    fn missed(&mut self, spec: &ChildSpec, late: Duration, now: Instant) -> Option<Exit> {
        self.beats.forgive(late);
        let silence = self.beats.silence(spec.record.beats(), now);
        if self.stop_by.is_some_and(|by| by <= now) {
            return Some(Exit::new(Ending::Stopped, "it did not stop in time"));
        }
        if silence < spec.care.hang_after {
            return None;
        }
        match &self.home {
            // It is not this child's turn and the thread does not move: another child blocks the thread.
            ChildHost::Pool(seat) if self.thread_hangs && !seat.desk.is_mine() => {
                Some(Exit::new(Ending::ThreadLost, seat.who_hangs()))
            }
            _ => Some(Exit::new(Ending::Hung, "its heartbeat was missed")),
        }
    }

    /// Checks whether the thread still gives turns to its children.
    fn feel_thread(&mut self, hang_after: Duration, late: Duration, now: Instant) {
        self.turns.forgive(late);
        let turns = self.home.turns();
        // Half of the bound, because the last turn that began may be half as old as the last heartbeat.
        self.thread_hangs = self.turns.silence(turns, now) >= hang_after / 2;
    }
}

impl ChildHost {
    fn turns(&self) -> u64 {
        match self {
            Self::Pool(seat) => seat.desk.turns(),
            Self::Own(_, desk) => desk.turns(),
            Self::Nowhere => 0,
        }
    }

    /// Leaves the thread, which is lost or hangs if it `is_given_up`.
    fn release(self, is_given_up: bool) {
        match self {
            Self::Pool(seat) if is_given_up => seat.give_up_the_thread(),
            Self::Own(arbiter, _) => {
                // A hung thread ends when it wakes up.
                arbiter.stop();
            }
            Self::Pool(_) | Self::Nowhere => {}
        }
    }
}

impl ChildrenGuard<'_> {
    /// Starts a child. Its notices go to `tell`.
    pub(super) fn start(&mut self, child: usize, tell: &UnboundedSender<ChildNotice>) {
        let spec = &self.specs[child];
        let record = &spec.record;
        let generation = record.next_generation();
        // A child that was given up stays so until it is up: readiness depends on it.
        match record.state() {
            State::GaveUp => {}
            State::Down => record.enter(State::Starting),
            _ => record.enter(State::Restarting),
        }
        let exit_guard = ExitGuard::new(child, generation, tell.clone());
        let (abort, registration) = AbortHandle::new_pair();
        let home = self.home_for(child, generation, tell);
        let at = match &home {
            ChildHost::Pool(seat) => Some((seat.arbiter.clone(), seat.desk.clone())),
            ChildHost::Own(arbiter, desk) => Some((arbiter.clone(), desk.clone())),
            ChildHost::Nowhere => None,
        };
        let (beats, turns) = (Pulse::new(record.beats()), Pulse::new(home.turns()));
        self.held.living[child] = Some(RunningChild {
            generation,
            abort,
            home,
            beats,
            turns,
            thread_hangs: false,
            stop_by: None,
        });
        // Without a thread the exit guard is dropped here, and its drop reports the ending.
        let Some((arbiter, desk)) = at else { return };
        let beat_every = spec.care.hang_after / BEATS_BEFORE_A_HANG;
        let abort = registration;
        (spec.launch)(Launch { arbiter, desk, generation, exit_guard, abort, beat_every });
    }

    fn home_for(
        &self,
        child: usize,
        generation: u64,
        tell: &UnboundedSender<ChildNotice>,
    ) -> ChildHost {
        let spec = &self.specs[child];
        match spec.place {
            Placement::Pool => {
                let tell = tell.clone();
                let evict = Box::new(move |exit| {
                    let what = ChildEvent::Evicted(exit);
                    // If the supervisor is gone, it has ended the child already.
                    let _ = tell.send(ChildNotice { child, generation, what });
                });
                ChildHost::Pool(self.threads.seat(spec.record.shared_name(), evict))
            }
            Placement::Own => match Arbiter::try_new() {
                Ok(arbiter) => ChildHost::Own(arbiter.handle(), TurnTracker::default()),
                Err(cause) => {
                    error!(actor:% = spec.record.name(), cause:err; "no thread could be started");
                    ChildHost::Nowhere
                }
            },
        }
    }

    pub(super) fn stop(&mut self, child: usize) {
        let spec = &self.specs[child];
        let Some(living) = &mut self.held.living[child] else { return };
        living.stop_by = Some(Instant::now() + spec.care.stop_within);
        match &spec.ask_to_stop {
            Some(ask) => ask(),
            None => {
                // Fenced off at once, in case it is in the middle of something.
                (spec.fence)();
                living.abort.abort();
            }
        }
    }

    /// True when this generation of the child is current and was not told to end.
    pub(super) fn is_in_force(&self, child: usize, generation: u64) -> bool {
        let living = self.held.living[child].as_ref();
        living.is_some_and(|it| it.generation == generation && !it.abort.is_aborted())
    }

    /// Records the end of a child; false when the generation is not the current one.
    pub(super) fn ended(&mut self, child: usize, generation: u64, ending: Ending) -> bool {
        let living = &mut self.held.living[child];
        let Some(ended) = living.take_if(|living| living.generation == generation) else {
            return false;
        };
        ended.home.release(ending == Ending::ThreadLost);
        (self.specs[child].end_family)();
        true
    }

    /// Ends a child that does not end by itself; false when the generation is not the current one.
    pub(super) fn put_out(&mut self, child: usize, generation: u64) -> bool {
        let living = &mut self.held.living[child];
        let Some(living) = living.take_if(|living| living.generation == generation) else {
            return false;
        };
        // Fenced off before a successor starts: when it wakes up, it gets no message and ends.
        let spec = &self.specs[child];
        (spec.fence)();
        let RunningChild { abort, home, thread_hangs, .. } = living;
        abort.abort();
        home.release(thread_hangs);
        (spec.end_family)();
        true
    }

    /// Ends the children that hang or do not stop. `late` is the delay of the supervisor's own check.
    pub(super) fn put_out_the_silent(&mut self, late: Duration, now: Instant) -> Vec<EndedChild> {
        let mut gone = Vec::new();
        for (child, (spec, living)) in self.specs.iter().zip(&mut self.held.living).enumerate() {
            let Some(living) = living else { continue };
            living.feel_thread(spec.care.hang_after, late, now);
            if let Some(exit) = living.missed(spec, late, now) {
                let generation = living.generation;
                gone.push(EndedChild { child, generation, exit });
            }
        }
        for EndedChild { child, generation, .. } in &gone {
            self.put_out(*child, *generation);
        }
        gone
    }
}
