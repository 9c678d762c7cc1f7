//! Parses the replies of the scripts. An unexpected reply is an error and never a panic.

use std::sync::Arc;

use hsc_conversation::log::{LogError, MissedEntries, StoredConversation, StoredEntry, TakenOver};
use redis::{FromRedisValue as _, Value};

/// The reply of `append` and `begin`.
pub(super) fn of_append((word, number): (String, u64)) -> Result<u64, LogError> {
    match word.as_str() {
        "done" => Ok(number),
        "stale" => Err(LogError::Stale { owner: number }),
        "gap" => Err(LogError::Gap { last: number }),
        "unknown" => Err(LogError::Unknown),
        _ => Err(not_understood()),
    }
}

/// The reply of `take_over`: `None` when another pod owns the conversation.
pub(super) fn of_take_over(
    reply: Vec<Value>,
    after: u64,
    pod: &str,
) -> Result<Option<TakenOver>, LogError> {
    let mut reply = reply.into_iter();
    match text(reply.next())?.as_str() {
        "unknown" => Err(LogError::Unknown),
        "moved" => Ok(None),
        word => {
            let (epoch, offset) = (number(reply.next())?, number(reply.next())?);
            let from = Some(text(reply.next())?).filter(|from| from != pod).map(Arc::from);
            let checkpoint =
                Some(text(reply.next())?).filter(|text| !text.is_empty()).map(Arc::from);
            let missed = match word {
                "all" if after.saturating_add(reply.len() as u64) > offset => {
                    return Err(not_understood());
                }
                "all" => entries(reply, after).map_or(MissedEntries::Gone, MissedEntries::All),
                "gone" => MissedEntries::Gone,
                "ahead" => MissedEntries::Ahead,
                _ => return Err(not_understood()),
            };
            Ok(Some(TakenOver { epoch, offset, missed, checkpoint, from }))
        }
    }
}

/// The reply of `read`.
pub(super) fn of_read(reply: Vec<Value>) -> Result<StoredConversation, LogError> {
    let mut reply = reply.into_iter();
    match text(reply.next())?.as_str() {
        "unknown" => Err(LogError::Unknown),
        "kept" => {
            let (epoch, offset) = (number(reply.next())?, number(reply.next())?);
            let before = offset.checked_sub(reply.len() as u64).ok_or_else(not_understood)?;
            let entries = entries(reply, before).unwrap_or_default();
            Ok(StoredConversation { epoch, offset, entries })
        }
        _ => Err(not_understood()),
    }
}

/// The frames after `after`; `None` when one of them is not text and so not written by this server.
fn entries(frames: impl Iterator<Item = Value>, after: u64) -> Option<Vec<StoredEntry>> {
    let entry =
        |(offset, frame)| Some(StoredEntry { offset, text: text(Some(frame)).ok()?.into() });
    (after + 1..).zip(frames).map(entry).collect()
}

fn text(value: Option<Value>) -> Result<String, LogError> {
    String::from_redis_value(value.ok_or_else(not_understood)?).map_err(LogError::unavailable)
}

fn number(value: Option<Value>) -> Result<u64, LogError> {
    let number = u64::from_redis_value(value.ok_or_else(not_understood)?);
    let number = number.map_err(LogError::unavailable)?;
    // The range of Redis, so that later increments do not overflow.
    if i64::try_from(number).is_err() { Err(not_understood()) } else { Ok(number) }
}

fn not_understood() -> LogError {
    LogError::unavailable("Redis answered a script of the log with something that is no answer")
}
