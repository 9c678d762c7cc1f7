//! The contract of the desk, run over the one in memory and the one in Redis.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use hsc_actors::ports::HandoffDesk;
use hsc_catalogs::Scenario;
use hsc_conversation::desk::{
    DeskChange, DeskError, HandoffRequest, OnBehalfOf, ReleaseKind, TicketDetails, VisitorEnds,
};
use hsc_conversation::protocol::{AboutProduct, Speaker, Ticket, TicketGoneReason};

use crate::contract::contract;
use crate::desk_stage::{LIMITS, Stage, agent, handoff_request};
use crate::eventually::eventually;

contract! {
    over memory redis: {
        every_pod_lists_the_waiting_visitors_with_their_details_longest_wait_first
        only_new_details_of_a_visitor_change_the_ticket
        of_concurrent_takes_one_succeeds_and_the_others_are_refused_with_its_agent
        a_repeated_handoff_request_retains_its_place_and_agent
        a_visitor_withdraws_while_waiting_and_ends_at_any_time
        an_agent_returns_and_closes_own_conversations_and_an_admin_any
        a_conversation_is_handed_only_to_a_present_agent
        the_queue_place_and_the_estimated_wait_are_reported
        the_ticket_has_the_last_message_and_its_revision_increases
        a_full_queue_refuses_further_requests
        a_change_of_presence_is_reported_once_and_a_break_is_stored
        the_conversation_of_a_vanished_agent_waits_again_at_its_old_place
        an_agent_who_returns_in_time_retains_conversations_and_break
        a_conversation_whose_agent_does_not_answer_returns_to_the_queue
        a_message_of_the_visitor_starts_the_answer_deadline_and_one_of_the_agent_ends_it
        the_request_of_a_visitor_who_stays_away_expires
        a_visitor_with_an_agent_does_not_expire
        a_visitor_who_moved_to_another_pod_is_not_offline_when_the_first_reports_it
        each_timeout_is_applied_by_one_pod
        a_lost_ticket_is_restored_with_its_place_and_agent
    }
}

async fn take(
    desk: &Arc<dyn HandoffDesk>,
    conversation: &str,
    who: &str,
) -> Result<Ticket, DeskError> {
    desk.take(conversation.into(), agent(who)).await
}

async fn let_go(
    desk: &Arc<dyn HandoffDesk>,
    conversation: &str,
    who: &str,
    how: ReleaseKind,
) -> Result<DeskChange, DeskError> {
    let by = OnBehalfOf { agent: agent(who), is_admin: who == "admin" };
    desk.release(conversation.into(), by, how).await
}

async fn tickets(desk: &Arc<dyn HandoffDesk>) -> Vec<(String, Option<String>)> {
    let view = desk.snapshot().await.expect("the desk does it");
    let ticket = |ticket: Ticket| (ticket.conversation, ticket.agent.map(|agent| agent.id));
    view.tickets.into_iter().map(ticket).collect()
}

fn of(conversation: &str, agent: Option<&str>) -> (String, Option<String>) {
    (conversation.to_owned(), agent.map(str::to_owned))
}

async fn every_pod_lists_the_waiting_visitors_with_their_details_longest_wait_first(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    let details = TicketDetails {
        product: Some(AboutProduct { id: "td17".to_owned(), name: "TD-17 \"é\"".to_owned() }),
        visitor: Some("Dana\nO'Neil".to_owned()),
        locale: Some("he".to_owned()),
        scenario: Some(Scenario::Live),
        page: Some("https://shop.example/drums?q=\"é\"".to_owned()),
        reason: Some("הקופסה שבורה 🥁".to_owned()),
    };
    let whole = HandoffRequest {
        details: details.clone(),
        last: Some("{\"x\":[1]}".to_owned()),
        ..handoff_request("first")
    };
    let first = a.request(whole.clone()).await.expect("the desk does it");
    // Within the same millisecond they would be ordered by name.
    let second = b
        .request(HandoffRequest { since_ms: Some(first.since_ms - 1), ..handoff_request("zeroth") })
        .await;
    let view = b.snapshot().await.expect("the desk does it");
    assert_eq!(view.tickets, [second.expect("the desk does it"), first.clone()]);
    assert_eq!((first.online, first.pod.as_str(), first.agent), (true, "a", None));
    let TicketDetails { product, visitor, locale, scenario, page, reason } = details;
    assert_eq!((first.product, first.visitor, first.locale), (product, visitor, locale));
    assert_eq!((first.scenario, first.page, first.reason), (scenario, page, reason));
    assert_eq!(first.last, whole.last);
    assert!(b.find("nowhere".into()).await.expect("the desk does it").is_none());
}

