//! The manual loader: finds the file, reads it, and reports its source.
//!
//! Owns      the fetcher (limits requests), the reader (limits concurrent reads), the result of the last load of each
//!           manual, in memory, for operators.
//! Never     loads a manual without a request, stores a manual: that is the manual cache's business; decides anything by
//!           the last load.
//! On crash  loses only the requests in work and the last results; fetched files are on disk.

use std::error::Error as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use dashmap::DashMap;
use futures::FutureExt as _;
use hsc_actors::ports::{
    CachedFile, LastLoad, ManualError, ManualFiles, ManualLoader, ManualReply, OriginalFile,
};
use hsc_catalogs::{Documentation, DocumentationKind, Manual, ManualSource};
use hsc_config::ManualsSettings;
use hsc_conversation::TraceContext;
use hsc_conversation::answer::ManualRequest;
use hsc_manuals::{ReadError, Reader, Recognizer, print_html};
use hsc_monitoring::Metrics;

use super::error::{LoadError, Result};
use super::fetch::{Fetcher, FileSource, FoundFile};
use super::{ocr_report, settings};
use crate::outbound::OutboundTls;

/// Most remembered results: more than any known catalog has manuals. When it is full, all are cleared.
const MOST_REMEMBERED: usize = 100_000;

/// Loads manuals, from the network and from the catalog folder.
#[derive(Clone)]
pub struct Loader(Arc<LoaderParts>);

struct LoaderParts {
    catalog_dir: PathBuf,
    fetcher: Fetcher,
    reader: Reader,
    recognizer: Recognizer,
    /// Longest wait for OCR of a manual without text.
    ocr_wait: Duration,
    waits_for_ocr: bool,
    ledger: LoadHistory,
    metrics: Arc<Metrics>,
}

impl Loader {
    /// A loader for the manuals of the catalogs in `catalog_dir`.
    ///
    /// # Errors
    /// When the folder for fetched manuals cannot be opened, or the HTTP client cannot be created.
    pub fn new(
        settings: &ManualsSettings,
        catalog_dir: &Path,
        tls: &OutboundTls,
        metrics: Arc<Metrics>,
    ) -> Result<Self> {
        let program = std::env::current_exe();
        let program = program.map_err(LoadError::ours("cannot find our own program"))?;
        let fetcher = Fetcher::new(settings, tls)?;
        let ocr = settings::ocr(settings, fetcher.folder(), program.clone());
        let counts = Arc::clone(&metrics);
        Ok(Self(Arc::new(LoaderParts {
            catalog_dir: catalog_dir.to_owned(),
            fetcher,
            reader: Reader::new(settings::reader(settings, program)),
            recognizer: Recognizer::new(ocr, move |event| ocr_report::report(&counts, event)),
            ocr_wait: Duration::from_millis(settings.ocr.wait_ms),
            waits_for_ocr: false,
            ledger: LoadHistory::default(),
            metrics,
        })))
    }

    /// The same loader, with the `extract` command of another binary than the running one. For
    /// programs that are not `hsc`.
    ///
    /// # Panics
    /// When the loader has been cloned already.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        let parts = Arc::into_inner(self.0).expect("a loader is set up before it is shared");
        let recognizer = parts.recognizer.with_program(program.clone());
        let reader = parts.reader.with_program(program);
        Self(Arc::new(LoaderParts { reader, recognizer, ..parts }))
    }

    /// The same loader, whose loads wait until every scanned page is recognized. For programs that prepare
    /// or evaluate manuals.
    ///
    /// # Panics
    /// When the loader has been cloned already.
    #[must_use]
    pub fn waits_for_ocr(self) -> Self {
        let parts = Arc::into_inner(self.0).expect("a loader is set up before it is shared");
        Self(Arc::new(LoaderParts { waits_for_ocr: true, ..parts }))
    }

    /// Longest wait of such a load.
    pub fn longest_ocr(&self) -> Duration {
        self.0.recognizer.longest()
    }

    /// Sets a callback for a loaded manual that has more text by now: OCR has read scanned pages since.
    pub fn when_more(&self, call: impl Fn(Documentation) + Send + Sync + 'static) {
        self.0.recognizer.when_more(call);
    }
}

fn is_pdf(path: &Path) -> bool {
    use std::io::Read as _;
    let mut start = [0; 5];
    std::fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok())
        && start == *b"%PDF-"
}

