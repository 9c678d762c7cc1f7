//! A list in pages: `?limit=&after=`, answered with `items` and where the next page begins.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::super::{ApiError, ApiErrorCode};

/// Default number of items of a page.
const USUAL: usize = 50;
/// Most items of a page: what a person looks through, and no list is written whole by mistake.
const MOST: usize = 200;

/// Which page of what is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageRequest {
    /// A part of what is shown; none is everything.
    text: Option<String>,
    /// A state, where the items have one.
    state: Option<String>,
    limit: Option<usize>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
}

/// A page.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Where the next one begins; none where this is the last.
    pub(crate) next: Option<String>,
}

impl PageRequest {
    pub(crate) fn limit(&self) -> Result<usize, ApiError> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(limit),
            _ => Err(invalid("limit has to be a whole number from 1 to 200.")),
        }
    }

    /// What is looked for, in small letters.
    pub(crate) fn text(&self) -> String {
        self.text.as_deref().unwrap_or_default().trim().to_lowercase()
    }

    /// The state that is wanted.
    pub(crate) fn state(&self) -> Option<&str> {
        self.state.as_deref().filter(|state| !state.is_empty())
    }
}

impl<T> Page<T> {
    /// Out of one item more than the page holds, where there is one more.
    pub(crate) fn of(mut items: Vec<T>, limit: usize, mark: impl Fn(&T) -> String) -> Self {
        let has_more = items.len() > limit;
        items.truncate(limit);
        Self { next: items.last().filter(|_| has_more).map(mark), items }
    }
}

/// A moment in milliseconds since 1970.
pub(crate) fn ms(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn invalid(message: &str) -> ApiError {
    ApiError::new(ApiErrorCode::InvalidRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_the_next_begins_only_where_there_is_one() {
        let page = |items: Vec<u8>| Page::of(items, 2, u8::to_string);
        assert_eq!(
            (page(vec![1, 2, 3]).items, page(vec![1, 2, 3]).next),
            (vec![1, 2], Some("2".into()))
        );
        assert_eq!((page(vec![1, 2]).items, page(vec![1, 2]).next), (vec![1, 2], None));
        assert_eq!(page(Vec::new()).next, None);
    }
}