async fn only_new_details_of_a_visitor_change_the_ticket(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    let product = |id: &str| AboutProduct { id: id.to_owned(), name: id.to_uppercase() };
    let reason = Some("it hums".to_owned());
    let details = TicketDetails {
        product: Some(product("one")),
        reason: reason.clone(),
        ..TicketDetails::default()
    };
    let first = HandoffRequest { details, ..handoff_request("c") };
    a.request(first).await.expect("the desk does it");
    let taken = take(&b, "c", "ana").await.expect("the desk does it");
    let later = TicketDetails {
        product: Some(product("two")),
        locale: Some("he".to_owned()),
        scenario: Some(Scenario::Studio),
        page: Some("https://shop.example/".to_owned()),
        ..TicketDetails::default()
    };
    let described = a.describe("c".into(), later.clone()).await.expect("the desk does it");
    let described = described.expect("something new");
    assert!(described.rev > taken.rev);
    let details = (described.product.clone(), described.locale.clone(), described.scenario);
    assert_eq!(details, (later.product.clone(), later.locale.clone(), later.scenario));
    // A field that is not sent again keeps its value: the reason and the agent.
    let unchanged = (described.page.clone(), described.reason.clone(), described.agent.clone());
    assert_eq!(unchanged, (later.page.clone(), reason, taken.agent));
    let found = b.find("c".into()).await.expect("the desk does it");
    assert_eq!(found, Some(DeskChange::Ticket(described)));
    let again = b.describe("c".into(), later.clone()).await.expect("the desk does it");
    assert_eq!(again, None, "nothing new");
    let nowhere = b.describe("nowhere".into(), later).await.expect("the desk does it");
    assert_eq!(nowhere, None, "no ticket is made of it");
}

async fn of_concurrent_takes_one_succeeds_and_the_others_are_refused_with_its_agent(stage: Stage) {
    let pods = [stage.pod("a"), stage.pod("b"), stage.pod("c")];
    for round in 0..20 {
        let conversation = format!("c{round}");
        pods[0].request(handoff_request(&conversation)).await.expect("the desk does it");
        let names: Vec<String> = (0..9).map(|it| format!("agent-{it}")).collect();
        let takes = names.iter().zip(pods.iter().cycle());
        let takes = takes.map(|(name, pod)| take(pod, &conversation, name));
        let outcomes = join_all(takes).await;
        let winners: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        let winner = winners[0].agent.clone().expect("somebody");
        for outcome in &outcomes {
            match outcome {
                Ok(_) => {}
                Err(DeskError::Taken { by }) => assert_eq!(*by, winner),
                Err(other) => panic!("told by whom, not {other:?}"),
            }
        }
        // A repeated request of the same agent changes nothing.
        let again = take(&pods[1], &conversation, &winner.id).await.expect("the desk does it");
        assert_eq!(&again, winners[0]);
    }
    let unknown = take(&pods[0], "nowhere", "ana").await;
    assert!(matches!(unknown, Err(DeskError::NoSuchConversation)), "{unknown:?}");
}