impl ManualFiles for Loader {
    fn original(&self, documentation: &Documentation) -> ManualReply<OriginalFile> {
        let (parts, documentation) = (Arc::clone(&self.0), documentation.clone());
        async move {
            let (parts, documentation) = (&parts, &documentation);
            let open = |found: FoundFile| async move {
                let stale = found.source == FileSource::Stale;
                if is_pdf(&found.path) || documentation.kind == DocumentationKind::Pdf {
                    let media_type = "application/pdf";
                    return Ok(OriginalFile { path: found.path, media_type, stale });
                }
                let path = parts.printed(documentation, found).await?;
                Ok(OriginalFile { path, media_type: "text/html; charset=utf-8", stale })
            };
            Ok(parts.first(documentation, open).await?)
        }
        .boxed()
    }

    fn last_load(&self, documentation: &Documentation) -> Option<LastLoad> {
        self.0.ledger.of(documentation)
    }

    fn cached_file(&self, documentation: &Documentation) -> Option<CachedFile> {
        let Documentation { url, backup_url, .. } = documentation;
        std::iter::once(url).chain(backup_url).find_map(|address| self.0.cached_file(address))
    }
}

impl ManualLoader for Loader {
    fn load(&self, request: ManualRequest, _: Option<TraceContext>) -> ManualReply<Arc<Manual>> {
        let parts = self.0.clone();
        async move {
            let documentation = &request.documentation;
            let read = |found| parts.read(documentation, found);
            let loaded = parts.first(documentation, read).await.map_err(ManualError::from);
            parts.ledger.note(documentation, loaded.as_ref());
            Ok(Arc::new(loaded?))
        }
        .boxed()
    }

    fn revalidate(&self, request: &ManualRequest) {
        let Documentation { url, backup_url, .. } = &request.documentation;
        for address in std::iter::once(url).chain(backup_url).filter(|it| is_remote(it)) {
            self.0.fetcher.revalidate(address);
        }
    }
}

impl LoaderParts {
    /// Tries the addresses in order: the manual's own, its backup, then
    /// older copies of either. The error is that of the manual's own address.
    async fn first<T, F>(
        &self,
        documentation: &Documentation,
        then: impl Fn(FoundFile) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let Documentation { url, backup_url, .. } = documentation;
        let addresses: Vec<&str> =
            std::iter::once(url).chain(backup_url).map(String::as_str).collect();
        let end = self.fetcher.deadline();
        let mut failed = None;
        // Addresses whose copy is current: if it cannot be read, it is not read again.
        let mut found = Vec::new();
        for (place, &address) in addresses.iter().enumerate() {
            // Half of the time that is left, while there is another address to try.
            let now = tokio::time::Instant::now();
            let others = u32::try_from(addresses.len() - place).unwrap_or(1);
            let deadline = now + end.saturating_duration_since(now) / others;
            let tried = match self.find(address, deadline).await {
                Ok(file) => {
                    found.push(address);
                    then(file).await
                }
                Err(error) => Err(error),
            };
            match tried {
                Ok(done) => return Ok(done),
                // The file is the right one; its text follows.
                Err(error @ LoadError::Recognizing { .. }) => return Err(error),
                Err(error) => {
                    log::warn!(address, error:% = with_causes(&error); "cannot load the manual from this address");
                    failed.get_or_insert(error);
                }
            }
        }
        for address in addresses.into_iter().filter(|address| !found.contains(address)) {
            let Some(copy) = self.fetcher.stale(address) else { continue };
            self.metrics.manuals.fetched(copy.source.into(), 0, Duration::ZERO);
            if let Ok(done) = then(copy).await {
                log::warn!(address; "the manual host did not respond, using an older copy");
                return Ok(done);
            }
        }
        Err(failed.expect("there is an address, and it failed"))
    }

    /// The file of one address.
    async fn find(&self, address: &str, deadline: tokio::time::Instant) -> Result<FoundFile> {
        let started = Instant::now();
        let found = if is_remote(address) {
            self.fetcher.get(address, deadline).await
        } else {
            file_below(&self.catalog_dir, address).map(|path| FoundFile {
                path,
                location: address.to_owned(),
                charset: None,
                source: FileSource::Catalog,
                fetched_bytes: 0,
            })
        };
        let (outcome, bytes) = match &found {
            // A fresh copy is not a fetch.
            Ok(file) if file.source == FileSource::Fresh => return found,
            Ok(file) => (file.source.into(), file.fetched_bytes),
            Err(error) => (error.code_and_words().0, 0),
        };
        self.metrics.manuals.fetched(outcome, bytes, started.elapsed());
        found
    }

    /// The local file of one address.
    fn cached_file(&self, address: &str) -> Option<CachedFile> {
        if is_remote(address) {
            let (path, at) = self.fetcher.cached_file(address)?;
            return Some(CachedFile { bytes: path.metadata().ok()?.len(), at });
        }
        let about = file_below(&self.catalog_dir, address).ok()?.metadata().ok()?;
        Some(CachedFile { bytes: about.len(), at: about.modified().ok()? })
    }

