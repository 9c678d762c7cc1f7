//! Waits with a deadline. A wait that ends by it says what it waited for, and where.

use std::panic::Location;
use std::time::Duration;

/// Longest wait. Nothing here takes a second; a machine that compiles beside the tests is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two looks.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// Asks again and again until the answer is yes.
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

/// The outcome of what must end by itself.
#[track_caller]
pub(crate) fn in_time<T>(what: &str, work: impl Future<Output = T>) -> impl Future<Output = T> {
    within(PATIENCE, what, work)
}

/// The same for what takes longer: a crowd, a restart.
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
