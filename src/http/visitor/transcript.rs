//! `/api/transcript`: the conversation for its visitor, as a download or by mail, and its plain text for any mail program
//! or editor.
//!
//! It comes from the conversation's log, which never has notes of the team, with the times of the archive; if the log
//! does not contain the beginning any more, from the archive without notes.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse, get, post};
use hsc_actors::ports::Announcement;
use hsc_actors::ports::archive::TranscriptEntry;
use hsc_conversation::archive::{Author, HandoffRecordKind};
use hsc_conversation::log::{LogError, StoredConversation};
use hsc_conversation::{
    LogEntry, TranscriptAuthor, TranscriptLine, TranscriptPage, transcript_lines,
};
use jiff::Timestamp;
use log::warn;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::super::headers::NO_STORE;
use super::super::request_body::JsonBody;
use super::super::{ApiError, ApiErrorCode, ApiResult, Dependencies, Deps, client_address};
use super::offline_message::{mail_address, no_address};
use super::token::{admitted, conversation};

/// The event that requests the mail: a subscribed endpoint sends it.
pub(super) const REQUESTED: &str = "transcript.requested";

/// Most lines, the newest: two days of chat, and a bound for a mail.
const MOST_LINES: usize = 1_000;

/// The wanted form.
#[derive(Debug, Deserialize)]
pub(crate) struct Form {
    #[serde(default)]
    format: Format,
}

/// The forms of a downloaded transcript.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Where to send it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SendTo {
    /// A mail address.
    address: String,
    /// The code that was mailed to this address, if the address has to be confirmed.
    code: Option<String>,
}

/// The result of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sending {
    state: SendState,
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SendState {
    /// The transcript.
    Sent,
    /// A code to the address; the same request with the code sends the transcript.
    Confirm,
}

/// The visitor's own conversation as a download.
#[utoipa::path(tag = "chat",
    params(("X-Conversation-Token" = String, Header, description = "The token of welcome"),
        ("format" = Option<String>, Query, description = "text, or json")),
    responses((status = 200, body = TranscriptText), (status = 400), (status = 401), (status = 403),
        (status = 404), (status = 503)))]
#[get("/api/transcript")]
pub(crate) async fn transcript(deps: Deps, request: HttpRequest, form: Query<Form>) -> ApiResult {
    admitted(&deps, &request)?;
    let of = conversation(&deps, &request).await?;
    // It returns to the sender of the request.
    let own = deps.origins.own(&request);
    let transcript = read_transcript(&deps, Some(&own), of).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header(NO_STORE);
    let attached =
        |name: &str| (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""));
    Ok(match form.format {
        Format::Text => {
            let text = text(&transcript, Some(&own));
            let response = response.insert_header(attached("conversation.txt"));
            response.content_type("text/plain; charset=utf-8").body(text)
        }
        Format::Json => response.insert_header(attached("conversation.json")).json(transcript),
    })
}

/// Sends the visitor's own conversation to the visitor's own address.
///
/// The address in a visitor token is known; any other is confirmed: the first request mails a code to it, a second
/// one with the code sends the transcript. So a visitor cannot send text to the address of another person. The server
/// does not send mail itself; a webhook that subscribes to `transcript.requested` does.
#[utoipa::path(tag = "chat", request_body = SendTo,
    params(("X-Conversation-Token" = String, Header, description = "The token of welcome")),
    responses((status = 202, body = Sending), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 409), (status = 429), (status = 503)))]
#[post("/api/transcript/send")]
pub(crate) async fn send_transcript(
    deps: Deps,
    request: HttpRequest,
    JsonBody(SendTo { address, code }): JsonBody<SendTo>,
) -> ApiResult {
    admitted(&deps, &request)?;
    let of = conversation(&deps, &request).await?;
    let address = mail_address(&address).ok_or_else(no_address)?;
    if !deps.announcer.takes(REQUESTED) {
        let message = "Transcripts are not sent here; take it along instead.";
        return Err(ApiError::new(ApiErrorCode::NoWebhook, message));
    }
    // Counted before the code is compared, so that a code cannot be guessed.
    let client = client_address(&request).key();
    if let Err(wait) = deps.allowances.offline_message(Some(&of), Some(&address), client).await {
        deps.metrics.uploads.offline_message("transcript", "too_many");
        return Err(ApiError::too_many(wait, "letters"));
    }
    let purpose = format!("transcript {of} {}", address.to_lowercase());
    let is_confirmed = match &code {
        Some(code) if deps.tokens.is_code(&purpose, code) => true,
        Some(_) => {
            let message = "This is not the code that was sent to the address, or it is too old.";
            return Err(ApiError::new(ApiErrorCode::WrongCode, message));
        }
        None => is_own_address(&deps, &of, &address).await,
    };
    let text = if is_confirmed {
        // Links use the settings only: the sender of the request chooses its Host.
        let own = deps.origins.public();
        text(&read_transcript(&deps, own, Arc::clone(&of)).await?, own)
    } else {
        confirmation(&deps.tokens.code(&purpose))
    };
    let state = if is_confirmed { SendState::Sent } else { SendState::Confirm };
    let data = json!({ "address": address, "text": text, "state": state });
    let conversation = Some(of.to_string());
    deps.announcer.announce(Announcement { event: REQUESTED, conversation, data });
    deps.metrics.uploads.offline_message("transcript", "taken");
    let mut response = HttpResponse::Accepted();
    Ok(response.insert_header(NO_STORE).json(Sending { state }))
}

