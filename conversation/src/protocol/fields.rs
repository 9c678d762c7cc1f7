//! The envelope of a text frame and its fields, each validated once: shared by the parsers of all messages.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::protocol::error::ErrorCode;
use crate::protocol::message_id::{MessageId, message_id};
use crate::protocol::surrogates::without_lone_surrogates;

/// An invalid frame, and the error for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidMessage {
    /// The stable code.
    pub code: ErrorCode,
    /// `Invalid JSON`, or `Invalid message format: …`.
    pub message: String,
    /// The id of the message, if it could be read.
    pub id: Option<MessageId>,
}

/// Reads the envelope of a text frame, and its fields with `read`.
pub(super) fn read_frame<T>(
    text: &str,
    read: impl FnOnce(&Map<String, Value>) -> Result<T, InvalidMessage>,
) -> Result<(Option<MessageId>, T), InvalidMessage> {
    let read_json =
        serde_json::from_str::<Value>(text).ok().map(|value| (value, Cow::Borrowed(text)));
    // Only text that is not JSON is read again, so that a keystroke costs nothing more.
    let read_json = read_json.or_else(|| {
        let whole = without_lone_surrogates(text)?;
        Some((serde_json::from_str(&whole).ok()?, Cow::Owned(whole)))
    });
    let (value, text) = read_json.ok_or_else(|| InvalidMessage {
        code: ErrorCode::InvalidJson,
        message: "Invalid JSON".to_owned(),
        id: None,
    })?;
    let Value::Object(fields) = value else {
        return Err(invalid(None, "a message is an object with a field 'type'"));
    };
    let id = message_id(&fields, &text).map_err(|reason| invalid(None, &reason))?;
    let message = read(&fields).map_err(|mut bad| {
        bad.id.clone_from(&id);
        bad
    })?;
    Ok((id, message))
}

/// The value of `type`.
pub(super) fn kind_of(fields: &Map<String, Value>) -> Result<&str, InvalidMessage> {
    match fields.get("type") {
        Some(Value::String(kind)) => Ok(kind),
        Some(_) => Err(invalid(None, "'type' must be a string")),
        None => Err(invalid(None, "'type' is missing")),
    }
}

/// A `type` that is not known.
pub(super) fn unknown_type(kind: &str, known: &str) -> InvalidMessage {
    let reason = format!("unknown type '{}'; known are {known}", shown(kind));
    InvalidMessage { code: ErrorCode::UnknownType, ..invalid(None, &reason) }
}

/// A field that is a string or absent; null counts as absent, as in the earlier system.
pub(super) fn text_of<'a>(
    fields: &'a Map<String, Value>,
    field: &str,
) -> Result<Option<&'a str>, InvalidMessage> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(None, &format!("'{field}' must be a string"))),
    }
}

/// A field that is true, false or absent; absent counts as false.
pub(super) fn bool_of(fields: &Map<String, Value>, field: &str) -> Result<bool, InvalidMessage> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(invalid(None, &format!("'{field}' must be true or false"))),
    }
}

pub(super) fn at_most(field: &str, text: &str, limit: usize) -> Result<(), InvalidMessage> {
    // Bytes first: a text with few bytes has few characters, and counting characters is slower.
    if text.len() <= limit || text.chars().count() <= limit {
        return Ok(());
    }
    Err(invalid(None, &format!("'{field}' has more than {limit} characters")))
}

pub(super) fn invalid(id: Option<MessageId>, reason: &str) -> InvalidMessage {
    InvalidMessage {
        code: ErrorCode::InvalidMessage,
        message: format!("Invalid message format: {reason}"),
        id,
    }
}

/// The client's text, cut short, so that an error never repeats a megabyte.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}
