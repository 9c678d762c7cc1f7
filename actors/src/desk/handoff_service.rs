//! The handle of the desk: it calls the desk and announces its decisions.
//!
//! The pod that made the call records the decision, whether or not the visitor is connected: a session would miss it
//! while its visitor is disconnected.

use std::sync::Arc;

use dashmap::DashSet;
use log::{debug, warn};
use tokio::time::Instant;

use super::Hours;
use super::quota::{HandoffLimits, HandoffQuota};
use crate::archiving::ArchiveHandle;
use crate::bridge::{Body, Bridge, DeskBroadcast, channels};
use crate::ports::HandoffDesk;
use hsc_conversation::ClientKey;
use hsc_conversation::desk::{
    ConnectedVisitors, DeskChange, DeskDecision, DeskError, DeskView, HandoffRequest,
    HandoffUnavailable, OnBehalfOf, ReleaseKind, TicketDetails, VisitorEnds,
};
use hsc_conversation::protocol::{Agent, Speaker, Ticket, TicketGone};

/// The desk and the announcement of its changes. Cheap to clone.
#[derive(Clone)]
pub struct HandoffService {
    /// For calls without a decision to announce.
    pub(crate) desk: Arc<dyn HandoffDesk>,
    /// The bridge to the other pods.
    pub(crate) bridge: Bridge,
    hours: Arc<Hours>,
    pub(crate) archive: ArchiveHandle,
    quota: Arc<HandoffQuota>,
    /// The conversations of this pod that are at the desk.
    pub(crate) local: Arc<DashSet<Arc<str>>>,
}

impl HandoffService {
    /// Over a desk, with these limits per client.
    pub(crate) fn new(
        desk: Arc<dyn HandoffDesk>,
        bridge: Bridge,
        hours: Hours,
        archive: ArchiveHandle,
        limits: HandoffLimits,
    ) -> Self {
        let (hours, quota) = (Arc::new(hours), Arc::new(HandoffQuota::new(limits)));
        Self { desk, bridge, hours, archive, quota, local: Arc::default() }
    }

    /// A visitor at this client address wants an agent, and gets a place in the queue if one is available.
    pub(crate) async fn request_agent(
        &self,
        request: HandoffRequest,
        client: ClientKey,
    ) -> Result<Ticket, HandoffUnavailable> {
        let (conversation, words) =
            (Arc::clone(&request.conversation), request.details.reason.clone());
        match self.request_ticket(request, client).await {
            Ok((ticket, is_new)) => {
                if is_new {
                    let (rev, reason) = (ticket.rev, words.as_deref());
                    self.archive.decision(&conversation, DeskDecision::Requested { rev, reason });
                }
                Ok(ticket)
            }
            Err(why) => {
                self.archive.decision(&conversation, DeskDecision::Unavailable { why });
                Err(why)
            }
        }
    }

    /// The ticket, and true if it is new.
    async fn request_ticket(
        &self,
        request: HandoffRequest,
        client: ClientKey,
    ) -> Result<(Ticket, bool), HandoffUnavailable> {
        if !self.hours.is_open_now() {
            return Err(HandoffUnavailable::Closed);
        }
        let away = |error: DeskError| {
            if matches!(error, DeskError::Full) {
                return HandoffUnavailable::Full;
            }
            warn!(conversation:% = request.conversation, why:? = error; "a visitor cannot be given a person");
            HandoffUnavailable::Away
        };
        let view = self.desk.snapshot().await.map_err(away)?;
        let is_at_desk = |conversation: &str| {
            view.tickets.iter().any(|ticket| *ticket.conversation == *conversation)
        };
        let conversation = &request.conversation;
        // A break of the only agent does not dismiss visitors who already wait.
        let is_new = !is_at_desk(conversation);
        if !view.agents.iter().any(|agent| agent.available) && is_new {
            return Err(HandoffUnavailable::NobodyThere);
        }
        if !self.quota.take(client, conversation, is_at_desk, Instant::now()) {
            return Err(HandoffUnavailable::TooMany);
        }
        let ticket = self.desk.request(request.clone()).await.map_err(|error| {
            self.quota.take_back(client, conversation);
            away(error)
        })?;
        self.announce(DeskChange::Ticket(ticket.clone()));
        Ok((ticket, is_new))
    }

    /// Puts a conversation back that the desk has lost, with its state.
    pub(crate) async fn put_back(&self, request: HandoffRequest) -> Result<Ticket, DeskError> {
        let ticket = self.desk.request(request).await?;
        self.announce(DeskChange::Ticket(ticket.clone()));
        Ok(ticket)
    }

    /// As [`HandoffDesk::end`].
    pub(crate) async fn end(
        &self,
        conversation: Arc<str>,
        how: VisitorEnds,
    ) -> Result<Option<TicketGone>, DeskError> {
        let gone = self.desk.end(conversation, how).await?;
        if let Some(gone) = &gone {
            self.archive.decision(&gone.conversation, DeskDecision::Ended { gone, by: None });
            self.announce(DeskChange::Gone(gone.clone()));
        }
        Ok(gone)
    }

    /// As [`HandoffDesk::take`].
    pub(crate) async fn take(
        &self,
        conversation: Arc<str>,
        agent: Agent,
    ) -> Result<Ticket, DeskError> {
        let before = self.desk.find(Arc::clone(&conversation)).await?;
        let has_it = |ticket: &Ticket| ticket.agent.as_ref().is_some_and(|it| it.id == agent.id);
        let ticket = self.desk.take(conversation, agent.clone()).await?;
        // An agent may take a conversation twice, in two windows.
        if !matches!(&before, Some(DeskChange::Ticket(ticket)) if has_it(ticket)) {
            let joined = DeskDecision::Joined { rev: ticket.rev, agent: &agent };
            self.archive.decision(&ticket.conversation, joined);
        }
        self.announce(DeskChange::Ticket(ticket.clone()));
        Ok(ticket)
    }

