//! The outbox alone, and against a log with every possible result.

use proptest::prelude::*;

use crate::log::LogError;
use crate::outbox::*;

fn frame(text: &str) -> Frame {
    Frame { kind: "answer_chunk", json: text.into() }
}

fn entry(offset: u64, text: &str) -> Option<StoredEntry> {
    Some(StoredEntry { offset, text: text.into() })
}

fn checkpoint() -> Arc<str> {
    "{}".into()
}

fn away() -> LogError {
    LogError::unavailable("it is away")
}

/// The sent frames, in order.
fn sent(steps: &[OutboxStep]) -> Vec<String> {
    let text = |step: &OutboxStep| match step {
        OutboxStep::Send(frame) => Some(frame.json.to_string()),
        _ => None,
    };
    steps.iter().filter_map(text).collect()
}

fn offsets(step: Option<OutboxStep>) -> Vec<u64> {
    let Some(OutboxStep::Append(batch)) = step else { panic!("no append: {step:?}") };
    batch.entries.iter().map(|entry| entry.offset).collect()
}

#[test]
fn durable_frames_are_sent_after_their_append_and_later_ones_with_the_next() {
    let mut outbox = Outbox::logged(0);
    let mut steps = Vec::new();
    outbox.push(frame("reading"), None, &mut steps);
    assert_eq!(sent(&steps), ["reading"], "it waits for nothing");
    steps.clear();
    outbox.push(frame("1"), entry(1, "1"), &mut steps);
    assert_eq!(offsets(outbox.append(checkpoint)), [1]);
    outbox.push(frame("2"), entry(2, "2"), &mut steps);
    outbox.push(frame("status"), None, &mut steps);
    outbox.push(frame("3"), entry(3, "3"), &mut steps);
    assert!(steps.is_empty() && outbox.append(checkpoint).is_none(), "one at a time");
    outbox.appended(Ok(1), &mut steps);
    assert_eq!(sent(&steps), ["1"]);
    assert_eq!(offsets(outbox.append(checkpoint)), [2, 3]);
    steps.clear();
    outbox.appended(Ok(3), &mut steps);
    assert_eq!(sent(&steps), ["2", "status", "3"]);
    assert!(outbox.is_settled() && outbox.append(checkpoint).is_none());
}

#[test]
fn a_checkpoint_without_entries_is_appended_too() {
    let mut outbox = Outbox::logged(4);
    outbox.changed();
    assert!(!outbox.is_settled());
    let Some(OutboxStep::Append(batch)) = outbox.append(checkpoint) else {
        panic!("there is news")
    };
    assert!(batch.entries.is_empty() && batch.checkpoint.is_some());
    outbox.appended(Ok(4), &mut Vec::new());
    assert!(outbox.is_settled());
}

#[test]
fn an_unavailable_log_delays_no_frame_and_receives_all_entries_when_it_returns() {
    let mut outbox = Outbox::logged(0);
    let mut steps = Vec::new();
    outbox.push(frame("1"), entry(1, "1"), &mut steps);
    outbox.append(checkpoint);
    outbox.push(frame("2"), entry(2, "2"), &mut steps);
    outbox.appended(Err(away()), &mut steps);
    outbox.push(frame("3"), entry(3, "3"), &mut steps);
    assert_eq!(sent(&steps), ["1", "2", "3"]);
    assert_eq!(steps.iter().filter(|step| **step == OutboxStep::RetryLater).count(), 1);
    assert_eq!(offsets(outbox.ask_again(checkpoint)), [1, 2, 3]);
    steps.clear();
    outbox.appended(Ok(3), &mut steps);
    assert!(steps.is_empty() && outbox.is_logged(), "nothing is sent twice: {steps:?}");
}

#[test]
fn a_log_unavailable_at_the_hello_begins_at_the_first_offset_of_the_chat() {
    let mut outbox = Outbox::opening(0);
    let mut steps = Vec::new();
    outbox.push(frame("1"), entry(1, "1"), &mut steps);
    assert!(steps.is_empty());
    outbox.opened(false, &mut steps);
    assert_eq!((sent(&steps), steps.last()), (vec!["1".to_owned()], Some(&OutboxStep::RetryLater)));
    assert_eq!(outbox.ask_again(checkpoint), Some(OutboxStep::Begin { offset: 0 }));
    steps.clear();
    outbox.begun(Ok(()), checkpoint, &mut steps);
    assert_eq!(offsets(steps.pop()), [1]);
}

#[test]
fn a_backlog_over_the_limit_is_dropped_and_the_log_begins_at_the_current_offset() {
    let mut outbox = Outbox::logged(0);
    let mut steps = Vec::new();
    outbox.changed();
    outbox.append(checkpoint);
    outbox.appended(Err(away()), &mut steps);
    let much = "x".repeat(BACKLOG_BYTES / 4);
    for offset in 1..=6 {
        outbox.push(frame(&much), entry(offset, &much), &mut steps);
    }
    assert_eq!(sent(&steps).len(), 6);
    assert_eq!(
        outbox.ask_again(checkpoint),
        Some(OutboxStep::Begin { offset: 5 }),
        "the last is kept"
    );
    steps.clear();
    outbox.begun(Ok(()), checkpoint, &mut steps);
    assert_eq!(offsets(steps.pop()), [6]);
}

#[test]
fn a_log_that_lost_its_entries_begins_again_before_the_unstored_ones() {
    let mut outbox = Outbox::logged(7);
    let mut steps = Vec::new();
    outbox.push(frame("8"), entry(8, "8"), &mut steps);
    outbox.append(checkpoint);
    outbox.appended(Err(LogError::Unknown), &mut steps);
    assert_eq!(sent(&steps), ["8"], "nobody waits for that");
    assert_eq!(steps.last(), Some(&OutboxStep::Begin { offset: 7 }));
    steps.clear();
    outbox.begun(Ok(()), checkpoint, &mut steps);
    assert_eq!(offsets(steps.pop()), [8]);
    outbox.appended(Ok(8), &mut steps);
    assert!(outbox.is_settled() && steps.is_empty());
}

