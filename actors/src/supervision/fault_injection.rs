//! Makes a child fail on demand, in each way in which a child can fail by itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{ActorContext as _, Arbiter, AsyncContext as _, Context};
use futures::stream;

use super::ending::injected_panic;
use super::handle::Envelope;
use super::{Child, Fault, Record};

/// The message that applies a fault to an actor.
pub(super) fn message<A: Child>(fault: Fault, record: &Arc<Record>) -> Envelope<A> {
    let record = Arc::clone(record);
    Box::new(move |_, ctx| apply(fault, &record, ctx))
}

fn apply<A: Child>(fault: Fault, record: &Record, ctx: &mut Context<A>) {
    match fault {
        Fault::PanicInFuture => {
            ctx.spawn(actix::fut::wrap_future::<_, A>(async { injected_panic() }));
        }
        Fault::PanicInStream => {
            let fails = stream::once(async { injected_panic() });
            let read = actix::fut::wrap_stream::<_, A>(fails);
            ctx.spawn(actix::fut::ActorStreamExt::finish(read));
        }
        Fault::Stop => ctx.stop(),
        Fault::Fail => {
            record.fails_on_demand.store(true, Ordering::Relaxed);
            ctx.stop();
        }
        other => apply_anywhere(other),
    }
}

/// The faults that need no actor.
pub(super) fn apply_anywhere(fault: Fault) {
    match fault {
        // Blocks on purpose: this simulates a hang.
        Fault::Hang { ms } => std::thread::sleep(Duration::from_millis(ms)),
        Fault::KillThread => {
            Arbiter::current().stop();
        }
        _ => injected_panic(),
    }
}
