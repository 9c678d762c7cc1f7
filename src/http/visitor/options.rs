//! `/api/visitor/options`: what a chat page may offer.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Dependencies;
use super::transcript::REQUESTED;

/// What a chat page may offer its visitor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Options {
    /// Pictures.
    uploads: Pictures,
    /// The transcript.
    transcript: Transcripts,
    /// Whether persons are there.
    desk: Desk,
    /// True where a message can be left.
    leave_message: bool,
}

/// Pictures that may be put in.
#[derive(Debug, Serialize, ToSchema)]
struct Pictures {
    /// Whether any.
    enabled: bool,
    /// Most bytes of one.
    max_bytes: usize,
    /// Of which types.
    types: [&'static str; 2],
}

/// What can be done with the transcript beside taking it.
#[derive(Debug, Serialize, ToSchema)]
struct Transcripts {
    /// True where it can be sent to an address.
    send: bool,
}

/// Whether persons are there.
#[derive(Debug, Serialize, ToSchema)]
struct Desk {
    /// Within the opening hours.
    open: bool,
    /// Agents who take conversations now, in all pods.
    agents: usize,
}

/// What a chat page may offer.
#[utoipa::path(get, path = "/api/visitor/options", tag = "chat",
    responses((status = 200, body = Options)))]
#[get("/api/visitor/options")]
pub(crate) async fn options(deps: web::Data<Dependencies>) -> HttpResponse {
    let desk = deps.pod.desk();
    // A desk that is away has nobody to give.
    let agents = desk.look().await.map(|view| view.agents).unwrap_or_default();
    let limits = deps.uploads.limits();
    let options = Options {
        uploads: Pictures {
            enabled: limits.enabled,
            max_bytes: limits.max_bytes,
            types: ["image/png", "image/jpeg"],
        },
        transcript: Transcripts { send: deps.announcer.takes(REQUESTED) },
        desk: Desk {
            open: desk.is_open(),
            agents: agents.iter().filter(|agent| agent.available).count(),
        },
        leave_message: true,
    };
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(options)
}
