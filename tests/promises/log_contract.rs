//! The contract of the conversation log, run over the one in memory and the one in Redis.

use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use hsc_actors::LogLimits;
use hsc_actors::bridge::Body;
use hsc_conversation::log::{Batch, LogError, MOST_OFFSET, MissedEntries};

use crate::contract::contract;
use crate::eventually::eventually;
use crate::log_stage::{LIMITS, Stage, batch, frames, owned, seen};

contract! {
    over memory redis: {
        a_client_receives_each_missed_entry_once_and_in_order
        a_retried_batch_is_stored_once
        a_batch_with_a_hole_is_refused_whole
        an_unknown_conversation_returns_an_error
        a_superseded_owner_cannot_append
        an_epoch_belongs_to_one_pod
        a_writer_of_an_epoch_unknown_to_the_log_begins_again_and_fences_the_older_owner
        a_client_ahead_of_the_log_is_notified_and_no_offset_is_reused
        a_client_of_a_disconnected_owner_is_reported_ahead
        a_client_of_a_later_epoch_receives_no_entries_of_the_log
        an_impossible_offset_is_reported_ahead
        entries_before_the_window_are_gone_and_the_window_is_complete
        an_idle_conversation_expires_and_an_active_one_stays
        the_last_checkpoint_is_stored
        begin_is_idempotent_and_at_another_offset_discards_earlier_entries
        concurrent_takeovers_get_distinct_epochs
        the_answer_of_a_vanished_pod_is_claimed_by_one_pod
        a_completed_or_taken_over_answer_is_not_claimed
        the_answer_of_a_vanished_claimer_is_claimed_by_the_next
        appended_entries_are_published_once_however_often_the_append_is_retried
        stored_entries_are_read_and_a_read_changes_nothing
    }
}

async fn stored_entries_are_read_and_a_read_changes_nothing(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    assert!(matches!(b.read("c".into()).await, Err(LogError::Unknown)));
    a.begin(owned("c", 1), 0).await.expect("the log does it");
    let nothing = b.read("c".into()).await.expect("the log does it");
    assert_eq!((nothing.epoch, nothing.offset, nothing.entries), (1, 0, Vec::new()));
    a.append(owned("c", 1), batch(1..=3)).await.expect("the log does it");
    for _ in 0..2 {
        let stored = b.read("c".into()).await.expect("the log does it");
        assert_eq!((stored.epoch, stored.offset, stored.entries), (1, 3, frames(1..=3)));
    }
    assert_eq!(
        a.append(owned("c", 1), batch(4..=10)).await.expect("the log does it"),
        10,
        "it is still a's"
    );
    let stored = b.read("c".into()).await.expect("the log does it");
    assert_eq!((stored.offset, stored.entries), (10, frames(3..=10)), "the window has gone on");
}

async fn a_client_receives_each_missed_entry_once_and_in_order(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    a.begin(owned("c", 1), 0).await.expect("the log does it");
    assert_eq!(a.append(owned("c", 1), batch(1..=3)).await.expect("the log does it"), 3);
    assert_eq!(a.append(owned("c", 1), batch([4])).await.expect("the log does it"), 4);
    let taken = b.take_over("c".into(), seen(1, 1)).await.expect("the log does it");
    assert_eq!((taken.epoch, taken.offset), (2, 4));
    assert_eq!(taken.missed, MissedEntries::All(frames(2..=4)));
    assert_eq!(taken.from.as_deref(), Some("a"));
    assert_eq!(b.append(owned("c", 2), batch([5])).await.expect("the log does it"), 5);
    let taken = b.take_over("c".into(), seen(2, 5)).await.expect("the log does it");
    assert_eq!((taken.epoch, taken.offset, taken.missed), (3, 5, MissedEntries::All(Vec::new())));
    assert_eq!(taken.from, None, "it was the same pod's");
    let all = a.take_over("c".into(), seen(1, 0)).await.expect("the log does it");
    assert_eq!(all.missed, MissedEntries::All(frames(1..=5)));
}

