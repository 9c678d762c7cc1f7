//! Projects an agent's action to an audit entry: account, action and conversation, never the text.
//!
//! The input is the agent's action and not the event that follows from it: the audit has the agent's address, and a
//! note or a break is not an event of a conversation.

use crate::archive::Audit;
use crate::desk::{OnBehalfOf, ReleaseKind};

/// An action of an agent that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentAction<'a> {
    /// Took a conversation.
    Took {
        /// Id of the conversation.
        conversation: &'a str,
    },
    /// Released a conversation.
    Released {
        /// Id of the conversation.
        conversation: &'a str,
        /// The new owner.
        how: &'a ReleaseKind,
    },
    /// Sent a message to the visitor.
    MessageSent {
        /// Id of the conversation.
        conversation: &'a str,
    },
    /// Wrote a note for the team.
    NoteWritten {
        /// Id of the conversation.
        conversation: &'a str,
    },
    /// Changed whether conversations may be assigned to the agent.
    AvailabilityChanged {
        /// True for an agent who takes conversations.
        available: bool,
    },
}

/// The entry for an action of this agent from this address.
pub fn audit_entry(action: AgentAction<'_>, by: &OnBehalfOf, address: &str) -> Audit {
    let (action, subject, detail) = match action {
        AgentAction::Took { conversation } => ("conversation.take", conversation, ""),
        AgentAction::Released { conversation, how } => match how {
            ReleaseKind::To(colleague) => ("conversation.hand", conversation, &**colleague),
            ReleaseKind::ToMachine => ("conversation.give_back", conversation, ""),
            ReleaseKind::Close => ("conversation.close", conversation, ""),
        },
        AgentAction::MessageSent { conversation } => ("conversation.say", conversation, ""),
        AgentAction::NoteWritten { conversation } => ("conversation.note", conversation, ""),
        AgentAction::AvailabilityChanged { available: true } => ("desk.available", "", "yes"),
        AgentAction::AvailabilityChanged { available: false } => ("desk.available", "", "no"),
    };
    Audit {
        who: by.agent.id.clone(),
        role: if by.is_admin { "admin" } else { "agent" }.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
        address: address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Agent;

    #[test]
    fn an_entry_names_agent_role_action_conversation_and_address() {
        let agent = Agent { id: "a".to_owned(), name: "Ada".to_owned() };
        let mut by = OnBehalfOf { agent, is_admin: false };
        let conversation = "c";
        let to = ReleaseKind::To("b".to_owned());
        for (action, expected) in [
            (AgentAction::Took { conversation }, "a agent conversation.take c  192.0.2.1"),
            (
                AgentAction::Released { conversation, how: &to },
                "a agent conversation.hand c b 192.0.2.1",
            ),
            (
                AgentAction::Released { conversation, how: &ReleaseKind::ToMachine },
                "a agent conversation.give_back c  192.0.2.1",
            ),
            (
                AgentAction::Released { conversation, how: &ReleaseKind::Close },
                "a agent conversation.close c  192.0.2.1",
            ),
            (AgentAction::MessageSent { conversation }, "a agent conversation.say c  192.0.2.1"),
            (AgentAction::NoteWritten { conversation }, "a agent conversation.note c  192.0.2.1"),
            (
                AgentAction::AvailabilityChanged { available: false },
                "a agent desk.available  no 192.0.2.1",
            ),
        ] {
            let Audit { who, role, action: word, subject, detail, address } =
                audit_entry(action, &by, "192.0.2.1");
            let entry = [who, role, word, subject, detail, address].join(" ");
            assert_eq!(entry, expected, "{action:?}");
        }
        by.is_admin = true;
        assert_eq!(audit_entry(AgentAction::Took { conversation }, &by, "").role, "admin");
    }
}
