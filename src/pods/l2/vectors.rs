//! Vectors of manuals in Redis: one pod embeds a manual, the others fetch the vectors.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::{Claim, SharedVectors};
use log::debug;

use super::lock::LoadLock;
use crate::pods::Link;
use crate::pods::link::millis;

/// Lifetime of vectors after their last use. Embedding a large manual costs a minute of a core.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Lifetime of the claim of a pod that died while it embedded.
const CLAIM: Duration = Duration::from_secs(15);
/// The largest value: vectors of a manual of 4,000 pages. Larger manuals are embedded by each pod.
const MOST_BYTES: usize = 64 << 20;

fn key_of(link: &Link, what: &str, key: &str) -> String {
    format!("{}:vectors:v1:{what}:{key}", link.prefix())
}

impl SharedVectors for Link {
    fn get(&self, key: String) -> BoxFuture<'static, Option<Vec<u8>>> {
        let (link, key) = (self.clone(), key_of(self, "value", &key));
        async move {
            let mut get = redis::cmd("GETEX");
            get.arg(&key).arg("PX").arg(millis(KEPT));
            link.command::<Option<Vec<u8>>>(get)
                .await
                .inspect_err(|error| debug!(error:%; "vectors cannot be fetched from Redis"))
                .ok()
                .flatten()
        }
        .boxed()
    }

    fn put(&self, key: String, bytes: Vec<u8>) -> BoxFuture<'static, ()> {
        let (link, key) = (self.clone(), key_of(self, "value", &key));
        async move {
            if bytes.len() > MOST_BYTES {
                return;
            }
            let mut set = redis::cmd("SET");
            set.arg(&key).arg(bytes).arg("PX").arg(millis(KEPT));
            if let Err(error) = link.command::<()>(set).await {
                debug!(error:%; "cannot store vectors in Redis");
            }
        }
        .boxed()
    }

    fn claim(&self, key: String) -> BoxFuture<'static, Claim> {
        let (link, key) = (self.clone(), key_of(self, "claim", &key));
        async move {
            match LoadLock::take(&link, key.into(), CLAIM).await {
                Ok(Some(lock)) => Claim::Ours(Box::new(lock)),
                Ok(None) => Claim::Theirs,
                // Without Redis each pod embeds for itself.
                Err(_) => Claim::Ours(Box::new(())),
            }
        }
        .boxed()
    }
}