async fn a_retried_batch_is_stored_once(stage: Stage) {
    let a = stage.pod("a");
    a.begin(owned("c", 1), 0).await.expect("the log does it");
    for _ in 0..3 {
        assert_eq!(a.append(owned("c", 1), batch(1..=2)).await.expect("the log does it"), 2);
    }
    assert_eq!(
        a.append(owned("c", 1), batch(1..=4)).await.expect("the log does it"),
        4,
        "a part of it is there"
    );
    assert_eq!(
        a.append(owned("c", 1), batch([2])).await.expect("the log does it"),
        4,
        "it comes late"
    );
    assert_eq!(a.append(owned("c", 1), Batch::default()).await.expect("the log does it"), 4);
    let missed = a.take_over("c".into(), seen(1, 0)).await.expect("the log does it").missed;
    assert_eq!(missed, MissedEntries::All(frames(1..=4)));
}

async fn a_batch_with_a_hole_is_refused_whole(stage: Stage) {
    let a = stage.pod("a");
    for hole in [vec![4], vec![3, 5], vec![3, 3], vec![5, 4, 3], vec![1, 2, 4]] {
        let name = format!("{hole:?}");
        a.begin(owned(&name, 1), 0).await.expect("the log does it");
        a.append(owned(&name, 1), batch(1..=2)).await.expect("the log does it");
        let with_minutes = Batch { checkpoint: Some("no".into()), ..batch(hole) };
        let refused = a.append(owned(&name, 1), with_minutes).await;
        assert!(matches!(refused, Err(LogError::Gap { last: 2 })), "{name}: {refused:?}");
        let taken = a.take_over(name.as_str().into(), seen(1, 0)).await.expect("the log does it");
        assert_eq!((taken.missed, taken.checkpoint), (MissedEntries::All(frames(1..=2)), None));
    }
}

async fn an_unknown_conversation_returns_an_error(stage: Stage) {
    let a = stage.pod("a");
    assert!(matches!(a.append(owned("c", 1), batch([1])).await, Err(LogError::Unknown)));
    assert!(matches!(a.take_over("c".into(), seen(1, 0)).await, Err(LogError::Unknown)));
    assert!(a.claim("b".into()).await.expect("the log does it").is_none());
}

async fn a_superseded_owner_cannot_append(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    a.begin(owned("c", 1), 0).await.expect("the log does it");
    a.append(owned("c", 1), batch([1])).await.expect("the log does it");
    b.take_over("c".into(), seen(1, 1)).await.expect("the log does it");
    let checkpoint = Batch { checkpoint: Some("old".into()), ..batch([2]) };
    let refused = a.append(owned("c", 1), checkpoint).await;
    assert!(matches!(refused, Err(LogError::Stale { owner: 2 })), "{refused:?}");
    for offset in [0, 1, 9] {
        let refused = a.begin(owned("c", 1), offset).await;
        assert!(matches!(refused, Err(LogError::Stale { owner: 2 })), "{refused:?}");
    }
    let taken = b.take_over("c".into(), seen(1, 0)).await.expect("the log does it");
    assert_eq!((taken.missed, taken.checkpoint), (MissedEntries::All(frames([1])), None));
}

async fn an_epoch_belongs_to_one_pod(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    a.begin(owned("c", 1), 0).await.expect("the log does it");
    // Both believe that they own it: a log that was restored to an older state assigned the epoch twice.
    assert!(matches!(b.append(owned("c", 1), batch([1])).await, Err(LogError::Stale { owner: 1 })));
    assert!(matches!(b.begin(owned("c", 1), 0).await, Err(LogError::Stale { owner: 1 })));
    assert_eq!(a.append(owned("c", 1), batch([1])).await.expect("the log does it"), 1);
}

