//! Quotas counted over all pods, in Redis.
//!
//! A key is a digest of the caller's key, so that clients cannot be identified in Redis.

use std::sync::LazyLock;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::SharedQuota;
use hsc_conversation::BoxError;
use redis::Script;
use ring::digest::{SHA256, digest};

use super::Link;
use super::link::millis;

/// Bytes of a digest that are used: 128 bits do not collide by chance.
const DIGEST_BYTES: usize = 16;

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("quota.lua")));

/// The number is the version, the braces keep all keys on one node of a Cluster.
fn key(prefix: &str, name: &str) -> String {
    let digest = digest(&SHA256, name.as_bytes());
    let used = &digest.as_ref()[..DIGEST_BYTES];
    let hex: String = used.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}:{{quota1}}:{hex}")
}

impl SharedQuota for Link {
    fn take(
        &self,
        keys: Vec<(String, u32)>,
        within: Duration,
    ) -> BoxFuture<'static, Result<Result<(), Duration>, BoxError>> {
        let mut script = TAKE.prepare_invoke();
        script.arg(millis(within));
        for (name, most) in keys {
            script.key(key(self.prefix(), &name)).arg(most);
        }
        let link = self.clone();
        async move {
            let wait: u64 = link.invoke(script).await?;
            Ok(if wait == 0 { Ok(()) } else { Err(Duration::from_millis(wait)) })
        }
        .boxed()
    }
}
