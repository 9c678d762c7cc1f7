//! During a rolling update, pods of the previous version share a Redis with pods of this one. Conversations move from
//! old pods to new ones, and an old pod never reads an event of this version, which it would send to clients unchanged.
//!
//! `tests/data/log1/` has the unchanged scripts of the previous version.

use hsc_conversation::log::{Batch, LogError, MissedEntries, StoredEntry};

use crate::log_stage::{Stage, batch, frames, owned, seen};

const BEGIN: &str =
    concat!(include_str!("../data/log1/meta.lua"), include_str!("../data/log1/begin.lua"));
const APPEND: &str =
    concat!(include_str!("../data/log1/meta.lua"), include_str!("../data/log1/append.lua"));
const READ: &str =
    concat!(include_str!("../data/log1/meta.lua"), include_str!("../data/log1/read.lua"));
const TAKE_OVER: &str =
    concat!(include_str!("../data/log1/meta.lua"), include_str!("../data/log1/take_over.lua"));

const TTL: &str = "600000";

/// A pod of the previous version.
struct PodBefore<'a> {
    stage: &'a Stage,
    name: &'static str,
}

impl PodBefore<'_> {
    /// Redis' reply to a script of that version for a conversation.
    async fn runs(&self, script: &str, conversation: &str, arguments: &[&str]) -> String {
        let (hash, stream) =
            (format!("hsc:log1:{{{conversation}}}"), format!("hsc:log1:{{{conversation}}}:frames"));
        let mut command = vec!["EVAL", script, "2", &hash, &stream];
        command.extend(arguments);
        self.stage.redis_ref().ask(&command).await
    }

    async fn begins(&self, conversation: &str) -> String {
        self.runs(BEGIN, conversation, &[self.name, "1", "0", TTL]).await
    }

    /// Appends the entry of this offset, and a checkpoint.
    async fn appends(&self, conversation: &str, epoch: u64, offset: u64) -> String {
        let (epoch, number) = (epoch.to_string(), offset.to_string());
        let entry = frames([offset]).remove(0);
        let head = [self.name, &*epoch, TTL, "8", "channel", "", "", "1", "checkpoint"];
        let arguments: Vec<&str> = head.into_iter().chain([&*number, &*entry.text]).collect();
        self.runs(APPEND, conversation, &arguments).await
    }

    async fn takes_over(&self, conversation: &str, epoch: u64, offset: u64) -> String {
        let (epoch, offset) = (epoch.to_string(), offset.to_string());
        let arguments = [self.name, TTL, &*epoch, &*offset, "", ""];
        self.runs(TAKE_OVER, conversation, &arguments).await
    }

    async fn reads(&self, conversation: &str) -> String {
        self.runs(READ, conversation, &[]).await
    }

    /// A conversation with three entries.
    async fn has_three(&self, conversation: &str) {
        self.begins(conversation).await;
        for offset in 1..=3 {
            let done = self.appends(conversation, 1, offset).await;
            assert!(done.contains("done"), "{done}");
        }
    }
}

#[actix_web::test]
async fn a_conversation_of_the_previous_version_continues_on_this_one() {
    let stage = Stage::redis().await;
    let (before, ours) = (PodBefore { stage: &stage, name: "before" }, stage.pod("ours"));
    before.has_three("c").await;
    let stored = ours.read("c".into()).await.expect("it is read where it lies");
    assert_eq!((stored.epoch, stored.offset, stored.entries), (1, 3, frames(1..=3)));

    let taken = ours.take_over("c".into(), seen(1, 1)).await.expect("it is taken over");
    assert_eq!((taken.epoch, taken.offset), (2, 3));
    assert_eq!(taken.missed, MissedEntries::All(frames(2..=3)));
    assert_eq!(taken.checkpoint.as_deref(), Some("checkpoint"));
    assert_eq!(taken.from.as_deref(), Some("before"));

    let superseded = before.appends("c", 1, 4).await;
    assert!(superseded.contains("stale"), "{superseded}");
    assert_eq!(ours.append(owned("c", 2), batch([4])).await.expect("it is appended"), 4);
    let again = stage.pod("other").take_over("c".into(), seen(2, 2)).await.expect("taken over");
    assert_eq!((again.epoch, again.missed), (3, MissedEntries::All(frames(3..=4))));
}