async fn a_repeated_handoff_request_retains_its_place_and_agent(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    let details = TicketDetails { reason: Some("one".to_owned()), ..TicketDetails::default() };
    let first = a
        .request(HandoffRequest { details, ..handoff_request("c") })
        .await
        .expect("the desk does it");
    let again = HandoffRequest { last: Some("two".to_owned()), ..handoff_request("c") };
    let again =
        b.request(HandoffRequest { since_ms: Some(5), ..again }).await.expect("the desk does it");
    assert_eq!((again.since_ms, again.pod.as_str()), (first.since_ms, "b"));
    assert_eq!((again.reason.as_deref(), again.last.as_deref()), (Some("one"), Some("two")));
    take(&a, "c", "ana").await.expect("the desk does it");
    let with_ana = a.request(handoff_request("c")).await.expect("the desk does it");
    assert_eq!(with_ana.agent, Some(agent("ana")));
    assert_eq!(tickets(&b).await, [of("c", Some("ana"))]);
}

async fn a_visitor_withdraws_while_waiting_and_ends_at_any_time(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    a.request(handoff_request("c")).await.expect("the desk does it");
    let gone = b
        .end("c".into(), VisitorEnds::Withdraws)
        .await
        .expect("the desk does it")
        .expect("it was there");
    assert_eq!((gone.why, gone.agent.clone()), (TicketGoneReason::Withdrawn, None));
    assert_eq!(a.find("c".into()).await.expect("the desk does it"), Some(DeskChange::Gone(gone)));
    assert!(a.end("c".into(), VisitorEnds::Leaves).await.expect("the desk does it").is_none());
    a.request(handoff_request("c")).await.expect("the desk does it");
    assert!(matches!(
        a.find("c".into()).await.expect("the desk does it"),
        Some(DeskChange::Ticket(_))
    ));
    take(&b, "c", "ana").await.expect("the desk does it");
    assert!(a.end("c".into(), VisitorEnds::Withdraws).await.expect("the desk does it").is_none());
    let gone = a
        .end("c".into(), VisitorEnds::Leaves)
        .await
        .expect("the desk does it")
        .expect("it was there");
    assert_eq!((gone.why, gone.agent), (TicketGoneReason::Ended, Some(agent("ana"))));
    assert_eq!(tickets(&a).await, []);
}

async fn an_agent_returns_and_closes_own_conversations_and_an_admin_any(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    for how in [ReleaseKind::ToMachine, ReleaseKind::Close] {
        a.request(handoff_request("c")).await.expect("the desk does it");
        let refused = let_go(&b, "c", "ana", how.clone()).await;
        assert!(matches!(refused, Err(DeskError::NotYours { by: None })), "{refused:?}");
        take(&a, "c", "ana").await.expect("the desk does it");
        let refused = let_go(&b, "c", "ben", how.clone()).await;
        let Err(DeskError::NotYours { by: Some(by) }) = refused else { panic!("{refused:?}") };
        assert_eq!(by, agent("ana"));
        let DeskChange::Gone(gone) =
            let_go(&b, "c", "ana", how.clone()).await.expect("the desk does it")
        else {
            panic!("it is gone")
        };
        let why = if how == ReleaseKind::Close {
            TicketGoneReason::Closed
        } else {
            TicketGoneReason::Returned
        };
        assert_eq!((gone.why, gone.agent), (why, Some(agent("ana"))));
        let refused = let_go(&a, "c", "ana", how.clone()).await;
        assert!(matches!(refused, Err(DeskError::NoSuchConversation)), "{refused:?}");
        // An admin may, with or without an agent in the conversation.
        for taker in [None, Some("ana")] {
            a.request(handoff_request("c")).await.expect("the desk does it");
            if let Some(taker) = taker {
                take(&a, "c", taker).await.expect("the desk does it");
            }
            assert!(matches!(let_go(&b, "c", "admin", how.clone()).await, Ok(DeskChange::Gone(_))));
        }
    }
}