/// True if the visitor token has this address. False while the archive is unavailable.
async fn is_own_address(deps: &Dependencies, of: &str, address: &str) -> bool {
    let archived = deps.archive.transcript(of).await.ok().flatten();
    let signed = archived.and_then(|it| it.about.visitor).and_then(|visitor| visitor.address);
    signed.is_some_and(|signed| signed.to_lowercase() == address.to_lowercase())
}

/// The transcript, with links below `own`; without links if that is none.
async fn read_transcript(
    deps: &Dependencies,
    own: Option<&str>,
    of: Arc<str>,
) -> ApiResult<TranscriptText> {
    let stored = match deps.log.read(Arc::clone(&of)).await {
        Ok(stored) => Some(stored),
        Err(LogError::Unavailable { cause }) => {
            warn!(cause:%; "a conversation cannot be read for its transcript");
            None
        }
        Err(_) => None,
    };
    // The archive is written asynchronously: it may lack the last messages, and may be unavailable.
    let archived = deps.archive.transcript(&of).await;
    let is_away = archived.is_err();
    let entries = archived.ok().flatten().map(|it| it.entries).unwrap_or_default();
    let is_whole = |stored: &StoredConversation| stored.entries.len() as u64 == stored.offset;
    let (whole, mut lines) = match stored {
        Some(stored) if is_whole(&stored) || entries.is_empty() => {
            (is_whole(&stored), transcript_lines(&read(&stored), &times(&entries)))
        }
        _ => (true, of_archive(entries)),
    };
    let over = lines.len().saturating_sub(MOST_LINES);
    lines.drain(..over);
    let whole = whole && over == 0;
    if lines.is_empty() && is_away {
        let message = "The conversation cannot be read just now; try again later.";
        return Err(ApiError::new(ApiErrorCode::Unavailable, message));
    }
    if lines.is_empty() {
        let message = "This conversation has no messages, or it has expired.";
        return Err(ApiError::new(ApiErrorCode::NothingSaid, message));
    }
    let catalog = deps.catalog.load();
    for line in &mut lines {
        let product = line.product.as_deref().and_then(|id| catalog.product(id));
        line.product_name = product.map(|it| it.name.to_string());
        let has_manual = product.is_some_and(|it| it.documentation.is_some());
        let Some(own) = own else { continue };
        line.manual =
            has_manual.then(|| product.map(|it| format!("{own}/manuals/{}", it.id))).flatten();
        line.picture = line.upload.as_ref().map(|id| format!("{own}/uploads/{id}"));
    }
    Ok(TranscriptText { conversation: of.to_string(), whole, lines })
}

/// The events of the log; entries of a later version are left out.
fn read(stored: &StoredConversation) -> Vec<LogEntry> {
    stored.entries.iter().filter_map(|stored| stored.read().ok()).collect()
}

/// The archive's times of entries by offset: earlier versions stored no times in the log.
fn times(entries: &[TranscriptEntry]) -> HashMap<u64, u64> {
    let times = entries.iter().filter_map(|entry| match entry {
        TranscriptEntry::Message { at_ms, offset: Some(offset), .. } => Some((*offset, *at_ms)),
        _ => None,
    });
    times.collect()
}

/// The lines of archive rows, without notes, which are for the team.
fn of_archive(entries: Vec<TranscriptEntry>) -> Vec<TranscriptLine> {
    entries.into_iter().filter_map(of_entry).collect()
}

fn of_entry(entry: TranscriptEntry) -> Option<TranscriptLine> {
    Some(match entry {
        TranscriptEntry::Message {
            at_ms, author, agent, text, product, citations, upload, ..
        } => {
            let who = match author {
                Author::Visitor => TranscriptAuthor::Visitor,
                Author::Machine => TranscriptAuthor::Machine,
                Author::Agent => TranscriptAuthor::Agent,
                Author::System => TranscriptAuthor::Event,
                Author::Note => return None,
            };
            let pages = citations.into_iter().map(TranscriptPage::from).collect();
            let name = agent.map(|agent| agent.name);
            TranscriptLine {
                name,
                product,
                pages,
                upload,
                ..TranscriptLine::new(Some(at_ms), who, text)
            }
        }
        TranscriptEntry::Handoff { at_ms, turn, agent, .. } => match (turn, agent) {
            (HandoffRecordKind::Taken, Some(agent)) => {
                TranscriptLine::joined(Some(at_ms), &agent.name)
            }
            (
                HandoffRecordKind::Handed | HandoffRecordKind::Returned | HandoffRecordKind::Left,
                Some(agent),
            ) => TranscriptLine::left(Some(at_ms), &agent.name),
            (HandoffRecordKind::Ended, _) => TranscriptLine::closed(Some(at_ms)),
            _ => return None,
        },
    })
}

