//! Everything that is alive: sessions, the table of who is connected, the caches, and what keeps them.
//!
//! Others hold handles with plain methods, never an address. What actors ask of the outside world
//! stands in [`ports`]; what they say to it in [`protocol`]. This crate never imports the server.

mod agent;
pub mod archiving;
pub mod bridge;
pub mod cache;
mod caches;
mod clock;
mod desk;
mod house;
mod image_budget;
mod loading;
mod log;
mod names;
mod orphans;
pub mod ports;
mod presence;
pub mod protocol;
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
mod token;
mod upkeep;
mod upload_id;
mod warming;

pub use caches::{Caches, Invalidate, Invalidated};
pub use clock::{now_ms, now_seconds};
pub use desk::{BadHours, DeskLimits, FrontDesk, HandoffLimits, Hours, MemoryDesk, NoPerson, Pace};
pub use house::{Announced, Budgets, House, OtherPods, Parts, Seconds, SocketLimits};
pub use image_budget::ImageLimits;
pub use log::{LogLimits, MemoryLog};
pub use names::{clean_name, is_clean_name};
pub use presence::{Attendance, Pods, Totals};
pub use rate_limit::{Gcra, Quota, RateLimiter};
pub use rehearsal::NotRehearsed;
pub use remembered::{AnswerKey, Answers, Predicted, PredictionKey, Predictions, Said};
pub use sampling::{Charts, Line};
pub use sessions::{Admission, Refused, SessionInfo, Sessions};
pub use shelf::{Manuals, Shelf};
pub use supervision::TreeReport;
pub use token::{TokenError, Tokens};
pub use upkeep::Upkeep;
pub use upload_id::UploadId;
