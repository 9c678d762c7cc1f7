//! Why a model did not answer. The words are metric labels, so the list is closed.

use super::limits::{Scope, Used};

/// What went wrong between us and the model.
#[derive(Debug, thiserror::Error)]
pub(super) enum LlmError {
    /// Nobody listens there, or the connection broke.
    #[error("the endpoint cannot be reached: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// It answered with an error. Its words are left out: some repeat the key they were given.
    #[error("the endpoint refused with status {0}")]
    Refused(u16),
    /// What it sent is no answer.
    #[error("the endpoint sent something that is no answer")]
    Garbled,
    /// The first words, or all of them, took too long.
    #[error("the endpoint took longer than {0} ms")]
    TimeOut(u64),
    /// It ended before the model was done: by a limit, a filter or a connection that broke.
    #[error("the answer ended before its end")]
    CutShort,
    /// It was not asked: a quota is used up.
    #[error("the quota of {} of this {} is used up", used.as_str(), scope.as_str())]
    Limited { scope: Scope, used: Used },
    /// It ended without a word.
    #[error("the model said nothing")]
    Empty,
}

impl LlmError {
    /// The word of the metric label.
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
    fn every_trouble_after_the_first_words_is_a_breaking_off() {
        for trouble in
            [LlmError::Garbled, LlmError::Empty, LlmError::TimeOut(1), LlmError::CutShort]
        {
            assert_eq!(trouble.label(true), "broke_off");
            assert_ne!(trouble.label(false), "broke_off");
        }
    }
}
