//! Supervision of actors: start them, observe how they end, restart them.
//!
//! actix restarts an actor that stops, but not one that panics; this module does both. A [`Supervisor`]
//! is an actor whose children are actors, plain tasks or supervisors. How the parts meet:
//!
//! ```text
//! Supervisor (actor, the shell) ── SiblingGroup (plain core: order, policy, intensity, back-off)
//!      │ holds Children by a ChildrenGuard, which a supervisor that was replaced does not get
//!      │ launches on a thread of [`Threads`]        ▲ Started, Ended(Exit), ThreadLost(Exit)
//!      ▼                                            │
//! the child's task ── MailboxPump: messages of its Inbox, its heartbeat ── ExitGuard
//!      ▲
//! Handle ── Inbox: outlives every restart of the child
//! ```
//!
//! The six words of [`Ending`] are used in the type, the metric label, the log and the docs.
//! The messages of a child wait in its inbox, not in its mailbox, so a queued message survives a crash of its
//! receiver; only the message in work is lost, and its sender gets an error.
//!
//! Never: a restart that is not counted, a message that is lost without an error, a wait without a bound, an old
//! generation (of a child or of a supervisor) that takes messages after a new one was started.

mod children;
mod ending;
mod fault_injection;
mod handle;
mod in_place;
mod pulse;
mod record;
mod restart_rules;
mod root;
mod run;
mod sibling_group;
mod spec;
mod supervisor;
#[cfg(test)]
mod tests;
mod threads;

pub(crate) use ending::injected_panic;
pub use ending::{Ending, Exit, Fault};
pub use handle::{AskError, Bounds, Child, Handle, Undelivered};
pub(crate) use in_place::{InPlace, RebuiltInPlace};
pub use record::{Record, State, TreeReport};
pub use restart_rules::{Backoff, Intensity, OnGiveUp, Policy};
pub use root::Root;
pub use run::Life;
pub(crate) use spec::cores;
pub use spec::{Care, ChildSpec, SupervisionConfig};
pub use supervisor::Supervisor;
pub use threads::Threads;
