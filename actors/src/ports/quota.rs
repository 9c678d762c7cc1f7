//! Quotas that all pods share.

use std::time::Duration;

use futures::future::BoxFuture;

use hsc_conversation::BoxError;

/// Counts events of all pods within a window.
pub trait SharedQuota: Send + Sync + 'static {
    /// Counts one under each key; or under none if one of them has reached its number, and then returns the wait. A
    /// key expires `within` after it was first counted.
    ///
    /// Fails within a time limit when the store is unavailable; the caller then counts for itself.
    fn take(
        &self,
        keys: Vec<(String, u32)>,
        within: Duration,
    ) -> BoxFuture<'static, Result<Result<(), Duration>, BoxError>>;
}
