//! The parent's side: one job per manual, in a child process, each page stored as it arrives.
//!
//! Owns      the running jobs; the page store on disk is shared with other processes.
//! Never     runs more jobs than half of the cores, delays a reading (jobs run in the background), repeats a stored
//!           page.
//! On crash  loses only the page that was being recognized.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hsc_catalogs::Documentation;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{OnceCell, Semaphore, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::super::PageFault;
use super::engine::Engine;
use super::recognize::Event;
use super::store::{self, Pages};
use super::{OcrEvent, OcrSettings, PageText};

/// Deaths of the child during one page after which the page is skipped. The first may be the fault of the machine.
const DEATHS: u32 = 2;
/// Time limit of drawing. A page may take several runs of tesseract (to read it, to detect its orientation, to read
/// it rotated), which share the time of the page; this is for the picture before them.
const DRAWING: Duration = Duration::from_secs(60);
/// Longest line in bytes. A dense page has 20 KB.
const MOST_LINE: u64 = 16 << 20;

/// Called when a manual has more text than at its last reading.
type WhenMore = dyn Fn(Documentation) + Send + Sync;
/// Called with each event.
type Report = Box<dyn Fn(OcrEvent<'_>) + Send + Sync>;

/// Recognizes the scanned pages of manuals. Cheap to clone.
#[derive(Clone)]
pub struct Recognizer(Arc<Inner>);

struct Inner {
    settings: OcrSettings,
    engine: OnceCell<Option<Engine>>,
    /// By the folder of the manual's pages.
    jobs: Mutex<HashMap<PathBuf, Job>>,
    places: Arc<Semaphore>,
    when_more: Mutex<Option<Arc<WhenMore>>>,
    report: Report,
}

/// The handle of a job for its waiters.
#[derive(Clone)]
pub struct Job {
    progress: watch::Receiver<Progress>,
    /// A reader of the manual did not wait for the end.
    is_abandoned: Arc<AtomicBool>,
}

/// Progress of a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Number of pages that are recognized, or cannot be.
    pub done: u32,
    /// No further page will be done.
    pub ended: bool,
}

impl Job {
    /// Waits for the end, at most `most`. After a timeout, `when_more` is called at the end.
    pub async fn wait(&self, most: Duration) -> Progress {
        let mut progress = self.progress.clone();
        // A dropped job has ended as well.
        let ended = timeout(most, progress.wait_for(|progress| progress.ended)).await;
        if ended.is_err() {
            self.is_abandoned.store(true, Ordering::SeqCst);
        }
        let progress = *self.progress.borrow();
        Progress { ended: progress.ended || ended.is_ok(), ..progress }
    }
}

impl Recognizer {
    /// A recognizer with these settings. `report` is called with each event, from any thread.
    pub fn new(
        settings: OcrSettings,
        report: impl Fn(OcrEvent<'_>) + Send + Sync + 'static,
    ) -> Self {
        let jobs_at_once = (super::super::Limits::all_cores() / 2).max(1);
        Self(Arc::new(Inner {
            settings,
            engine: OnceCell::new(),
            jobs: Mutex::default(),
            places: Arc::new(Semaphore::new(jobs_at_once)),
            when_more: Mutex::default(),
            report: Box::new(report),
        }))
    }

    /// The same, with another binary.
    ///
    /// # Panics
    /// When it has been cloned already.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        let inner = Arc::into_inner(self.0).expect("a recognizer is set up before it is shared");
        let settings = OcrSettings { program, ..inner.settings };
        Self(Arc::new(Inner { settings, ..inner }))
    }

