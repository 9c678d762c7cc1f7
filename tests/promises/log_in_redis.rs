//! Failures that only a log in Redis has: it was emptied, does not reply, accepts no
//! writes, lost the scripts, or contains foreign values.

use hsc_actors::ports::ConversationLog;
use hsc_conversation::log::{Batch, LogError, MissedEntries};

use crate::eventually::{eventually, in_time};
use crate::log_stage::{Stage, batch, frames, owned, seen};

fn is_unavailable<T>(result: &Result<T, LogError>) -> bool {
    matches!(result, Err(LogError::Unavailable { .. }))
}

/// Keys of the conversation `c`.
const META: &str = "hsc:log2:{c}";
const FRAMES: &str = "hsc:log2:{c}:entries";

async fn with_three(log: &dyn ConversationLog) {
    log.begin(owned("c", 1), 0).await.expect("the log does it");
    log.append(owned("c", 1), batch(1..=3)).await.expect("the log does it");
}

#[actix_web::test]
async fn an_emptied_redis_log_begins_again_and_clients_with_lost_entries_are_notified() {
    let mut stage = Stage::redis().await;
    let a = stage.pod("a");
    with_three(&*a).await;
    stage.redis_mut().cut();
    eventually("the log is away", async || {
        is_unavailable(&a.append(owned("c", 1), batch([4])).await)
    })
    .await;
    stage.redis_mut().heal().await;
    eventually("the log has forgotten", async || {
        matches!(a.append(owned("c", 1), batch([4])).await, Err(LogError::Unknown))
    })
    .await;
    assert!(matches!(
        stage.pod("b").take_over("c".into(), seen(1, 3)).await,
        Err(LogError::Unknown)
    ));
    a.begin(owned("c", 1), 3).await.expect("the log does it");
    assert_eq!(a.append(owned("c", 1), batch([4])).await.expect("the log does it"), 4);
    assert_eq!(
        a.take_over("c".into(), seen(1, 2)).await.expect("the log does it").missed,
        MissedEntries::Gone
    );
    assert_eq!(
        a.take_over("c".into(), seen(1, 3)).await.expect("the log does it").missed,
        MissedEntries::All(frames([4]))
    );
}

#[actix_web::test]
async fn a_paused_redis_delays_no_call_and_a_retried_append_is_stored_once() {
    let stage = Stage::redis().await;
    let a = stage.pod("a");
    with_three(&*a).await;
    stage.redis_ref().hold();
    let tried = in_time("an append ends", a.append(owned("c", 1), batch(4..=5))).await;
    assert!(is_unavailable(&tried), "{tried:?}");
    for refused in [
        in_time("begin ends", a.begin(owned("d", 1), 0)).await.map(|()| 0),
        in_time("a take-over ends", a.take_over("c".into(), seen(1, 0)))
            .await
            .map(|taken| taken.epoch),
        in_time("a mark ends", a.answering(owned("c", 1), true)).await.map(|()| 0),
        in_time("a claim ends", a.claim("gone".into())).await.map(|_| 0),
    ] {
        assert!(is_unavailable(&refused), "{refused:?}");
    }
    stage.redis_ref().go_on();
    // The suspended Redis may have received the calls nevertheless: then the epoch differs.
    let mut epoch = 1;
    eventually("the same batch is appended", async || {
        match a.append(owned("c", epoch), batch(4..=5)).await {
            Err(LogError::Stale { owner }) => epoch = owner,
            Err(_) => {}
            Ok(last) => return last == 5,
        }
        false
    })
    .await;
    assert_eq!(
        a.take_over("c".into(), seen(1, 0)).await.expect("the log does it").missed,
        MissedEntries::All(frames(1..=5))
    );
}

#[actix_web::test]
async fn a_redis_that_refuses_writes_is_unavailable_and_no_append_is_partial() {
    let stage = Stage::redis().await;
    let (a, redis) = (stage.pod("a"), stage.redis_ref());
    with_three(&*a).await;
    for (refuse, allow) in [
        (["maxmemory", "1"], ["maxmemory", "0"]),
        (["min-replicas-to-write", "1"], ["min-replicas-to-write", "0"]),
    ] {
        redis.ask(&["CONFIG", "SET", refuse[0], refuse[1]]).await;
        let checkpoint = Batch { checkpoint: Some("m".into()), ..batch([4]) };
        let refusals = [
            a.append(owned("c", 1), checkpoint.clone()).await,
            a.append(owned("c", 1), Batch { entries: Vec::new(), ..checkpoint }).await,
            a.begin(owned("c", 1), 9).await.map(|()| 0),
            a.begin(owned("d", 1), 0).await.map(|()| 0),
            a.take_over("c".into(), seen(1, 1)).await.map(|taken| taken.epoch),
            a.take_over("c".into(), seen(1, 9)).await.map(|taken| taken.epoch),
            a.answering(owned("c", 1), true).await.map(|()| 0),
        ];
        assert!(refusals.iter().all(is_unavailable), "{}: {refusals:?}", refuse[0]);
        redis.ask(&["CONFIG", "SET", allow[0], allow[1]]).await;
        assert_eq!(
            a.append(owned("c", 1), batch(1..=3)).await.expect("the log does it"),
            3,
            "{}",
            refuse[0]
        );
    }
    let taken = a.take_over("c".into(), seen(1, 0)).await.expect("the log does it");
    assert_eq!((taken.epoch, taken.missed), (2, MissedEntries::All(frames(1..=3))));
    assert_eq!(taken.checkpoint, None);
}

