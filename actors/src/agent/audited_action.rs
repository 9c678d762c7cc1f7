//! What an agent did, as the audit tells of it: who did what to which conversation, and never the words.

use super::event::Effect;
use crate::ports::archive::Role;
use hsc_conversation::archive::{Audit, Record};
use hsc_conversation::desk::{OnBehalfOf, ReleaseKind};

/// Something that is written down once it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuditedAction {
    action: &'static str,
    subject: String,
    detail: String,
}

impl AuditedAction {
    /// What an effect does, when it is done; none where it only looks or tells.
    pub(super) fn of(effect: &Effect) -> Option<Self> {
        let (action, subject, detail) = match effect {
            Effect::Take { conversation, .. } => ("conversation.take", &**conversation, ""),
            Effect::LetGo { conversation, how, .. } => match how {
                ReleaseKind::To(colleague) => ("conversation.hand", &**conversation, &**colleague),
                ReleaseKind::ToMachine => ("conversation.give_back", &**conversation, ""),
                ReleaseKind::Close => ("conversation.close", &**conversation, ""),
            },
            Effect::Say { conversation, .. } => ("conversation.say", &**conversation, ""),
            Effect::Note { conversation, .. } => ("conversation.note", &**conversation, ""),
            Effect::Available { available: true, .. } => ("desk.available", "", "yes"),
            Effect::Available { available: false, .. } => ("desk.available", "", "no"),
            _ => return None,
        };
        Some(Self { action, subject: subject.to_owned(), detail: detail.to_owned() })
    }

    /// The entry of the audit, by this agent from this address.
    pub(super) fn by(self, agent: &OnBehalfOf, from: &str) -> Record {
        let role = if agent.is_admin { Role::Admin } else { Role::Agent };
        Record::Audit(Audit {
            who: agent.agent.id.clone(),
            role: role.as_str().to_owned(),
            action: self.action.to_owned(),
            subject: self.subject,
            detail: self.detail,
            address: from.to_owned(),
        })
    }
}