    /// A web page as a plain page. The maker's own page would run its scripts in our origin.
    async fn printed(&self, documentation: &Documentation, found: FoundFile) -> Result<PathBuf> {
        let url = &documentation.url;
        if let Some(path) = self.fetcher.printed(url, &found.path) {
            return Ok(path);
        }
        let manual = self.read(documentation, found).await?;
        self.fetcher.keep_print(url, &print_html(&manual))
    }

    async fn read(&self, documentation: &Documentation, found: FoundFile) -> Result<Manual> {
        let started = Instant::now();
        let mut waited = Duration::ZERO;
        let read = self.read_scanned(documentation, &found, &mut waited).await;
        let (outcome, pages) = match &read {
            Ok(manual) => ("ok", manual.pages.len() as u64),
            Err(error) => (error.code_and_words().0, 0),
        };
        self.metrics.manuals.extracted(outcome, pages, started.elapsed().saturating_sub(waited));
        let mut manual = read?;
        let FoundFile { location, source, .. } = found;
        let stale = source == FileSource::Stale;
        manual.source = ManualSource { location, stale, ..manual.source };
        Ok(manual)
    }

    /// Reads a file, with the text that OCR has recognized so far. A manual without text waits for OCR up to a
    /// limit, which is added to `waited`; one that has text does not wait.
    async fn read_scanned(
        &self,
        documentation: &Documentation,
        found: &FoundFile,
        waited: &mut Duration,
    ) -> Result<Manual> {
        let FoundFile { path, charset, source, .. } = found;
        let kind = documentation.kind;
        // A file from the network is not trusted.
        let foreign = *source != FileSource::Catalog;
        let read =
            |recognized| self.reader.read(path, kind, charset.as_deref(), foreign, recognized);
        let first = read(None).await;
        let (scanned, has_text) = match &first {
            Ok(manual) => {
                let scanned = &manual.source.pending;
                (scanned.clone(), scanned.len() * 2 < manual.pages.len())
            }
            Err(ReadError::NoText { scanned, .. } | ReadError::Illegible { scanned, .. }) => {
                (scanned.clone(), false)
            }
            Err(_) => return Ok(first?),
        };
        if scanned.is_empty() {
            return Ok(first?);
        }
        let Some(pages) = self.recognizer.pages(path).await else {
            let mut manual = first?;
            manual.source.unread = std::mem::take(&mut manual.source.pending);
            return Ok(manual);
        };
        let mut stored = pages.look(&scanned);
        let mut has_ended = true;
        if !stored.missing.is_empty() {
            let job = self.recognizer.start(documentation, path, &pages, stored.missing);
            let job = job.map_err(LoadError::ours("cannot open a scanned manual"))?;
            let wait = match has_text {
                _ if self.waits_for_ocr => self.recognizer.longest(),
                true => Duration::ZERO,
                false => self.ocr_wait,
            };
            let began = Instant::now();
            has_ended = job.wait(wait).await.ended;
            *waited += began.elapsed();
            stored = pages.look(&scanned);
        }
        // Photographs on covers are scans without text: there is nothing more to read.
        let again = if stored.has_text {
            read(Some(pages.folder().to_owned())).await
        } else {
            first.map(|mut manual| {
                manual.source.pending.clone_from(&stored.missing);
                manual.source.unread = stored.failed;
                manual
            })
        };
        match again {
            Err(ReadError::NoText { .. } | ReadError::Illegible { .. }) if !has_ended => {
                let count = |pages| u32::try_from(pages).unwrap_or(u32::MAX);
                let done = count(scanned.len() - stored.missing.len());
                Err(LoadError::Recognizing { done, pages: count(scanned.len()) })
            }
            again => Ok(again?),
        }
    }
}

/// True for an address with a scheme; others are paths. A drive letter is not a scheme.
fn is_remote(address: &str) -> bool {
    address.split_once("://").is_some_and(|(scheme, _)| scheme.len() > 1)
}

/// An error and its causes, on one line.
fn with_causes(error: &LoadError) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

/// The file of a catalog's path. It must be below the catalog folder, links followed: a catalog is
/// data, and must not open files that its author could not open.
fn file_below(folder: &Path, path: &str) -> Result<PathBuf> {
    let outside = || LoadError::Outside { path: path.to_owned() };
    let relative = Path::new(path);
    let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.contains('\0') || !relative.components().all(plain) {
        return Err(outside());
    }
    let io = |cause: std::io::Error| match cause.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            LoadError::Missing { path: path.to_owned() }
        }
        _ => ReadError::Unreadable { path: path.to_owned(), cause }.into(),
    };
    let folder = folder.canonicalize().map_err(io)?;
    let file = folder.join(relative).canonicalize().map_err(io)?;
    if !file.starts_with(&folder) {
        return Err(outside());
    }
    // A pipe or a device would be read without end.
    if !file.is_file() {
        return Err(LoadError::Missing { path: path.to_owned() });
    }
    Ok(file)
}

