//! Everything that is alive: sessions, the table of who is connected, the caches, and what keeps them.
//!
//! Others hold handles with plain methods, never an address. What actors ask of the outside world
//! stands in [`ports`]; what they say to it in [`protocol`](hsc_conversation::protocol). This crate never imports the server.

mod agent;
pub mod archiving;
pub mod bridge;
pub mod cache;
mod caches;
mod desk;
mod house;
mod image_budget;
mod loading;
mod log;
mod orphans;
pub mod ports;
mod presence;
mod rate_limit;
mod registry;
mod rehearsal;
mod remembered;
mod sampling;
mod sequence;
pub mod session;
mod sessions;
mod shelf;
pub mod socket;
pub mod supervision;
mod takeovers;
mod token_settings;
mod upkeep;
mod warming;

pub use caches::{Caches, Invalidate, Invalidated};
pub use desk::{BadHours, DeskLimits, FrontDesk, HandoffLimits, Hours, MemoryDesk, Pace};
pub use house::{Announced, Budgets, House, OtherPods, Parts, Seconds, SocketLimits};
pub use image_budget::ImageLimits;
pub use log::{LogLimits, MemoryLog};
pub use presence::{Attendance, Pods, Totals};
pub use rate_limit::{Gcra, Quota, RateLimiter};
pub use rehearsal::NotRehearsed;
pub use remembered::{AnswerKey, Answers, Predictions, Said};
pub use sampling::{Charts, Line};
pub use sessions::{Admission, Refused, SessionInfo, Sessions};
pub use shelf::{Manuals, Shelf};
pub use supervision::TreeReport;
pub use token_settings::tokens_of;
pub use upkeep::Upkeep;
