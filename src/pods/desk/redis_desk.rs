//! The desk in Redis, as one pod sees it.
//!
//! Owns      nothing: all state is in Redis.
//! Never     waits longer than the link's bound for one call, nor starts a call while Redis is known to be down.
//! On crash  loses nothing with the pod.

use std::sync::Arc;
use std::time::Duration;

use hsc_actors::ports::{DeskReply, HandoffDesk};
use hsc_actors::{DeskLimits, Pace};
use hsc_conversation::desk::{
    ConnectedVisitors, DeskChange, DeskError, DeskView, HandoffRequest, OnBehalfOf, QueuePlace,
    ReleaseKind, TicketDetails, VisitorEnds,
};
use hsc_conversation::protocol::{Agent, Speaker, Ticket, TicketGone, TicketGoneReason};
use redis::{FromRedisValue, Script, ScriptInvocation};

use super::reply::{Reply, of_change, of_gone, of_presence, of_ticket, there};
use super::scripts;
use crate::pods::Link;

/// The desk in Redis. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RedisDesk {
    link: Link,
    pod: Arc<str>,
    limits: DeskLimits,
}

impl RedisDesk {
    /// The desk as this pod sees it.
    #[must_use]
    pub fn new(link: Link, pod: Arc<str>, limits: DeskLimits) -> Self {
        Self { link, pod, limits }
    }

    /// The number is the version: another version uses other keys, so no version misreads another.
    fn script(&self, script: &'static Script) -> ScriptInvocation<'static> {
        let mut script = script.prepare_invoke();
        script.key(format!("{}:{{desk1}}", self.link.prefix()));
        script
    }

    /// How long a visitor waits for an agent, in milliseconds; 0 is without a limit.
    fn answer_within(&self) -> u64 {
        self.limits.answer_within.map_or(0, millis)
    }

    async fn invoke<T: FromRedisValue>(
        &self,
        script: ScriptInvocation<'static>,
    ) -> Result<T, DeskError> {
        let run = |mut connection| async move { script.invoke_async(&mut connection).await };
        self.link.run(run).await.map_err(DeskError::unavailable)
    }

    /// Runs a script in a task of its own.
    fn ask<T: Send + 'static, R: FromRedisValue + Send>(
        &self,
        script: ScriptInvocation<'static>,
        read: impl FnOnce(R) -> Result<T, DeskError> + Send + 'static,
    ) -> DeskReply<T> {
        let desk = self.clone();
        Box::pin(async move { read(desk.invoke(script).await?) })
    }
}

impl HandoffDesk for RedisDesk {
    fn request(&self, request: HandoffRequest) -> DeskReply<Ticket> {
        let mut script = self.script(&scripts::REQUEST);
        script.arg(self.limits.max_waiting).arg(&*request.conversation).arg(&*self.pod);
        script.arg(request.since_ms.map(|since| since.to_string()).unwrap_or_default());
        let details = request.details();
        let agent = request.agent.map(|agent| (agent.id, agent.name)).unwrap_or_default();
        script.arg(agent.0).arg(agent.1).arg(request.last.unwrap_or_default());
        script.arg(if request.awaits_answer { self.answer_within() } else { 0 });
        give_details(&mut script, details);
        self.ask(script, |reply| there(of_ticket(reply)?))
    }

    fn end(&self, conversation: Arc<str>, how: VisitorEnds) -> DeskReply<Option<TicketGone>> {
        let mut script = self.script(&scripts::END);
        script.arg(&*conversation).arg(TicketGoneReason::from(how).as_str());
        script.arg(u8::from(how == VisitorEnds::Withdraws)).arg(millis(self.limits.remembers_for));
        self.ask(script, of_gone)
    }

    fn take(&self, conversation: Arc<str>, agent: Agent) -> DeskReply<Ticket> {
        let mut script = self.script(&scripts::TAKE);
        script.arg(&*conversation).arg(agent.id).arg(agent.name).arg(Pace::TAKES);
        script.arg(self.answer_within());
        self.ask(script, |reply| there(of_ticket(reply)?))
    }

    fn release(
        &self,
        conversation: Arc<str>,
        by: OnBehalfOf,
        how: ReleaseKind,
    ) -> DeskReply<DeskChange> {
        let mut script = self.script(&scripts::RELEASE);
        script.arg(&*conversation).arg(by.agent.id).arg(u8::from(by.is_admin));
        match how {
            ReleaseKind::To(colleague) => script.arg(colleague).arg(""),
            ReleaseKind::ToMachine => script.arg("").arg(TicketGoneReason::Returned.as_str()),
            ReleaseKind::Close => script.arg("").arg(TicketGoneReason::Closed.as_str()),
        };
        script.arg(millis(self.limits.remembers_for)).arg(self.answer_within());
        self.ask(script, |reply| there(of_change(reply)?))
    }

    fn touch(
        &self,
        conversation: Arc<str>,
        last: String,
        by: Speaker,
    ) -> DeskReply<Option<Ticket>> {
        let mut script = self.script(&scripts::TOUCH);
        let by = match by {
            Speaker::Visitor => "visitor",
            Speaker::Agent => "agent",
        };
        script.arg(&*conversation).arg(last).arg(by).arg(self.answer_within());
        self.ask(script, of_ticket)
    }

