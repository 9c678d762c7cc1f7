//! Parses the replies of the scripts. An unexpected reply is an error and never a panic.

use hsc_catalogs::Scenario;
use hsc_conversation::desk::{DeskChange, DeskError};
use hsc_conversation::protocol::{
    AboutProduct, Agent, Presence, Ticket, TicketGone, TicketGoneReason,
};
use strum::VariantArray as _;

/// A reply: a word, followed by texts.
pub(super) type Reply = Vec<String>;

/// The change, or why it was refused; `None` when there was nothing to change.
pub(super) fn of_change(reply: Reply) -> Result<Option<DeskChange>, DeskError> {
    let words: Vec<&str> = reply.iter().map(String::as_str).collect();
    match *words.as_slice() {
        [] => Ok(None),
        ["ticket", ref rest @ ..] => ticket(rest).map(DeskChange::Ticket).map(Some),
        ["gone", conversation, why, agent, name, rev] => {
            let conversation = conversation.to_owned();
            let (why, rev) = (gone_why(why)?, number(rev)?);
            Ok(Some(DeskChange::Gone(TicketGone {
                conversation,
                why,
                agent: agent_of(agent, name),
                rev,
            })))
        }
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
pub(super) fn of_ticket(reply: Reply) -> Result<Option<Ticket>, DeskError> {
    match of_change(reply)? {
        None => Ok(None),
        Some(DeskChange::Ticket(ticket)) => Ok(Some(ticket)),
        Some(_) => Err(not_understood()),
    }
}

/// How a conversation left the desk, if it did.
pub(super) fn of_gone(reply: Reply) -> Result<Option<TicketGone>, DeskError> {
    match of_change(reply)? {
        None => Ok(None),
        Some(DeskChange::Gone(gone)) => Ok(Some(gone)),
        Some(_) => Err(not_understood()),
    }
}

/// The presence of an agent.
pub(super) fn of_presence(reply: &Reply) -> Result<Presence, DeskError> {
    match reply.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [id, name, available] => {
            let agent = agent_of(id, name).ok_or_else(not_understood)?;
            Ok(Presence { agent, available: available == "1" })
        }
        _ => Err(not_understood()),
    }
}

/// A value that the reply must contain.
pub(super) fn there<T>(found: Option<T>) -> Result<T, DeskError> {
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
        scenario: Scenario::VARIANTS.iter().copied().find(|it| it.as_str() == scenario),
        page: text(page),
        reason: text(reason),
        last: text(last),
        since_ms: number(since)?,
        agent: agent_of(agent, agent_name),
        unanswered_by: agent_of(unanswered_by, unanswered_by_name).map(Box::new),
        online: online == "1",
        pod: pod.to_owned(),
        rev: number(rev)?,
    })
}

fn agent_of(id: &str, name: &str) -> Option<Agent> {
    (!id.is_empty()).then(|| Agent { id: id.to_owned(), name: name.to_owned() })
}

fn gone_why(word: &str) -> Result<TicketGoneReason, DeskError> {
    TicketGoneReason::ALL.into_iter().find(|why| why.as_str() == word).ok_or_else(not_understood)
}

fn number(text: &str) -> Result<u64, DeskError> {
    text.parse().map_err(|_| not_understood())
}

fn not_understood() -> DeskError {
    DeskError::unavailable("Redis answered a script of the desk with something that is no answer")
}