/// The transcript of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct TranscriptText {
    /// The conversation.
    conversation: String,
    /// False if the beginning is missing: it is not stored any more, or beyond the limit.
    whole: bool,
    /// Messages and events, in order.
    lines: Vec<TranscriptLine>,
}

/// The mail that confirms an address. It contains nothing of the conversation: its reader may not be the visitor.
fn confirmation(code: &str) -> String {
    format!(
        "Your code is {code}\n\nType it into the chat in which you asked for the transcript of a conversation. It \
         is valid for 15 minutes. If you did not ask for this, ignore this message.\n"
    )
}

/// The text. `own` is our address, if links may use it.
fn text(content: &TranscriptText, own: Option<&str>) -> String {
    let at = own.map(|own| format!(" at {own}")).unwrap_or_default();
    let mut text = format!("Conversation {}{at}\n", content.conversation);
    if !content.whole {
        text.push_str("Its beginning is left out or not kept any more.\n");
    }
    for line in &content.lines {
        text.push('\n');
        text.push_str(&one(line));
    }
    text
}

fn one(line: &TranscriptLine) -> String {
    let at = line.at_ms.map(|at_ms| format!("[{}] ", time(at_ms))).unwrap_or_default();
    let who = match (line.who, &line.name) {
        (TranscriptAuthor::Event, _) => return format!("{at}-- {} --\n", line.text),
        (TranscriptAuthor::Visitor, _) => "You",
        (TranscriptAuthor::Machine, _) => "The manual",
        (TranscriptAuthor::Agent, Some(name)) => name,
        (TranscriptAuthor::Agent, None) => "A person",
    };
    let about = match (&line.product_name, line.who) {
        (Some(name), TranscriptAuthor::Visitor) => format!(" (about {name})"),
        _ => String::new(),
    };
    let mut text = format!("{at}{who}{about}:\n");
    if !line.text.trim().is_empty() {
        text.push_str(plain(&line.text).trim());
        text.push('\n');
    }
    if let Some(manual) = line.manual.as_ref().filter(|_| line.who == TranscriptAuthor::Machine) {
        text.push_str(&format!("Manual: {manual}\n"));
    }
    if let Some(picture) = &line.picture {
        text.push_str(&format!("Picture, as long as it is kept: {picture}\n"));
    }
    text
}

/// To the minute.
fn time(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    at.map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}

/// The text with its markers made readable: `[MANUAL: page 12]` becomes `[page 12]`, an accessory becomes its name,
/// and a tip is labelled as one.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once('[') {
        plain.push_str(before);
        rest = marked;
        let (inside, after) = marked.split_once(']').unwrap_or_default();
        match inside.split_once(": ") {
            Some(("MANUAL", page)) => plain.push_str(&format!("[{page}]")),
            Some(("SUGGESTION", name)) => plain.push_str(name),
            Some(("PRO TIP", tip)) => plain.push_str(&format!("Tip: {tip}")),
            _ => {
                plain.push('[');
                continue;
            }
        }
        rest = after;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use hsc_conversation::archive::AgentRef;

    use super::*;

    #[test]
    fn notes_of_the_team_are_not_in_the_transcript() {
        let message = |author, text: &str| TranscriptEntry::Message {
            at_ms: 1,
            author,
            agent: Some(AgentRef { id: "1".to_owned(), name: "Ada".to_owned() }),
            offset: None,
            text: text.to_owned(),
            html: String::new(),
            product: None,
            outcome: None,
            confidence: None,
            citations: Vec::new(),
            thumb: None,
            comment: None,
            upload: None,
        };
        let lines =
            of_archive(vec![message(Author::Note, "rude"), message(Author::Agent, "Hello")]);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].text, "Hello");
    }

    #[test]
    fn markers_are_replaced_by_text() {
        for (marked, read) in [
            ("Hold it [MANUAL: page 12]. [PRO TIP: twice]", "Hold it [page 12]. Tip: twice"),
            ("Take a [SUGGESTION: TP-1].", "Take a TP-1."),
            ("[a] [MANUAL: page", "[a] [MANUAL: page"),
            ("[[MANUAL: page 3]]", "[[page 3]]"),
            ("<b>[</b>", "<b>[</b>"),
        ] {
            assert_eq!(plain(marked), read);
        }
    }

    #[test]
    fn a_time_is_formatted_to_the_minute() {
        assert_eq!(time(1_790_000_000_000), "2026-09-21 14:13 UTC");
        assert_eq!(time(u64::MAX), "");
    }
}