#[actix_web::test]
async fn a_pod_of_the_previous_version_never_reads_an_event_of_this_one() {
    let stage = Stage::redis().await;
    let (before, ours) = (PodBefore { stage: &stage, name: "before" }, stage.pod("ours"));
    let event = |offset| Batch {
        entries: vec![StoredEntry { offset, text: r#"{"v":1,"event":"an event"}"#.into() }],
        checkpoint: Some("checkpoint of ours".into()),
    };
    // A conversation that this version began.
    ours.begin(owned("d", 1), 0).await.expect("it is begun");
    ours.append(owned("d", 1), event(1)).await.expect("it is appended");
    for answer in [before.takes_over("d", 1, 0).await, before.reads("d").await] {
        assert!(answer.contains("unknown"), "{answer}");
    }
    // A conversation that moved from the previous version to this one: the client is notified that frames are missing.
    for (conversation, epoch, offset, word) in [
        ("c", 2, 3, "gone"),
        ("e", 2, 4, "gone"),
        ("f", 2, 5, "gone"),
        ("g", 1, 0, "ahead"),
        ("h", 1, 3, "ahead"),
    ] {
        before.has_three(conversation).await;
        ours.take_over(conversation.into(), seen(1, 3)).await.expect("it is taken over");
        ours.append(owned(conversation, 2), event(4)).await.expect("it is appended");
        ours.append(owned(conversation, 2), event(5)).await.expect("it is appended");
        let read = before.reads(conversation).await;
        let taken = before.takes_over(conversation, epoch, offset).await;
        assert!(taken.contains(word), "{conversation}: {taken}");
        for answer in [read, taken] {
            assert!(!answer.contains("event") && !answer.contains("of ours"), "{answer}");
        }
    }
}

#[actix_web::test]
async fn a_client_that_alternates_between_the_versions_has_one_owner() {
    let stage = Stage::redis().await;
    let (before, ours) = (PodBefore { stage: &stage, name: "before" }, stage.pod("ours"));
    before.has_three("c").await;
    ours.take_over("c".into(), seen(1, 3)).await.expect("it is taken over");
    ours.append(owned("c", 2), batch([4])).await.expect("it is appended");

    let taken = before.takes_over("c", 2, 3).await;
    assert!(taken.contains("gone"), "{taken}");
    let superseded = ours.append(owned("c", 2), batch([5])).await;
    assert!(matches!(superseded, Err(LogError::Stale { owner: 3 })), "{superseded:?}");
    let superseded = ours.begin(owned("c", 2), 5).await;
    assert!(matches!(superseded, Err(LogError::Stale { owner: 3 })), "{superseded:?}");
    // Above every offset that a pod of this version assigned.
    let next = 1_000_004;
    let done = before.appends("c", 3, next).await;
    assert!(done.contains("done"), "{done}");

    let stored = ours.read("c".into()).await.expect("it is read");
    assert_eq!((stored.epoch, stored.offset, stored.entries), (3, next, frames([next])));
    let taken = ours.take_over("c".into(), seen(3, next - 1)).await.expect("it is taken over");
    assert_eq!((taken.epoch, taken.missed), (4, MissedEntries::All(frames([next]))));
    let superseded = before.appends("c", 3, next + 1).await;
    assert!(superseded.contains("stale"), "{superseded}");
    let appended = ours.append(owned("c", 4), batch([next + 1])).await;
    assert_eq!(appended.expect("it is appended"), next + 1);
}

#[actix_web::test]
async fn this_version_completes_answers_of_the_previous_one_and_not_the_reverse() {
    let stage = Stage::redis().await;
    let (before, ours) = (PodBefore { stage: &stage, name: "before" }, stage.pod("ours"));
    before.has_three("c").await;
    stage.redis_ref().ask(&["SADD", "hsc:{answering1}:before", "1:c"]).await;
    let claimed = ours.claim("before".into()).await.expect("the marks are read");
    let claimed = claimed.expect("the answer is claimed");
    assert_eq!((&*claimed.conversation, claimed.taken.epoch), ("c", 2));
    assert_eq!(claimed.taken.checkpoint.as_deref(), Some("checkpoint"));
    let keys = stage.redis_ref().ask(&["EXISTS", "hsc:{answering1}:before"]).await;
    assert_eq!(keys, "int(0)");
    // The claimer's own mark: no pod of the previous version reads it.
    let own = stage.redis_ref().ask(&["EXISTS", "hsc:{answering1}:ours"]).await;
    assert_eq!(own, "int(0)");
    let claimed = stage.pod("other").claim("ours".into()).await.expect("the marks are read");
    assert_eq!(claimed.expect("the answer is claimed").taken.epoch, 3);
}
