//! Why a model did not answer. The names are metric labels, so the list is closed.

use super::limits::{Scope, Used};

/// A failure of the model or of its endpoint.
#[derive(Debug, thiserror::Error)]
pub(super) enum LlmError {
    /// Connection refused or broken.
    #[error("the endpoint cannot be reached: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// An error status. Its text is dropped: some endpoints repeat the key in it.
    #[error("the endpoint refused with status {0}")]
    Refused(u16),
    /// The response cannot be parsed.
    #[error("the endpoint sent something that is no answer")]
    Garbled,
    /// The first token, or the whole answer, exceeded its time limit.
    #[error("the endpoint took longer than {0} ms")]
    TimeOut(u64),
    /// The answer is incomplete: by a limit, a filter or a broken connection.
    #[error("the answer ended before its end")]
    CutShort,
    /// No request was sent: a quota is used up.
    #[error("the quota of {} of this {} is used up", used.as_str(), scope.as_str())]
    Limited { scope: Scope, used: Used },
    /// The answer is empty.
    #[error("the model returned no text")]
    Empty,
}

impl LlmError {
    /// The metric label.
    pub(super) fn label(&self, has_spoken: bool) -> &'static str {
        match self {
            _ if has_spoken => "broke_off",
            Self::Unreachable(_) => "unreachable",
            Self::Refused(_) => "refused",
            Self::Garbled => "garbled",
            Self::TimeOut(_) => "timeout",
            Self::CutShort => "cut_short",
            Self::Limited { .. } => "limited",
            Self::Empty => "empty",
        }
    }
}

impl From<reqwest::Error> for LlmError {
    fn from(error: reqwest::Error) -> Self {
        // The address may hold a key in its query.
        Self::Unreachable(error.without_url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_after_the_first_chunk_is_an_interruption() {
        for error in [LlmError::Garbled, LlmError::Empty, LlmError::TimeOut(1), LlmError::CutShort]
        {
            assert_eq!(error.label(true), "broke_off");
            assert_ne!(error.label(false), "broke_off");
        }
    }
}
