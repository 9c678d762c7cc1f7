//! A lock for one load: its holder loads, and the other pods wait for the value.
//!
//! A random token identifies the holder. The lock is renewed while its holder lives and expires soon
//! after: a pod that dies while it loads delays others no longer than that. It saves work and is not needed for
//! correctness: two pods that load the same value do no harm.

use std::sync::Arc;
use std::time::Duration;

use log::debug;
use tokio::task::AbortHandle;

use crate::pods::link::millis;
use crate::pods::{Link, LinkError};

/// Releases the lock, if the token is still ours.
const RELEASE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then \
    return redis.call('DEL', KEYS[1]) else return 0 end";
/// Extends the lock, if the token is still ours.
const RENEW: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then \
    return redis.call('PEXPIRE', KEYS[1], ARGV[2]) else return 0 end";

/// A held lock. Dropping it releases it.
pub(super) struct LoadLock {
    link: Link,
    key: Arc<str>,
    token: Arc<str>,
    renewal: AbortHandle,
}

impl LoadLock {
    /// Takes the lock; `None` when another pod holds it. Without renewal it expires after `lasts`.
    pub(super) async fn take(
        link: &Link,
        key: Arc<str>,
        lasts: Duration,
    ) -> Result<Option<Self>, LinkError> {
        let token: Arc<str> = format!("{:032x}", rand::random::<u128>()).into();
        let mut set = redis::cmd("SET");
        set.arg(&*key).arg(&*token).arg("NX").arg("PX").arg(millis(lasts));
        if link.command::<Option<String>>(set).await?.is_none() {
            return Ok(None);
        }
        let renewal = renew(link.clone(), Arc::clone(&key), Arc::clone(&token), lasts);
        let renewal = tokio::spawn(renewal).abort_handle();
        Ok(Some(Self { link: link.clone(), key, token, renewal }))
    }
}

async fn renew(link: Link, key: Arc<str>, token: Arc<str>, lasts: Duration) {
    loop {
        // Two renewals may fail before it expires.
        tokio::time::sleep(lasts / 3).await;
        let mut renewed = redis::cmd("EVAL");
        renewed.arg(RENEW).arg(1).arg(&*key).arg(&*token).arg(millis(lasts));
        match link.command::<u64>(renewed).await {
            Ok(0) => return debug!(key:%; "a load continues without its lock"),
            Ok(_) => {}
            Err(error) => debug!(key:%, error:%; "a lock could not be renewed"),
        }
    }
}

impl Drop for LoadLock {
    fn drop(&mut self) {
        self.renewal.abort();
        let (link, mut release) = (self.link.clone(), redis::cmd("EVAL"));
        release.arg(RELEASE).arg(1).arg(&*self.key).arg(&*self.token);
        // Without a runtime the release cannot be sent: then the lock expires.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { link.command::<u64>(release).await });
        }
    }
}