#[test]
fn a_superseded_outbox_sends_no_more_frames() {
    let mut outbox = Outbox::logged(0);
    let mut steps = Vec::new();
    outbox.push(frame("1"), entry(1, "1"), &mut steps);
    outbox.append(checkpoint);
    outbox.push(frame("2"), entry(2, "2"), &mut steps);
    outbox.appended(Err(LogError::Stale { owner: 2 }), &mut steps);
    outbox.push(frame("3"), entry(3, "3"), &mut steps);
    assert_eq!(steps, [OutboxStep::Superseded]);
    assert!(outbox.append(checkpoint).is_none() && outbox.ask_again(checkpoint).is_none());
}

/// The next event.
#[derive(Debug, Clone, Copy)]
enum Happens {
    Durable,
    Progress,
    /// The call under way succeeds.
    Done,
    /// The call fails.
    Lost,
    /// The call succeeds, and its reply is lost.
    DoneAndLost,
    /// The log loses everything.
    Emptied,
    /// The delay passes.
    Later,
}

/// The log as the rules see it: its entries and the offset before them.
#[derive(Default)]
struct Log {
    begun_after: Option<u64>,
    entries: Vec<(u64, Arc<str>)>,
}

impl Log {
    fn last(&self) -> u64 {
        self.entries.last().map_or(self.begun_after.unwrap_or(0), |(offset, _)| *offset)
    }

    fn append(&mut self, batch: &Batch) -> Result<u64, LogError> {
        if self.begun_after.is_none() {
            return Err(LogError::Unknown);
        }
        for entry in &batch.entries {
            match entry.offset {
                offset if offset <= self.last() => {}
                offset if offset == self.last() + 1 => {
                    self.entries.push((offset, Arc::clone(&entry.text)));
                }
                _ => return Err(LogError::Gap { last: self.last() }),
            }
        }
        Ok(self.last())
    }

    fn begin(&mut self, offset: u64) {
        if self.begun_after.is_none() || self.last() < offset {
            (self.begun_after, self.entries) = (Some(offset), Vec::new());
        }
    }
}

proptest! {
    #[test]
    fn any_sequence_of_log_faults_sends_each_frame_once_in_order_and_stores_all_entries(
        story in prop::collection::vec(prop_oneof![
            5 => Just(Happens::Durable), 2 => Just(Happens::Progress), 6 => Just(Happens::Done),
            2 => Just(Happens::Lost), 2 => Just(Happens::DoneAndLost), 1 => Just(Happens::Emptied),
            3 => Just(Happens::Later),
        ], 0..60),
    ) {
        let mut outbox = Outbox::logged(0);
        let mut log = Log::default();
        log.begin(0);
        let (mut pushed, mut received): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let (mut offset, mut under_way, mut is_later) = (0, None, false);
        // At the end every fault is healed.
        let healing = std::iter::repeat_n([Happens::Done, Happens::Later], 6).flatten();
        for (at, happens) in story.into_iter().chain(healing).enumerate() {
            let mut steps = Vec::new();
            match (happens, under_way.take()) {
                (Happens::Durable, call) => {
                    under_way = call;
                    offset += 1;
                    pushed.push(format!("d{offset}"));
                    outbox.push(frame(pushed.last().unwrap()), entry(offset, pushed.last().unwrap()), &mut steps);
                }
                (Happens::Progress, call) => {
                    under_way = call;
                    pushed.push(format!("p{at}"));
                    outbox.push(frame(pushed.last().unwrap()), None, &mut steps);
                }
                (Happens::Emptied, call) => {
                    under_way = call;
                    log = Log::default();
                }
                (Happens::Later, call) => {
                    under_way = call;
                    if std::mem::take(&mut is_later) {
                        steps.extend(outbox.ask_again(checkpoint));
                    }
                }
                (_, None) => {}
                (how, Some(OutboxStep::Append(batch))) => {
                    let result = match how {
                        Happens::Lost => Err(away()),
                        _ => log.append(&batch),
                    };
                    let is_lost = matches!(how, Happens::DoneAndLost);
                    outbox.appended(if is_lost { Err(away()) } else { result }, &mut steps);
                }
                (how, Some(OutboxStep::Begin { offset })) => {
                    if !matches!(how, Happens::Lost) {
                        log.begin(offset);
                    }
                    let is_told = matches!(how, Happens::Done);
                    let result = if is_told { Ok(()) } else { Err(away()) };
                    outbox.begun(result, checkpoint, &mut steps);
                }
                (_, Some(step)) => panic!("no call: {step:?}"),
            }
            steps.extend(outbox.append(checkpoint));
            for step in steps {
                match step {
                    OutboxStep::Send(frame) => received.push(frame.json.to_string()),
                    OutboxStep::RetryLater => is_later = true,
                    OutboxStep::Superseded => panic!("by whom?"),
                    call => {
                        prop_assert!(under_way.is_none(), "one call at a time");
                        under_way = Some(call);
                    }
                }
            }
            prop_assert_eq!(&received[..], &pushed[..received.len()], "in order, each once");
        }
        prop_assert_eq!(&received, &pushed, "nothing is held back for good");
        prop_assert!(outbox.is_settled() && outbox.is_logged());
        if log.begun_after.is_some() {
            // A log that is emptied after the last append is detected at the next one.
            prop_assert_eq!(log.last(), offset);
        }
    }
}