#[actix_web::test]
async fn a_replica_is_unavailable_for_writes() {
    let (stage, master) = (Stage::redis().await, crate::redis::Redis::start().await);
    let a = stage.pod("a");
    with_three(&*a).await;
    let url = master.url();
    let port = url.trim_end_matches('/').rsplit(':').next().expect("the log does it");
    stage.redis_ref().ask(&["REPLICAOF", "127.0.0.1", port]).await;
    let refused = a.append(owned("c", 1), batch([4])).await;
    assert!(is_unavailable(&refused), "{refused:?}");
}

#[actix_web::test]
async fn flushed_scripts_are_loaded_again() {
    let stage = Stage::redis().await;
    let a = stage.pod("a");
    with_three(&*a).await;
    stage.redis_ref().ask(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(a.append(owned("c", 1), batch([4])).await.expect("the log does it"), 4);
    stage.redis_ref().ask(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(
        a.take_over("c".into(), seen(1, 3)).await.expect("the log does it").missed,
        MissedEntries::All(frames([4]))
    );
}

/// Values under a key of this server that it did not write: another type, nonsense, invalid numbers.
const FOREIGN: &[&[&str]] = &[
    &["SET", META, "hello"],
    &["LPUSH", META, "hello"],
    &["HSET", META, "epoch", "many", "owner", "a", "offset", "3"],
    &["HSET", META, "epoch", "1", "owner", "a", "offset", "-3"],
    &["HSET", META, "epoch", "1", "owner", "a", "offset", "1e300"],
    &["HSET", META, "epoch", "nan", "owner", "a", "offset", "inf"],
    &["HSET", META, "epoch", "0x10", "offset", "3"],
    &["HSET", META, "hello", "1"],
];

#[actix_web::test]
async fn a_foreign_value_under_a_log_key_is_unknown_and_can_be_replaced() {
    let stage = Stage::redis().await;
    let (a, redis) = (stage.pod("a"), stage.redis_ref());
    for foreign in FOREIGN {
        redis.ask(&["DEL", META, FRAMES]).await;
        redis.ask(foreign).await;
        let refused = a.append(owned("c", 1), batch([4])).await;
        assert!(matches!(refused, Err(LogError::Unknown)), "{foreign:?}: {refused:?}");
        let refused = a.take_over("c".into(), seen(1, 3)).await;
        assert!(matches!(refused, Err(LogError::Unknown)), "{foreign:?}: {refused:?}");
        a.begin(owned("c", 1), 3).await.expect("the log does it");
        assert_eq!(
            a.append(owned("c", 1), batch([4])).await.expect("the log does it"),
            4,
            "{foreign:?}"
        );
    }
}

#[actix_web::test]
async fn lost_or_foreign_entries_are_never_reported_as_complete() {
    let stage = Stage::redis().await;
    let (a, redis) = (stage.pod("a"), stage.redis_ref());
    let broken: &[&[&[&str]]] = &[
        &[&["DEL", FRAMES]],
        &[&["XDEL", FRAMES, "2-0"]],
        &[&["XDEL", FRAMES, "3-0"]],
        &[&["XDEL", FRAMES, "2-0"], &["XADD", FRAMES, "3-1", "f", "hello"]],
        &[&["DEL", FRAMES], &["SET", FRAMES, "hello"]],
        &[&["DEL", FRAMES], &["XADD", FRAMES, "2-0", "g", "x"], &["XADD", FRAMES, "3-0", "f", "x"]],
        &[&["DEL", FRAMES], &["XADD", FRAMES, "1-0", "f", "x"]],
    ];
    for breaking in broken {
        redis.ask(&["DEL", META, FRAMES]).await;
        with_three(&*a).await;
        for command in *breaking {
            redis.ask(command).await;
        }
        let taken = a.take_over("c".into(), seen(1, 1)).await.expect("the log does it");
        assert_eq!((taken.offset, taken.missed), (3, MissedEntries::Gone), "{breaking:?}");
        // The log either continues, or reports that it has to be begun again.
        match a.append(owned("c", 2), batch([4])).await {
            Ok(last) => assert_eq!(last, 4, "{breaking:?}"),
            Err(LogError::Unknown) => a.begin(owned("c", 2), 4).await.expect("the log does it"),
            other => panic!("{breaking:?}: {other:?}"),
        }
        assert_eq!(
            a.append(owned("c", 2), batch([5])).await.expect("the log does it"),
            5,
            "{breaking:?}"
        );
        let taken = a.take_over("c".into(), seen(2, 4)).await.expect("the log does it");
        assert_eq!(taken.missed, MissedEntries::All(frames([5])), "{breaking:?}");
    }
}

#[actix_web::test]
async fn frames_and_marks_that_are_not_utf_8_are_skipped() {
    let stage = Stage::redis().await;
    let (a, redis) = (stage.pod("a"), stage.redis_ref());
    with_three(&*a).await;
    let bytes = "redis.call('DEL', KEYS[1]); \
        for at = 1, 3 do redis.call('XADD', KEYS[1], at .. '-0', 'f', '\\255\\254') end";
    redis.ask(&["EVAL", bytes, "1", FRAMES]).await;
    let taken = a.take_over("c".into(), seen(1, 0)).await.expect("the log does it");
    assert_eq!((taken.epoch, taken.missed), (2, MissedEntries::Gone));

    let marks = "hsc:{answering2}:gone";
    let bytes = "redis.call('SADD', KEYS[1], '\\255\\254', 'c', '1', ':', 'x:c', '-1:c', \
        '99999999999999999999:c', '18446744073709551615:c', '7:c', '2:other')";
    redis.ask(&["EVAL", bytes, "1", marks]).await;
    assert!(a.claim("gone".into()).await.expect("the log does it").is_none());
    assert_eq!(redis.ask(&["EXISTS", marks]).await, "int(0)", "nothing is left to look at");
    redis.ask(&["SET", marks, "hello"]).await;
    assert!(is_unavailable(&a.claim("gone".into()).await));
}
