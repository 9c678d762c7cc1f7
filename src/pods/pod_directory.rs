//! The name of a pod, and the directory of pods in Redis: one script per heartbeat registers this pod and reads the others.
//!
//! A pod without a heartbeat for longer than its expiry has vanished, and is assigned to a
//! living one. Times are those of Redis, so the clocks of machines do not matter. After an
//! outage of Redis no pod counts as vanished until all had time for a heartbeat.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::{MissingPod, PodDirectory, PodList, PodReport};
use hsc_conversation::BoxError;

use super::Link;
use super::link::millis;

/// When a vanished pod is assigned to another one, in case the first vanished too.
const AGAIN: Duration = Duration::from_secs(15);
/// When a vanished pod is forgotten.
const FORGET: Duration = Duration::from_secs(60);
/// Letters of the host name that are used; a longer prefix adds nothing.
const MOST_OF_NAME: usize = 64;

/// Keys: the last heartbeats, the reports, the end of each assignment.
/// Arguments: the pod, its report, then in milliseconds: expiry, reassignment, removal.
const ANSWER: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expires, again, forget = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local newest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if newest[2] and now - tonumber(newest[2]) > expires then
  redis.call('HSET', KEYS[3], '', now + 2 * expires)
end
local patient = now < tonumber(redis.call('HGET', KEYS[3], '') or 0)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[3], ARGV[1])
local living, vanished = {}, {}
local beats = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #beats, 2 do
  local pod, age = beats[i], now - tonumber(beats[i + 1])
  if age <= expires then
    living[#living + 1] = redis.call('HGET', KEYS[2], pod) or ''
  elseif not patient then
    local given = redis.call('HGET', KEYS[3], pod)
    if age > forget and given then
      redis.call('ZREM', KEYS[1], pod)
      redis.call('HDEL', KEYS[2], pod)
      redis.call('HDEL', KEYS[3], pod)
    elseif not given or now > tonumber(given) then
      redis.call('HSET', KEYS[3], pod, now + again)
      vanished[#vanished + 1] = (given and '-' or '+') .. pod
    end
  end
end
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], 86400000) end
return {living, vanished}
";

/// Arguments: the pod, whether it leaves work, the expiry in milliseconds.
const LEAVE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] == '1' then
  redis.call('ZADD', KEYS[1], now - ARGV[3] - 1, ARGV[1])
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
redis.call('HDEL', KEYS[2], ARGV[1])
return 0
";

/// The directory of pods in Redis.
pub struct RedisPodDirectory {
    link: Link,
    expires: Duration,
    keys: [String; 3],
}

impl RedisPodDirectory {
    /// The directory in this Redis; a pod counts as gone after `expires` without a heartbeat.
    pub fn new(link: Link, expires: Duration) -> Self {
        // In braces, so that a Cluster stores them in one slot.
        let key = |what| format!("{}:{{roll}}:{what}", link.prefix());
        let keys = ["beats", "reports", "given"].map(key);
        Self { link, expires, keys }
    }

    fn script(&self, script: &str) -> redis::Cmd {
        let mut eval = redis::cmd("EVAL");
        eval.arg(script).arg(self.keys.len()).arg(&self.keys);
        eval
    }
}

impl PodDirectory for RedisPodDirectory {
    fn answer(&self, report: PodReport) -> BoxFuture<'static, Result<PodList, BoxError>> {
        let written = serde_json::to_string(&report).expect("a report is plain data");
        let mut eval = self.script(ANSWER);
        eval.arg(&*report.pod).arg(written);
        eval.arg([self.expires, AGAIN, FORGET].map(millis).to_vec());
        let link = self.link.clone();
        async move {
            let (living, vanished): (Vec<String>, Vec<String>) = link.command(eval).await?;
            let mut directory = PodList::default();
            for report in living {
                match serde_json::from_str(&report) {
                    Ok(report) => directory.pods.push(report),
                    Err(_) => directory.unread += 1,
                }
            }
            let gone = |pod: &String| {
                let (news, pod) = pod.split_at_checked(1)?;
                Some(MissingPod { pod: pod.into(), is_new: news == "+" })
            };
            directory.vanished = vanished.iter().filter_map(gone).collect();
            Ok(directory)
        }
        .boxed()
    }

    fn leave(&self, pod: Arc<str>, leaves_work: bool) -> BoxFuture<'static, Result<(), BoxError>> {
        let mut eval = self.script(LEAVE);
        eval.arg(&*pod).arg(u8::from(leaves_work)).arg(millis(self.expires));
        let link = self.link.clone();
        async move { link.command::<u8>(eval).await.map(drop).map_err(Into::into) }.boxed()
    }
}

/// The name of this run of this pod: the configured name, or the host name, and random
/// letters. They are needed because other pods act on the name: they take over the conversations of a dead pod,
/// and a pod that restarts at once under the same name would seem never to have gone.
pub fn name(chosen: &str) -> Arc<str> {
    let name = if chosen.is_empty() { machine() } else { chosen.to_owned() };
    format!("{name}.{:08x}", rand::random::<u32>()).into()
}

/// The host name (in a container: the pod's name), from Linux; elsewhere from the environment.
fn machine() -> String {
    let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host_name = host_name.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    let fits = |letter: &char| letter.is_ascii_alphanumeric() || ".-_".contains(*letter);
    let name: String = host_name.trim().chars().filter(fits).take(MOST_OF_NAME).collect();
    if name.is_empty() { "pod".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_of_a_pod_have_different_names() {
        assert!(name("a").starts_with("a."));
        assert_ne!(name("a"), name("a"));
        assert!(name("").len() > "0123456789".len());
    }
}
