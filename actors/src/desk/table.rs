//! The rules of the desk, over plain tables: no clock, no lock. Its limits, and the estimate of a wait in the queue.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hsc_config::DeskSettings;

use hsc_conversation::desk::{
    ConnectedVisitors, DeskChange, DeskError, DeskView, HandoffRequest, OnBehalfOf, QueuePlace,
    ReleaseKind, TicketDetails, VisitorEnds,
};
use hsc_conversation::protocol::{Agent, Speaker, Ticket, TicketGone, TicketGoneReason};

use super::agents::Agents;

/// The limits of a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeskLimits {
    /// Most conversations in the queue.
    pub max_waiting: usize,
    /// Silence after which an agent, or a visitor's pod, counts as absent.
    pub present_for: Duration,
    /// Silence of an agent after which the agent's conversations are queued again.
    pub returns_after: Duration,
    /// Time without a reply to the visitor after which an agent's conversation is queued again; none is unlimited.
    pub answer_within: Option<Duration>,
    /// Absence of a waiting visitor after which the request ends.
    pub expires_after: Duration,
    /// How long the end of a handoff is remembered.
    pub remembers_for: Duration,
}

impl From<&DeskSettings> for DeskLimits {
    fn from(settings: &DeskSettings) -> Self {
        Self {
            max_waiting: settings.max_waiting,
            present_for: Duration::from_millis(settings.presence_timeout_ms),
            returns_after: Duration::from_millis(settings.requeue_after_ms),
            answer_within: (settings.answer_within_ms > 0)
                .then(|| Duration::from_millis(settings.answer_within_ms)),
            expires_after: Duration::from_millis(settings.visitor_timeout_ms),
            remembers_for: Duration::from_millis(settings.history_ttl_ms),
        }
    }
}

impl DeskLimits {
    /// Interval of the reports to the desk: two of three may be lost.
    pub fn heartbeat(&self) -> Duration {
        self.present_for / 3
    }
}

/// Every ticket, and every agent.
#[derive(Debug)]
pub(super) struct TicketTable {
    limits: DeskLimits,
    tickets: HashMap<Arc<str>, StoredTicket>,
    /// Unassigned tickets, the longest wait first.
    waiting: BTreeSet<(u64, Arc<str>)>,
    /// How conversations left the desk, and when that is forgotten.
    gone: HashMap<Arc<str>, (TicketGone, u64)>,
    pub(super) agents: Agents,
    pace: Pace,
    rev: u64,
}

#[derive(Debug)]
struct StoredTicket {
    ticket: Ticket,
    /// Time of the visitor's last report.
    seen_ms: u64,
    /// Deadline of the agent's reply; none while the visitor waits for none.
    answer_by_ms: Option<u64>,
}

impl TicketTable {
    pub(super) fn new(limits: DeskLimits) -> Self {
        Self {
            limits,
            tickets: HashMap::new(),
            waiting: BTreeSet::new(),
            gone: HashMap::new(),
            agents: Agents::default(),
            pace: Pace::default(),
            rev: 0,
        }
    }

    pub(super) fn request(
        &mut self,
        request: HandoffRequest,
        pod: &str,
        now_ms: u64,
    ) -> Result<Ticket, DeskError> {
        let conversation = Arc::clone(&request.conversation);
        let is_new = !self.tickets.contains_key(&conversation);
        if is_new && request.agent.is_none() && self.waiting.len() >= self.limits.max_waiting {
            return Err(DeskError::Full);
        }
        let rev = self.next_rev(now_ms);
        let awaited = request.agent.is_some() && request.awaits_answer;
        let answer_by_ms = self.answer_by(now_ms).filter(|_| awaited);
        let stored =
            self.tickets.entry(Arc::clone(&conversation)).or_insert_with(|| StoredTicket {
                ticket: Ticket {
                    conversation: conversation.to_string(),
                    since_ms: request.since_ms.unwrap_or(now_ms).min(now_ms),
                    agent: request.agent.clone(),
                    online: true,
                    pod: pod.to_owned(),
                    rev,
                    ..Ticket::default()
                },
                seen_ms: now_ms,
                answer_by_ms,
            });
        let ticket = &mut stored.ticket;
        request.details.write_to(ticket);
        ticket.last = request.last.or(ticket.last.take());
        (ticket.online, ticket.rev) = (true, rev);
        pod.clone_into(&mut ticket.pod);
        stored.seen_ms = now_ms;
        let ticket = ticket.clone();
        match &ticket.agent {
            None => drop(self.waiting.insert((ticket.since_ms, Arc::clone(&conversation)))),
            Some(agent) => self.agents.acted(agent, now_ms),
        }
        self.gone.remove(&conversation);
        Ok(ticket)
    }

