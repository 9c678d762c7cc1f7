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

use hsc_actors::ports::{DeskReply, HandoffDesk};
use hsc_actors::{DeskLimits, Pace};
use hsc_conversation::desk::{
    ConnectedVisitors, DeskChange, DeskError, DeskView, HandoffRequest, OnBehalfOf, QueuePlace,
    ReleaseKind, TicketDetails, VisitorEnds,
};
use hsc_conversation::protocol::{
    AboutProduct, Agent, Presence, Speaker, Ticket, TicketGone, TicketGoneReason,
};
use redis::{FromRedisValue, Script, ToRedisArgs};

use super::Link;
use super::link::millis;

/// A script of the desk. Redis caches it by its hash; a Redis that has lost it gets it again.
fn script(text: &str) -> Script {
    Script::new(&[include_str!("desk/base.lua"), text].concat())
}

/// A visitor requests an agent.
static REQUEST: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/request.lua")));
/// A visitor no longer requests an agent.
static END: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/end.lua")));
/// An agent takes a conversation.
static TAKE: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/take.lua")));
/// An agent releases a conversation.
static RELEASE: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/release.lua")));
/// Sets the last message.
static TOUCH: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/touch.lua")));
/// Sets the details of a visitor.
static DESCRIBE: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/describe.lua")));
/// Refreshes the presence of connected visitors.
static VISITORS: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/visitors.lua")));
/// A visitor has disconnected.
static DISCONNECT: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/disconnect.lua")));
/// Finds how a conversation left the desk.
static FIND: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/find.lua")));
/// Positions in the queue.
static PLACES: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/places.lua")));
/// The whole desk.
static SNAPSHOT: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/snapshot.lua")));
/// An agent is present, or has closed a connection.
static AGENT: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/agent.lua")));
/// Applies timeouts.
static EXPIRE: LazyLock<Script> = LazyLock::new(|| script(include_str!("desk/expire.lua")));

/// The desk in Redis. Cheap to clone.
#[derive(Clone)]
pub struct RedisDesk {
    link: Link,
    pod: Arc<str>,
    limits: DeskLimits,
}

impl RedisDesk {
    /// The desk as this pod sees it.
    pub fn new(link: Link, pod: Arc<str>, limits: DeskLimits) -> Self {
        Self { link, pod, limits }
    }

    /// How long a visitor waits for an agent, in milliseconds; 0 is without a limit.
    fn answer_within(&self) -> u64 {
        self.limits.answer_within.map_or(0, millis)
    }

    fn ask<T: Send + 'static, R: FromRedisValue + Send>(
        &self,
        script: &'static Script,
        arguments: impl ToRedisArgs,
        read: impl FnOnce(R) -> Result<T, DeskError> + Send + 'static,
    ) -> DeskReply<T> {
        let mut call = script.arg(arguments);
        // The number is the version: another version uses other keys, so no version misreads another.
        call.key(format!("{}:{{desk1}}", self.link.prefix()));
        let link = self.link.clone();
        Box::pin(async move { read(link.invoke(call).await.map_err(DeskError::unavailable)?) })
    }
}

impl HandoffDesk for RedisDesk {
    fn request(&self, request: HandoffRequest) -> DeskReply<Ticket> {
        let since = request.since_ms.map(|since| since.to_string()).unwrap_or_default();
        let agent = request.agent.map(|agent| (agent.id, agent.name)).unwrap_or_default();
        let arguments = (
            self.limits.max_waiting,
            &*request.conversation,
            &*self.pod,
            since,
            agent,
            request.last.unwrap_or_default(),
            if request.awaits_answer { self.answer_within() } else { 0 },
            named_details(request.details),
        );
        self.ask(&REQUEST, arguments, |reply| there(of_ticket(reply)?))
    }

    fn end(&self, conversation: Arc<str>, how: VisitorEnds) -> DeskReply<Option<TicketGone>> {
        let why = TicketGoneReason::from(how).as_str();
        let withdraws = u8::from(how == VisitorEnds::Withdraws);
        let remembers_for = millis(self.limits.remembers_for);
        self.ask(&END, (&*conversation, why, withdraws, remembers_for), of_gone)
    }

    fn take(&self, conversation: Arc<str>, agent: Agent) -> DeskReply<Ticket> {
        let Agent { id, name } = agent;
        let arguments = (&*conversation, id, name, Pace::TAKES, self.answer_within());
        self.ask(&TAKE, arguments, |reply| there(of_ticket(reply)?))
    }

    fn release(
        &self,
        conversation: Arc<str>,
        by: OnBehalfOf,
        how: ReleaseKind,
    ) -> DeskReply<DeskChange> {
        let (colleague, why) = match how {
            ReleaseKind::To(colleague) => (colleague, ""),
            ReleaseKind::ToMachine => (String::new(), TicketGoneReason::Returned.as_str()),
            ReleaseKind::Close => (String::new(), TicketGoneReason::Closed.as_str()),
        };
        let arguments = (
            &*conversation,
            by.agent.id,
            u8::from(by.is_admin),
            colleague,
            why,
            millis(self.limits.remembers_for),
            self.answer_within(),
        );
        self.ask(&RELEASE, arguments, |reply| there(of_change(reply)?))
    }