async fn a_conversation_is_handed_only_to_a_present_agent(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    a.request(handoff_request("c")).await.expect("the desk does it");
    take(&a, "c", "ana").await.expect("the desk does it");
    let to = |who: &str| ReleaseKind::To(who.to_owned());
    let refused = let_go(&a, "c", "ana", to("ben")).await;
    assert!(matches!(refused, Err(DeskError::NotPresent)), "{refused:?}");
    b.agent_here(agent("ben"), "seat".into(), None).await.expect("the desk does it");
    let refused = let_go(&a, "c", "eve", to("ben")).await;
    assert!(matches!(refused, Err(DeskError::NotYours { .. })), "{refused:?}");
    let handed = let_go(&a, "c", "ana", to("ben")).await.expect("the desk does it");
    let DeskChange::Ticket(ticket) = &handed else { panic!("{handed:?}") };
    assert_eq!(ticket.agent, Some(agent("ben")));
    assert_eq!(b.find("c".into()).await.expect("the desk does it"), Some(handed.clone()));
    let again = let_go(&a, "c", "ben", to("ben")).await.expect("the desk does it");
    assert_eq!(again, handed, "one's own changes nothing");
    // One taken by an admin, and one that waits.
    a.request(handoff_request("d")).await.expect("the desk does it");
    let_go(&a, "d", "admin", to("ben")).await.expect("the desk does it");
    let mut all = tickets(&b).await;
    all.sort();
    assert_eq!(all, [of("c", Some("ben")), of("d", Some("ben"))]);
    assert_eq!(
        b.places(vec!["d".into()]).await.expect("the desk does it"),
        [],
        "nobody waits any more"
    );
}

async fn the_queue_place_and_the_estimated_wait_are_reported(stage: Stage) {
    let a = stage.pod("a");
    let now = a.request(handoff_request("now")).await.expect("the desk does it").since_ms;
    for (name, ago) in [("p1", 40_000), ("p2", 30_000), ("p3", 20_000)] {
        a.request(HandoffRequest { since_ms: Some(now - ago), ..handoff_request(name) })
            .await
            .expect("the desk does it");
    }
    let places = async |names: &[&str]| {
        let names = names.iter().map(|name| Arc::from(*name)).collect();
        let places = a.places(names).await.expect("the desk does it");
        places
            .into_iter()
            .map(|(name, place)| (name.to_string(), place.number, place.wait))
            .collect::<Vec<_>>()
    };
    let named = |name: &str, number| (name.to_owned(), number, None::<Duration>);
    assert_eq!(
        places(&["p3", "nowhere", "p1", "now"]).await,
        [named("p3", 3), named("p1", 1), named("now", 4)],
        "nobody was taken yet, so nothing is promised"
    );
    take(&a, "p1", "ana").await.expect("the desk does it");
    let [(_, 1, Some(first)), (_, 2, Some(second))] = &places(&["p2", "p3"]).await[..] else {
        panic!("places one and two, and how long")
    };
    assert!(*first >= Duration::from_secs(40), "as long as the one before waited: {first:?}");
    assert_eq!(*second, *first * 2);
    take(&a, "p2", "ben").await.expect("the desk does it");
    let [(_, 1, Some(sooner))] = &places(&["p3"]).await[..] else { panic!("the next") };
    assert!(sooner < first, "the line went on at once: {sooner:?}");
}

