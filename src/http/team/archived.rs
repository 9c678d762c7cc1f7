//! Lists from the archive: past conversations (`/api/conversations`), offline messages (`/api/left-messages`), the
//! actions of the team (`/admin/audit`).

use std::time::Instant;

use actix_web::{get, web};
use hsc_actors::ports::archive::{
    AuditSearch, Audited, ConversationFound, LeftMessage, Paged, Search, Transcript,
};
use serde::Deserialize;

use super::super::guard::{Admin, Agent};
use super::super::headers::uncached_json;
use super::super::list_query::{Named, narrowed, piece, word};
use super::super::{ApiError, ApiErrorCode, ApiResult, Deps};

/// Longest searched text, in characters. The archive uses its first words.
const TEXT_CHARS: usize = 500;

/// Filter of past conversations.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConversationFilter {
    /// Words that occur in the conversation, all of them.
    text: Option<String>,
    /// A product of the conversation.
    product: Option<String>,
    /// Id of an agent who had it.
    agent: Option<String>,
    /// The visitor's rating.
    rating: Option<u8>,
    from_ms: Option<u64>,
    to_ms: Option<u64>,
    limit: Option<u32>,
    after: Option<String>,
}

/// Past conversations, the newest first, one row each. Absent parameters do not filter.
#[utoipa::path(tag = "team",
    params(
        ("text" = Option<String>, Query, description = "Words of the messages, all of them; the last one also as a prefix"),
        ("product" = Option<String>, Query),
        ("agent" = Option<String>, Query, description = "Id of an agent who had it"),
        ("rating" = Option<u8>, Query, description = "1 to 5"), ("from_ms" = Option<u64>, Query),
        ("to_ms" = Option<u64>, Query), ("limit" = Option<u32>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Paged<Named<ConversationFound>>), (status = 400), (status = 401),
        (status = 503)))]
#[get("/api/conversations")]
pub(crate) async fn conversations(
    _: Agent,
    deps: Deps,
    sought: web::Query<ConversationFilter>,
) -> ApiResult {
    let ConversationFilter { text, product, agent, rating, from_ms, to_ms, limit, after } =
        sought.into_inner();
    if text.as_ref().is_some_and(|text| text.chars().count() > TEXT_CHARS) {
        return Err(ApiError::invalid(format!("text may have {TEXT_CHARS} characters at most.")));
    }
    if rating.is_some_and(|rating| !(1..=5).contains(&rating)) {
        return Err(ApiError::invalid("rating has to be a whole number from 1 to 5."));
    }
    let search = Search {
        text: word(text),
        product: word(product),
        agent: word(agent),
        rating,
        period: narrowed(from_ms, to_ms)?,
    };
    let Paged { items, next } = deps.archive.search(search, piece(limit, after)?).await?;
    let items = Named::all(items, |it| it.product.as_deref(), &deps.catalog.load());
    Ok(uncached_json(Paged { items, next }))
}

/// A whole past conversation with notes and pictures. Reading one is audited.
#[utoipa::path(tag = "team",
    responses((status = 200, body = Named<Transcript>), (status = 401), (status = 404), (status = 503)))]
#[get("/api/conversations/{id}")]
pub(crate) async fn conversation(
    Agent(person, caller): Agent,
    deps: Deps,
    id: web::Path<String>,
) -> ApiResult {
    let transcript = deps.archive.transcript(&id).await?.ok_or_else(|| {
        let message = "The archive does not know this conversation: it is not written yet, or not kept any more.";
        ApiError::new(ApiErrorCode::NothingSaid, message)
    })?;
    // A page reloads a shown conversation when it has changed: that is one reading.
    if deps.reads.begins(&person.id, &transcript.about.conversation, Instant::now()) {
        caller.audit(&deps, "conversation.read", &transcript.about.conversation, "");
    }
    let catalog = deps.catalog.load();
    Ok(uncached_json(Named::of(transcript, |it| it.about.product.as_deref(), &catalog)))
}

/// The wanted page of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessagesFilter {
    limit: Option<u32>,
    after: Option<String>,
}

/// Offline messages, the newest first, each with the address for the reply.
#[utoipa::path(tag = "team", params(("limit" = Option<u32>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Paged<LeftMessage>), (status = 400), (status = 401), (status = 503)))]
#[get("/api/left-messages")]
pub(crate) async fn left_messages(
    _: Agent,
    deps: Deps,
    params: web::Query<MessagesFilter>,
) -> ApiResult {
    let MessagesFilter { limit, after } = params.into_inner();
    Ok(uncached_json(deps.archive.left_messages(piece(limit, after)?).await?))
}

/// Filter of the entries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditFilter {
    /// Id of an account, or `token`, `command line` and the like.
    who: Option<String>,
    /// The action, e.g. `cache.invalidate`.
    action: Option<String>,
    from_ms: Option<u64>,
    to_ms: Option<u64>,
    limit: Option<u32>,
    after: Option<String>,
}

/// The actions of agents and admins, the newest first. Absent parameters do not filter.
#[utoipa::path(tag = "operations",
    params(("who" = Option<String>, Query, description = "Id of an account, or `token`, `command line`"),
        ("action" = Option<String>, Query, description = "As `conversation.read`"),
        ("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query), ("limit" = Option<u32>, Query),
        ("after" = Option<String>, Query)),
    responses((status = 200, body = Paged<Audited>), (status = 400), Admin, (status = 503)))]
#[get("/admin/audit")]
pub(crate) async fn audit(_: Admin, deps: Deps, sought: web::Query<AuditFilter>) -> ApiResult {
    let AuditFilter { who, action, from_ms, to_ms, limit, after } = sought.into_inner();
    let search =
        AuditSearch { who: word(who), action: word(action), period: narrowed(from_ms, to_ms)? };
    Ok(uncached_json(deps.archive.audit(search, piece(limit, after)?).await?))
}
