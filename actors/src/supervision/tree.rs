//! The tree as an operator sees it: as text and as JSON.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType};

use super::{Record, State};

/// One actor of the tree and its descendants.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TreeReport {
    /// Its unique name.
    pub name: String,
    /// Label of its metrics.
    pub kind: &'static str,
    /// Where it is in its life cycle.
    pub state: State,
    /// Number of restarts.
    pub restarts: u64,
    /// How it last ended, e.g. `panicked: index out of bounds`.
    #[schema(required)]
    pub last_reason: Option<String>,
    /// Number of messages in its inbox.
    pub mailbox_depth: usize,
    /// Milliseconds since the last start; `None` while it is not up.
    #[schema(required)]
    pub uptime_ms: Option<u64>,
    /// The state that it publishes, in a form of its own.
    #[schema(schema_with = anything)]
    pub observed: Value,
    /// Its children, in start order.
    #[schema(no_recursion)]
    pub children: Vec<TreeReport>,
}

fn anything() -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(SchemaType::AnyValue).build())
}

impl TreeReport {
    /// Reads the records of an actor and its descendants.
    #[must_use]
    pub fn of(record: &Arc<Record>) -> Self {
        let millis = |since: tokio::time::Instant| {
            u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
        };
        Self {
            name: record.name().to_owned(),
            kind: record.kind(),
            state: record.state(),
            restarts: record.restarts(),
            last_reason: record.last_death().map(|exit| exit.to_string()),
            mailbox_depth: record.depth(),
            uptime_ms: record.up_since().map(millis),
            observed: record.observed(),
            children: record.children().iter().map(Self::of).collect(),
        }
    }

    /// This actor or the descendant with this name.
    pub(crate) fn find_mut(&mut self, name: &str) -> Option<&mut Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter_mut().find_map(|child| child.find_mut(name))
    }

    /// The first descendant that was given up, and why.
    #[must_use]
    pub fn give_up_reason(&self) -> Option<String> {
        if self.state == State::GaveUp {
            let why = self.last_reason.as_deref().unwrap_or("no reason is known");
            return Some(format!("{} was given up after it failed too often: {why}", self.name));
        }
        self.children.iter().find_map(Self::give_up_reason)
    }

    fn print(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Down => "down",
            State::Starting => "starting",
            State::Up => "up",
            State::Restarting => "restarting",
            State::GaveUp => "gave up",
            State::Stopped => "stopped",
        };
        write!(f, "{:indent$}{} {state}", "", self.name, indent = depth * 2)?;
        if self.restarts > 0 {
            write!(f, ", {} restarts", self.restarts)?;
        }
        if let Some(reason) = &self.last_reason {
            write!(f, ", last {reason}")?;
        }
        writeln!(f)?;
        self.children.iter().try_for_each(|child| child.print(depth + 1, f))
    }
}

impl fmt::Display for TreeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(0, f)
    }
}