    /// Sets the callback for a manual that has more text than at its last reading.
    pub fn when_more(&self, call: impl Fn(Documentation) + Send + Sync + 'static) {
        let mut place = self.0.when_more.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Arc::new(call));
    }

    /// Longest duration of a job without a wait for others.
    pub fn longest(&self) -> Duration {
        Duration::from_millis(self.0.settings.timeout_ms) + DRAWING
    }

    /// The stored pages of a manual's file; `None` without OCR.
    pub async fn pages(&self, file: &Path) -> Option<Pages> {
        if !self.0.settings.enabled {
            return None;
        }
        let find = || Engine::find(&self.0.settings, &self.0.report);
        let engine = self.0.engine.get_or_init(find).await.as_ref()?;
        let root = self.0.settings.folder.clone();
        let (file, identity) = (file.to_owned(), engine.identity());
        // On the blocking pool: hashing a large file takes some tenths of a second.
        let hashed = move || Pages::of(&root, &file, &identity);
        match tokio::task::spawn_blocking(hashed).await {
            Ok(Ok(pages)) => Some(pages),
            _ => None,
        }
    }

    /// Joins the job of a manual, or starts it. `numbers` are the pages that are not stored.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn start(
        &self,
        documentation: &Documentation,
        file: &Path,
        pages: &Pages,
        numbers: Vec<u32>,
    ) -> io::Result<Job> {
        let mut jobs = self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = jobs.get(pages.folder()) {
            return Ok(job.clone());
        }
        // Opened now: the path may hold another file when the job starts.
        let file = File::open(file)?;
        let (tell, progress) = watch::channel(Progress::default());
        let job = Job { progress, is_abandoned: Arc::default() };
        jobs.insert(pages.folder().to_owned(), job.clone());
        drop(jobs);
        let listed = Listed { inner: Arc::clone(&self.0), folder: pages.folder().to_owned() };
        let work = Work {
            inner: Arc::clone(&self.0),
            documentation: documentation.clone(),
            file,
            pages: pages.clone(),
            is_abandoned: Arc::clone(&job.is_abandoned),
            remaining: numbers,
            faults: Vec::new(),
            has_more: false,
            tell,
        };
        drop(tokio::spawn(work.run(listed)));
        Ok(job)
    }
}

/// A job's entry in the list, removed however the job ends.
struct Listed {
    inner: Arc<Inner>,
    folder: PathBuf,
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut jobs = self.inner.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.remove(&self.folder);
    }
}

struct Work {
    inner: Arc<Inner>,
    documentation: Documentation,
    file: File,
    pages: Pages,
    is_abandoned: Arc<AtomicBool>,
    /// Pages that are not done.
    remaining: Vec<u32>,
    /// Pages that cannot be recognized.
    faults: Vec<(u32, PageFault)>,
    /// A page with text was recognized.
    has_more: bool,
    tell: watch::Sender<Progress>,
}

/// How a child ended.
enum Ended {
    /// Its output has ended.
    Output,
    /// It was killed because a page took too long.
    Hung,
    /// The time limit of the job is over, and it was killed.
    Deadline,
}