    pub(super) fn end(
        &mut self,
        conversation: &Arc<str>,
        how: VisitorEnds,
        now_ms: u64,
    ) -> Option<TicketGone> {
        let stored = self.tickets.get(conversation)?;
        if how == VisitorEnds::Withdraws && !stored.ticket.waits() {
            return None;
        }
        self.take_away(conversation, how.into(), now_ms)
    }

    pub(super) fn take(
        &mut self,
        conversation: &Arc<str>,
        agent: Agent,
        now_ms: u64,
    ) -> Result<Ticket, DeskError> {
        let stored = self.tickets.get(conversation).ok_or(DeskError::NoSuchConversation)?;
        match &stored.ticket.agent {
            Some(by) if by.id == agent.id => Ok(stored.ticket.clone()),
            Some(by) => Err(DeskError::Taken { by: by.clone() }),
            None => {
                self.pace.taken(stored.ticket.since_ms, now_ms);
                Ok(self.give(conversation, agent, now_ms))
            }
        }
    }

    pub(super) fn release(
        &mut self,
        conversation: &Arc<str>,
        by: &OnBehalfOf,
        how: &ReleaseKind,
        now_ms: u64,
    ) -> Result<DeskChange, DeskError> {
        let stored = self.tickets.get(conversation).ok_or(DeskError::NoSuchConversation)?;
        let has = &stored.ticket.agent;
        if !by.is_admin && has.as_ref().is_none_or(|agent| agent.id != by.agent.id) {
            return Err(DeskError::NotYours { by: has.clone() });
        }
        let why = match how {
            ReleaseKind::To(id) if has.as_ref().is_some_and(|agent| agent.id == *id) => {
                return Ok(DeskChange::Ticket(stored.ticket.clone()));
            }
            ReleaseKind::To(id) => {
                let colleague = self.agents.presence(id, now_ms).ok_or(DeskError::NotPresent)?;
                return Ok(DeskChange::Ticket(self.give(conversation, colleague.agent, now_ms)));
            }
            ReleaseKind::ToMachine => TicketGoneReason::Returned,
            ReleaseKind::Close => TicketGoneReason::Closed,
        };
        let gone = self.take_away(conversation, why, now_ms);
        gone.map(DeskChange::Gone).ok_or(DeskError::NoSuchConversation)
    }

    pub(super) fn touch(
        &mut self,
        conversation: &str,
        last: String,
        by: Speaker,
        now_ms: u64,
    ) -> Option<Ticket> {
        let answer_by_ms = self.answer_by(now_ms);
        let stored = self.tickets.get_mut(conversation)?;
        if !stored.ticket.waits() {
            stored.answer_by_ms = match by {
                Speaker::Visitor => stored.answer_by_ms.or(answer_by_ms),
                Speaker::Agent => None,
            };
        }
        self.change(conversation, now_ms, |ticket| ticket.last = Some(last))
    }

    pub(super) fn describe(
        &mut self,
        conversation: &str,
        details: TicketDetails,
        now_ms: u64,
    ) -> Option<Ticket> {
        let StoredTicket { ticket, .. } = self.tickets.get_mut(conversation)?;
        if !details.write_to(ticket) {
            return None;
        }
        self.change(conversation, now_ms, |_| {})
    }

    pub(super) fn visitors_here(
        &mut self,
        conversations: &[Arc<str>],
        pod: &str,
        now_ms: u64,
    ) -> ConnectedVisitors {
        let mut seen = ConnectedVisitors::default();
        for conversation in conversations {
            if let Some(stored) = self.tickets.get_mut(conversation) {
                stored.seen_ms = now_ms;
                if !stored.ticket.online || stored.ticket.pod != pod {
                    seen.changed.extend(self.change(conversation, now_ms, |ticket| {
                        ticket.online = true;
                        pod.clone_into(&mut ticket.pod);
                    }));
                }
            }
            seen.now.extend(self.find(conversation));
        }
        seen
    }

    pub(super) fn visitor_left(
        &mut self,
        conversation: &Arc<str>,
        pod: &str,
        now_ms: u64,
    ) -> Option<Ticket> {
        let stored = self.tickets.get_mut(conversation)?;
        if stored.ticket.pod != pod || !stored.ticket.online {
            return None;
        }
        stored.seen_ms = now_ms;
        self.change(conversation, now_ms, |ticket| ticket.online = false)
    }

