//! Reloads the catalog when its files change and on SIGHUP.
//!
//! A new catalog is built beside the old one, off the threads that serve, and swapped in as a whole. A
//! broken one is reported and not swapped in: the server keeps the old one.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hsc_actors::supervision::{Care, ChildSpec, Life};
use hsc_catalogs::{LoadReport, Problem, ReloadOutcome, Severity, Snapshot, load_dir};
use hsc_conversation::BoxError;
use hsc_monitoring::Metrics;
use log::{error, info, warn};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// Problems of one load that get a log line each; one more line has the count of the rest. A file that lost a
/// field everywhere has thousands of them.
const PROBLEMS_LOGGED: usize = 20;
/// Longest delay of a reload by a folder that keeps changing, in quiet times: while thousands of files are
/// copied, the first ones appear before the last.
const MOST_QUIET_TIMES: u32 = 20;
/// Retry interval for a folder that cannot be watched: what is missing (system watches, the
/// folder itself) is fixed by an operator within minutes.
const WATCH_AGAIN: Duration = Duration::from_secs(30);

/// Reloads the catalog.
pub struct Reloader {
    snapshot: Arc<Snapshot>,
    dir: PathBuf,
    metrics: Arc<Metrics>,
    last: Mutex<LastLoad>,
    one_at_a_time: tokio::sync::Mutex<()>,
}

/// The result of the last load.
#[derive(Debug, Clone)]
pub struct LastLoad {
    /// End of the load.
    pub at: SystemTime,
    /// The problems found.
    pub problems: Arc<[Problem]>,
    /// Why an older catalog is still current, if it is.
    pub not_applied: Option<String>,
}

impl LastLoad {
    /// The result of a load that just ended.
    pub fn now(problems: Vec<Problem>, not_applied: Option<String>) -> Self {
        Self { at: SystemTime::now(), problems: problems.into(), not_applied }
    }
}

