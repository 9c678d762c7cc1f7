//! Opens the log of a conversation, or takes over the conversation that a client names.

use std::sync::Arc;
use std::time::Duration;

use crate::ports::ConversationLog;
use hsc_conversation::log::{ClientPosition, LogError, OwnedConversation, TakenOver};
use hsc_conversation::protocol::Resume;
use hsc_conversation::{NotResumed, Opening, OpeningResult};
use hsc_conversation::{TokenError, Tokens};

/// Delays before an unavailable log is called again for a conversation: for a client that reconnects, a wait of a few
/// seconds is better than the loss of its history. When a pod has died, all its clients reconnect at once, and the log
/// is slow just when it is needed; a Redis that restarts is back after a second or two. With the time limits of the
/// commands this is less than the ten seconds that the pages wait for a `welcome`.
const PATIENCE: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(600),
    Duration::from_millis(900),
    Duration::from_millis(1_600),
];

/// Takes a conversation over, with retries.
async fn take_over(
    log: &dyn ConversationLog,
    conversation: &Arc<str>,
    seen: ClientPosition,
) -> Result<TakenOver, LogError> {
    for pause in PATIENCE {
        match log.take_over(Arc::clone(conversation), seen).await {
            Err(LogError::Unavailable { .. }) => tokio::time::sleep(pause).await,
            done => return done,
        }
    }
    log.take_over(Arc::clone(conversation), seen).await
}

/// Opens the log for the conversation `own`, or for the one that the client names.
pub(super) async fn open(
    log: Arc<dyn ConversationLog>,
    tokens: Arc<Tokens>,
    own: Arc<str>,
    Opening { resume, offset }: Opening,
) -> OpeningResult {
    let mut not_resumed = None;
    if let Some(Resume { conversation, token, after }) = resume {
        let why = match tokens.verify(&token, &conversation) {
            Err(TokenError::Expired) => NotResumed::Expired,
            Err(_) => NotResumed::BadToken,
            // If the check fails the takeover is still tried; the log then refuses it.
            Ok(_)
                if !Tokens::is_of_ended(&token)
                    && log
                        .are_tokens_ended(conversation.as_str().into())
                        .await
                        .unwrap_or(false) =>
            {
                NotResumed::Ended
            }
            Ok(epoch) => {
                let conversation: Arc<str> = conversation.into();
                let seen = ClientPosition { epoch, offset: after };
                match take_over(&*log, &conversation, seen).await {
                    Ok(taken) => {
                        let token = if Tokens::is_of_ended(&token) {
                            tokens.sign_ended(&conversation, taken.epoch)
                        } else {
                            tokens.sign(&conversation, taken.epoch)
                        };
                        return OpeningResult::TakenOver {
                            conversation,
                            token,
                            taken: Box::new(taken),
                        };
                    }
                    Err(LogError::Unavailable { .. }) => NotResumed::Unavailable,
                    Err(_) => NotResumed::Unknown,
                }
            }
        };
        not_resumed = Some(why);
    }
    let token = tokens.sign(&own, 1);
    // A log that was just unavailable is not waited for a second time.
    let is_logged = not_resumed != Some(NotResumed::Unavailable)
        && log.begin(OwnedConversation { conversation: own, epoch: 1 }, offset).await.is_ok();
    OpeningResult::Begun { token, is_logged, not_resumed }
}
