//! `/api/visitor/options`: the features of a chat page.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Deps;
use super::super::headers::uncached_json;
use super::transcript::REQUESTED;

/// The features of a chat page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Options {
    /// Pictures.
    uploads: Pictures,
    /// The transcript.
    transcript: Transcripts,
    /// Availability of agents.
    desk: Desk,
    /// True if offline messages are accepted.
    leave_message: bool,
}

/// Limits of pictures.
#[derive(Debug, Serialize, ToSchema)]
struct Pictures {
    /// True if uploads are enabled.
    enabled: bool,
    /// Largest picture in bytes.
    max_bytes: usize,
    /// Accepted types.
    types: [&'static str; 2],
}

/// Features of the transcript beside the download.
#[derive(Debug, Serialize, ToSchema)]
struct Transcripts {
    /// True if it can be sent to an address.
    send: bool,
}

/// Availability of agents.
#[derive(Debug, Serialize, ToSchema)]
struct Desk {
    /// True within the opening hours.
    open: bool,
    /// Agents on all pods who take conversations now.
    agents: usize,
}

/// The features of a chat page.
#[utoipa::path(tag = "chat", responses((status = 200, body = Options)))]
#[get("/api/visitor/options")]
pub(crate) async fn options(deps: Deps) -> HttpResponse {
    let desk = deps.pod.desk();
    // An unavailable desk has no agents.
    let agents = desk.snapshot().await.map(|view| view.agents).unwrap_or_default();
    let limits = deps.uploads.limits();
    uncached_json(Options {
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
    })
}