impl Work {
    async fn run(mut self, listed: Listed) {
        let Ok(_place) = Arc::clone(&self.inner.places).acquire_owned().await else { return };
        let started = Instant::now();
        let deadline = started + Duration::from_millis(self.inner.settings.timeout_ms);
        let all = self.remaining.len();
        let mut deaths: HashMap<u32, u32> = HashMap::new();
        while !self.remaining.is_empty() {
            let (ended, begun) = match self.child(deadline).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    (self.inner.report)(OcrEvent::NoProcess(&error));
                    break;
                }
            };
            if matches!(ended, Ended::Deadline) {
                break;
            }
            let Some(page) = begun else {
                if !self.remaining.is_empty() {
                    (self.inner.report)(OcrEvent::EndedEarly { pages: self.remaining.len() });
                }
                break;
            };
            (self.inner.report)(OcrEvent::EndedOver { page });
            let died = deaths.entry(page).or_default();
            *died += 1;
            if *died >= DEATHS {
                self.done(page, PageText::Failed(PageFault::Died));
            }
        }
        (self.inner.report)(OcrEvent::JobEnded {
            url: &self.documentation.url,
            read: all - self.remaining.len() - self.faults.len(),
            failed: &self.faults,
            remaining: self.remaining.len(),
            took: started.elapsed(),
        });
        self.prune().await;
        // Removed from the list first: a load that finds pages missing after this starts a job of its own.
        drop(listed);
        self.tell.send_modify(|progress| progress.ended = true);
        if self.is_abandoned.load(Ordering::SeqCst) && self.has_more {
            let call = self.inner.when_more.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(call) = call {
                call(self.documentation.clone());
            }
        }
    }

    /// Runs one child over the remaining pages. Returns how it ended, and during which page.
    async fn child(&mut self, deadline: Instant) -> io::Result<(Ended, Option<u32>)> {
        let mut child = self.spawn(deadline)?;
        let output = child.stdout.take().expect("standard output is piped");
        let group = Group::of(&child);
        let mut output = BufReader::new(output);
        let mut begun = None;
        let page = Duration::from_millis(self.inner.settings.page_timeout_ms) + DRAWING;
        let ended = loop {
            let quiet = Instant::now() + page;
            match timeout_at(quiet.min(deadline), event(&mut output)).await {
                Ok(Ok(Some(Event::Begun(number)))) => begun = Some(number),
                Ok(Ok(Some(Event::Done(number, text)))) => {
                    begun = None;
                    self.done(number, text);
                }
                Ok(Ok(None) | Err(_)) => break Ended::Output,
                Err(_) if Instant::now() < deadline => break Ended::Hung,
                Err(_) => break Ended::Deadline,
            }
        };
        // Before the wait: the id of a group that is gone may be reused.
        drop(group);
        child.wait().await?;
        Ok((ended, begun))
    }

    fn spawn(&self, deadline: Instant) -> io::Result<Child> {
        let inner = &self.inner;
        let engine = inner.engine.get().and_then(Option::as_ref);
        let engine = engine.ok_or_else(|| io::Error::other("there is no tesseract"))?;
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        let time = deadline.saturating_duration_since(Instant::now()).as_millis();
        let pages: Vec<String> = self.remaining.iter().map(ToString::to_string).collect();
        let mut command = Command::new(&inner.settings.program);
        command
            .arg("recognize")
            .args(["--pages", &pages.join(",")])
            .arg("--command")
            .arg(&engine.command)
            .args(["--languages", &engine.languages.join(",")])
            .args(["--page-timeout-ms", &inner.settings.page_timeout_ms.to_string()])
            .args(["--timeout-ms", &time.to_string()])
            .args(["--memory-bytes", &inner.settings.memory_bytes.to_string()])
            .args(["--max-bytes", &inner.settings.max_bytes.to_string()])
            // Keys and addresses of the server must not be in a process that reads untrusted bytes.
            .env_clear()
            // For tesseract: a malloc arena of glibc takes 64 MiB of address space per thread, all of it counted.
            .env("MALLOC_ARENA_MAX", "2")
            .stdin(Stdio::from(file))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .process_group(0);
        if let Some(data) = std::env::var_os("TESSDATA_PREFIX") {
            command.env("TESSDATA_PREFIX", data);
        }
        command.spawn()
    }

    /// Stores a page that is done.
    fn done(&mut self, number: u32, text: PageText) {
        let Some(at) = self.remaining.iter().position(|page| *page == number) else { return };
        self.remaining.remove(at);
        let outcome = match &text {
            PageText::Read { runs, .. } => {
                self.has_more |= !runs.is_empty();
                Ok(())
            }
            PageText::Failed(fault) => {
                self.faults.push((number, *fault));
                Err(*fault)
            }
        };
        (self.inner.report)(OcrEvent::PageDone(outcome));
        if let Err(cause) = self.pages.store(number, &text) {
            (self.inner.report)(OcrEvent::NotStored { page: number, cause: &cause });
        }
        self.tell.send_modify(|progress| progress.done += 1);
    }

    async fn prune(&self) {
        let (root, most) =
            (self.inner.settings.folder.clone(), self.inner.settings.cache_max_bytes);
        let keep = self.pages.folder().to_owned();
        let pruned = tokio::task::spawn_blocking(move || store::prune(&root, most, &keep)).await;
        if let Ok(manuals @ 1..) = pruned {
            (self.inner.report)(OcrEvent::Pruned { manuals });
        }
    }
}

/// The next line of a child; `None` at the end of its output. An invalid line is an error.
async fn event(output: &mut BufReader<ChildStdout>) -> io::Result<Option<Event>> {
    let mut line = Vec::new();
    let mut bounded = output.take(MOST_LINE);
    if bounded.read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

/// A child's process group: the child and all processes it has started. Killed on drop.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // They may have ended by themselves.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}