async fn the_ticket_has_the_last_message_and_its_revision_increases(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    assert!(
        a.touch("c".into(), "x".to_owned(), Speaker::Visitor)
            .await
            .expect("the desk does it")
            .is_none()
    );
    let mut revs = vec![a.request(handoff_request("c")).await.expect("the desk does it").rev];
    let ticket = b
        .touch("c".into(), "It hums.".to_owned(), Speaker::Visitor)
        .await
        .expect("the desk does it")
        .expect("it is there");
    assert_eq!(ticket.last.as_deref(), Some("It hums."));
    revs.push(ticket.rev);
    revs.push(take(&a, "c", "ana").await.expect("the desk does it").rev);
    let DeskChange::Gone(gone) =
        let_go(&b, "c", "ana", ReleaseKind::Close).await.expect("the desk does it")
    else {
        panic!("it is gone")
    };
    revs.push(gone.rev);
    revs.push(a.request(handoff_request("c")).await.expect("the desk does it").rev);
    assert!(revs.is_sorted_by(|one, next| one < next), "{revs:?}");
}

async fn a_full_queue_refuses_further_requests(stage: Stage) {
    let stage = stage.with(hsc_actors::DeskLimits { max_waiting: 2, ..LIMITS });
    let a = stage.pod("a");
    for name in ["c1", "c2"] {
        a.request(handoff_request(name)).await.expect("the desk does it");
    }
    let refused = a.request(handoff_request("c3")).await;
    assert!(matches!(refused, Err(DeskError::Full)), "{refused:?}");
    a.request(handoff_request("c2")).await.expect("who waits already is not refused");
    take(&a, "c1", "ana").await.expect("the desk does it");
    a.request(handoff_request("c3")).await.expect("a place is free");
}

async fn a_change_of_presence_is_reported_once_and_a_break_is_stored(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    let here = async |desk: &Arc<dyn HandoffDesk>, who: &str, seat: &str, available| {
        desk.agent_here(agent(who), seat.into(), available).await.expect("the desk does it")
    };
    assert!(here(&a, "ben", "s1", None).await);
    assert!(!here(&a, "ben", "s1", None).await, "that is known");
    assert!(!here(&b, "ben", "s2", None).await, "another seat of the same agent");
    assert!(here(&b, "ana", "s3", Some(false)).await);
    let agents = async || {
        let agents = a.snapshot().await.expect("the desk does it").agents;
        let agents = agents.into_iter().map(|it| (it.agent.name, it.available));
        agents.collect::<Vec<_>>()
    };
    let named = |name: &str, available| (name.to_owned(), available);
    assert_eq!(agents().await, [named("Ana", false), named("Ben", true)], "by name");
    assert!(here(&a, "ben", "s1", Some(false)).await, "a break is a change");
    assert!(!here(&b, "ben", "s2", None).await, "and holds on every seat");
    assert!(here(&b, "ben", "s2", Some(true)).await);
    let leave =
        async |seat: &str| a.agent_left(agent("ben"), seat.into()).await.expect("the desk does it");
    assert!(!leave("s1").await, "the other seat is taken");
    assert!(leave("s2").await);
    assert!(!leave("s2").await);
    assert_eq!(agents().await, [named("Ana", false)]);
}

/// Short limits, so that a test can wait for them.
const SHORT: hsc_actors::DeskLimits = hsc_actors::DeskLimits {
    present_for: Duration::from_millis(40),
    returns_after: Duration::from_millis(120),
    expires_after: Duration::from_millis(120),
    ..LIMITS
};

/// All changes that are due, repeated until one matches.
async fn changes_until(
    what: &str,
    desk: &Arc<dyn HandoffDesk>,
    matches: impl Fn(&DeskChange) -> bool,
) -> Vec<DeskChange> {
    let all = std::cell::RefCell::new(Vec::new());
    eventually(what, async || {
        let changes = desk.apply_timeouts().await.expect("the desk does it");
        let found = changes.iter().any(&matches);
        all.borrow_mut().extend(changes);
        found
    })
    .await;
    all.into_inner()
}