/// The last load of each manual.
#[derive(Debug, Default)]
struct LoadHistory(DashMap<Documentation, LastLoad>);

impl LoadHistory {
    /// Records the result of a load.
    fn note(&self, documentation: &Documentation, outcome: Result<&Manual, &ManualError>) {
        if self.0.len() >= MOST_REMEMBERED {
            self.0.clear();
        }
        let (pages, fault) = match outcome {
            Ok(manual) => {
                let ManualSource { location, stale, .. } = &manual.source;
                let older = || format!("an older copy is read, because {location} did not answer");
                (Some(manual.pages.len()), stale.then(older))
            }
            // The pages of the last load that succeeded.
            Err(error) => {
                (self.of(documentation).and_then(|before| before.pages), Some(error.to_string()))
            }
        };
        let line = LastLoad { at: SystemTime::now(), pages, fault };
        self.0.insert(documentation.clone(), line);
    }

    /// The entry of a manual.
    fn of(&self, documentation: &Documentation) -> Option<LastLoad> {
        self.0.get(documentation).map(|line| line.clone())
    }
}

#[cfg(test)]
mod tests {
    use hsc_catalogs::{ManualFormat, Page};

    use super::*;

    fn manual(stale: bool) -> Manual {
        let page = Page { number: 1, label: None, text: "words".to_owned(), contents: false };
        Manual {
            title: "a".to_owned(),
            format: ManualFormat::Html,
            source: ManualSource {
                location: "http://a/".to_owned(),
                stale,
                ..ManualSource::default()
            },
            pages: vec![page],
            passages: Vec::new(),
            outline: Vec::new(),
        }
    }

    #[test]
    fn a_fault_is_shown_until_the_next_load_and_the_page_count_stays() {
        let (kind, url) = (DocumentationKind::Html, "http://a/".to_owned());
        let (ledger, it) = (LoadHistory::default(), Documentation { kind, url, backup_url: None });
        assert_eq!(ledger.of(&it), None);
        let failed = ManualError::new("unreachable", "Not now.", "the host did not answer");
        ledger.note(&it, Err(&failed));
        let line = ledger.of(&it).expect("a line");
        assert_eq!(
            (line.pages, line.fault.as_deref()),
            (None, Some("the host did not answer (unreachable)"))
        );
        ledger.note(&it, Ok(&manual(false)));
        let line = ledger.of(&it).expect("a line");
        assert_eq!((line.pages, line.fault), (Some(1), None));
        ledger.note(&it, Err(&failed));
        assert_eq!(ledger.of(&it).expect("a line").pages, Some(1));
        ledger.note(&it, Ok(&manual(true)));
        assert!(ledger.of(&it).expect("a line").fault.expect("a word").contains("older copy"));
    }

    #[test]
    fn only_a_file_below_the_folder_is_found() {
        let house = tempfile::tempdir().expect("a folder");
        let folder = house.path().join("catalog");
        std::fs::create_dir_all(folder.join("manuals")).expect("made");
        std::fs::write(folder.join("manuals/a.pdf"), b"a").expect("written");
        std::fs::write(house.path().join("secret.pdf"), b"s").expect("written");
        let find = |path: &str| file_below(&folder, path);
        assert!(find("manuals/a.pdf").is_ok_and(|path| path.ends_with("manuals/a.pdf")));
        assert!(find("./manuals/a.pdf").is_ok());
        for path in ["../secret.pdf", "manuals/../../secret.pdf", "/etc/passwd", "a\0.pdf"] {
            assert!(matches!(find(path), Err(LoadError::Outside { .. })), "{path}");
        }
        for path in ["manuals/b.pdf", "manuals", "", "manuals/a.pdf/b.pdf"] {
            assert!(matches!(find(path), Err(LoadError::Missing { .. })), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_of_the_folder_is_not_followed() {
        let house = tempfile::tempdir().expect("a folder");
        let folder = house.path().join("catalog");
        std::fs::create_dir(&folder).expect("made");
        std::fs::write(house.path().join("secret.pdf"), b"s").expect("written");
        std::os::unix::fs::symlink(house.path().join("secret.pdf"), folder.join("a.pdf"))
            .expect("linked");
        assert!(matches!(file_below(&folder, "a.pdf"), Err(LoadError::Outside { .. })));
    }
}