async fn a_writer_of_an_epoch_unknown_to_the_log_begins_again_and_fences_the_older_owner(
    stage: Stage,
) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    // The log does not know epoch 3, which b has: its entries are from the previous owner.
    a.begin(owned("c", 2), 0).await.expect("the log does it");
    a.append(owned("c", 2), batch(1..=9)).await.expect("the log does it");
    for offsets in [[5], [10], [12]] {
        let refused = b.append(owned("c", 3), batch(offsets)).await;
        assert!(matches!(refused, Err(LogError::Unknown)), "{refused:?}");
    }
    b.begin(owned("c", 3), 4).await.expect("the log does it");
    assert_eq!(b.append(owned("c", 3), batch(5..=6)).await.expect("the log does it"), 6);
    let refused = a.append(owned("c", 2), batch([10])).await;
    assert!(matches!(refused, Err(LogError::Stale { owner: 3 })), "{refused:?}");
    assert_eq!(
        b.take_over("c".into(), seen(3, 3)).await.expect("the log does it").missed,
        MissedEntries::Gone
    );
    assert_eq!(
        b.take_over("c".into(), seen(3, 4)).await.expect("the log does it").missed,
        MissedEntries::All(frames(5..=6))
    );
}

async fn a_client_ahead_of_the_log_is_notified_and_no_offset_is_reused(stage: Stage) {
    let a = stage.pod("a");
    a.begin(owned("c", 1), 0).await.expect("the log does it");
    let checkpoint = Batch { checkpoint: Some("m".into()), ..batch(1..=3) };
    a.append(owned("c", 1), checkpoint).await.expect("the log does it");
    let taken = a.take_over("c".into(), seen(1, 7)).await.expect("the log does it");
    assert_eq!((taken.offset, taken.missed), (7, MissedEntries::Ahead));
    assert_eq!(taken.checkpoint.as_deref(), Some("m"));
    let refused = a.append(owned("c", 2), batch([9])).await;
    assert!(matches!(refused, Err(LogError::Gap { last: 7 })), "{refused:?}");
    assert_eq!(a.append(owned("c", 2), batch([8])).await.expect("the log does it"), 8);
    // It is not known whether the entries before 7 are complete.
    assert_eq!(
        a.take_over("c".into(), seen(1, 2)).await.expect("the log does it").missed,
        MissedEntries::Gone
    );
    assert_eq!(
        a.take_over("c".into(), seen(2, 7)).await.expect("the log does it").missed,
        MissedEntries::All(frames([8]))
    );
}

async fn a_client_of_a_disconnected_owner_is_reported_ahead(stage: Stage) {
    let (cut_off, other) = (stage.pod("cut off"), stage.pod("other"));
    cut_off.begin(owned("c", 1), 0).await.expect("the log does it");
    cut_off.append(owned("c", 1), batch(1..=3)).await.expect("the log does it");
    cut_off.answering(owned("c", 1), true).await.expect("the log does it");
    // The first owner cannot reach the log and sends 4 and 5 to its client; another pod takes over
    // and sends other text under the same offsets.
    other.claim("cut off".into()).await.expect("the log does it").expect("the log does it");
    other.append(owned("c", 2), batch(4..=9)).await.expect("the log does it");
    let refused = cut_off.append(owned("c", 1), batch(4..=5)).await;
    assert!(matches!(refused, Err(LogError::Stale { owner: 2 })), "{refused:?}");
    let taken = other.take_over("c".into(), seen(1, 5)).await.expect("the log does it");
    assert_eq!((taken.epoch, taken.offset, taken.missed), (3, 9, MissedEntries::Ahead));
    // A client without these entries gets them, and so does the one that was welcomed since.
    other.append(owned("c", 3), batch([10])).await.expect("the log does it");
    assert_eq!(
        other.take_over("c".into(), seen(1, 3)).await.expect("the log does it").missed,
        MissedEntries::Gone
    );
    let missed = other.take_over("c".into(), seen(3, 9)).await.expect("the log does it").missed;
    assert_eq!(missed, MissedEntries::All(frames([10])));
}