    fn describe(
        &self,
        conversation: Arc<str>,
        details: TicketDetails,
    ) -> DeskReply<Option<Ticket>> {
        let mut script = self.script(&scripts::DESCRIBE);
        script.arg(&*conversation);
        give_details(&mut script, details);
        self.ask(script, of_ticket)
    }

    fn visitors_here(&self, conversations: Vec<Arc<str>>) -> DeskReply<ConnectedVisitors> {
        let mut script = self.script(&scripts::VISITORS);
        script.arg(&*self.pod);
        for conversation in &conversations {
            script.arg(&**conversation);
        }
        self.ask(script, |(changed, now): (Vec<Reply>, Vec<Reply>)| {
            let changed = changed.into_iter().map(|reply| there(of_ticket(reply)?));
            let now = now.into_iter().filter_map(|reply| of_change(reply).transpose());
            Ok(ConnectedVisitors {
                changed: changed.collect::<Result<_, _>>()?,
                now: now.collect::<Result<_, _>>()?,
            })
        })
    }

    fn visitor_left(&self, conversation: Arc<str>) -> DeskReply<Option<Ticket>> {
        let mut script = self.script(&scripts::DISCONNECT);
        script.arg(&*self.pod).arg(&*conversation);
        self.ask(script, of_ticket)
    }

    fn find(&self, conversation: Arc<str>) -> DeskReply<Option<DeskChange>> {
        let mut script = self.script(&scripts::FIND);
        script.arg(&*conversation);
        self.ask(script, of_change)
    }

    fn places(&self, conversations: Vec<Arc<str>>) -> DeskReply<Vec<(Arc<str>, QueuePlace)>> {
        let mut script = self.script(&scripts::PLACES);
        for conversation in &conversations {
            script.arg(&**conversation);
        }
        self.ask(script, move |(places, gaps): (Vec<usize>, Vec<u64>)| {
            let place =
                |number| QueuePlace { number, wait: Pace::wait(gaps.iter().copied(), number) };
            let all = conversations.into_iter().zip(places);
            let waiting = all.filter(|(_, number)| *number > 0);
            Ok(waiting.map(|(conversation, number)| (conversation, place(number))).collect())
        })
    }

    fn snapshot(&self) -> DeskReply<DeskView> {
        let script = self.script(&scripts::SNAPSHOT);
        self.ask(script, |(tickets, agents): (Vec<Reply>, Vec<Reply>)| {
            let tickets = tickets.into_iter().map(|reply| there(of_ticket(reply)?));
            let mut tickets: Vec<Ticket> = tickets.collect::<Result<_, _>>()?;
            tickets
                .sort_by(|a, b| (a.since_ms, &a.conversation).cmp(&(b.since_ms, &b.conversation)));
            let mut agents =
                agents.iter().map(of_presence).collect::<Result<Vec<_>, DeskError>>()?;
            agents.sort_by(|a, b| (&a.agent.name, &a.agent.id).cmp(&(&b.agent.name, &b.agent.id)));
            Ok(DeskView { tickets, agents })
        })
    }

    fn agent_here(
        &self,
        agent: Agent,
        socket_id: Arc<str>,
        available: Option<bool>,
    ) -> DeskReply<bool> {
        let mut script = self.script(&scripts::AGENT);
        script.arg(agent.id).arg(agent.name).arg(&*socket_id).arg(millis(self.limits.present_for));
        match available {
            Some(available) => script.arg(u8::from(available)),
            None => script.arg(""),
        };
        self.ask(script, Ok)
    }

    fn agent_left(&self, agent: Agent, socket_id: Arc<str>) -> DeskReply<bool> {
        let mut script = self.script(&scripts::AGENT);
        script.arg(agent.id).arg(agent.name).arg(&*socket_id).arg("").arg("");
        self.ask(script, Ok)
    }

    fn apply_timeouts(&self) -> DeskReply<Vec<DeskChange>> {
        let DeskLimits { present_for, returns_after, expires_after, remembers_for, .. } =
            self.limits;
        let mut script = self.script(&scripts::EXPIRE);
        for span in [present_for, returns_after, expires_after, remembers_for] {
            script.arg(millis(span));
        }
        self.ask(script, |replies: Vec<Reply>| {
            replies.into_iter().filter_map(|reply| of_change(reply).transpose()).collect()
        })
    }
}

/// Names and values, so that a script reads each by its name; unknown details are left out.
fn give_details(script: &mut ScriptInvocation<'static>, details: TicketDetails) {
    let TicketDetails { product, visitor, locale, scenario, page, reason } = details;
    let (product, product_name) = product.map(|it| (it.id, it.name)).unzip();
    let scenario = scenario.map(|it| it.as_str().to_owned());
    for (name, value) in [
        ("product", product),
        ("product_name", product_name),
        ("visitor", visitor),
        ("locale", locale),
        ("scenario", scenario),
        ("page", page),
        ("reason", reason),
    ] {
        if let Some(value) = value {
            script.arg(name).arg(value);
        }
    }
}

fn millis(span: Duration) -> u64 {
    // A hundred years: Redis adds this to a signed 64-bit time since 1970.
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).min(3_155_760_000_000)
}