async fn the_conversation_of_a_vanished_agent_waits_again_at_its_old_place(stage: Stage) {
    let stage = stage.with(hsc_actors::DeskLimits { expires_after: LIMITS.expires_after, ..SHORT });
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    a.agent_here(agent("ana"), "seat".into(), None).await.expect("the desk does it");
    let first = a.request(handoff_request("c")).await.expect("the desk does it");
    take(&a, "c", "ana").await.expect("the desk does it");
    a.request(handoff_request("later")).await.expect("the desk does it");
    let back = |change: &DeskChange| matches!(change, DeskChange::Ticket(it) if it.conversation == "c" && it.agent.is_none());
    let changes = changes_until("it waits again", &b, back).await;
    assert!(changes.contains(&DeskChange::Agents), "{changes:?}");
    let view = b.snapshot().await.expect("the desk does it");
    assert_eq!(view.tickets[0].since_ms, first.since_ms);
    assert_eq!((view.tickets[0].conversation.as_str(), view.agents.len()), ("c", 0));
    assert_eq!(b.places(vec!["c".into()]).await.expect("the desk does it")[0].1.number, 1);
    take(&b, "c", "ben").await.expect("it can be taken");
}

/// The time in which an agent has to answer.
const ANSWERS: hsc_actors::DeskLimits =
    hsc_actors::DeskLimits { answer_within: Some(Duration::from_millis(60)), ..LIMITS };

async fn a_conversation_whose_agent_does_not_answer_returns_to_the_queue(stage: Stage) {
    let stage = stage.with(ANSWERS);
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    for who in ["ana", "ben"] {
        a.agent_here(agent(who), who.into(), None).await.expect("the desk does it");
    }
    let first = a.request(handoff_request("c")).await.expect("the desk does it");
    a.request(handoff_request("later")).await.expect("the desk does it");
    // After a take, a transfer, and a put back after a loss.
    take(&a, "c", "ana").await.expect("the desk does it");
    let mut from = "ana";
    for how in ["taken", "handed", "put back"] {
        let back = |change: &DeskChange| matches!(change, DeskChange::Ticket(it) if it.conversation == "c" && it.agent.is_none());
        let changes = changes_until(how, &b, back).await;
        let tickets = changes.iter().filter(|change| back(change));
        assert_eq!(tickets.count(), 1, "{how}: it is given to one pod, once: {changes:?}");
        let Some(DeskChange::Ticket(ticket)) = a.find("c".into()).await.expect("the desk does it")
        else {
            panic!("{how}: it is at the desk")
        };
        assert_eq!(ticket.unanswered_by.as_deref(), Some(&agent(from)), "{how}");
        assert_eq!((ticket.since_ms, ticket.agent), (first.since_ms, None), "{how}");
        let place = b.places(vec!["c".into()]).await.expect("the desk does it")[0].1.number;
        assert_eq!(place, 1, "{how}: in its old place");
        from = "ben";
        match how {
            "taken" => {
                let taken = take(&b, "c", "ana").await.expect("it can be taken again");
                assert_eq!(taken.unanswered_by, None);
                let_go(&b, "c", "ana", ReleaseKind::To("ben".to_owned()))
                    .await
                    .expect("it is handed");
            }
            "handed" => {
                a.end("c".into(), VisitorEnds::Leaves).await.expect("the desk does it");
                let since_ms = Some(first.since_ms);
                let agent = Some(agent("ben"));
                let lost =
                    HandoffRequest { since_ms, agent, awaits_answer: true, ..handoff_request("c") };
                a.request(lost).await.expect("the desk does it");
            }
            _ => {}
        }
    }
}

