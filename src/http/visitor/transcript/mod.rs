//! `/api/transcript`: the conversation as its visitor may take it along, or have it sent.
//!
//! It is told out of the conversation's log, in which no note of the team ever is, with the times of the
//! archive; where the log does not reach back to the beginning any more, out of the archive without notes.

mod lines;
mod text;

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use hsc_actors::ports::archive::{self, TranscriptEntry};
use hsc_actors::ports::{Announcement, Kept, LogError};
use log::warn;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::super::body::JsonBody;
use super::super::{Parts, Trouble, TroubleCode};
use super::address::mail_address;
use super::left::no_address;
use super::token::{admitted, conversation};
use lines::Line;

/// The event by which a transcript is sent: whoever takes it has the mail server.
pub(super) const REQUESTED: &str = "transcript.requested";

/// Most lines that are told, the newest: two days of talk, and a bound to what a mail has to carry.
const MOST_LINES: usize = 1_000;

/// In which form it is wanted.
#[derive(Debug, Deserialize)]
pub(crate) struct Form {
    #[serde(default)]
    format: Format,
}

/// The forms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Where it is to be sent.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SendTo {
    /// A mail address.
    address: String,
}

/// What was said in a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Told {
    /// The conversation.
    conversation: String,
    /// False where its beginning is not told: it is not kept any more, or very long ago.
    whole: bool,
    /// What was said and what happened, in order.
    lines: Vec<Line>,
}

/// The visitor's own conversation, to be kept.
#[utoipa::path(get, path = "/api/transcript", tag = "chat",
    params(("X-Conversation-Token" = String, Header, description = "The token of welcome"),
        ("format" = Option<String>, Query, description = "text, or json")),
    responses((status = 200, body = Told), (status = 400, body = Trouble), (status = 401, body = Trouble),
        (status = 403, body = Trouble), (status = 404, body = Trouble), (status = 503, body = Trouble)))]
#[get("/api/transcript")]
pub(crate) async fn transcript(
    parts: web::Data<Parts>,
    request: HttpRequest,
    form: web::Query<Form>,
) -> Result<HttpResponse, Trouble> {
    admitted(&parts, &request)?;
    let of = conversation(&parts, &request)?;
    let told = told(&parts, &request, of).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header(("Cache-Control", "no-store"));
    let attached =
        |name: &str| (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""));
    Ok(match form.format {
        Format::Text => {
            let text = text::text(&told, &parts.origins.own(&request));
            let response = response.insert_header(attached("conversation.txt"));
            response.content_type("text/plain; charset=utf-8").body(text)
        }
        Format::Json => response.insert_header(attached("conversation.json")).json(told),
    })
}

/// Has the visitor's own conversation sent to an address.
///
/// The server has no mail; a webhook that takes `transcript.requested` does it.
#[utoipa::path(post, path = "/api/transcript/send", tag = "chat", request_body = SendTo,
    params(("X-Conversation-Token" = String, Header, description = "The token of welcome")),
    responses((status = 202, description = "It is on its way"), (status = 400, body = Trouble),
        (status = 401, body = Trouble), (status = 403, body = Trouble), (status = 404, body = Trouble),
        (status = 409, body = Trouble), (status = 429, body = Trouble), (status = 503, body = Trouble)))]
#[post("/api/transcript/send")]
pub(crate) async fn send_transcript(
    parts: web::Data<Parts>,
    request: HttpRequest,
    to: JsonBody<SendTo>,
) -> Result<HttpResponse, Trouble> {
    admitted(&parts, &request)?;
    let of = conversation(&parts, &request)?;
    let address = mail_address(&to.address).ok_or_else(no_address)?;
    if !parts.announcer.takes(REQUESTED) {
        let message = "Transcripts are not sent here; take it along instead.";
        return Err(Trouble::new(TroubleCode::NoWebhook, message));
    }
    if let Err(wait) = parts.allowances.letter(Some(&of), &request) {
        parts.metrics.doors.letter("transcript", "too_many");
        return Err(Trouble::too_many(wait, "letters"));
    }
    let told = told(&parts, &request, Arc::clone(&of)).await?;
    let text = text::text(&told, &parts.origins.own(&request));
    let data = json!({ "address": address, "text": text });
    let conversation = Some(of.to_string());
    parts.announcer.announce(Announcement { event: REQUESTED, conversation, data });
    parts.metrics.doors.letter("transcript", "taken");
    Ok(HttpResponse::Accepted().insert_header(("Cache-Control", "no-store")).finish())
}

async fn told(parts: &Parts, request: &HttpRequest, of: Arc<str>) -> Result<Told, Trouble> {
    let kept = match parts.log.read(Arc::clone(&of)).await {
        Ok(kept) => Some(kept),
        Err(LogError::Unavailable { cause }) => {
            warn!(cause:%; "a conversation cannot be read for its transcript");
            None
        }
        Err(_) => None,
    };
    // It is written behind: it may not have the last moment, and may be away.
    let archived = parts.archive.transcript(&of).await;
    let is_away = archived.is_err();
    let entries = archived.ok().flatten().map(|it| it.entries).unwrap_or_default();
    let is_whole = |kept: &Kept| kept.entries.len() as u64 == kept.offset;
    let (whole, mut lines) = match kept {
        Some(kept) if is_whole(&kept) || entries.is_empty() => {
            (is_whole(&kept), lines::of_log(&kept.entries, &times(&entries)))
        }
        _ => (true, lines::of_archive(entries)),
    };
    let over = lines.len().saturating_sub(MOST_LINES);
    lines.drain(..over);
    let whole = whole && over == 0;
    if lines.is_empty() && is_away {
        let message = "The conversation cannot be read just now; try again later.";
        return Err(Trouble::new(TroubleCode::Unavailable, message));
    }
    if lines.is_empty() {
        let message = "Nothing was said in this conversation, or it is not kept any more.";
        return Err(Trouble::new(TroubleCode::NothingSaid, message));
    }
    let (own, catalog) = (parts.origins.own(request), parts.catalog.load());
    for line in &mut lines {
        let product = line.product.as_deref().and_then(|id| catalog.product(id));
        line.product_name = product.map(|it| it.name.to_string());
        let has_manual = product.is_some_and(|it| it.documentation.is_some());
        line.manual =
            has_manual.then(|| product.map(|it| format!("{own}/manuals/{}", it.id))).flatten();
        line.picture = line.upload.as_ref().map(|id| format!("{own}/uploads/{id}"));
    }
    Ok(Told { conversation: of.to_string(), whole, lines })
}

/// When what stands at an offset was said. The log keeps no times.
fn times(entries: &[archive::TranscriptEntry]) -> HashMap<u64, u64> {
    let times = entries.iter().filter_map(|entry| match entry {
        TranscriptEntry::Said { at_ms, offset: Some(offset), .. } => Some((*offset, *at_ms)),
        _ => None,
    });
    times.collect()
}