async fn a_client_of_a_later_epoch_receives_no_entries_of_the_log(stage: Stage) {
    let (old, new) = (stage.pod("old"), stage.pod("new"));
    // The log was lost; the owner of epoch 1 did not learn of epochs 2 to 4, began the log
    // again and appended its own entries.
    old.begin(owned("c", 1), 5).await.expect("the log does it");
    old.append(owned("c", 1), batch(6..=9)).await.expect("the log does it");
    let taken = new.take_over("c".into(), seen(4, 7)).await.expect("the log does it");
    assert_eq!((taken.epoch, taken.offset, taken.missed), (5, 9, MissedEntries::Ahead));
    assert_eq!(new.append(owned("c", 5), batch([10])).await.expect("the log does it"), 10);
    assert_eq!(
        new.take_over("c".into(), seen(5, 8)).await.expect("the log does it").missed,
        MissedEntries::Gone
    );
    let missed = new.take_over("c".into(), seen(5, 9)).await.expect("the log does it").missed;
    assert_eq!(missed, MissedEntries::All(frames([10])));
}

async fn an_impossible_offset_is_reported_ahead(stage: Stage) {
    let a = stage.pod("a");
    a.begin(owned("c", 1), 0).await.expect("the log does it");
    for _ in 0..2 {
        let taken = a.take_over("c".into(), seen(1, u64::MAX)).await.expect("the log does it");
        assert_eq!((taken.offset, taken.missed), (MOST_OFFSET, MissedEntries::Ahead));
        a.begin(owned("c", taken.epoch + 1), 5).await.expect("the log does it");
    }
    let taken = a.take_over("c".into(), seen(1, MOST_OFFSET + 1)).await.expect("the log does it");
    let next = taken.offset + 1;
    assert_eq!(
        a.append(owned("c", taken.epoch), batch([next])).await.expect("the log does it"),
        next
    );
    let missed = a
        .take_over("c".into(), seen(taken.epoch, taken.offset))
        .await
        .expect("the log does it")
        .missed;
    assert_eq!(missed, MissedEntries::All(frames([next])));
}

async fn entries_before_the_window_are_gone_and_the_window_is_complete(stage: Stage) {
    let a = stage.pod("a");
    let window = LIMITS.window as u64;
    a.begin(owned("c", 1), 0).await.expect("the log does it");
    a.append(owned("c", 1), batch(1..=3)).await.expect("the log does it");
    a.append(owned("c", 1), batch(4..=window + 2)).await.expect("the log does it");
    a.append(owned("c", 1), batch([window + 3])).await.expect("the log does it");
    assert_eq!(
        a.take_over("c".into(), seen(1, 0)).await.expect("the log does it").missed,
        MissedEntries::Gone
    );
    assert_eq!(
        a.take_over("c".into(), seen(1, 2)).await.expect("the log does it").missed,
        MissedEntries::Gone
    );
    let missed = a.take_over("c".into(), seen(1, 3)).await.expect("the log does it").missed;
    assert_eq!(missed, MissedEntries::All(frames(4..=window + 3)));
    let epoch = a.take_over("c".into(), seen(1, 3)).await.expect("the log does it").epoch;
    let next = window + 4..=3 * window;
    assert_eq!(
        a.append(owned("c", epoch), batch(next)).await.expect("the log does it"),
        3 * window
    );
    let missed =
        a.take_over("c".into(), seen(epoch, 2 * window)).await.expect("the log does it").missed;
    assert_eq!(missed, MissedEntries::All(frames(2 * window + 1..=3 * window)));
}

async fn an_idle_conversation_expires_and_an_active_one_stays(stage: Stage) {
    let stage = stage.with(LogLimits { ttl: Duration::from_millis(1_500), ..LIMITS });
    let a = stage.pod("a");
    a.begin(owned("idle", 1), 0).await.expect("the log does it");
    a.begin(owned("busy", 1), 0).await.expect("the log does it");
    eventually("the idle one is forgotten", async || {
        a.append(owned("busy", 1), Batch::default()).await.expect("the log does it");
        // Read by a pod that does not own it, so that the read does not touch it.
        matches!(
            stage.pod("b").append(owned("idle", 1), Batch::default()).await,
            Err(LogError::Unknown)
        )
    })
    .await;
    assert_eq!(a.append(owned("busy", 1), batch([1])).await.expect("the log does it"), 1);
    a.begin(owned("idle", 1), 0).await.expect("the log does it");
    assert_eq!(a.append(owned("idle", 1), batch([1])).await.expect("the log does it"), 1);
}

