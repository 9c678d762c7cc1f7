//! Faults on demand: each way a child can end, so that tests and operators can rehearse it.

use std::time::Duration;

use actix::{ActorContext as _, Arbiter, AsyncContext as _, Context};
use futures::stream;
use serde::Deserialize;

use super::Child;
use super::inbox::Letter;

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
    /// Block the thread for so long.
    Hang {
        /// Milliseconds.
        ms: u64,
    },
    /// End the thread the child lives on.
    KillThread,
}

/// The letter that makes an actor suffer a fault.
pub(super) fn letter<A: Child>(fault: Fault) -> Letter<A> {
    Box::new(move |_, ctx| suffer(fault, ctx))
}

fn suffer<A: Child>(fault: Fault, ctx: &mut Context<A>) {
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

/// A panic that says that it was wanted.
pub(crate) fn rehearse() {
    panic!("a panic on demand");
}
