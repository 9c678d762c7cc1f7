//! Owners append, vanish, are cut off from the log, are taken over and come back; pods claim what
//! others left; the log itself is lost. Whatever the order: a client gets everything once and in order,
//! out of one story, or is told that it did not.

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
    /// The client's owner says so much, and the client hears it.
    Say(u64),
    /// It does not know whether the log has it, and appends it again, and more with it.
    SayTwice(u64),
    /// It is in the log, and the owner vanishes before the client has heard.
    SayAndVanish(u64),
    /// The log cannot be reached; the client hears a part of what is said, then its connection breaks.
    SayUnlogged { said: u64, heard: u64 },
    /// The same for so long that the owner has let go of what it kept for the log.
    Overrun(u64),
    /// The client goes on at this pod. Whoever had it before does not know.
    Resume(usize),
    /// The same, but the welcome never arrives.
    ResumeUnheard(usize),
    /// Somebody who is not the client's owner any more comes back and goes on talking.
    ComeBack { which: usize, said: u64 },
    /// This pod believes the owner's pod dead, and takes over what it was answering.
    Claim(usize),
    /// The log loses everything; once in a conversation. After the first loss an epoch may be given a
    /// second time, and a second loss lets the first who had it come back (docs/architecture.md).
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (said, pod) = (1..4_u64, 0..PODS);
    vec(
        prop_oneof![
            6 => said.clone().prop_map(Step::Say),
            2 => said.clone().prop_map(Step::SayTwice),
            3 => said.clone().prop_map(Step::SayAndVanish),
            2 => (0..4_u64, 0..4_u64)
                .prop_map(|(heard, lost)| Step::SayUnlogged { said: heard + lost, heard }),
            1 => said.clone().prop_map(Step::Overrun),
            6 => pod.clone().prop_map(Step::Resume),
            2 => pod.clone().prop_map(Step::ResumeUnheard),
            4 => (0..8_usize, said).prop_map(|(which, said)| Step::ComeBack { which, said }),
            2 => pod.prop_map(Step::Claim),
            1 => Just(Step::Forget),
        ],
        1..40,
    )
}

/// Who owns a conversation, or believes so.
struct Owner {
    pod: usize,
    epoch: u64,
    /// The last offset it gave out.
    offset: u64,
    /// Said, and not known to be in the log.
    backlog: Vec<StoredEntry>,
    /// The log has to begin after this first.
    begin_at: Option<u64>,
    is_over: bool,
}

struct Client {
    owner: Option<usize>,
    epoch: u64,
    offset: u64,
    /// All it heard since it was last told that something is missing.
    heard: BTreeMap<u64, Arc<str>>,
}

struct World {
    pods: Vec<Arc<dyn ConversationLog>>,
    case: u64,
    conversations: u64,
    owners: Vec<Owner>,
    client: Client,
    /// What the log was heard to have taken, and whom it obeys.
    in_log: BTreeMap<u64, Arc<str>>,
    obeyed: Option<usize>,
    said: u64,
    /// Something happened after which the client may be told that it does not get all.
    may_be_lost: bool,
    may_be_unknown: bool,
    has_forgotten: bool,
    /// How often a client got what it missed, and how often it was told that it does not.
    recovered: u64,
    told: u64,
}

