//! The desk in Redis, as one pod sees it: [`HandoffDesk`] for many pods.
//!
//! Owns      nothing: all state is in Redis.
//! Never     waits longer than the link's bound for one call, nor starts a call while Redis is known to be down; decides
//!           from data that the pod read earlier.
//! On crash  loses nothing with the pod.
//!
//! All its keys are in one slot of a Cluster, and each call is one atomic script: if two agents on two pods take one
//! conversation at the same time, exactly one gets it. Times are those of Redis, so the clocks of pods need not agree.

use std::str::FromStr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hsc_actors::ports::{DeskReply, HandoffDesk};
use hsc_actors::{DeskLimits, Pace};
use hsc_conversation::desk::{
    ConnectedVisitors, DeskChange, DeskError, DeskView, HandoffRequest, OnBehalfOf, QueuePlace,
    ReleaseKind, TicketDetails, VisitorEnds,
};
use hsc_conversation::protocol::{
    AboutProduct, Agent, Presence, Speaker, Ticket, TicketGone, TicketGoneReason,
};
use redis::{FromRedisValue, Script, ScriptInvocation};

use super::Link;

// Redis caches the scripts by their hash; a Redis that has lost them gets them again.
macro_rules! scripts {
    ($($(#[$meta:meta])* $name:ident = $file:literal;)*) => {$(
        $(#[$meta])*
        static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!(include_str!("desk/base.lua"), include_str!($file))));
    )*};
}

scripts! {
    /// A visitor requests an agent.
    REQUEST = "desk/request.lua";
    /// A visitor no longer requests an agent.
    END = "desk/end.lua";
    /// An agent takes a conversation.
    TAKE = "desk/take.lua";
    /// An agent releases a conversation.
    RELEASE = "desk/release.lua";
    /// Sets the last message.
    TOUCH = "desk/touch.lua";
    /// Sets the details of a visitor.
    DESCRIBE = "desk/describe.lua";
    /// Refreshes the presence of connected visitors.
    VISITORS = "desk/visitors.lua";
    /// A visitor has disconnected.
    DISCONNECT = "desk/disconnect.lua";
    /// Finds how a conversation left the desk.
    FIND = "desk/find.lua";
    /// Positions in the queue.
    PLACES = "desk/places.lua";
    /// The whole desk.
    SNAPSHOT = "desk/snapshot.lua";
    /// An agent is present, or has closed a connection.
    AGENT = "desk/agent.lua";
    /// Applies timeouts.
    EXPIRE = "desk/expire.lua";
}

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

    fn ask<T: Send + 'static, R: FromRedisValue + Send>(
        &self,
        script: ScriptInvocation<'static>,
        read: impl FnOnce(R) -> Result<T, DeskError> + Send + 'static,
    ) -> DeskReply<T> {
        let link = self.link.clone();
        Box::pin(async move { read(link.invoke(script).await.map_err(DeskError::unavailable)?) })
    }
}

impl HandoffDesk for RedisDesk {
    fn request(&self, request: HandoffRequest) -> DeskReply<Ticket> {
        let mut script = self.script(&REQUEST);
        script.arg(self.limits.max_waiting).arg(&*request.conversation).arg(&*self.pod);
        script.arg(request.since_ms.map(|since| since.to_string()).unwrap_or_default());
        let agent = request.agent.map(|agent| (agent.id, agent.name)).unwrap_or_default();
        script.arg(agent.0).arg(agent.1).arg(request.last.unwrap_or_default());
        script.arg(if request.awaits_answer { self.answer_within() } else { 0 });
        give_details(&mut script, request.details);
        self.ask(script, |reply| there(of_ticket(reply)?))
    }

    fn end(&self, conversation: Arc<str>, how: VisitorEnds) -> DeskReply<Option<TicketGone>> {
        let mut script = self.script(&END);
        script.arg(&*conversation).arg(TicketGoneReason::from(how).as_str());
        script.arg(u8::from(how == VisitorEnds::Withdraws)).arg(millis(self.limits.remembers_for));
        self.ask(script, of_gone)
    }

    fn take(&self, conversation: Arc<str>, agent: Agent) -> DeskReply<Ticket> {
        let mut script = self.script(&TAKE);
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
        let mut script = self.script(&RELEASE);
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
        let mut script = self.script(&TOUCH);
        script.arg(&*conversation).arg(last).arg(<&str>::from(by)).arg(self.answer_within());
        self.ask(script, of_ticket)
    }

    fn describe(
        &self,
        conversation: Arc<str>,
        details: TicketDetails,
    ) -> DeskReply<Option<Ticket>> {
        let mut script = self.script(&DESCRIBE);
        script.arg(&*conversation);
        give_details(&mut script, details);
        self.ask(script, of_ticket)
    }

    fn visitors_here(&self, conversations: Vec<Arc<str>>) -> DeskReply<ConnectedVisitors> {
        let mut script = self.script(&VISITORS);
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
        let mut script = self.script(&DISCONNECT);
        script.arg(&*self.pod).arg(&*conversation);
        self.ask(script, of_ticket)
    }

