//! What keeps actors alive: start them, hear how they ended, start them again.
//!
//! actix restarts an actor that stops, not one that panics, so this stands beside it, small and
//! general. A [`Supervisor`] is an actor whose children are actors, plain tasks or supervisors. How
//! the parts meet:
//!
//! ```text
//! Supervisor (actor, the shell) ── Family (plain core: order, policy, intensity, back-off)
//!      │ holds its children by a Grip on their Lives, which a late old supervisor does not get
//!      │ launches on a thread of [`Threads`]        ▲ Started, Ended(Death), Evicted(Death)
//!      ▼                                            │
//! the child's task ── pump: letters of its Inbox, its heartbeat ── Certificate (signed, or torn)
//!      ▲
//! Handle ── Inbox: outlives every generation of the child
//! ```
//!
//! The same six words, [`Ending`], stand in the type, the metric label, the log and the docs.
//! A child's letters lie in its inbox and not in its mailbox, so a letter that waits survives the
//! crash of whoever should have read it; only the one in hand is lost, and its asker is told.
//!
//! What must never be: a restart that nobody counted, a letter that vanishes unseen, an endless wait,
//! an old generation that still takes letters after a new one was started, be it a supervisor's.

mod backoff;
mod ending;
mod family;
mod fault;
mod fault_injection;
mod handle;
mod inbox;
mod intensity;
mod life;
mod lives;
mod policy;
mod pulse;
mod record;
mod root;
mod run;
mod spec;
mod supervisor;
#[cfg(test)]
mod tests;
mod threads;
mod tree;

pub use backoff::Backoff;
pub use ending::{Death, Ending};
pub use family::{OnGiveUp, Strategy};
pub use fault::Fault;
pub(crate) use fault::rehearse;
pub use handle::{AskError, Bounds, Handle, Undelivered};
pub use intensity::Intensity;
pub(crate) use intensity::Window;
pub use life::{Child, Life};
pub use policy::Policy;
pub use record::{Record, State};
pub use root::{Root, RootSpec};
pub use spec::{Care, ChildSpec};
pub use supervisor::Supervisor;
pub use threads::Threads;
pub use tree::TreeReport;
