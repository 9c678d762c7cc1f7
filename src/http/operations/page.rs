//! Pagination: `?limit=&after=`, answered with `items` and the start of the next page.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::super::{ApiError, ApiErrorCode};

/// Default number of items of a page.
const USUAL: usize = 50;
/// Most items of a page: as much as a person looks through.
const MOST: usize = 200;

/// The wanted page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageRequest {
    /// A part of the shown text; none for all.
    text: Option<String>,
    /// A state, if the items have one.
    state: Option<String>,
    limit: Option<usize>,
    /// The `next` of the previous page.
    pub(crate) after: Option<String>,
}

/// A page.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// The start of the next page; none on the last page.
    pub(crate) next: Option<String>,
}

impl PageRequest {
    pub(crate) fn limit(&self) -> Result<usize, ApiError> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(limit),
            _ => Err(invalid("limit has to be a whole number from 1 to 200.")),
        }
    }

    /// The searched text in lower case.
    pub(crate) fn text(&self) -> String {
        self.text.as_deref().unwrap_or_default().trim().to_lowercase()
    }

    /// The wanted state.
    pub(crate) fn state(&self) -> Option<&str> {
        self.state.as_deref().filter(|state| !state.is_empty())
    }
}

impl<T> Page<T> {
    /// A page from up to one item more than it holds, which tells whether there is a next page.
    pub(crate) fn of(mut items: Vec<T>, limit: usize, mark: impl Fn(&T) -> String) -> Self {
        let has_more = items.len() > limit;
        items.truncate(limit);
        Self { next: items.last().filter(|_| has_more).map(mark), items }
    }
}

/// A time in milliseconds since 1970.
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
    fn a_page_has_a_cursor_only_if_there_is_a_next_page() {
        let page = |items: Vec<u8>| Page::of(items, 2, u8::to_string);
        assert_eq!(
            (page(vec![1, 2, 3]).items, page(vec![1, 2, 3]).next),
            (vec![1, 2], Some("2".into()))
        );
        assert_eq!((page(vec![1, 2]).items, page(vec![1, 2]).next), (vec![1, 2], None));
        assert_eq!(page(Vec::new()).next, None);
    }
}