    pub(super) fn find(&self, conversation: &Arc<str>) -> Option<DeskChange> {
        let ticket = self.tickets.get(conversation);
        let ticket = ticket.map(|stored| DeskChange::Ticket(stored.ticket.clone()));
        ticket
            .or_else(|| self.gone.get(conversation).map(|(gone, _)| DeskChange::Gone(gone.clone())))
    }

    pub(super) fn places(&self, conversations: &[Arc<str>]) -> Vec<(Arc<str>, QueuePlace)> {
        let in_line = self.waiting.iter().map(|(_, conversation)| conversation).zip(1..);
        let numbers: HashMap<&Arc<str>, usize> = in_line.collect();
        let place = |conversation: &Arc<str>| {
            let number = *numbers.get(conversation)?;
            Some((
                Arc::clone(conversation),
                QueuePlace { number, wait: self.pace.of_place(number) },
            ))
        };
        conversations.iter().filter_map(place).collect()
    }

    pub(super) fn snapshot(&self, now_ms: u64) -> DeskView {
        let mut tickets: Vec<Ticket> =
            self.tickets.values().map(|stored| stored.ticket.clone()).collect();
        tickets.sort_by(|a, b| (a.since_ms, &a.conversation).cmp(&(b.since_ms, &b.conversation)));
        DeskView { tickets, agents: self.agents.present(now_ms) }
    }

    pub(super) fn apply_timeouts(&mut self, now_ms: u64) -> Vec<DeskChange> {
        let DeskLimits { present_for, returns_after, expires_after, .. } = self.limits;
        let mut changes = Vec::new();
        let (agents_changed, gone) =
            self.agents.remove_expired(now_ms, before(now_ms, returns_after));
        changes.extend(agents_changed.then_some(DeskChange::Agents));
        let of = |rule: &dyn Fn(&StoredTicket) -> bool| -> Vec<Arc<str>> {
            let found = self.tickets.iter().filter(|(_, stored)| rule(stored));
            found.map(|(conversation, _)| Arc::clone(conversation)).collect()
        };
        let had_one_who_is_gone = |stored: &StoredTicket| {
            stored.ticket.agent.as_ref().is_some_and(|agent| gone.contains(&agent.id))
        };
        let silent = |stored: &StoredTicket| {
            stored.ticket.online && stored.seen_ms <= before(now_ms, present_for)
        };
        let is_unanswered = |stored: &StoredTicket| {
            stored.answer_by_ms.is_some_and(|by| by <= now_ms) && !had_one_who_is_gone(stored)
        };
        let (of_lost_agents, silent, unanswered) =
            (of(&had_one_who_is_gone), of(&silent), of(&is_unanswered));
        for conversation in of_lost_agents {
            let ticket = self.requeue(&conversation, now_ms, |ticket| ticket.agent = None);
            changes.extend(ticket.map(DeskChange::Ticket));
        }
        for conversation in unanswered {
            let ticket = self.requeue(&conversation, now_ms, |ticket| {
                ticket.unanswered_by = ticket.agent.take().map(Box::new);
            });
            changes.extend(ticket.map(DeskChange::Ticket));
        }
        for conversation in silent {
            let ticket = self.change(&conversation, now_ms, |ticket| ticket.online = false);
            changes.extend(ticket.map(DeskChange::Ticket));
        }
        let is_over = |stored: &&StoredTicket| {
            let StoredTicket { ticket, seen_ms, .. } = stored;
            ticket.waits() && !ticket.online && *seen_ms <= before(now_ms, expires_after)
        };
        let over: Vec<Arc<str>> = self
            .tickets
            .values()
            .filter(is_over)
            .map(|it| it.ticket.conversation.as_str().into())
            .collect();
        for conversation in over {
            let gone = self.take_away(&conversation, TicketGoneReason::Expired, now_ms);
            changes.extend(gone.map(DeskChange::Gone));
        }
        self.gone.retain(|_, (_, until)| *until > now_ms);
        changes
    }

    /// Assigns an existing ticket to an agent.
    fn give(&mut self, conversation: &Arc<str>, agent: Agent, now_ms: u64) -> Ticket {
        self.agents.acted(&agent, now_ms);
        let ticket = self
            .change(conversation, now_ms, |ticket| {
                (ticket.agent, ticket.unanswered_by) = (Some(agent), None);
            })
            .expect("callers have looked it up");
        let answer_by_ms = self.answer_by(now_ms);
        if let Some(stored) = self.tickets.get_mut(conversation) {
            stored.answer_by_ms = answer_by_ms;
        }
        self.waiting.remove(&(ticket.since_ms, Arc::clone(conversation)));
        ticket
    }