impl Reloader {
    /// Loads the catalog of this folder.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn load(dir: PathBuf, metrics: Arc<Metrics>) -> io::Result<Self> {
        let began = Instant::now();
        let LoadReport { catalog, problems } = load_dir(&dir)?;
        tell(&problems);
        let (products, brands) = (catalog.products().len(), catalog.brands().len());
        metrics.catalog.holds(products, brands, problems.len());
        info!(products, brands, problems = problems.len(), version:% = catalog.version(),
            took_ms = began.elapsed().as_millis() as u64; "catalog loaded");
        let one_at_a_time = tokio::sync::Mutex::new(());
        let last = Mutex::new(LastLoad::now(problems, None));
        Ok(Self { snapshot: Arc::new(Snapshot::new(catalog)), dir, metrics, last, one_at_a_time })
    }

    /// The current catalog.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Path of the catalog folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The result of the last load.
    pub fn last(&self) -> LastLoad {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Loads the folder and swaps the catalog, or keeps the old one and records why.
    pub async fn reload(&self, why: &'static str) {
        let _turn = self.one_at_a_time.lock().await;
        let (snapshot, dir) = (Arc::clone(&self.snapshot), self.dir.clone());
        let began = Instant::now();
        let loaded = tokio::task::spawn_blocking(move || snapshot.reload(&dir)).await;
        let ended = match loaded {
            Ok(ReloadOutcome::Swapped { catalog, problems }) => {
                tell(&problems);
                let (products, brands) = (catalog.products().len(), catalog.brands().len());
                self.metrics.catalog.holds(products, brands, problems.len());
                self.metrics.catalog.reloaded("swapped");
                info!(why, products, brands, problems = problems.len(), version:% = catalog.version(),
                    took_ms = began.elapsed().as_millis() as u64; "catalog loaded again");
                LastLoad::now(problems, None)
            }
            Ok(ReloadOutcome::Rejected { reason, problems }) => {
                tell(&problems);
                self.metrics.catalog.reloaded("kept");
                error!(why, reason:%; "catalog is broken, the old one stays");
                LastLoad::now(problems, Some(reason))
            }
            Err(panicked) => {
                self.metrics.catalog.reloaded("kept");
                error!(why, reason:% = panicked; "loading the catalog failed, the old one stays");
                LastLoad::now(Vec::new(), Some(panicked.to_string()))
            }
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = ended;
    }
}

/// Logs the problems of a catalog.
fn tell(problems: &[Problem]) {
    for problem in problems.iter().take(PROBLEMS_LOGGED) {
        match problem.severity {
            Severity::Error => warn!(problem:%; "left out of the catalog"),
            Severity::Warning => info!(problem:%; "catalog looks wrong"),
        }
    }
    if problems.len() > PROBLEMS_LOGGED {
        let more = problems.len() - PROBLEMS_LOGGED;
        warn!(more; "more problems in the catalog, `hsc catalog check` lists all");
    }
}

/// Fingerprint of a folder: its files with their sizes and times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderState(Vec<(OsString, u64, Option<SystemTime>)>);

impl FolderState {
    /// The current state of this folder. An unreadable folder looks empty.
    pub fn at(dir: &Path) -> Self {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries
            // Through a link: a mounted folder changes what its links lead to.
            .filter_map(|entry| Some((entry.file_name(), std::fs::metadata(entry.path()).ok()?)))
            .filter(|(_, about)| about.is_file())
            .map(|(name, about)| (name, about.len(), about.modified().ok()))
            .collect();
        files.sort();
        Self(files)
    }
}

/// The watcher of the catalog folder, a child of the tree: reloads whenever the folder has
/// changed and then rested for `quiet`. It reloads once at its start when the folder differs from its state
/// `before` the catalog was loaded, or after a crash of the previous watcher.
pub fn watcher(
    reloader: Arc<Reloader>,
    before: FolderState,
    quiet: Duration,
    care: Care,
) -> ChildSpec {
    let metrics = Arc::clone(&reloader.metrics);
    ChildSpec::worker("catalog.watcher", "catalog_watcher", care, &metrics, move |life| {
        watch(Arc::clone(&reloader), before.clone(), quiet, life)
    })
}

async fn watch(
    reloader: Arc<Reloader>,
    before: FolderState,
    quiet: Duration,
    life: Life,
) -> Result<(), BoxError> {
    let dir = reloader.dir();
    let mut missed = life.generation() > 1;
    loop {
        // A folder that cannot be watched is not fatal: the server serves, and SIGHUP still
        // reloads.
        let (_watcher, mut changes) = match subscribe(dir) {
            Ok(subscribed) => subscribed,
            Err(cause) => {
                warn!(cause:%; "catalog folder cannot be watched, SIGHUP still works");
                life.observe(json!({ "watching": false, "reason": cause.to_string() }));
                tokio::time::sleep(WATCH_AGAIN).await;
                missed = true;
                continue;
            }
        };
        life.observe(json!({ "watching": true, "folder": dir.display().to_string() }));
        if missed || FolderState::at(dir) != before {
            reloader.reload("changed while it was not watched").await;
        }
        while changes.recv().await.is_some() {
            let last = Instant::now() + quiet * MOST_QUIET_TIMES;
            loop {
                let until = (Instant::now() + quiet).min(last);
                match timeout_at(until, changes.recv()).await {
                    Ok(Some(())) if Instant::now() < last => {}
                    _ => break,
                }
            }
            reloader.reload("files changed").await;
        }
        return Err("the system reports no more changes".into());
    }
}

/// Events of the system about the folder, for as long as the watcher is held.
fn subscribe(dir: &Path) -> notify::Result<(RecommendedWatcher, mpsc::Receiver<()>)> {
    // A capacity of one is enough: further events mean the same.
    let (changed, changes) = mpsc::channel::<()>(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading a file is an event too, and a reload reads them all. A watcher error may
        // hide a change, so it counts as one.
        if !matches!(&event, Ok(event) if matches!(event.kind, EventKind::Access(_))) {
            let _ = changed.try_send(());
        }
    })?;
    // The folder itself, not its subfolders: manuals there are not catalogs, and a mounted
    // folder changes by a link in it.
    watcher.watch(dir, RecursiveMode::NonRecursive)?;
    Ok((watcher, changes))
}
