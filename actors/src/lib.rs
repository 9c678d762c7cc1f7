//! The actors: sessions, their registry, the caches, the desk, and their supervision.
//!
//! Other crates hold handles with plain methods, never an address. [`ports`] has the traits that actors call;
//! [`protocol`](hsc_conversation::protocol) has the messages on the wire. This crate never imports the server.

mod agent;
pub mod archiving;
pub mod bridge;
pub mod cache;
mod cached_results;
mod caches;
mod desk;
mod fault_injection;
mod image_budget;
mod log;
mod manual_cache;
mod mutex;
mod pod;
pub mod ports;
mod presence;
mod rate_limit;
mod sampling;
mod sequence;
mod session;
mod session_registry;
pub mod socket;
mod span;
pub mod supervision;

pub use cached_results::{AnswerKey, Answers, CachedAnswer, Predictions};
pub use caches::{Caches, Invalidate, Invalidated};
pub use desk::{DeskLimits, HandoffLimits, HandoffService, Hours, InvalidHours, MemoryDesk, Pace};
pub use fault_injection::FaultNotInjected;
pub use log::{LogLimits, MemoryLog};
pub use manual_cache::{ManualCache, ManualContents};
pub use pod::{Announced, L2Caches, OtherPods, Pod, PodDependencies, SocketRefused, tokens_of};
pub use presence::{PodRegistration, PodTotals, Pods};
pub use rate_limit::{Gcra, Quota, RateLimiter};
pub use sampling::Charts;
pub use session::PodServices;
pub use session_registry::{AdmissionRefused, SessionInfo, SessionRegistry};
pub use span::{Span, begin_trace, logged_trace};
pub use supervision::{SupervisionConfig, TreeReport};