    fn touch(
        &self,
        conversation: Arc<str>,
        last: String,
        by: Speaker,
    ) -> DeskReply<Option<Ticket>> {
        let by = <&str>::from(by);
        self.ask(&TOUCH, (&*conversation, last, by, self.answer_within()), of_ticket)
    }

    fn describe(
        &self,
        conversation: Arc<str>,
        details: TicketDetails,
    ) -> DeskReply<Option<Ticket>> {
        self.ask(&DESCRIBE, (&*conversation, named_details(details)), of_ticket)
    }

    fn visitors_here(&self, conversations: Vec<Arc<str>>) -> DeskReply<ConnectedVisitors> {
        let arguments = (&*self.pod, texts(&conversations));
        self.ask(&VISITORS, arguments, |(changed, now): (Vec<Reply>, Vec<Reply>)| {
            let changed = changed.into_iter().map(|reply| there(of_ticket(reply)?));
            let now = now.into_iter().filter_map(|reply| of_change(reply).transpose());
            Ok(ConnectedVisitors {
                changed: changed.collect::<Result<_, _>>()?,
                now: now.collect::<Result<_, _>>()?,
            })
        })
    }

    fn visitor_left(&self, conversation: Arc<str>) -> DeskReply<Option<Ticket>> {
        self.ask(&DISCONNECT, (&*self.pod, &*conversation), of_ticket)
    }

    fn find(&self, conversation: Arc<str>) -> DeskReply<Option<DeskChange>> {
        self.ask(&FIND, &*conversation, of_change)
    }

    fn places(&self, conversations: Vec<Arc<str>>) -> DeskReply<Vec<(Arc<str>, QueuePlace)>> {
        let asked = conversations.clone();
        self.ask(&PLACES, texts(&asked), move |(places, gaps): (Vec<usize>, Vec<u64>)| {
            let place =
                |number| QueuePlace { number, wait: Pace::wait(gaps.iter().copied(), number) };
            let all = conversations.into_iter().zip(places);
            let waiting = all.filter(|(_, number)| *number > 0);
            Ok(waiting.map(|(conversation, number)| (conversation, place(number))).collect())
        })
    }

    fn snapshot(&self) -> DeskReply<DeskView> {
        /// Id, name, and "1" for an agent who is available.
        type AgentReply = (String, String, String);
        self.ask(&SNAPSHOT, texts(&[]), |(tickets, agents): (Vec<Reply>, Vec<AgentReply>)| {
            let tickets = tickets.into_iter().map(|reply| there(of_ticket(reply)?));
            let mut tickets: Vec<Ticket> = tickets.collect::<Result<_, _>>()?;
            tickets
                .sort_by(|a, b| (a.since_ms, &a.conversation).cmp(&(b.since_ms, &b.conversation)));
            let presence = |(id, name, available): AgentReply| Presence {
                agent: Agent { id, name },
                available: available == "1",
            };
            let mut agents: Vec<Presence> = agents.into_iter().map(presence).collect();
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
        let present_for = millis(self.limits.present_for);
        let available = available.map_or("", |available| if available { "1" } else { "0" });
        self.ask(&AGENT, (agent.id, agent.name, &*socket_id, present_for, available), Ok)
    }

    fn agent_left(&self, agent: Agent, socket_id: Arc<str>) -> DeskReply<bool> {
        self.ask(&AGENT, (agent.id, agent.name, &*socket_id, "", ""), Ok)
    }

    fn apply_timeouts(&self) -> DeskReply<Vec<DeskChange>> {
        let DeskLimits { present_for, returns_after, expires_after, remembers_for, .. } =
            self.limits;
        let spans = [present_for, returns_after, expires_after, remembers_for].map(millis);
        self.ask(&EXPIRE, &spans[..], |replies: Vec<Reply>| {
            replies.into_iter().filter_map(|reply| of_change(reply).transpose()).collect()
        })
    }
}

fn texts(conversations: &[Arc<str>]) -> Vec<&str> {
    conversations.iter().map(|conversation| &**conversation).collect()
}

/// Names and values, so that a script reads each by its name; unknown details are left out.
fn named_details(details: TicketDetails) -> Vec<(&'static str, String)> {
    let TicketDetails { product, visitor, locale, scenario, page, reason } = details;
    let (product, product_name) = product.map(|it| (it.id, it.name)).unzip();
    let scenario = scenario.map(|it| it.as_str().to_owned());
    let details = [
        ("product", product),
        ("product_name", product_name),
        ("visitor", visitor),
        ("locale", locale),
        ("scenario", scenario),
        ("page", page),
        ("reason", reason),
    ];
    details.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
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