    fn find(&self, conversation: Arc<str>) -> DeskReply<Option<DeskChange>> {
        let mut script = self.script(&FIND);
        script.arg(&*conversation);
        self.ask(script, of_change)
    }

    fn places(&self, conversations: Vec<Arc<str>>) -> DeskReply<Vec<(Arc<str>, QueuePlace)>> {
        let mut script = self.script(&PLACES);
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
        let script = self.script(&SNAPSHOT);
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
        let mut script = self.script(&AGENT);
        script.arg(agent.id).arg(agent.name).arg(&*socket_id).arg(millis(self.limits.present_for));
        match available {
            Some(available) => script.arg(u8::from(available)),
            None => script.arg(""),
        };
        self.ask(script, Ok)
    }

    fn agent_left(&self, agent: Agent, socket_id: Arc<str>) -> DeskReply<bool> {
        let mut script = self.script(&AGENT);
        script.arg(agent.id).arg(agent.name).arg(&*socket_id).arg("").arg("");
        self.ask(script, Ok)
    }

    fn apply_timeouts(&self) -> DeskReply<Vec<DeskChange>> {
        let DeskLimits { present_for, returns_after, expires_after, remembers_for, .. } =
            self.limits;
        let mut script = self.script(&EXPIRE);
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

/// A reply: a word, followed by texts.
type Reply = Vec<String>;

/// The change, or why it was refused; `None` when there was nothing to change.
fn of_change(reply: Reply) -> Result<Option<DeskChange>, DeskError> {
    let words: Vec<&str> = reply.iter().map(String::as_str).collect();
    match *words.as_slice() {
        [] => Ok(None),
        ["ticket", ref rest @ ..] => ticket(rest).map(DeskChange::Ticket).map(Some),
        ["gone", conversation, why, agent, name, rev] => Ok(Some(DeskChange::Gone(TicketGone {
            conversation: conversation.to_owned(),
            why: parsed(why)?,
            agent: agent_of(agent, name),
            rev: parsed(rev)?,
        }))),
        ["agents"] => Ok(Some(DeskChange::Agents)),
        ["unknown"] => Err(DeskError::NoSuchConversation),
        ["full"] => Err(DeskError::Full),
        ["not_present"] => Err(DeskError::NotPresent),
        ["not_yours", agent, name] => Err(DeskError::NotYours { by: agent_of(agent, name) }),
        ["taken", agent, name] => {
            Err(agent_of(agent, name).map_or_else(not_understood, |by| DeskError::Taken { by }))
        }
        _ => Err(not_understood()),
    }
}

/// The ticket, if there is one.
fn of_ticket(reply: Reply) -> Result<Option<Ticket>, DeskError> {
    match of_change(reply)? {
        None => Ok(None),
        Some(DeskChange::Ticket(ticket)) => Ok(Some(ticket)),
        Some(_) => Err(not_understood()),
    }
}

/// How a conversation left the desk, if it did.
fn of_gone(reply: Reply) -> Result<Option<TicketGone>, DeskError> {
    match of_change(reply)? {
        None => Ok(None),
        Some(DeskChange::Gone(gone)) => Ok(Some(gone)),
        Some(_) => Err(not_understood()),
    }
}

/// The presence of an agent.
fn of_presence(reply: &Reply) -> Result<Presence, DeskError> {
    match reply.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [id, name, available] => {
            let agent = agent_of(id, name).ok_or_else(not_understood)?;
            Ok(Presence { agent, available: available == "1" })
        }
        _ => Err(not_understood()),
    }
}

/// A value that the reply must contain.
fn there<T>(found: Option<T>) -> Result<T, DeskError> {
    found.ok_or_else(not_understood)
}

fn ticket(words: &[&str]) -> Result<Ticket, DeskError> {
    let &[
        conversation,
        product,
        product_name,
        visitor,
        locale,
        reason,
        last,
        since,
        agent,
        agent_name,
        online,
        pod,
        rev,
        unanswered_by,
        unanswered_by_name,
        scenario,
        page,
    ] = words
    else {
        return Err(not_understood());
    };
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let product = text(product).map(|id| AboutProduct { id, name: product_name.to_owned() });
    Ok(Ticket {
        conversation: conversation.to_owned(),
        product,
        visitor: text(visitor),
        locale: text(locale),
        scenario: scenario.parse().ok(),
        page: text(page),
        reason: text(reason),
        last: text(last),
        since_ms: parsed(since)?,
        agent: agent_of(agent, agent_name),
        unanswered_by: agent_of(unanswered_by, unanswered_by_name).map(Box::new),
        online: online == "1",
        pod: pod.to_owned(),
        rev: parsed(rev)?,
    })
}

fn agent_of(id: &str, name: &str) -> Option<Agent> {
    (!id.is_empty()).then(|| Agent { id: id.to_owned(), name: name.to_owned() })
}

fn parsed<T: FromStr>(text: &str) -> Result<T, DeskError> {
    text.parse().map_err(|_| not_understood())
}

fn not_understood() -> DeskError {
    DeskError::unavailable("Redis answered a script of the desk with something that is no answer")
}
