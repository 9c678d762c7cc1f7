//! Supervision of a socket's actor: its state is rebuilt in place.
//!
//! Owns      the recent restarts of one actor.
//! Receives  the work that the actor runs within [`RebuiltInPlace::guarded`].
//! Calls     [`RebuiltInPlace::rebuild`] after a panic, [`RebuiltInPlace::give_up`] after too many.
//! Never     replaces the actor: its connection would end with it. Its state is the child.
//! On crash  loses nothing: the actor, its socket and these counts stay.
//!
//! Policy, restart intensity, endings, metric and log fields are those of every other child:
//! [`Window::decide`] decides for both.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix::Actor;
use hsc_monitoring::Metrics;
use log::warn;
use tokio::time::Instant;

use super::restart_rules::{Verdict, Window};
use super::{Exit, Intensity, Policy};

/// The recent restarts of one actor. One pointer: most sessions never fail.
#[derive(Debug, Default)]
pub(crate) struct InPlace(Option<Box<Window>>);

/// An actor whose state is rebuilt when it fails.
pub(crate) trait RebuiltInPlace: Actor {
    /// Label of the metric and field of the log.
    const KIND: &'static str;

    fn in_place(&mut self) -> &mut InPlace;

    /// The restart limit, and where restarts are counted.
    fn bounds(&self) -> (Intensity, Arc<Metrics>);

    /// Id of the actor, for the log.
    fn id(&self) -> Arc<str>;

    /// Builds the state again. It may fail in turn, within [`guarded`](Self::guarded).
    fn rebuild(&mut self, exit: &Exit, ctx: &mut Self::Context);

    /// Ends the actor, which failed too often.
    fn give_up(&mut self, ctx: &mut Self::Context);

    /// Runs code that may panic. The panic ends here: every other actor of the thread goes on.
    fn guarded(
        &mut self,
        ctx: &mut Self::Context,
        what: impl FnOnce(&mut Self, &mut Self::Context),
    ) {
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| what(self, ctx))) else { return };
        let exit = Exit::of_panic(&*panic);
        let (intensity, metrics) = self.bounds();
        let id = self.id();
        let window = self.in_place().0.get_or_insert_default();
        // A socket's actor has an end of its own, so it is transient.
        match window.decide(Policy::Transient, intensity, exit.ending, Instant::now()) {
            Verdict::Restart => {
                warn!(kind = Self::KIND, id:%, reason:% = exit.ending, why:% = exit.why; "actor ended, starting it again");
                metrics.actors.restarted(Self::KIND, exit.ending.into());
                self.rebuild(&exit, ctx);
            }
            Verdict::Rest | Verdict::GiveUp => {
                warn!(kind = Self::KIND, id:%, why:% = exit.why; "actor fails too often, closing its socket");
                self.give_up(ctx);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix::Context;
    use hsc_monitoring::Metrics;

    use super::*;

    /// Counts messages, and fails on demand.
    #[derive(Default)]
    struct Counter {
        in_place: InPlace,
        count: u32,
        rebuilds: u32,
        rebuild_fails: bool,
        gave_up: bool,
    }

    impl Actor for Counter {
        type Context = Context<Self>;
    }

    impl RebuiltInPlace for Counter {
        const KIND: &'static str = "counter";

        fn in_place(&mut self) -> &mut InPlace {
            &mut self.in_place
        }

        fn bounds(&self) -> (Intensity, Arc<Metrics>) {
            let intensity = Intensity { restarts: 2, within: Duration::from_secs(60) };
            (intensity, Metrics::new())
        }

        fn id(&self) -> Arc<str> {
            "a".into()
        }

        fn rebuild(&mut self, exit: &Exit, ctx: &mut Self::Context) {
            assert_eq!(exit.why, "it failed");
            (self.count, self.rebuilds) = (0, self.rebuilds + 1);
            self.guarded(ctx, |counter, _| assert!(!counter.rebuild_fails, "it failed"));
        }

        fn give_up(&mut self, _: &mut Self::Context) {
            self.gave_up = true;
        }
    }

    fn fail(counter: &mut Counter) {
        let mut ctx = Context::new();
        counter.guarded(&mut ctx, |counter, _| {
            counter.count += 1;
            panic!("it failed");
        });
    }

    #[actix::test]
    async fn the_state_is_rebuilt_until_the_restart_limit() {
        let mut counter = Counter::default();
        counter.guarded(&mut Context::new(), |counter, _| counter.count += 1);
        assert_eq!((counter.count, counter.rebuilds), (1, 0));
        for rebuilds in 1..=2 {
            fail(&mut counter);
            assert_eq!((counter.count, counter.rebuilds, counter.gave_up), (0, rebuilds, false));
        }
        fail(&mut counter);
        assert_eq!((counter.rebuilds, counter.gave_up), (2, true));
    }

    #[actix::test]
    async fn a_failed_rebuild_counts_as_a_restart() {
        let mut counter = Counter { rebuild_fails: true, ..Counter::default() };
        fail(&mut counter);
        assert_eq!((counter.rebuilds, counter.gave_up), (2, true));
    }
}
