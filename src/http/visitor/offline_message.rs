//! `/api/leave-message`: an offline message, with an address for the reply; and what makes an address or a text of a
//! person valid.

use actix_web::{HttpRequest, HttpResponse, post};
use hsc_actors::ports::Announcement;
use hsc_conversation::archive::Record;
use hsc_conversation::is_clean_name;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::super::headers::NO_STORE;
use super::super::request_body::JsonBody;
use super::super::{ApiError, ApiResult, Deps, client_address};
use super::token::{admitted, brought, conversation};

/// Longest message, in characters: two pages.
const TEXT_CHARS: usize = 5_000;
/// Longest address that a mail server takes (RFC 5321, 4.5.3.1.3, without the brackets).
const LONGEST_ADDRESS: usize = 254;
/// Longest part before the `@` (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL_PART: usize = 64;

/// An offline message.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LeftMessage {
    /// Mail address for the reply.
    address: String,
    /// The message, 1 to 5,000 characters.
    text: String,
}

/// An accepted message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Taken {
    /// Its id, by which the team finds it.
    id: String,
}

/// Stores an offline message.
///
/// It needs no conversation; with the conversation's token the team sees its conversation.
#[utoipa::path(tag = "chat", request_body = LeftMessage,
    params(("X-Conversation-Token" = Option<String>, Header, description = "The token of welcome")),
    responses((status = 202, body = Taken), (status = 400), (status = 403), (status = 429)))]
#[post("/api/leave-message")]
pub(crate) async fn leave_message(
    deps: Deps,
    request: HttpRequest,
    JsonBody(LeftMessage { address, text }): JsonBody<LeftMessage>,
) -> ApiResult {
    admitted(&deps, &request)?;
    let address = mail_address(&address).ok_or_else(no_address)?;
    let text = words(&text);
    if text.is_empty() || text.chars().count() > TEXT_CHARS {
        let message = format!("The message needs 1 to {TEXT_CHARS} characters.");
        return Err(ApiError::invalid(message));
    }
    // With an expired token the message is stored without a conversation.
    let of = match brought(&request) {
        Some(_) => conversation(&deps, &request).await.ok(),
        None => None,
    };
    let of = of.map(|of| of.to_string());
    let client = client_address(&request).key();
    if let Err(wait) = deps.allowances.offline_message(of.as_deref(), None, client).await {
        deps.metrics.uploads.offline_message("message", "too_many");
        return Err(ApiError::too_many(wait, "messages"));
    }
    let data = json!({ "address": address, "text": text });
    let record = Record::OfflineMessage { conversation: of.clone(), address, text };
    let id = deps.pod.archive().record_and_name(record);
    let mut announcement = Announcement { event: "message.left", conversation: of, data };
    announcement.data["id"] = id.clone().into();
    deps.announcer.announce(announcement);
    deps.metrics.uploads.offline_message("message", "taken");
    Ok(HttpResponse::Accepted().insert_header(NO_STORE).json(Taken { id }))
}

/// The error for an invalid address.
pub(super) fn no_address() -> ApiError {
    let message = "The address has to be a mail address, such as name@example.com.";
    ApiError::invalid(message)
}

/// The address, if it is valid. Only a mail can tell whether it exists.
pub(super) fn mail_address(text: &str) -> Option<String> {
    let text = text.trim();
    if !is_clean_name(text) {
        return None;
    }
    let (local, domain) = text.split_once('@')?;
    // No quoting and no comments: such addresses are not in use, and many readers fail on them.
    let plain = |c: char| {
        !c.is_control()
            && !c.is_whitespace()
            && !matches!(c, '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '@' | '[' | '\\' | ']')
    };
    let label = |label: &str| {
        let ends_well = !label.starts_with('-') && !label.ends_with('-');
        !label.is_empty() && ends_well && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let fits = text.len() <= LONGEST_ADDRESS
        && (1..=LONGEST_LOCAL_PART).contains(&local.len())
        && local.chars().all(plain)
        && domain.contains('.')
        && domain.split('.').all(label);
    fits.then(|| text.to_owned())
}

/// A person's text without control characters, except line breaks.
pub(crate) fn words(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let allowed = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    allowed.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deliverable_mail_address_is_accepted() {
        for good in [
            "yael@example.test",
            " a.b+c@sub.example.test ",
            "o'neil@example.test",
            "דנה@דוגמה.test",
        ] {
            assert_eq!(mail_address(good).as_deref(), Some(good.trim()), "{good}");
        }
        let long = format!("{}@example.test", "a".repeat(65));
        for bad in [
            "",
            "yael",
            "@example.test",
            "yael@",
            "yael@localhost",
            "a b@example.test",
            "a@b@example.test",
            "yael@example..test",
            "yael@-example.test",
            "<yael@example.test>",
            "a@example.test\nBcc: b@example.test",
            "a,b@example.test",
            "ya\u{202e}el@example.test",
            &long,
        ] {
            assert_eq!(mail_address(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn text_retains_lines_and_symbols_without_control_characters() {
        assert_eq!(words(" a\r\nb\t<b>c</b>\u{1b}[31m\0 "), "a\nb\t<b>c</b>[31m");
    }
}
