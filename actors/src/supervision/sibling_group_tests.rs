//! Every rule of a sibling group, with the time as a parameter.

use proptest::prelude::{any, prop, prop_assert, proptest};
use strum::VariantArray as _;

use super::*;
use crate::supervision::{Backoff, Intensity, Policy};

const SECOND: Duration = Duration::from_secs(1);

fn care(restarts: u32) -> Care {
    Care {
        policy: Policy::Permanent,
        intensity: Intensity { restarts, within: 10 * SECOND },
        backoff: Backoff { first: SECOND, most: 8 * SECOND },
        ..Care::default()
    }
}

fn three(on_give_up: OnGiveUp, now: Instant) -> SiblingGroup {
    let mut siblings = SiblingGroup::new(on_give_up, vec![care(2); 3]);
    assert_eq!(siblings.begin(), [Order::Start(0)]);
    assert_eq!(siblings.started(0, now), [Order::Start(1)]);
    assert_eq!(siblings.started(1, now), [Order::Start(2)]);
    assert_eq!(siblings.started(2, now), []);
    siblings
}

#[test]
fn a_failed_child_is_restarted_alone_and_at_once_the_first_time() {
    let now = Instant::now();
    let mut siblings = three(OnGiveUp::Escalate, now);
    let orders = siblings.ended(1, Ending::Panicked, now, 0.0);
    assert_eq!(orders, [Order::Await(1, Duration::ZERO), Order::Start(1)]);
    siblings.started(1, now);
    assert_eq!(siblings.ended(1, Ending::Panicked, now, 0.0), [Order::Await(1, SECOND)]);
    assert_eq!(siblings.next_tick(), Some(now + SECOND));
    assert_eq!(siblings.tick(now + SECOND / 2), []);
    assert_eq!(siblings.tick(now + SECOND), [Order::Start(1)]);
}

#[test]
fn exceeding_the_restart_limit_stops_all_children_in_order_and_escalates() {
    let now = Instant::now();
    let mut siblings = three(OnGiveUp::Escalate, now);
    for second in 1..=2 {
        siblings.ended(0, Ending::Panicked, now, 0.0);
        siblings.tick(now + second * SECOND);
        siblings.started(0, now);
    }
    let orders = siblings.ended(0, Ending::Panicked, now + 3 * SECOND, 0.0);
    assert_eq!(orders, [Order::GiveUp(0), Order::Stop(2)]);
    assert_eq!(siblings.ended(2, Ending::Stopped, now, 0.0), [Order::Rest(2), Order::Stop(1)]);
    let last = siblings.ended(1, Ending::Stopped, now, 0.0);
    assert_eq!(last, [Order::Rest(1), Order::AllDown(Some(0))]);
    assert_eq!(siblings.tick(now + 100 * SECOND), [], "it is over");
}

#[test]
fn a_root_continues_with_the_other_children_and_retries_at_its_own_pace() {
    let now = Instant::now();
    let mut siblings = SiblingGroup::new(OnGiveUp::Retry(30 * SECOND), vec![care(0); 2]);
    siblings.begin();
    let orders = siblings.ended(0, Ending::Failed, now, 0.0);
    assert_eq!(orders, [Order::GiveUp(0), Order::Start(1)]);
    siblings.started(1, now);
    assert_eq!(siblings.next_tick(), Some(now + 30 * SECOND));
    assert_eq!(siblings.tick(now + 30 * SECOND), [Order::Start(0)]);
    let again = siblings.ended(0, Ending::Failed, now + 31 * SECOND, 0.0);
    assert_eq!(again, [Order::GiveUp(0)], "on probation the first failure is enough");
    assert_eq!(siblings.tick(now + 61 * SECOND), [Order::Start(0)]);
    assert_eq!(siblings.started(0, now + 61 * SECOND), []);
    assert_eq!(siblings.next_tick(), None);
}

#[test]
fn a_child_that_lasts_the_window_resets_its_failures() {
    let now = Instant::now();
    let mut siblings = three(OnGiveUp::Escalate, now);
    for hour in 1_u32..100 {
        let later = now + hour * 3_600 * SECOND;
        let orders = siblings.ended(2, Ending::Hung, later, 0.0);
        assert_eq!(orders, [Order::Await(2, Duration::ZERO), Order::Start(2)]);
        siblings.started(2, later);
    }
}

