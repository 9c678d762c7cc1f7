//! Owners append, vanish, lose the log, are taken over and return; pods claim conversations of vanished
//! pods; the log itself is lost. In any order a client receives each event exactly once and in order, from
//! one history, or a message that events are missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use hsc_actors::ports::ConversationLog;
use hsc_conversation::log::{Batch, LogError, MissedEntries, OwnedConversation, StoredEntry};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::log_stage::{LIMITS, Stage, seen};

const PODS: usize = 4;

#[derive(Debug, Clone)]
enum Step {
    /// The owner appends so many frames, and the client receives them.
    Say(u64),
    /// The owner does not know whether the append succeeded, and repeats it with further frames.
    SayTwice(u64),
    /// The frames are in the log, and the owner vanishes before the client has received them.
    SayAndVanish(u64),
    /// The log is unavailable; the client receives a part of the frames, then its connection breaks.
    SayUnlogged { count: u64, received: u64 },
    /// The same for so long that the owner has dropped the frames queued for the log.
    Overrun(u64),
    /// The client resumes at this pod, without the knowledge of its owner.
    Resume(usize),
    /// The same, but the `welcome` is lost.
    ResumeUnheard(usize),
    /// A previous owner continues to send frames.
    ComeBack { which: usize, count: u64 },
    /// This pod takes the owner's pod for vanished, and takes over its running answers.
    Claim(usize),
    /// The log loses all data, at most once per conversation. After a loss an epoch may be assigned a
    /// second time, and a second loss lets the first owner of it return (docs/architecture.md).
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (count, pod) = (1..4_u64, 0..PODS);
    vec(
        prop_oneof![
            6 => count.clone().prop_map(Step::Say),
            2 => count.clone().prop_map(Step::SayTwice),
            3 => count.clone().prop_map(Step::SayAndVanish),
            2 => (0..4_u64, 0..4_u64)
                .prop_map(|(received, lost)| Step::SayUnlogged { count: received + lost, received }),
            1 => count.clone().prop_map(Step::Overrun),
            6 => pod.clone().prop_map(Step::Resume),
            2 => pod.clone().prop_map(Step::ResumeUnheard),
            4 => (0..8_usize, count).prop_map(|(which, count)| Step::ComeBack { which, count }),
            2 => pod.prop_map(Step::Claim),
            1 => Just(Step::Forget),
        ],
        1..40,
    )
}

/// An owner of a conversation, or a pod that believes to be it.
struct Owner {
    pod: usize,
    epoch: u64,
    /// The last offset that it assigned.
    offset: u64,
    /// Frames that were sent and may not be in the log.
    backlog: Vec<StoredEntry>,
    /// The log has to be begun after this offset first.
    begin_at: Option<u64>,
    is_over: bool,
}

struct Client {
    owner: Option<usize>,
    epoch: u64,
    offset: u64,
    /// All frames since the client was last told that some are missing.
    received: BTreeMap<u64, Arc<str>>,
}

struct World {
    pods: Vec<Arc<dyn ConversationLog>>,
    case: u64,
    conversations: u64,
    owners: Vec<Owner>,
    client: Client,
    /// The appended entries that were acknowledged, and the epoch of the owner.
    in_log: BTreeMap<u64, Arc<str>>,
    obeyed: Option<usize>,
    count: u64,
    /// An event after which the client may be told that frames are missing.
    may_be_lost: bool,
    may_be_unknown: bool,
    has_forgotten: bool,
    /// How often a resume was complete, and how often it was not.
    recovered: u64,
    not_recovered: u64,
}

impl World {
    async fn new(stage: &Stage, case: u64) -> Self {
        let mut world = Self {
            pods: Vec::new(),
            case,
            conversations: 0,
            owners: Vec::new(),
            client: Client { owner: None, epoch: 0, offset: 0, received: BTreeMap::new() },
            in_log: BTreeMap::new(),
            obeyed: None,
            count: 0,
            may_be_lost: false,
            may_be_unknown: false,
            has_forgotten: false,
            recovered: 0,
            not_recovered: 0,
        };
        world.connect(stage);
        world.begin_another(0).await;
        world
    }

