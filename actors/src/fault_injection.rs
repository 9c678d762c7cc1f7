//! Fault injection by name: resolves the actor, and whether it supports the fault.

use crate::session_registry::Deliver;
use crate::supervision::Fault;

/// Why no fault was injected. A variant for each thing the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FaultNotInjected {
    /// The name is not in the tree.
    #[error("there is no actor of that name that could fail; /admin/actors names all")]
    NoSuchActor,
    /// A session shares its thread with other sockets, which some faults would affect, and has no part to which the
    /// other faults apply.
    #[error(
        "a session can be made to panic or to stop; other faults are not for it, or would take the \
         sockets along that live on the same thread"
    )]
    NotInASession,
}

/// The actor that a name refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultTarget<'a> {
    /// Every session of this pod.
    AllSessions,
    /// The session with this key.
    Session(u64),
    /// Another actor of the tree.
    Other(&'a str),
}

impl<'a> FaultTarget<'a> {
    pub(crate) fn by(name: &'a str) -> Self {
        match name.strip_prefix("session") {
            Some("") => Self::AllSessions,
            Some(rest) => rest
                .strip_prefix('.')
                .and_then(|key| key.parse().ok())
                .map_or(Self::Other(name), Self::Session),
            None => Self::Other(name),
        }
    }
}

/// The message that injects a fault into a session.
pub(crate) fn in_a_session(fault: Fault) -> Result<Deliver, FaultNotInjected> {
    match fault {
        Fault::Panic => Ok(Deliver::Panic),
        Fault::Stop => Ok(Deliver::Stop),
        _ => Err(FaultNotInjected::NotInASession),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_name_selects_one_session_all_sessions_or_another_actor() {
        assert_eq!(FaultTarget::by("session"), FaultTarget::AllSessions);
        assert_eq!(FaultTarget::by("session.17"), FaultTarget::Session(17));
        assert_eq!(FaultTarget::by("sessions"), FaultTarget::Other("sessions"));
        assert_eq!(FaultTarget::by("session.x"), FaultTarget::Other("session.x"));
        assert_eq!(FaultTarget::by("cache.manuals.0"), FaultTarget::Other("cache.manuals.0"));
    }

    #[test]
    fn a_fault_that_affects_other_sessions_is_refused_for_a_session() {
        let faults = [Fault::Hang { ms: 1 }, Fault::KillThread, Fault::PanicInFuture];
        for fault in faults {
            assert!(matches!(in_a_session(fault), Err(FaultNotInjected::NotInASession)));
        }
        assert!(in_a_session(Fault::Panic).is_ok() && in_a_session(Fault::Stop).is_ok());
    }
}