impl World {
    async fn new(stage: &Stage, case: u64) -> Self {
        let mut world = Self {
            pods: Vec::new(),
            case,
            conversations: 0,
            owners: Vec::new(),
            client: Client { owner: None, epoch: 0, offset: 0, heard: BTreeMap::new() },
            in_log: BTreeMap::new(),
            obeyed: None,
            said: 0,
            may_be_lost: false,
            may_be_unknown: false,
            has_forgotten: false,
            recovered: 0,
            told: 0,
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
            Step::Say(said) => self.owner_says(said, false, false).await,
            Step::SayTwice(said) => self.owner_says(said, true, false).await,
            Step::SayAndVanish(said) => self.owner_says(said, false, true).await,
            Step::SayUnlogged { said, heard } => self.owner_says_unlogged(said, heard),
            Step::Overrun(said) => {
                self.owner_says_unlogged(said, said);
                if let Some(owner) = self.client.owner {
                    let owner = &mut self.owners[owner];
                    owner.backlog.clear();
                    owner.begin_at = Some(owner.offset);
                }
            }
            Step::Resume(pod) => self.resume(pod, true).await,
            Step::ResumeUnheard(pod) => self.resume(pod, false).await,
            Step::ComeBack { which, said } => {
                let lives =
                    |at: &usize| !self.owners[*at].is_over && self.client.owner != Some(*at);
                let others: Vec<usize> = (0..self.owners.len()).filter(lives).collect();
                if let Some(at) = others.get(which % others.len().max(1)) {
                    self.says(*at, said);
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

    fn says(&mut self, owner: usize, said: u64) -> Vec<StoredEntry> {
        let mut frames = Vec::new();
        for _ in 0..said {
            self.said += 1;
            let owner = &mut self.owners[owner];
            owner.offset += 1;
            let frame = serde_json::json!({ "epoch": owner.epoch, "serial": self.said });
            frames.push(StoredEntry { offset: owner.offset, text: frame.to_string().into() });
        }
        self.owners[owner].backlog.extend(frames.clone());
        frames
    }

    /// Puts into the log what the owner keeps for it; false when the log obeys somebody else.
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

    async fn owner_says(&mut self, said: u64, twice: bool, vanishes: bool) {
        let Some(owner) = self.client.owner else { return };
        let mut frames = self.says(owner, said);
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
        frames.into_iter().for_each(|frame| self.hear(frame));
    }

    fn owner_says_unlogged(&mut self, said: u64, heard: u64) {
        let Some(owner) = self.client.owner else { return };
        self.may_be_lost = true;
        let frames = self.says(owner, said);
        for frame in frames.into_iter().take(usize::try_from(heard).expect("a few")) {
            self.hear(frame);
        }
        if heard < said {
            self.client.owner = None;
        }
    }

    /// Nothing is left out, nothing comes twice, and nobody speaks who was taken over before the client
    /// was welcomed.
    fn hear(&mut self, StoredEntry { offset, text: frame }: StoredEntry) {
        assert_eq!(offset, self.client.offset + 1);
        let said: serde_json::Value = serde_json::from_str(&frame).expect("a frame of ours");
        assert!(said["epoch"].as_u64().expect("a number") >= self.client.epoch, "{frame}");
        self.client.offset = offset;
        self.client.heard.insert(offset, frame);
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
                    self.told += 1;
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
                assert!(!self.client.heard.iter().any(contradicts), "one story");
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
                entries.into_iter().for_each(|entry| self.hear(entry));
            }
            MissedEntries::Gone | MissedEntries::Ahead => {
                self.told += 1;
                self.client.heard.clear();
                self.client.offset = taken.offset;
            }
        }
        (self.client.owner, self.client.epoch) = (Some(owner), taken.epoch);
        // After the log was lost an owner may come back whom the client never heard of, out of a later
        // epoch than the log knows now: it begins the log again, and the client is told.
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

    /// A pod that takes a conversation over ends what it has of it from before.
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
        self.client = Client { owner: Some(owner), epoch: 1, offset: 0, heard: BTreeMap::new() };
        (self.may_be_lost, self.may_be_unknown) = (false, false);
    }
}

/// Plays so many stories, and sees to it that both endings of a resume were among them.
fn play(cases: u32, stage: impl AsyncFn() -> Stage) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let stage = std::cell::RefCell::new(runtime.block_on(stage()));
    let counts = std::cell::RefCell::new((0, 0, 0));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let played = TestRunner::new(config).run(&steps(), |steps| {
        // Also of a story that fails: the shorter ones that are tried then are stories of their own.
        counts.borrow_mut().0 += 1;
        let (case, recovered, told) = *counts.borrow();
        let stage = &mut *stage.borrow_mut();
        let world = runtime.block_on(async {
            let mut world = World::new(stage, case).await;
            for step in steps {
                world.step(stage, step).await;
            }
            world
        });
        *counts.borrow_mut() = (case, recovered + world.recovered, told + world.told);
        Ok(())
    });
    if let Err(failed) = played {
        panic!("{failed}");
    }
    let (_, recovered, told) = *counts.borrow();
    assert!(recovered > u64::from(cases) && told > 0, "{recovered} recovered, {told} told");
}

#[test]
fn a_client_gets_one_story_out_of_memory_or_is_told() {
    play(2_000, Stage::memory);
}

#[test]
fn a_client_gets_one_story_out_of_redis_or_is_told() {
    play(60, Stage::redis);
}
