//! Waits with a deadline. On a timeout the message names the event and the place.

use std::panic::Location;
use std::time::Duration;

/// The deadline. No event here takes a second, but a machine that compiles meanwhile is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two checks.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// Repeats a check until it is true.
#[track_caller]
pub(crate) fn eventually(
    what: &str,
    mut holds: impl AsyncFnMut() -> bool,
) -> impl Future<Output = ()> {
    let at = Location::caller();
    async move {
        let looked = async {
            while !holds().await {
                tokio::time::sleep(PAUSE).await;
            }
        };
        let came = tokio::time::timeout(PATIENCE, looked).await.is_ok();
        assert!(came, "{at}: never came true within {PATIENCE:?}: {what}");
    }
}

/// The result of a future that ends by itself.
#[track_caller]
pub(crate) fn in_time<T>(what: &str, work: impl Future<Output = T>) -> impl Future<Output = T> {
    within(PATIENCE, what, work)
}

/// The same for longer operations: many clients, a restart.
#[track_caller]
pub(crate) fn within<T>(
    time: Duration,
    what: &str,
    work: impl Future<Output = T>,
) -> impl Future<Output = T> {
    let at = Location::caller();
    async move {
        match tokio::time::timeout(time, work).await {
            Ok(done) => done,
            Err(_) => panic!("{at}: did not end within {time:?}: {what}"),
        }
    }
}