    /// Takes a conversation from its agent; it returns to its old place in the queue.
    fn requeue(
        &mut self,
        conversation: &Arc<str>,
        now_ms: u64,
        what: impl FnOnce(&mut Ticket),
    ) -> Option<Ticket> {
        self.tickets.get_mut(conversation)?.answer_by_ms = None;
        let ticket = self.change(conversation, now_ms, what)?;
        self.waiting.insert((ticket.since_ms, Arc::clone(conversation)));
        Some(ticket)
    }

    /// Deadline of the reply to a message that arrives now.
    fn answer_by(&self, now_ms: u64) -> Option<u64> {
        self.limits.answer_within.map(|span| now_ms.saturating_add(millis(span)))
    }

    fn take_away(
        &mut self,
        conversation: &Arc<str>,
        why: TicketGoneReason,
        now_ms: u64,
    ) -> Option<TicketGone> {
        let (conversation, StoredTicket { ticket, .. }) =
            self.tickets.remove_entry(conversation)?;
        self.waiting.remove(&(ticket.since_ms, Arc::clone(&conversation)));
        let rev = self.next_rev(now_ms);
        let gone = TicketGone { conversation: ticket.conversation, why, agent: ticket.agent, rev };
        let until = now_ms.saturating_add(millis(self.limits.remembers_for));
        self.gone.insert(conversation, (gone.clone(), until));
        Some(gone)
    }

    fn change(
        &mut self,
        conversation: &str,
        now_ms: u64,
        what: impl FnOnce(&mut Ticket),
    ) -> Option<Ticket> {
        let rev = self.next_rev(now_ms);
        let StoredTicket { ticket, .. } = self.tickets.get_mut(conversation)?;
        what(ticket);
        ticket.rev = rev;
        Some(ticket.clone())
    }

    /// At least the present time, so that it increases even after a loss of all state.
    fn next_rev(&mut self, now_ms: u64) -> u64 {
        self.rev = now_ms.max(self.rev + 1);
        self.rev
    }
}

/// The recent rate at which conversations were taken.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    last_take_ms: u64,
    gaps_ms: VecDeque<u64>,
}

impl Pace {
    /// Most takes in the estimate: enough that one quick take does not dominate, few enough to follow the present rate.
    pub const TAKES: usize = 20;

    /// A conversation that waited since `since_ms` was taken. Counts the time at the head of the queue: since the
    /// previous take, or since it joined an empty queue.
    fn taken(&mut self, since_ms: u64, now_ms: u64) {
        self.gaps_ms.push_front(now_ms.saturating_sub(self.last_take_ms.max(since_ms)));
        self.gaps_ms.truncate(Self::TAKES);
        self.last_take_ms = now_ms;
    }

    /// Estimated wait for a place in the queue; none without a take.
    pub fn wait(gaps_ms: impl IntoIterator<Item = u64>, place: usize) -> Option<Duration> {
        let (mut sum, mut count) = (0_u64, 0_u64);
        for gap in gaps_ms {
            sum = sum.saturating_add(gap);
            count += 1;
        }
        let place = u64::try_from(place).unwrap_or(u64::MAX);
        (count > 0).then(|| Duration::from_millis((sum / count).saturating_mul(place)))
    }

    fn of_place(&self, place: usize) -> Option<Duration> {
        Self::wait(self.gaps_ms.iter().copied(), place)
    }
}

fn before(now_ms: u64, span: Duration) -> u64 {
    now_ms.saturating_sub(millis(span))
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_estimate_before_the_first_take() {
        assert_eq!(Pace::default().of_place(1), None);
    }

    #[test]
    fn the_pace_counts_from_the_arrival_at_an_empty_queue_or_else_from_the_previous_take() {
        let mut pace = Pace::default();
        pace.taken(10_000, 14_000);
        assert_eq!(pace.of_place(1), Some(Duration::from_secs(4)));
        // Waited since before the last take: the queue advanced by one in two seconds.
        pace.taken(11_000, 16_000);
        assert_eq!(pace.of_place(1), Some(Duration::from_secs(3)));
        assert_eq!(pace.of_place(4), Some(Duration::from_secs(12)));
    }

    #[test]
    fn old_takes_do_not_count_in_the_pace() {
        let mut pace = Pace::default();
        pace.taken(0, 1_000_000);
        for take in 1..=20 {
            pace.taken(0, 1_000_000 + take * 1_000);
        }
        assert_eq!(pace.of_place(1), Some(Duration::from_secs(1)));
    }
}
