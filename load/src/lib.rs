//! The load harness behind `hsc load`: simulated visitors, and the latencies they see.
//!
//! ```text
//! Plan ─► Schedule (when) × Mix (what) ─► Visitor ─► Tally ─► Summary ─► table, JSON, report, verdicts
//! ```
//!
//! The pure parts (schedule, mix, thresholds, summary, report) read no clock and open no socket;
//! `client` and `visitor` do both. A latency counts from the time an operation was due.
//!
//! Never: a type of the server other than the wire protocol's, a visitor that waits without a bound for a server
//! that stalls, more sockets or more time than the plan allows.

mod client;
mod duration;
mod mix;
mod plan;
mod report;
mod run;
mod table;
mod tally;
mod threshold;
mod visitor;
mod words;

pub use client::allow_sockets;
pub use duration::{parse_duration, show_micros};
pub use mix::{Kind, Mix, Pace, Scenario};
pub use plan::{Arrival, Plan, Schedule};
pub use report::html;
pub use run::run;
pub use table::{progress, table};
pub use tally::{Count, Latency, Operation, OperationSummary, Point, Summary, Tally};
pub use threshold::{Threshold, Verdict};
pub use words::Words;
