//! Faults on demand: each way a child can end, so that tests and operators can rehearse it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{ActorContext as _, Arbiter, AsyncContext as _, Context};
use futures::stream;
use serde::Deserialize;

use super::inbox::Letter;
use super::{Child, Record};

/// A way to make a child end, or be as good as ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Panic while handling a message.
    Panic,
    /// Panic while being started, this often; begins with a panic now.
    PanicAtStart {
        /// Starts that fail.
        times: u32,
    },
    /// Panic in a future that the actor spawned.
    PanicInFuture,
    /// Panic in a stream that the actor reads.
    PanicInStream,
    /// Stop without a word.
    Stop,
    /// End by saying that it failed, as one does that no longer trusts its state.
    Fail,
    /// Block the thread for so long.
    Hang {
        /// Milliseconds.
        ms: u64,
    },
    /// End the thread the child lives on.
    KillThread,
}

/// The letter that makes an actor suffer a fault.
pub(super) fn letter<A: Child>(fault: Fault, record: &Arc<Record>) -> Letter<A> {
    let record = Arc::clone(record);
    Box::new(move |_, ctx| suffer(fault, &record, ctx))
}

fn suffer<A: Child>(fault: Fault, record: &Record, ctx: &mut Context<A>) {
    match fault {
        Fault::PanicInFuture => {
            ctx.spawn(actix::fut::wrap_future::<_, A>(async { rehearse() }));
        }
        Fault::PanicInStream => {
            let fails = stream::once(async { rehearse() });
            let read = actix::fut::wrap_stream::<_, A>(fails);
            ctx.spawn(actix::fut::ActorStreamExt::finish(read));
        }
        Fault::Stop => ctx.stop(),
        Fault::Fail => {
            record.fails_on_demand.store(true, Ordering::Relaxed);
            ctx.stop();
        }
        other => suffer_anywhere(other),
    }
}

/// The faults that need no actor.
pub(super) fn suffer_anywhere(fault: Fault) {
    match fault {
        // Blocking on purpose: this is what a hang is.
        Fault::Hang { ms } => std::thread::sleep(Duration::from_millis(ms)),
        Fault::KillThread => {
            Arbiter::current().stop();
        }
        _ => rehearse(),
    }
}

/// The words of a failure that was wanted.
pub(super) const FAILURE: &str = "a failure on demand";

/// A panic that says that it was wanted.
pub(crate) fn rehearse() {
    panic!("a panic on demand");
}
