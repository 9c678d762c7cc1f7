//! `/api/replies`: the canned replies of agents.

use actix_web::{HttpResponse, delete, get, put, web};
use hsc_actors::ports::archive::CannedReply;
use hsc_conversation::clean_name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::guard::Agent;
use super::super::headers::uncached_json;
use super::super::list_query::word;
use super::super::request_body::JsonBody;
use super::super::visitor::words;
use super::super::{ApiError, ApiErrorCode, ApiResult, Deps};

/// Longest shortcut, in characters: it should be quick to type.
const SHORTCUT_CHARS: usize = 40;
/// Longest text, in characters: one message to a visitor.
const TEXT_CHARS: usize = 2_000;
/// Most replies. Every console loads all of them, because the list is filtered with each key.
const MOST: usize = 1_000;

/// All canned replies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct All {
    /// By shortcut.
    items: Vec<CannedReply>,
}

/// A canned reply to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// Id of the reply to change; none adds one, or changes the one with this shortcut for this product.
    id: Option<String>,
    /// What an agent types after the slash: lower case, no space, 1 to 40 characters.
    shortcut: String,
    /// The text of the message, 1 to 2,000 characters.
    text: String,
    /// Id of its product; none for any.
    product: Option<String>,
}

/// All canned replies, by shortcut.
#[utoipa::path(tag = "team", responses((status = 200, body = All), (status = 401), (status = 503)))]
#[get("/api/replies")]
pub(crate) async fn replies(_: Agent, deps: Deps) -> ApiResult {
    Ok(uncached_json(All { items: deps.replies.replies().await? }))
}

/// Adds a canned reply, or changes one.
#[utoipa::path(tag = "team", request_body = Written,
    responses((status = 200, body = CannedReply), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 503)))]
#[put("/api/replies")]
pub(crate) async fn put_reply(
    agent: Agent,
    deps: Deps,
    JsonBody(written): JsonBody<Written>,
) -> ApiResult {
    let Agent(_, caller) = agent;
    let Written { id, shortcut, text, product } = written;
    let (shortcut, text, product) = (clean_name(&shortcut), words(&text), word(product));
    judge(&shortcut, &text).map_err(ApiError::invalid)?;
    if product.as_ref().is_some_and(|id| deps.catalog.load().product(id).is_none()) {
        let message = "The catalog has no product with this id; leave it out for any product.";
        return Err(ApiError::invalid(message));
    }
    let all = deps.replies.replies().await?;
    let id = match id {
        Some(id) if all.iter().any(|it| it.id == id) => id,
        Some(_) => return Err(no_such_reply()),
        None => {
            let same = all.iter().find(|it| it.shortcut == shortcut && it.product == product);
            if same.is_none() && all.len() >= MOST {
                let message =
                    format!("There are {MOST} canned replies and no room for more; remove one.");
                return Err(ApiError::invalid(message));
            }
            same.map_or_else(|| format!("{:016x}", rand::random::<u64>()), |it| it.id.clone())
        }
    };
    let reply = CannedReply { id, shortcut, text, product };
    deps.replies.put_reply(reply.clone()).await?;
    caller.audit(&deps, "reply.put", &reply.id, &reply.shortcut);
    Ok(uncached_json(reply))
}

/// Removes a canned reply.
#[utoipa::path(tag = "team",
    responses((status = 204, description = "Removed"), (status = 401), (status = 403), (status = 404),
        (status = 503)))]
#[delete("/api/replies/{id}")]
pub(crate) async fn remove_reply(agent: Agent, deps: Deps, id: web::Path<String>) -> ApiResult {
    let Agent(_, caller) = agent;
    if !deps.replies.remove_reply(&id).await? {
        return Err(no_such_reply());
    }
    caller.audit(&deps, "reply.remove", &id, "");
    Ok(HttpResponse::NoContent().finish())
}

/// Validates shortcut and text.
fn judge(shortcut: &str, text: &str) -> Result<(), String> {
    let length = shortcut.chars().count();
    if !(1..=SHORTCUT_CHARS).contains(&length) {
        return Err(format!("The shortcut needs 1 to {SHORTCUT_CHARS} characters."));
    }
    if shortcut.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("The shortcut must not have a space in it.".to_owned());
    }
    if shortcut.starts_with('/') {
        return Err("The shortcut is written without the slash that it is typed after.".to_owned());
    }
    if shortcut.to_lowercase() != shortcut {
        return Err("The shortcut has to be in lower case.".to_owned());
    }
    if !(1..=TEXT_CHARS).contains(&text.chars().count()) {
        return Err(format!("The text needs 1 to {TEXT_CHARS} characters."));
    }
    Ok(())
}

fn no_such_reply() -> ApiError {
    ApiError::new(
        ApiErrorCode::NoSuchReply,
        "There is no such canned reply; it may have been removed.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortcut_is_one_lower_case_word_of_bounded_length() {
        let longest = "x".repeat(SHORTCUT_CHARS);
        for good in ["hello", "שלום", "a-1_b", &longest] {
            assert_eq!(judge(good, "text"), Ok(()), "{good}");
        }
        let too_long = "x".repeat(SHORTCUT_CHARS + 1);
        for (bad, why) in [
            ("", "1 to 40"),
            (too_long.as_str(), "1 to 40"),
            ("two words", "space"),
            ("line\nbreak", "space"),
            ("nul\0", "space"),
            ("Hello", "lower case"),
            ("/hello", "without the slash"),
        ] {
            let error = judge(bad, "text").expect_err("a refusal");
            assert!(error.contains(why), "{bad:?}: {error}");
        }
    }

    #[test]
    fn an_empty_or_too_long_text_is_refused() {
        assert!(judge("a", "").is_err() && judge("a", &"ש".repeat(TEXT_CHARS + 1)).is_err());
        assert_eq!(judge("a", &"ש".repeat(TEXT_CHARS)), Ok(()));
    }
}
