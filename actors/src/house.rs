//! The house: everything alive in one pod, put together.
//!
//! Opens a socket for whoever is admitted. It owns no conversation and no manual: those belong to the
//! sessions and to the shelf it was given.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use hsc_catalogs::Snapshot;
use hsc_monitoring::Metrics;

use crate::ports::{Answerer, ManualLoader};
use crate::session::{Conversation, Rules, Session, Wiring};
use crate::sessions::Sessions;

/// Everything alive in one pod.
pub struct House {
    wiring: Arc<Wiring>,
    catalog: Arc<Snapshot>,
    rules: Arc<Rules>,
    max_outgoing: usize,
}

/// The times and budgets of a socket, out of the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct SocketLimits {
    /// How often the server pings.
    pub ping_interval: Duration,
    /// Silence after which a client is gone.
    pub idle_timeout: Duration,
    /// How long typing must rest on a product before its manual is opened ahead.
    pub prefetch_after: Duration,
    /// Bytes that may be queued for a client that does not read.
    pub outgoing_bytes: usize,
    /// Messages a client may send at once.
    pub burst: u32,
}

impl House {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        catalog: Arc<Snapshot>,
        shelf: Arc<dyn ManualLoader>,
        answerer: Arc<dyn Answerer>,
        sessions: Arc<Sessions>,
        rules: Rules,
        limits: &SocketLimits,
        metrics: Arc<Metrics>,
    ) -> Self {
        let wiring = Wiring {
            answerer,
            shelf,
            sessions,
            metrics,
            ping_interval: limits.ping_interval,
            idle_timeout: limits.idle_timeout,
            prefetch_after: limits.prefetch_after,
            messages_per_second: rules.limits.messages_per_second,
            message_burst: limits.burst,
        };
        Self {
            wiring: Arc::new(wiring),
            catalog,
            rules: Arc::new(rules),
            max_outgoing: limits.outgoing_bytes,
        }
    }

    /// Opens a visitor's socket.
    ///
    /// # Errors
    /// When the request is no WebSocket upgrade.
    pub fn connect(
        &self,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<HttpResponse, actix_web::Error> {
        let key = match self.wiring.sessions.admit() {
            Ok(key) => key,
            Err(refused) => {
                return Ok(HttpResponse::ServiceUnavailable()
                    .insert_header(("Retry-After", "5"))
                    .json(serde_json::json!({ "code": "full", "message": refused.to_string() })));
            }
        };
        let place = Place { sessions: &self.wiring.sessions, key, kept: false };
        let conversation = Conversation::new(
            random_id(),
            random_id(),
            Arc::clone(&self.catalog),
            Arc::clone(&self.rules),
        );
        let wiring = Arc::clone(&self.wiring);
        let max_message = self.rules.limits.message_bytes;
        let mut place = place;
        let response =
            crate::socket::open(request, payload, max_message, self.max_outgoing, |outgoing| {
                place.kept = true;
                Session::new(key, conversation, wiring, outgoing)
            });
        drop(place);
        response
    }

    /// The table of sessions.
    #[must_use]
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.wiring.sessions
    }
}

/// A place in the table that is given back unless a session took it: a bad handshake must not leak one.
struct Place<'a> {
    sessions: &'a Sessions,
    key: u64,
    kept: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.sessions.left(self.key);
        }
    }
}

/// 128 random bits: nobody guesses a conversation.
fn random_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}
