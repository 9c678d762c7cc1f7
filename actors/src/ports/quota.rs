//! Quotas that all pods count together.

use std::time::Duration;

use futures::future::BoxFuture;

use hsc_conversation::BoxError;

/// Counts for all pods how often something was done within a time.
pub trait SharedQuota: Send + Sync + 'static {
    /// Counts one under each key, or under none where one of them was counted as often as its number says; then
    /// the time to wait. A key is forgotten when `within` has passed since it was first counted.
    ///
    /// Fails within a bounded time when the counts cannot be reached; the caller then counts for itself.
    fn take(
        &self,
        keys: Vec<(String, u32)>,
        within: Duration,
    ) -> BoxFuture<'static, Result<Result<(), Duration>, BoxError>>;
}
