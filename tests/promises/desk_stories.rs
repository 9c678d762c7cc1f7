//! Random concurrent actions at the desk are linearizable: a conversation has at most one agent, and none is lost.
//! Compared with a model of a few lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use hsc_actors::ports::HandoffDesk;
use hsc_conversation::desk::{DeskChange, DeskError, OnBehalfOf, ReleaseKind, VisitorEnds};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::desk_stage::{Stage, agent, handoff_request};
use crate::eventually::eventually;

const PODS: [&str; 2] = ["a", "b"];
const AGENTS: [&str; 3] = ["ana", "ben", "cleo"];
const CONVERSATIONS: [&str; 3] = ["c1", "c2", "c3"];

/// An action on a conversation by a visitor or an agent, on a pod.
#[derive(Debug, Clone, Copy)]
enum Act {
    Wait,
    Withdraw,
    Leave,
    Take(usize),
    Hand(usize, usize),
    GiveBack(usize),
    Close(usize),
}

/// The result: done, or refused because of an agent (or of none).
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Done,
    Nothing,
    Unknown,
    Taken(String),
    NotYours(Option<String>),
}

type Step = (usize, usize, Act);

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..AGENTS.len();
    let act = prop_oneof![
        4 => Just(Act::Wait),
        1 => Just(Act::Withdraw),
        1 => Just(Act::Leave),
        6 => who().prop_map(Act::Take),
        3 => (who(), who()).prop_map(|(by, to)| Act::Hand(by, to)),
        1 => who().prop_map(Act::GiveBack),
        1 => who().prop_map(Act::Close),
    ];
    (0..PODS.len(), 0..CONVERSATIONS.len(), act)
}

/// The agent of each conversation. A conversation that is missing is not at the desk.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Model(BTreeMap<&'static str, Option<String>>);

impl Model {
    fn act(&mut self, conversation: &'static str, act: Act) -> End {
        let has = self.0.get(conversation).cloned();
        let own = |by: usize| has.as_ref().and_then(Option::as_deref) == Some(AGENTS[by]);
        match (act, &has) {
            (Act::Wait, _) => {
                self.0.entry(conversation).or_default();
                End::Done
            }
            (Act::Withdraw, Some(None)) | (Act::Leave, Some(_)) => {
                self.0.remove(conversation);
                End::Done
            }
            (Act::Withdraw | Act::Leave, _) => End::Nothing,
            (_, None) => End::Unknown,
            (Act::Take(by), Some(Some(_))) if own(by) => End::Done,
            (Act::Take(_), Some(Some(other))) => End::Taken(other.clone()),
            (Act::Take(by), Some(None)) => {
                self.0.insert(conversation, Some(AGENTS[by].to_owned()));
                End::Done
            }
            (Act::Hand(by, _) | Act::GiveBack(by) | Act::Close(by), Some(has)) if !own(by) => {
                End::NotYours(has.clone())
            }
            (Act::Hand(_, to), _) => {
                self.0.insert(conversation, Some(AGENTS[to].to_owned()));
                End::Done
            }
            (Act::GiveBack(_) | Act::Close(_), _) => {
                self.0.remove(conversation);
                End::Done
            }
        }
    }
}

async fn act(desk: &Arc<dyn HandoffDesk>, conversation: &'static str, act: Act) -> End {
    let let_go = |by: usize, how| {
        let by = OnBehalfOf { agent: agent(AGENTS[by]), is_admin: false };
        let done = desk.release(conversation.into(), by, how);
        async { done.await.map(|_: DeskChange| true) }
    };
    let ended = |how| {
        let done = desk.end(conversation.into(), how);
        async { done.await.map(|gone| gone.is_some()) }
    };
    let outcome = match act {
        Act::Wait => desk.request(handoff_request(conversation)).await.map(|_| true),
        Act::Withdraw => ended(VisitorEnds::Withdraws).await,
        Act::Leave => ended(VisitorEnds::Leaves).await,
        Act::Take(by) => {
            let taken = desk.take(conversation.into(), agent(AGENTS[by])).await;
            taken.map(|ticket| {
                assert_eq!(ticket.agent, Some(agent(AGENTS[by])));
                true
            })
        }
        Act::Hand(by, to) => let_go(by, ReleaseKind::To(AGENTS[to].to_owned())).await,
        Act::GiveBack(by) => let_go(by, ReleaseKind::ToMachine).await,
        Act::Close(by) => let_go(by, ReleaseKind::Close).await,
    };
    match outcome {
        Ok(true) => End::Done,
        Ok(false) => End::Nothing,
        Err(DeskError::NoSuchConversation) => End::Unknown,
        Err(DeskError::Taken { by }) => End::Taken(by.id),
        Err(DeskError::NotYours { by }) => End::NotYours(by.map(|by| by.id)),
        Err(other) => panic!("{other:?}"),
    }
}

async fn seen(desk: &Arc<dyn HandoffDesk>) -> Model {
    let view = desk.snapshot().await.expect("the desk does it");
    assert!(view.tickets.is_sorted_by_key(|ticket| ticket.since_ms));
    let waiting: Vec<Arc<str>> = view
        .tickets
        .iter()
        .filter(|it| it.waits())
        .map(|it| it.conversation.as_str().into())
        .collect();
    let places = desk.places(waiting.clone()).await.expect("the desk does it");
    let numbers: Vec<usize> = places.into_iter().map(|(_, place)| place.number).collect();
    assert_eq!(numbers, (1..=waiting.len()).collect::<Vec<_>>(), "who waits is in line, in order");
    let name = |conversation: &str| {
        *CONVERSATIONS.iter().find(|name| **name == conversation).expect("one of ours")
    };
    let tickets = view.tickets.into_iter();
    Model(tickets.map(|it| (name(&it.conversation), it.agent.map(|agent| agent.id))).collect())
}