    fn connect(&mut self, stage: &Stage) {
        let name = |pod| format!("{}-{pod}", self.case);
        self.pods = (0..PODS).map(|pod| stage.pod(&name(pod))).collect();
    }

    fn conversation(&self) -> Arc<str> {
        format!("case-{}-{}", self.case, self.conversations).into()
    }

    fn owned(&self, owner: usize) -> OwnedConversation {
        OwnedConversation { conversation: self.conversation(), epoch: self.owners[owner].epoch }
    }

    fn log_of(&self, owner: usize) -> Arc<dyn ConversationLog> {
        Arc::clone(&self.pods[self.owners[owner].pod])
    }

    async fn step(&mut self, stage: &mut Stage, step: Step) {
        match step {
            Step::Say(count) => self.owner_says(count, false, false).await,
            Step::SayTwice(count) => self.owner_says(count, true, false).await,
            Step::SayAndVanish(count) => self.owner_says(count, false, true).await,
            Step::SayUnlogged { count, received } => self.owner_says_unlogged(count, received),
            Step::Overrun(count) => {
                self.owner_says_unlogged(count, count);
                if let Some(owner) = self.client.owner {
                    let owner = &mut self.owners[owner];
                    owner.backlog.clear();
                    owner.begin_at = Some(owner.offset);
                }
            }
            Step::Resume(pod) => self.resume(pod, true).await,
            Step::ResumeUnheard(pod) => self.resume(pod, false).await,
            Step::ComeBack { which, count } => {
                let lives =
                    |at: &usize| !self.owners[*at].is_over && self.client.owner != Some(*at);
                let others: Vec<usize> = (0..self.owners.len()).filter(lives).collect();
                if let Some(at) = others.get(which % others.len().max(1)) {
                    self.says(*at, count);
                    self.flush(*at).await;
                }
            }
            Step::Claim(pod) => self.claim(pod).await,
            Step::Forget if self.has_forgotten => {}
            Step::Forget => {
                self.has_forgotten = true;
                stage.forget().await;
                self.connect(stage);
                (self.obeyed, self.may_be_lost, self.may_be_unknown) = (None, true, true);
                self.in_log.clear();
            }
        }
    }

    fn says(&mut self, owner: usize, count: u64) -> Vec<StoredEntry> {
        let mut frames = Vec::new();
        for _ in 0..count {
            self.count += 1;
            let owner = &mut self.owners[owner];
            owner.offset += 1;
            let frame = serde_json::json!({ "epoch": owner.epoch, "serial": self.count });
            frames.push(StoredEntry { offset: owner.offset, text: frame.to_string().into() });
        }
        self.owners[owner].backlog.extend(frames.clone());
        frames
    }

