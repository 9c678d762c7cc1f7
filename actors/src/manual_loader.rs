//! The manual loader as an actor: every load of a manual goes through it.
//!
//! Owns      the count of loads under way; the [`ManualLoader`] of the world outside is shared.
//! Receives  [`Load`] from the shards of the shelf, through [`Loading`].
//! Calls     no other actor; a load runs beside it and is its reply.
//! Never     loads one manual twice at once (the shards see to that), keeps a manual.
//! On crash  loses nothing: a load that was under way when it crashed is asked for once more.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context, Handler, Message, ResponseFuture};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_catalogs::Manual;
use hsc_monitoring::Metrics;
use serde_json::{Value, json};

use crate::ports::{ManualError, ManualLoader};
use crate::supervision::{AskError, Bounds, Care, Child, ChildSpec, Handle};
use hsc_conversation::answer::ManualRequest;

/// Tries of one load: the second is for one whose loader ended under it. Loading twice does no harm.
const TRIES: u32 = 2;

/// The actor. See the card above.
struct Loader {
    outside: Arc<dyn ManualLoader>,
    count: Rc<LoadCounts>,
}

/// What an operator sees.
#[derive(Default)]
struct LoadCounts {
    under_way: Cell<u64>,
    loaded: Cell<u64>,
    failed: Cell<u64>,
}

/// A manual, please, from its source.
#[derive(Message)]
#[rtype(result = "Result<Arc<Manual>, ManualError>")]
struct Load(ManualRequest);

/// Loads through the actor that lives now. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ManualLoaderHandle {
    loader: Handle<Loader>,
}

impl ManualLoaderHandle {
    /// The loader as a child of the tree, and what reaches it. A load may take `longest`.
    pub(crate) fn new(
        outside: Arc<dyn ManualLoader>,
        longest: Duration,
        care: Care,
        metrics: &Arc<Metrics>,
    ) -> (ChildSpec, Self) {
        let care = Care { bounds: Bounds { answer: longest, ..care.bounds }, ..care };
        let (spec, loader) =
            ChildSpec::actor("manuals.loader", "manual_loader", care, metrics, move |_| {
                Ok(Loader { outside: Arc::clone(&outside), count: Rc::default() })
            });
        (spec, Self { loader })
    }
}

impl ManualLoader for ManualLoaderHandle {
    fn load(&self, request: ManualRequest) -> BoxFuture<'static, Result<Arc<Manual>, ManualError>> {
        let loader = self.loader.clone();
        async move {
            let mut tries = 1;
            loop {
                match loader.ask(Load(request.clone())).await {
                    Ok(outcome) => return outcome,
                    Err(AskError::Restarting) if tries < TRIES => tries += 1,
                    Err(error) => return Err(down(error)),
                }
            }
        }
        .boxed()
    }
}

fn down(error: AskError) -> ManualError {
    let code = match error {
        AskError::Restarting => "restarting",
        AskError::GaveUp => "gave_up",
        AskError::Overloaded => "overloaded",
        AskError::TimedOut => "load_timed_out",
    };
    let words = "The manual could not be opened just now. Please ask again in a moment.";
    ManualError::new(code, words, error)
}

impl Actor for Loader {
    type Context = Context<Self>;
}

impl Child for Loader {
    fn observe(&self) -> Value {
        let LoadCounts { under_way, loaded, failed } = &*self.count;
        json!({ "under_way": under_way.get(), "loaded": loaded.get(), "failed": failed.get() })
    }
}

impl Handler<Load> for Loader {
    type Result = ResponseFuture<Result<Arc<Manual>, ManualError>>;

    /// A load that panics fails its asker, not the loader: nothing of its state was touched.
    fn handle(&mut self, Load(request): Load, _: &mut Self::Context) -> Self::Result {
        let (outside, count) = (Arc::clone(&self.outside), Rc::clone(&self.count));
        count.under_way.set(count.under_way.get() + 1);
        // The port is called inside the future, so that a panic before its first await is caught too.
        let load = AssertUnwindSafe(async move { outside.load(request).await }).catch_unwind();
        Box::pin(async move {
            let outcome = load.await.unwrap_or_else(|_| {
                let words = "The manual could not be read just now. Please ask again in a moment.";
                Err(ManualError::new("load_panicked", words, "reading the manual panicked"))
            });
            count.under_way.set(count.under_way.get() - 1);
            let ended = if outcome.is_ok() { &count.loaded } else { &count.failed };
            ended.set(ended.get() + 1);
            outcome
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hsc_catalogs::{Documentation, DocumentationKind, ManualFormat, ManualSource};

    use super::*;
    use crate::supervision::{Fault, OnGiveUp, Root, RootSpec, Threads};

    /// Reads what it is asked for; the first load never ends, where that is wanted.
    struct Library {
        asked: AtomicUsize,
        first_is_endless: bool,
    }

    impl ManualLoader for Library {
        fn load(
            &self,
            request: ManualRequest,
        ) -> BoxFuture<'static, Result<Arc<Manual>, ManualError>> {
            let endless = self.asked.fetch_add(1, Ordering::SeqCst) == 0 && self.first_is_endless;
            async move {
                assert!(request.documentation.url != "torn", "a page is torn");
                if endless {
                    futures::future::pending::<()>().await;
                }
                Ok(Arc::new(Manual {
                    title: request.documentation.url,
                    format: ManualFormat::Pdf,
                    source: ManualSource::default(),
                    pages: Vec::new(),
                    passages: Vec::new(),
                    outline: Vec::new(),
                }))
            }
            .boxed()
        }
    }

    fn request(url: &str) -> ManualRequest {
        let (kind, url) = (DocumentationKind::Pdf, url.to_owned());
        ManualRequest { documentation: Documentation { kind, url, backup_url: None } }
    }

    fn house(first_is_endless: bool) -> (ManualLoaderHandle, Root, Arc<Library>) {
        let metrics = Metrics::new();
        let library = Arc::new(Library { asked: AtomicUsize::new(0), first_is_endless });
        let outside: Arc<dyn ManualLoader> = library.clone();
        let care = Care::default();
        let (spec, loading) =
            ManualLoaderHandle::new(outside, Duration::from_secs(30), care, &metrics);
        let spec = RootSpec {
            children: vec![spec],
            on_give_up: OnGiveUp::Escalate,
            care,
            threads: Arc::new(Threads::start(2)),
            metrics,
        };
        (loading, Root::start("root", spec), library)
    }

    #[actix::test]
    async fn a_load_that_panics_fails_its_asker_and_nobody_else() {
        let (loading, _root, _) = house(false);
        assert_eq!(loading.load(request("torn")).await.unwrap_err().code, "load_panicked");
        assert_eq!(loading.load(request("whole")).await.unwrap().title, "whole");
    }

    #[actix::test]
    async fn a_load_whose_loader_ends_under_it_is_asked_for_once_more() {
        let (loading, root, library) = house(true);
        let asked = actix::spawn(loading.load(request("whole")));
        while library.asked.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(root.inject("manuals.loader", Fault::KillThread));
        assert_eq!(asked.await.unwrap().unwrap().title, "whole");
        assert_eq!(library.asked.load(Ordering::SeqCst), 2);
    }
}
