//! The desk of a pod without Redis.
//!
//! Owns      the tickets and the connected agents.
//! Never     waits: the lock is held for a few copies, never across an await.
//! On crash  loses everything with the process; sessions that continue put their conversations back.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::ready;
use tokio::time::Instant;

use crate::mutex::Mutex;
use crate::ports::{DeskReply, HandoffDesk};
use hsc_conversation::desk::{
    ConnectedVisitors, DeskChange, DeskView, HandoffRequest, OnBehalfOf, QueuePlace, ReleaseKind,
    TicketDetails, VisitorEnds,
};
use hsc_conversation::now_ms;
use hsc_conversation::protocol::{Agent, Speaker, Ticket, TicketGone};

use super::table::{DeskLimits, TicketTable, millis};

/// The desk in memory, as one pod sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MemoryDesk {
    table: Arc<Mutex<TicketTable>>,
    limits: DeskLimits,
    pod: Arc<str>,
    began: (Instant, u64),
}

impl MemoryDesk {
    /// An empty one.
    pub fn new(limits: DeskLimits, pod: Arc<str>) -> Self {
        let table = Arc::new(Mutex::new(TicketTable::new(limits)));
        Self { table, limits, pod, began: (Instant::now(), now_ms()) }
    }

    /// The same desk, for another pod of this process.
    pub fn of_pod(&self, pod: &str) -> Self {
        Self { pod: pod.into(), ..self.clone() }
    }

    /// Milliseconds since 1970, by a clock that never goes back.
    fn now_ms(&self) -> u64 {
        let (instant, at_ms) = self.began;
        at_ms + millis(instant.elapsed())
    }

    /// Decided at the call and not when first awaited: the order of calls is the order of decisions.
    fn at<T: Send + 'static>(&self, what: impl FnOnce(&mut TicketTable, u64) -> T) -> T {
        what(&mut self.table.lock(), self.now_ms())
    }
}

fn done<T: Send + 'static>(value: T) -> DeskReply<T> {
    ready(Ok(value)).boxed()
}

impl HandoffDesk for MemoryDesk {
    fn request(&self, request: HandoffRequest) -> DeskReply<Ticket> {
        ready(self.at(|table, now| table.request(request, &self.pod, now))).boxed()
    }

    fn end(&self, conversation: Arc<str>, how: VisitorEnds) -> DeskReply<Option<TicketGone>> {
        done(self.at(|table, now| table.end(&conversation, how, now)))
    }

    fn take(&self, conversation: Arc<str>, agent: Agent) -> DeskReply<Ticket> {
        ready(self.at(|table, now| table.take(&conversation, agent, now))).boxed()
    }

    fn release(
        &self,
        conversation: Arc<str>,
        by: OnBehalfOf,
        how: ReleaseKind,
    ) -> DeskReply<DeskChange> {
        ready(self.at(|table, now| table.release(&conversation, &by, &how, now))).boxed()
    }

    fn touch(
        &self,
        conversation: Arc<str>,
        last: String,
        by: Speaker,
    ) -> DeskReply<Option<Ticket>> {
        done(self.at(|table, now| table.touch(&conversation, last, by, now)))
    }

    fn describe(
        &self,
        conversation: Arc<str>,
        details: TicketDetails,
    ) -> DeskReply<Option<Ticket>> {
        done(self.at(|table, now| table.describe(&conversation, details, now)))
    }

    fn visitors_here(&self, conversations: Vec<Arc<str>>) -> DeskReply<ConnectedVisitors> {
        done(self.at(|table, now| table.visitors_here(&conversations, &self.pod, now)))
    }

    fn visitor_left(&self, conversation: Arc<str>) -> DeskReply<Option<Ticket>> {
        done(self.at(|table, now| table.visitor_left(&conversation, &self.pod, now)))
    }

    fn find(&self, conversation: Arc<str>) -> DeskReply<Option<DeskChange>> {
        done(self.at(|table, _| table.find(&conversation)))
    }

    fn places(&self, conversations: Vec<Arc<str>>) -> DeskReply<Vec<(Arc<str>, QueuePlace)>> {
        done(self.at(|table, _| table.places(&conversations)))
    }

    fn snapshot(&self) -> DeskReply<DeskView> {
        done(self.at(|table, now| table.snapshot(now)))
    }

    fn agent_here(
        &self,
        agent: Agent,
        socket_id: Arc<str>,
        available: Option<bool>,
    ) -> DeskReply<bool> {
        let until = millis(self.limits.present_for);
        done(self.at(|table, now| {
            table.agents.heartbeat(agent, socket_id, available, (now, now + until))
        }))
    }

    fn agent_left(&self, agent: Agent, socket_id: Arc<str>) -> DeskReply<bool> {
        done(self.at(|table, now| table.agents.disconnected(&agent, &socket_id, now)))
    }

    fn apply_timeouts(&self) -> DeskReply<Vec<DeskChange>> {
        done(self.at(TicketTable::apply_timeouts))
    }
}