    /// Appends the owner's queued frames; false if the log has another owner.
    async fn flush(&mut self, at: usize) -> bool {
        let (log, owned) = (self.log_of(at), self.owned(at));
        for _ in 0..4 {
            if let Some(offset) = self.owners[at].begin_at {
                match log.begin(owned.clone(), offset).await {
                    Ok(()) => {
                        self.owners[at].begin_at = None;
                        self.in_log.clear();
                        self.obeyed = Some(at);
                    }
                    Err(LogError::Stale { .. }) => return self.supersede(at),
                    Err(error) => panic!("{error:?}"),
                }
            }
            let entries = self.owners[at].backlog.clone();
            let first = entries.first().map(|entry| entry.offset);
            let batch = Batch { entries, checkpoint: None };
            match log.append(owned.clone(), batch).await {
                Ok(last) => {
                    assert_eq!(self.obeyed, Some(at), "the log takes words of nobody else");
                    assert_eq!(last, self.owners[at].offset);
                    for entry in self.owners[at].backlog.drain(..) {
                        let was = self.in_log.insert(entry.offset, Arc::clone(&entry.text));
                        assert!(was.is_none_or(|was| was == entry.text), "an offset twice");
                    }
                    return true;
                }
                Err(LogError::Stale { .. }) => return self.supersede(at),
                Err(LogError::Unknown | LogError::Gap { .. }) => {
                    let owner = &mut self.owners[at];
                    owner.begin_at = Some(first.map_or(owner.offset, |first| first - 1));
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        panic!("to begin again does not help");
    }

    fn supersede(&mut self, at: usize) -> bool {
        assert_ne!(self.obeyed, Some(at), "the owner is not refused");
        self.owners[at].is_over = true;
        false
    }

    async fn owner_says(&mut self, count: u64, twice: bool, vanishes: bool) {
        let Some(owner) = self.client.owner else { return };
        let mut frames = self.says(owner, count);
        if twice {
            let batch = Batch { entries: self.owners[owner].backlog.clone(), checkpoint: None };
            let _ = self.log_of(owner).append(self.owned(owner), batch).await;
            frames.extend(self.says(owner, 1));
        }
        let is_logged = self.flush(owner).await;
        self.owners[owner].is_over |= vanishes;
        if !is_logged || vanishes {
            self.client.owner = None;
            return;
        }
        frames.into_iter().for_each(|frame| self.receive(frame));
    }

    fn owner_says_unlogged(&mut self, count: u64, received: u64) {
        let Some(owner) = self.client.owner else { return };
        self.may_be_lost = true;
        let frames = self.says(owner, count);
        for frame in frames.into_iter().take(usize::try_from(received).expect("a few")) {
            self.receive(frame);
        }
        if received < count {
            self.client.owner = None;
        }
    }

    /// Checks that no frame is missing or repeated, and that none comes from an owner that was taken over before the
    /// client was welcomed.
    fn receive(&mut self, StoredEntry { offset, text: frame }: StoredEntry) {
        assert_eq!(offset, self.client.offset + 1);
        let parsed: serde_json::Value = serde_json::from_str(&frame).expect("a frame of ours");
        assert!(parsed["epoch"].as_u64().expect("a number") >= self.client.epoch, "{parsed}");
        self.client.offset = offset;
        self.client.received.insert(offset, frame);
    }

    async fn resume(&mut self, pod: usize, is_heard: bool) {
        self.client.owner = None;
        self.end_those_of(pod);
        let (epoch, offset) = (self.client.epoch, self.client.offset);
        let log = Arc::clone(&self.pods[pod]);
        let taken = match log.take_over(self.conversation(), seen(epoch, offset)).await {
            Ok(taken) => taken,
            Err(LogError::Unknown) => {
                assert!(self.may_be_unknown, "the log has forgotten nothing");
                if is_heard {
                    self.not_recovered += 1;
                    self.begin_another(pod).await;
                }
                return;
            }
            Err(error) => panic!("{error:?}"),
        };
        assert!(taken.epoch > epoch && taken.offset >= offset);
        let owner = self.own(pod, taken.epoch, taken.offset).await;
        match &taken.missed {
            MissedEntries::All(entries) => {
                let after = |(at, _): &(&u64, &Arc<str>)| **at > offset;
                let missed: BTreeMap<u64, Arc<str>> =
                    entries.iter().map(|entry| (entry.offset, entry.text.clone())).collect();
                let in_log = self.in_log.iter().filter(after);
                assert!(in_log.clone().all(|(at, frame)| missed.get(at) == Some(frame)));
                assert_eq!(taken.offset, offset + entries.len() as u64);
                let contradicts =
                    |(at, frame)| self.in_log.get(at).is_some_and(|logged| logged != frame);
                assert!(!self.client.received.iter().any(contradicts), "one story");
            }
            MissedEntries::Gone | MissedEntries::Ahead => {
                let is_past_window = taken.offset - offset > LIMITS.window as u64;
                assert!(self.may_be_lost || is_past_window, "{taken:?} for no reason");
            }
        }
        if taken.missed == MissedEntries::Ahead {
            self.in_log.clear();
        }
        if !is_heard {
            return;
        }
        match taken.missed {
            MissedEntries::All(entries) => {
                self.recovered += 1;
                entries.into_iter().for_each(|entry| self.receive(entry));
            }
            MissedEntries::Gone | MissedEntries::Ahead => {
                self.not_recovered += 1;
                self.client.received.clear();
                self.client.offset = taken.offset;
            }
        }
        (self.client.owner, self.client.epoch) = (Some(owner), taken.epoch);
        // After a loss of the log an owner may return that the client does not know, with an epoch above the
        // one of the log: it begins the log again, and the client is notified.
        let is_later = |owner: &Owner| !owner.is_over && owner.epoch > taken.epoch;
        self.may_be_lost = self.owners.iter().any(is_later);
        self.may_be_unknown = false;
    }

    async fn claim(&mut self, pod: usize) {
        let Some(owner) = self.obeyed else { return };
        let (gone, epoch) = (self.owners[owner].pod, self.owners[owner].epoch);
        let gone: Arc<str> = format!("{}-{gone}", self.case).into();
        let claimed = Arc::clone(&self.pods[pod]).claim(gone).await.expect("the log is there");
        let Some(claimed) = claimed.filter(|claimed| claimed.conversation == self.conversation())
        else {
            return;
        };
        assert_eq!(claimed.taken.epoch, epoch + 1);
        self.end_those_of(pod);
        self.own(pod, claimed.taken.epoch, claimed.taken.offset).await;
    }

    /// A pod that takes a conversation over drops its own earlier state of it.
    fn end_those_of(&mut self, pod: usize) {
        for owner in self.owners.iter_mut().filter(|owner| owner.pod == pod) {
            owner.is_over = true;
        }
        self.client.owner = self.client.owner.filter(|owner| !self.owners[*owner].is_over);
    }

    async fn own(&mut self, pod: usize, epoch: u64, offset: u64) -> usize {
        let backlog = Vec::new();
        self.owners.push(Owner { pod, epoch, offset, backlog, begin_at: None, is_over: false });
        let owner = self.owners.len() - 1;
        self.obeyed = Some(owner);
        self.log_of(owner).answering(self.owned(owner), true).await.expect("the log is there");
        owner
    }

    async fn begin_another(&mut self, pod: usize) {
        self.conversations += 1;
        self.owners.clear();
        self.in_log.clear();
        self.has_forgotten = false;
        let owner = self.own(pod, 1, 0).await;
        self.log_of(owner).begin(self.owned(owner), 0).await.expect("the log is there");
        self.client = Client { owner: Some(owner), epoch: 1, offset: 0, received: BTreeMap::new() };
        (self.may_be_lost, self.may_be_unknown) = (false, false);
    }
}

/// Runs so many stories, and checks that both results of a resume occurred.
fn play(cases: u32, stage: impl AsyncFn() -> Stage) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let stage = std::cell::RefCell::new(runtime.block_on(stage()));
    let counts = std::cell::RefCell::new((0, 0, 0));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let played = TestRunner::new(config).run(&steps(), |steps| {
        // Also for a failing story: shrinking tries shorter ones.
        counts.borrow_mut().0 += 1;
        let (case, recovered, not_recovered) = *counts.borrow();
        let stage = &mut *stage.borrow_mut();
        let world = runtime.block_on(async {
            let mut world = World::new(stage, case).await;
            for step in steps {
                world.step(stage, step).await;
            }
            world
        });
        *counts.borrow_mut() =
            (case, recovered + world.recovered, not_recovered + world.not_recovered);
        Ok(())
    });
    if let Err(failed) = played {
        panic!("{failed}");
    }
    let (_, recovered, not_recovered) = *counts.borrow();
    assert!(
        recovered > u64::from(cases) && not_recovered > 0,
        "{recovered} recovered, {not_recovered} told"
    );
}

#[test]
fn the_log_in_memory_sends_a_client_consistent_entries_or_reports_a_loss() {
    play(2_000, Stage::memory);
}

#[test]
fn the_log_in_redis_sends_a_client_consistent_entries_or_reports_a_loss() {
    play(60, Stage::redis);
}