async fn a_message_of_the_visitor_starts_the_answer_deadline_and_one_of_the_agent_ends_it(
    stage: Stage,
) {
    let stage = stage.with(ANSWERS);
    let a = stage.pod("a");
    for name in ["answered", "put back", "asked"] {
        a.request(handoff_request(name)).await.expect("the desk does it");
    }
    let touch = async |name: &str, by| {
        a.touch(name.into(), "words".to_owned(), by).await.expect("the desk does it");
    };
    take(&a, "answered", "ana").await.expect("the desk does it");
    touch("answered", Speaker::Agent).await;
    a.end("put back".into(), VisitorEnds::Leaves).await.expect("the desk does it");
    a.request(HandoffRequest { agent: Some(agent("ana")), ..handoff_request("put back") })
        .await
        .expect("it is done");
    take(&a, "asked", "ana").await.expect("the desk does it");
    touch("asked", Speaker::Agent).await;
    touch("asked", Speaker::Visitor).await;
    // A second message does not extend the time.
    eventually("the one that waits for an answer is offered again", async || {
        touch("asked", Speaker::Visitor).await;
        a.apply_timeouts().await.expect("the desk does it");
        tickets(&a).await.contains(&of("asked", None))
    })
    .await;
    // The other visitors waited at least as long.
    let still = tickets(&a).await;
    for name in ["answered", "put back"] {
        assert!(still.contains(&of(name, Some("ana"))), "{name} awaits nothing: {still:?}");
    }
}

async fn an_agent_who_returns_in_time_retains_conversations_and_break(stage: Stage) {
    let returns_after = Duration::from_secs(600);
    let stage = stage.with(hsc_actors::DeskLimits { returns_after, ..SHORT });
    let a = stage.pod("a");
    a.agent_here(agent("ana"), "seat".into(), Some(false)).await.expect("the desk does it");
    a.request(handoff_request("c")).await.expect("the desk does it");
    take(&a, "c", "ana").await.expect("the desk does it");
    changes_until("nobody is there", &a, |change| *change == DeskChange::Agents).await;
    assert_eq!(a.snapshot().await.expect("the desk does it").agents, []);
    assert_eq!(tickets(&a).await, [of("c", Some("ana"))]);
    assert!(a.agent_here(agent("ana"), "another".into(), None).await.expect("the desk does it"));
    assert!(
        !a.snapshot().await.expect("the desk does it").agents[0].available,
        "a break is remembered so long"
    );
}

async fn the_request_of_a_visitor_who_stays_away_expires(stage: Stage) {
    let stage = stage.with(hsc_actors::DeskLimits { returns_after: LIMITS.returns_after, ..SHORT });
    let a = stage.pod("a");
    a.request(handoff_request("said so")).await.expect("the desk does it");
    let away =
        a.visitor_left("said so".into()).await.expect("the desk does it").expect("it is there");
    assert!(!away.online);
    a.request(handoff_request("vanished")).await.expect("the desk does it");
    for name in ["said so", "vanished"] {
        let expired = |change: &DeskChange| matches!(change, DeskChange::Gone(gone) if gone.conversation == name);
        eventually("it does not wait any more", async || {
            a.apply_timeouts().await.expect("the desk does it");
            a.find(name.into())
                .await
                .expect("the desk does it")
                .is_some_and(|change| expired(&change))
        })
        .await;
        let Some(DeskChange::Gone(gone)) = a.find(name.into()).await.expect("the desk does it")
        else {
            panic!("it is gone")
        };
        assert_eq!(gone.why, TicketGoneReason::Expired);
    }
    assert_eq!(tickets(&a).await, []);
}

async fn a_visitor_with_an_agent_does_not_expire(stage: Stage) {
    let stage = stage.with(hsc_actors::DeskLimits { returns_after: LIMITS.returns_after, ..SHORT });
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    a.request(handoff_request("kept")).await.expect("the desk does it");
    take(&a, "kept", "ana").await.expect("the desk does it");
    a.request(handoff_request("waits")).await.expect("the desk does it");
    let waits_no_more = |change: &DeskChange| matches!(change, DeskChange::Gone(gone) if gone.conversation == "waits");
    // Both disconnect together; when the waiting one has expired, the other has been away as long.
    changes_until("the other one expires", &b, waits_no_more).await;
    assert_eq!(tickets(&b).await, [of("kept", Some("ana"))]);
    let seen = b
        .visitors_here(vec!["kept".into(), "waits".into(), "nowhere".into()])
        .await
        .expect("the desk does it");
    let [ticket] = &seen.changed[..] else { panic!("one came back: {:?}", seen.changed) };
    assert_eq!((ticket.online, ticket.pod.as_str()), (true, "b"));
    let [DeskChange::Ticket(now), DeskChange::Gone(gone)] = &seen.now[..] else {
        panic!("what each is now: {:?}", seen.now)
    };
    assert_eq!((now, gone.conversation.as_str()), (ticket, "waits"));
    let again = b.visitors_here(vec!["kept".into()]).await.expect("the desk does it");
    assert_eq!((again.changed.len(), again.now.len()), (0, 1), "that is known");
}