async fn the_last_checkpoint_is_stored(stage: Stage) {
    let a = stage.pod("a");
    let checkpoint = |text: &str| Some(text.into());
    a.begin(owned("c", 1), 0).await.expect("the log does it");
    a.append(owned("c", 1), Batch { checkpoint: checkpoint("one"), ..batch([1]) })
        .await
        .expect("the log does it");
    a.append(owned("c", 1), batch([2])).await.expect("the log does it");
    assert_eq!(
        a.take_over("c".into(), seen(1, 2)).await.expect("the log does it").checkpoint,
        checkpoint("one")
    );
    let alone = Batch { entries: Vec::new(), checkpoint: checkpoint("two \"ö\"") };
    assert_eq!(a.append(owned("c", 2), alone).await.expect("the log does it"), 2);
    let taken = a.take_over("c".into(), seen(1, 0)).await.expect("the log does it");
    assert_eq!(
        (taken.checkpoint, taken.missed),
        (checkpoint("two \"ö\""), MissedEntries::All(frames(1..=2)))
    );
}

async fn begin_is_idempotent_and_at_another_offset_discards_earlier_entries(stage: Stage) {
    let a = stage.pod("a");
    a.begin(owned("c", 1), 0).await.expect("the log does it");
    let checkpoint = Batch { checkpoint: Some("m".into()), ..batch(1..=3) };
    a.append(owned("c", 1), checkpoint).await.expect("the log does it");
    for offset in [0, 2, 3] {
        a.begin(owned("c", 1), offset).await.expect("the log does it");
        assert_eq!(
            a.append(owned("c", 1), batch(1..=3)).await.expect("the log does it"),
            3,
            "nothing is lost"
        );
    }
    a.begin(owned("c", 1), 10).await.expect("the log does it");
    assert_eq!(a.append(owned("c", 1), batch(9..=11)).await.expect("the log does it"), 11);
    let taken = a.take_over("c".into(), seen(1, 9)).await.expect("the log does it");
    assert_eq!((taken.missed, taken.checkpoint), (MissedEntries::Gone, None));
    assert_eq!(
        a.take_over("c".into(), seen(1, 10)).await.expect("the log does it").missed,
        MissedEntries::All(frames([11]))
    );
}

async fn concurrent_takeovers_get_distinct_epochs(stage: Stage) {
    stage.pod("a").begin(owned("c", 1), 0).await.expect("the log does it");
    let pods: Vec<_> = (0..8).map(|pod| stage.pod(&pod.to_string())).collect();
    let takers = pods.iter().map(|pod| pod.take_over("c".into(), seen(1, 0)));
    let mut epochs: Vec<u64> = join_all(takers)
        .await
        .into_iter()
        .map(|taken| taken.expect("the log does it").epoch)
        .collect();
    let last = epochs.iter().position(|epoch| *epoch == 9).expect("one is the last");
    for (place, epoch) in epochs.iter().enumerate() {
        let appended = pods[place].append(owned("c", *epoch), batch([1])).await;
        assert_eq!(appended.is_ok(), place == last, "{appended:?}");
    }
    epochs.sort_unstable();
    assert_eq!(epochs, (2..=9).collect::<Vec<u64>>());
}

async fn the_answer_of_a_vanished_pod_is_claimed_by_one_pod(stage: Stage) {
    let gone = stage.pod("gone");
    for name in ["c", "d"] {
        gone.begin(owned(name, 1), 0).await.expect("the log does it");
        let checkpoint = Batch { checkpoint: Some("asked".into()), ..batch(1..=2) };
        gone.append(owned(name, 1), checkpoint).await.expect("the log does it");
        gone.answering(owned(name, 1), true).await.expect("the log does it");
    }
    let pods: Vec<_> = (0..6).map(|pod| stage.pod(&pod.to_string())).collect();
    let claims = join_all(pods.iter().map(|pod| pod.claim("gone".into()))).await;
    let claimed: Vec<_> = claims.into_iter().filter_map(Result::unwrap).collect();
    let mut names: Vec<&str> = claimed.iter().map(|claimed| &*claimed.conversation).collect();
    names.sort_unstable();
    assert_eq!(names, ["c", "d"]);
    for claimed in claimed {
        let taken = claimed.taken;
        assert_eq!((taken.epoch, taken.offset), (2, 2));
        assert_eq!(
            (taken.from.as_deref(), taken.checkpoint.as_deref()),
            (Some("gone"), Some("asked"))
        );
        assert_eq!(taken.missed, MissedEntries::All(Vec::new()));
    }
    let refused = gone.append(owned("c", 1), batch([3])).await;
    assert!(matches!(refused, Err(LogError::Stale { owner: 2 })), "{refused:?}");
}