#[test]
fn a_transient_child_that_is_done_is_not_restarted() {
    let now = Instant::now();
    let transient = Care { policy: Policy::Transient, ..care(2) };
    let mut siblings = SiblingGroup::new(OnGiveUp::Escalate, vec![transient; 2]);
    siblings.begin();
    siblings.started(0, now);
    siblings.started(1, now);
    assert_eq!(siblings.ended(0, Ending::Done, now, 0.0), [Order::Rest(0)]);
    assert_eq!(
        siblings.ended(1, Ending::Stopped, now, 0.0),
        [Order::Await(1, Duration::ZERO), Order::Start(1)]
    );
}

#[test]
fn a_stop_completes_while_children_wait_for_their_restart() {
    let now = Instant::now();
    let mut siblings = three(OnGiveUp::Escalate, now);
    siblings.ended(1, Ending::Panicked, now, 0.0);
    siblings.ended(1, Ending::Panicked, now, 0.0);
    assert_eq!(siblings.stop(), [Order::Stop(2)]);
    let next = siblings.ended(2, Ending::Stopped, now, 0.0);
    assert_eq!(next, [Order::Rest(2), Order::Rest(1), Order::Stop(0)]);
    let last = siblings.ended(0, Ending::Stopped, now, 0.0);
    assert_eq!(last, [Order::Rest(0), Order::AllDown(None)]);
}

#[test]
fn a_group_without_children_stops_at_once() {
    let mut siblings = SiblingGroup::new(OnGiveUp::Escalate, Vec::new());
    assert_eq!(siblings.begin(), []);
    assert_eq!(siblings.stop(), [Order::AllDown(None)]);
}

/// The state of a child, derived from the orders it got.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Seen {
    Down,
    Alive,
    ToldToStop,
}

proptest! {
    /// For every sequence of events: no child is started twice, no child is stopped that does
    /// not run, no child is started after the end, and a stop always completes.
    #[test]
    fn every_order_is_valid_in_the_state_of_its_child(
        retry in any::<bool>(),
        restarts in 0_u32..4,
        steps in prop::collection::vec((0_usize..4, 0_u8..4, 0_usize..6, 0_u64..4_000), 0..120),
    ) {
        let on_give_up = if retry { OnGiveUp::Retry(SECOND) } else { OnGiveUp::Escalate };
        let mut siblings = SiblingGroup::new(on_give_up, vec![care(restarts); 4]);
        let mut now = Instant::now();
        let mut seen = [Seen::Down; 4];
        let mut over = false;
        let obey = |orders: Vec<Order>, seen: &mut [Seen; 4], over: &mut bool| {
            for order in orders {
                match order {
                    Order::Start(child) => {
                        assert!(!*over && seen[child] == Seen::Down, "start {child}: {seen:?}");
                        seen[child] = Seen::Alive;
                    }
                    Order::Stop(child) => {
                        assert_eq!(seen[child], Seen::Alive);
                        seen[child] = Seen::ToldToStop;
                    }
                    Order::AllDown(_) => {
                        assert!(!*over && seen.iter().all(|seen| *seen == Seen::Down));
                        *over = true;
                    }
                    Order::Await(..) | Order::GiveUp(_) | Order::Rest(_) => {}
                }
            }
        };
        obey(siblings.begin(), &mut seen, &mut over);
        for (child, what, ending, step_ms) in steps {
            now += Duration::from_millis(step_ms);
            let orders = match what {
                0 if seen[child] == Seen::Alive => siblings.started(child, now),
                1 if seen[child] != Seen::Down => {
                    seen[child] = Seen::Down;
                    siblings.ended(child, Ending::VARIANTS[ending], now, 0.5)
                }
                _ => siblings.tick(now),
            };
            obey(orders, &mut seen, &mut over);
        }
        obey(siblings.stop(), &mut seen, &mut over);
        for _ in 0..4 {
            if let Some(child) = seen.iter().position(|seen| *seen == Seen::ToldToStop) {
                seen[child] = Seen::Down;
                obey(siblings.ended(child, Ending::Stopped, now, 0.5), &mut seen, &mut over);
            }
        }
        prop_assert!(over);
    }
}