async fn a_visitor_who_moved_to_another_pod_is_not_offline_when_the_first_reports_it(stage: Stage) {
    let (a, b) = (stage.pod("a"), stage.pod("b"));
    a.request(handoff_request("c")).await.expect("the desk does it");
    b.visitors_here(vec!["c".into()]).await.expect("the desk does it");
    assert!(a.visitor_left("c".into()).await.expect("the desk does it").is_none());
    assert!(b.snapshot().await.expect("the desk does it").tickets[0].online);
    assert!(
        !b.visitor_left("c".into()).await.expect("the desk does it").expect("it is there").online
    );
    assert!(b.visitor_left("c".into()).await.expect("the desk does it").is_none(), "that is known");
}

async fn each_timeout_is_applied_by_one_pod(stage: Stage) {
    let stage = stage.with(SHORT);
    let pods = [stage.pod("a"), stage.pod("b"), stage.pod("c")];
    let names: Vec<String> = (0..5).map(|it| format!("c{it}")).collect();
    for name in &names {
        pods[0].request(handoff_request(name)).await.expect("the desk does it");
        take(&pods[0], name, "ana").await.expect("the desk does it");
    }
    let returned = std::cell::RefCell::new(Vec::new());
    let expired = std::cell::RefCell::new(Vec::new());
    eventually("all are over", async || {
        for change in join_all(pods.iter().map(|pod| pod.apply_timeouts()))
            .await
            .into_iter()
            .flatten()
            .flatten()
        {
            match change {
                DeskChange::Ticket(it) if it.online && it.agent.is_none() => {
                    returned.borrow_mut().push(it.conversation);
                }
                DeskChange::Gone(gone) => expired.borrow_mut().push(gone.conversation),
                DeskChange::Ticket(_) | DeskChange::Agents => {}
            }
        }
        expired.borrow().len() >= names.len()
    })
    .await;
    let mut expired = expired.into_inner();
    expired.sort();
    assert_eq!(expired, names, "each once");
    for name in returned.into_inner() {
        assert!(names.contains(&name));
    }
    assert_eq!(tickets(&pods[2]).await, []);
}

async fn a_lost_ticket_is_restored_with_its_place_and_agent(stage: Stage) {
    let a = stage.pod("a");
    let now = a.request(handoff_request("new")).await.expect("the desk does it").since_ms;
    let since_ms = Some(now - 60_000);
    a.request(HandoffRequest { since_ms, ..handoff_request("old") })
        .await
        .expect("the desk does it");
    a.request(HandoffRequest {
        since_ms,
        agent: Some(agent("ana")),
        ..handoff_request("with ana")
    })
    .await
    .expect("the desk does it");
    assert_eq!(a.places(vec!["old".into()]).await.expect("the desk does it")[0].1.number, 1);
    let taken = take(&a, "with ana", "ben").await;
    assert!(matches!(taken, Err(DeskError::Taken { by }) if by == agent("ana")));
    let ahead = a
        .request(HandoffRequest { since_ms: Some(u64::MAX), ..handoff_request("ahead") })
        .await
        .expect("the desk does it");
    assert!(ahead.since_ms < u64::MAX, "nobody waits from tomorrow on");
}