async fn a_completed_or_taken_over_answer_is_not_claimed(stage: Stage) {
    let (gone, other, claimer) = (stage.pod("gone"), stage.pod("other"), stage.pod("claimer"));
    for name in ["done", "taken"] {
        gone.begin(owned(name, 1), 0).await.expect("the log does it");
        gone.answering(owned(name, 1), true).await.expect("the log does it");
    }
    gone.answering(owned("done", 1), false).await.expect("the log does it");
    other.take_over("taken".into(), seen(1, 0)).await.expect("the log does it");
    gone.answering(owned("never begun", 1), true).await.expect("the log does it");
    assert!(claimer.claim("gone".into()).await.expect("the log does it").is_none());
    assert_eq!(
        other.append(owned("taken", 2), batch([1])).await.expect("the log does it"),
        1,
        "nobody took it"
    );
    // One pod may own a conversation twice, one after the other: the end of an old answer is not the
    // end of the new one.
    let again = gone.take_over("done".into(), seen(1, 0)).await.expect("the log does it");
    gone.answering(owned("done", again.epoch), true).await.expect("the log does it");
    gone.answering(owned("done", 1), false).await.expect("the log does it");
    let claimed =
        claimer.claim("gone".into()).await.expect("the log does it").expect("the log does it");
    assert_eq!((&*claimed.conversation, claimed.taken.epoch), ("done", 3));
}

async fn the_answer_of_a_vanished_claimer_is_claimed_by_the_next(stage: Stage) {
    let (gone, first, second) = (stage.pod("gone"), stage.pod("first"), stage.pod("second"));
    gone.begin(owned("c", 1), 0).await.expect("the log does it");
    gone.answering(owned("c", 1), true).await.expect("the log does it");
    assert!(first.claim("gone".into()).await.expect("the log does it").is_some());
    assert!(second.claim("gone".into()).await.expect("the log does it").is_none());
    let claimed =
        second.claim("first".into()).await.expect("the log does it").expect("the log does it");
    assert_eq!((claimed.taken.epoch, claimed.taken.from.as_deref()), (3, Some("first")));
    second.answering(owned("c", 3), false).await.expect("the log does it");
    assert!(gone.claim("second".into()).await.expect("the log does it").is_none());
}

async fn appended_entries_are_published_once_however_often_the_append_is_retried(stage: Stage) {
    let a = stage.pod("a");
    let mut published = stage.listen("c").await;
    a.begin(owned("c", 1), 0).await.expect("the log does it");
    a.append(owned("c", 1), batch(1..=2)).await.expect("the log does it");
    a.append(owned("c", 1), batch(1..=2)).await.expect("the log does it");
    a.append(owned("c", 1), batch([4])).await.expect_err("the log refuses it");
    a.append(owned("c", 1), Batch { entries: Vec::new(), checkpoint: Some("m".into()) })
        .await
        .expect("the log does it");
    a.append(owned("c", 1), batch(2..=3)).await.expect("the log does it");
    for expected in [frames(1..=2), frames([3])] {
        let envelope = crate::eventually::in_time("the entries are published", published.next())
            .await
            .expect("the log does it");
        assert_eq!(&*envelope.from, "a");
        let Body::Appended { conversation, epoch, frames } = envelope.body else {
            panic!("{envelope:?}")
        };
        assert_eq!((&*conversation, epoch, frames), ("c", 1, expected));
    }
}
