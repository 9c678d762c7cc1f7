//! The registry of sessions, as an actor: what is done to many of them, beside whoever wants it done.
//!
//! Owns      nothing: the table is [`Sessions`], which outlives it.
//! Receives  [`Broadcast`], [`CloseAll`] and [`InjectFault`] from administration.
//! Calls     no other actor; a session that does not hear is counted and left.
//! Never     opens a session, reads what is said in one.
//! On crash  loses nothing.

use std::sync::Arc;

use actix::{Actor, Context, Handler, Message};
use serde_json::{Value, json};

use crate::session::Deliver;
use crate::sessions::{SessionInfo, Sessions};
use crate::supervision::Child;
use hsc_conversation::protocol::{CloseReason, ServerMessage};

/// The actor. See the card above.
pub(crate) struct Registry {
    pub(crate) sessions: Arc<Sessions>,
}

/// Tell everybody this. The reply says how many heard.
#[derive(Message)]
#[rtype(result = "usize")]
pub(crate) struct Broadcast(pub(crate) String);

/// Close those a rule names. The reply says how many.
#[derive(Message)]
#[rtype(result = "usize")]
pub(crate) struct CloseAll {
    pub(crate) rule: Box<dyn Fn(&SessionInfo) -> bool + Send>,
    pub(crate) reason: CloseReason,
}

/// Make every session fail like this. The reply says how many were told.
#[derive(Message)]
#[rtype(result = "usize")]
pub(crate) struct InjectFault(pub(crate) Deliver);

impl Actor for Registry {
    type Context = Context<Self>;
}

impl Child for Registry {
    fn observe(&self) -> Value {
        json!({ "sessions": self.sessions.count(), "draining": self.sessions.is_draining() })
    }
}

impl Handler<Broadcast> for Registry {
    type Result = usize;

    fn handle(&mut self, Broadcast(message): Broadcast, _: &mut Self::Context) -> usize {
        self.sessions.tell_all(&Deliver::Say(Arc::new(ServerMessage::Notice { message })))
    }
}

impl Handler<CloseAll> for Registry {
    type Result = usize;

    fn handle(&mut self, CloseAll { rule, reason }: CloseAll, _: &mut Self::Context) -> usize {
        self.sessions.close_where(rule, reason)
    }
}

impl Handler<InjectFault> for Registry {
    type Result = usize;

    fn handle(&mut self, InjectFault(fault): InjectFault, _: &mut Self::Context) -> usize {
        self.sessions.tell_all(&fault)
    }
}