async fn everybody_is_there(pods: &[Arc<dyn HandoffDesk>]) {
    for name in AGENTS {
        pods[0].agent_here(agent(name), "seat".into(), None).await.expect("the desk does it");
    }
}

/// In sequence: each result equals that of the model, and so does the state afterwards.
async fn told_one_by_one(stage: &mut Stage, story: &[Step]) {
    stage.empty().await;
    let pods = PODS.map(|name| stage.pod(name));
    everybody_is_there(&pods).await;
    let mut model = Model::default();
    for (pod, conversation, what) in story {
        let conversation = CONVERSATIONS[*conversation];
        let end = act(&pods[*pod], conversation, *what).await;
        assert_eq!(end, model.act(conversation, *what), "{what:?} of {conversation}");
        assert_eq!(seen(&pods[1 - *pod]).await, model);
    }
}

/// Concurrently: the results equal those of some sequential order.
async fn told_at_once(stage: &mut Stage, rounds: &[Vec<Step>]) {
    stage.empty().await;
    let pods = PODS.map(|name| stage.pod(name));
    everybody_is_there(&pods).await;
    let mut model = Model::default();
    for round in rounds {
        let acts = round
            .iter()
            .map(|(pod, conversation, what)| act(&pods[*pod], CONVERSATIONS[*conversation], *what));
        let ends = join_all(acts).await;
        let after = seen(&pods[0]).await;
        let results: Vec<(&Step, End)> = round.iter().zip(ends).collect();
        assert!(
            is_linearizable(&model, &results, &after),
            "from {model:?} to {after:?} by no order of {results:?}"
        );
        model = after;
    }
}

fn is_linearizable(model: &Model, remaining: &[(&Step, End)], after: &Model) -> bool {
    if remaining.is_empty() {
        return model == after;
    }
    (0..remaining.len()).any(|next| {
        let ((_, conversation, what), end) = &remaining[next];
        let mut model = model.clone();
        let mut rest = remaining.to_vec();
        rest.remove(next);
        model.act(CONVERSATIONS[*conversation], *what) == *end
            && is_linearizable(&model, &rest, after)
    })
}

/// Runs all stories on one stage, so that Redis is started once.
fn over<S: Strategy>(is_redis: bool, strategy: S, check: impl AsyncFn(&mut Stage, S::Value)) {
    let system = actix_web::rt::System::new();
    let stage = async || if is_redis { Stage::redis().await } else { Stage::memory().await };
    let stage = std::cell::RefCell::new(system.block_on(stage()));
    let config = Config { cases: 64, ..Config::default() };
    let outcome = TestRunner::new(config).run(&strategy, |story| {
        system.block_on(check(&mut stage.borrow_mut(), story));
        Ok(())
    });
    outcome.unwrap_or_else(|failed| panic!("{failed}"));
}

fn stories() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..30)
}

fn crowds() -> impl Strategy<Value = Vec<Vec<Step>>> {
    prop::collection::vec(prop::collection::vec(step(), 1..6), 0..8)
}

#[test]
fn the_desk_in_memory_agrees_with_the_model() {
    over(false, stories(), async |stage, story| told_one_by_one(stage, &story).await);
}

#[test]
fn the_desk_in_redis_agrees_with_the_model() {
    over(true, stories(), async |stage, story| told_one_by_one(stage, &story).await);
}

#[test]
fn concurrent_calls_of_the_desk_in_memory_are_linearizable() {
    over(false, crowds(), async |stage, rounds| told_at_once(stage, &rounds).await);
}

#[test]
fn concurrent_calls_of_the_desk_in_redis_are_linearizable() {
    over(true, crowds(), async |stage, rounds| told_at_once(stage, &rounds).await);
}

#[actix_web::test]
async fn an_unavailable_redis_is_reported_at_once_and_lost_tickets_are_restored() {
    let mut stage = Stage::redis().await;
    let desk = stage.pod("a");
    let since_ms =
        Some(desk.request(handoff_request("c")).await.expect("the desk does it").since_ms);
    let redis = stage.redis_of().expect("there is one");
    redis.cut();
    eventually("the desk is away", async || desk.snapshot().await.is_err()).await;
    let refused = desk.request(handoff_request("d")).await;
    assert!(matches!(refused, Err(DeskError::Unavailable { .. })), "{refused:?}");
    redis.heal().await;
    eventually("the desk is back", async || desk.snapshot().await.is_ok()).await;
    assert!(desk.find("c".into()).await.expect("the desk does it").is_none(), "it was lost");
    let again = hsc_conversation::desk::HandoffRequest { since_ms, ..handoff_request("c") };
    assert_eq!(Some(desk.request(again).await.expect("the desk does it").since_ms), since_ms);
}

#[actix_web::test]
async fn a_foreign_value_under_a_key_of_the_desk_is_an_error_and_no_panic() {
    let mut stage = Stage::redis().await;
    let desk = stage.pod("a");
    let redis = stage.redis_of().expect("there is one");
    redis.ask(&["SADD", "hsc:{desk1}:all", "c"]).await;
    redis.ask(&["HSET", "hsc:{desk1}:t:c", "agent", "x"]).await;
    let refused = desk.find("c".into()).await;
    assert!(matches!(refused, Err(DeskError::Unavailable { .. })), "{refused:?}");
    assert!(desk.snapshot().await.is_err());
    redis.ask(&["SET", "hsc:{desk1}:t:d", "no hash"]).await;
    let refused = desk.request(handoff_request("d")).await;
    assert!(matches!(refused, Err(DeskError::Unavailable { .. })), "{refused:?}");
}