    /// As [`HandoffDesk::release`].
    pub(crate) async fn release(
        &self,
        conversation: Arc<str>,
        by: OnBehalfOf,
        how: ReleaseKind,
    ) -> Result<DeskChange, DeskError> {
        let change = self.desk.release(conversation, by.clone(), how).await?;
        match &change {
            DeskChange::Ticket(ticket) => {
                let (from, to) = (&by.agent, ticket.agent.as_ref());
                let transferred = DeskDecision::Transferred { rev: ticket.rev, from, to };
                self.archive.decision(&ticket.conversation, transferred);
            }
            DeskChange::Gone(gone) => {
                let ended = DeskDecision::Ended { gone, by: Some(&by.agent) };
                self.archive.decision(&gone.conversation, ended);
            }
            DeskChange::Agents => {}
        }
        self.announce(change.clone());
        Ok(change)
    }

    /// Reports the last message of a conversation to the desk, if it is there. Cut short for a list.
    pub(crate) async fn touch(&self, conversation: Arc<str>, words: String, by: Speaker) {
        let last: String = words.chars().take(LAST_CHARS).collect();
        if let Err(error) = self.announce_ticket(self.desk.touch(conversation, last, by).await) {
            warn!(why:? = error; "could not report the last message to the desk");
        }
    }

    /// Reports new facts about a visitor to the desk, if the conversation is there.
    pub(crate) async fn describe(&self, conversation: Arc<str>, details: TicketDetails) {
        if let Err(error) = self.announce_ticket(self.desk.describe(conversation, details).await) {
            warn!(why:? = error; "could not report facts about a visitor to the desk");
        }
    }

    /// The conversations of this pod that are at the desk.
    pub(super) fn all_local(&self) -> Vec<Arc<str>> {
        self.local.iter().map(|it| Arc::clone(it.key())).collect()
    }

    /// As [`HandoffDesk::visitors_here`].
    pub(crate) async fn visitors_here(
        &self,
        conversations: Vec<Arc<str>>,
    ) -> Result<ConnectedVisitors, DeskError> {
        let seen = self.desk.visitors_here(conversations).await?;
        for ticket in &seen.changed {
            self.announce(DeskChange::Ticket(ticket.clone()));
        }
        Ok(seen)
    }

    /// A visitor has disconnected from this pod.
    pub(crate) async fn visitor_left(&self, conversation: Arc<str>) {
        if let Err(error) = self.announce_ticket(self.desk.visitor_left(conversation).await) {
            // The desk also finds out by a timeout, a little later.
            debug!(why:? = error; "could not report a visitor's leaving to the desk");
        }
    }

    /// True within the opening hours.
    pub fn is_open(&self) -> bool {
        self.hours.is_open_now()
    }

    /// As [`HandoffDesk::snapshot`].
    ///
    /// # Errors
    /// As there.
    pub async fn snapshot(&self) -> Result<DeskView, DeskError> {
        self.desk.snapshot().await
    }

    /// As [`HandoffDesk::agent_here`].
    pub(crate) async fn agent_here(
        &self,
        agent: Agent,
        socket_id: Arc<str>,
        available: Option<bool>,
    ) -> Result<(), DeskError> {
        if self.desk.agent_here(agent, socket_id, available).await? {
            self.announce(DeskChange::Agents);
        }
        Ok(())
    }

    /// As [`HandoffDesk::agent_left`].
    pub(crate) async fn agent_left(
        &self,
        agent: Agent,
        socket_id: Arc<str>,
    ) -> Result<(), DeskError> {
        if self.desk.agent_left(agent, socket_id).await? {
            self.announce(DeskChange::Agents);
        }
        Ok(())
    }

    /// As [`HandoffDesk::apply_timeouts`].
    pub(crate) async fn apply_timeouts(&self) -> Result<(), DeskError> {
        for change in self.desk.apply_timeouts().await? {
            match &change {
                DeskChange::Gone(gone) => {
                    let ended = DeskDecision::Ended { gone, by: None };
                    self.archive.decision(&gone.conversation, ended);
                }
                DeskChange::Ticket(Ticket {
                    conversation,
                    unanswered_by: Some(agent),
                    agent: None,
                    ..
                }) => {
                    warn!(conversation, agent:% = agent.id; "an agent did not answer in time, the conversation is offered again");
                }
                DeskChange::Ticket(_) | DeskChange::Agents => {}
            }
            self.announce(change);
        }
        Ok(())
    }

    /// Announces to the agents of all pods which conversations have new archived records.
    pub(crate) fn announce_archived(&self) {
        let talk = DeskBroadcast::Archived { conversations: self.archive.take_written() };
        drop(self.bridge.publish(channels::DESK, Body::Talk(talk)));
    }

    /// Announces the ticket that a report changed, if it changed one.
    fn announce_ticket(&self, changed: Result<Option<Ticket>, DeskError>) -> Result<(), DeskError> {
        if let Some(ticket) = changed? {
            self.announce(DeskChange::Ticket(ticket));
        }
        Ok(())
    }

    /// No caller waits for the result: an agent that misses it reloads the desk.
    fn announce(&self, change: DeskChange) {
        drop(self.bridge.publish(channels::DESK, Body::Talk(change.into())));
    }
}

/// Longest part of the last message that a list shows, in characters.
const LAST_CHARS: usize = 140;
