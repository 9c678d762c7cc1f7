//! Reading in a separate process, for untrusted bytes.
//!
//! A thread cannot be killed, and an exhausted stack or memory ends the whole process. So the
//! binary starts itself as `hsc extract`, passes it the file as standard input and reads the manual, or
//! an error, from standard output. The child limits itself before it reads a byte
//! ([`answer`]); the parent kills it at the deadline.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use encoding_rs::Encoding;
use hsc_catalogs::{DocumentationKind, Manual};
use rlimit::Resource;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::ocr;
use super::read::read_recognized;
use super::{Complexity, Limits, ReadError};

/// The parameters of a child, as arguments of `hsc extract`.
#[derive(Debug, Clone)]
pub struct Order {
    /// Kind of the file.
    pub kind: DocumentationKind,
    /// The charset that the host declared, for a web page.
    pub charset: Option<&'static Encoding>,
    /// Bounds of the reading.
    pub limits: Limits,
    /// Memory limit of the child, in bytes.
    pub memory_bytes: u64,
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Folder of the manual's recognized pages, if OCR has read some.
    pub recognized: Option<PathBuf>,
}

/// The reply of a child: one line of JSON, the last of its output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChildReply {
    Manual(Manual),
    Empty,
    WrongKind,
    Damaged(String),
    Encrypted,
    NoText(u32, Vec<u32>),
    Illegible(u32, Vec<u32>),
    TooLarge,
    TooManyPages(u64),
    TooMuchText,
    TooComplex(Complexity),
    TooSlow,
}

/// Time beyond its limit in which a child can report that it was too slow.
const GRACE: Duration = Duration::from_millis(500);
/// Time beyond its limit after which a child reports that it was too slow, whatever it is doing. Less than
/// [`GRACE`], so that the parent receives the reply; more than a reading that checks the clock needs.
const GIVE_UP_AFTER: Duration = Duration::from_millis(100);
/// Bytes of JSON per byte of text: it occurs in a page and in a passage, and a quote or a
/// line break takes two bytes.
const JSON_FACTOR: u64 = 5;
/// Bytes of JSON of a manual without its text.
const JSON_FRAME: u64 = 4 << 20;

/// Reads a file in a child process.
pub(super) async fn read_isolated(
    program: &Path,
    file: std::fs::File,
    order: Order,
) -> Result<Manual, ReadError> {
    let limits = order.limits;
    let ours = |cause: io::Error| ReadError::Ours {
        what: "cannot start the reading process",
        cause: cause.into(),
    };
    let charset = order.charset.map(|charset| ["--charset", charset.name()]);
    let recognized = order.recognized.as_ref();
    let recognized = recognized.map(|folder| ["--recognized".as_ref(), folder.as_os_str()]);
    let mut child = Command::new(program)
        .arg("extract")
        .args(charset.iter().flatten())
        .args(["--kind", &super::read::name(order.kind).to_lowercase()])
        .args(["--max-bytes", &order.max_bytes.to_string()])
        .args(["--max-pages", &limits.max_pages.to_string()])
        .args(["--max-text-bytes", &limits.max_text_bytes.to_string()])
        .args(["--timeout-ms", &limits.timeout_ms.to_string()])
        .args(["--memory-bytes", &order.memory_bytes.to_string()])
        .args(["--html-max-nodes", &limits.html.max_nodes.to_string()])
        .args(["--html-max-depth", &limits.html.max_depth.to_string()])
        .args(["--html-max-attributes", &limits.html.max_attributes.to_string()])
        .args(recognized.iter().flatten())
        // Keys and addresses of the server must not be in a process that reads untrusted bytes.
        .env_clear()
        .stdin(Stdio::from(file))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(ours)?;
    let output = child.stdout.take().expect("standard output is piped");
    let most = most_json(limits);
    let mut answer = Vec::new();
    let deadline = Duration::from_millis(limits.timeout_ms) + GRACE;
    let ended = tokio::time::timeout(deadline, async {
        let read = output.take(most + 1).read_to_end(&mut answer).await;
        read.map_err(ours)?;
        if answer.len() as u64 > most {
            return Err(ReadError::TooMuchText { limit: limits.max_text_bytes });
        }
        child.wait().await.map_err(ours)
    })
    .await;
    // Every return from this function kills the child.
    let status = ended.map_err(|_| ReadError::TooSlow { limit_ms: limits.timeout_ms })??;
    let last = answer.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    match serde_json::from_slice(last) {
        Ok(reply) => result_of(reply, &order),
        Err(_) => Err(ReadError::ReaderDied(status.to_string())),
    }
}

/// Largest reply of a child, in bytes of JSON.
fn most_json(limits: Limits) -> u64 {
    (limits.max_text_bytes as u64).saturating_mul(JSON_FACTOR).saturating_add(JSON_FRAME)
}

/// The child's side: limits this process, reads `input`, and replies on `output`. After the time limit it
/// replies [`ReadError::TooSlow`] and ends the process.
///
/// # Errors
/// When the process cannot be limited, or input or output fail. A manual that cannot be read is a
/// reply and not an error.
pub fn answer(
    order: &Order,
    input: impl Read,
    output: impl Write + Send + 'static,
) -> io::Result<()> {
    let threads = order.limits.threads.max(1) as u64;
    limit(ProcessLimits {
        memory_bytes: order.memory_bytes,
        file_bytes: most_file_bytes(order.limits),
        // Of all threads together.
        cpu_seconds: (order.limits.timeout_ms.div_ceil(1000) + 1) * threads,
    })?;
    let output = Arc::new(Mutex::new(Some(output)));
    give_up_in_time(order.limits, Arc::clone(&output))?;
    let mut bytes = Vec::new();
    input.take(order.max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    let read = if bytes.len() as u64 > order.max_bytes {
        Err(ReadError::TooLarge { limit: order.max_bytes })
    } else {
        let recognized = |page| ocr::page(order.recognized.as_deref()?, page);
        read_recognized(&bytes, order.kind, order.charset, order.limits, &recognized)
    };
    drop(bytes);
    let mut json = serde_json::to_vec(&reply_of(read))?;
    if json.len() as u64 > most_json(order.limits) {
        json = serde_json::to_vec(&ChildReply::TooMuchText)?;
    }
    let Some(output) = take(&output) else {
        // The other thread has replied and is ending the process.
        loop {
            std::thread::park();
        }
    };
    write(output, &json)
}

/// Starts the thread that replies after the time limit: a reading checks the clock between pages, and a
/// page may take any time.
fn give_up_in_time(
    limits: Limits,
    output: Arc<Mutex<Option<impl Write + Send + 'static>>>,
) -> io::Result<()> {
    let after = Duration::from_millis(limits.timeout_ms) + GIVE_UP_AFTER;
    let give_up = move || {
        std::thread::sleep(after);
        let Some(output) = take(&output) else { return };
        let json = serde_json::to_vec(&ChildReply::TooSlow).unwrap_or_default();
        let is_written = write(output, &json).is_ok();
        std::process::exit(i32::from(!is_written));
    };
    // Its memory counts toward the limit of the process.
    let thread = std::thread::Builder::new().name("give-up".into()).stack_size(128 << 10);
    thread.spawn(give_up).map(drop)
}

/// The output, for the one thread that replies.
fn take<W>(output: &Mutex<Option<W>>) -> Option<W> {
    output.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn write(output: impl Write, json: &[u8]) -> io::Result<()> {
    let mut output = io::BufWriter::new(output);
    // A library may have printed an incomplete line.
    output.write_all(b"\n")?;
    output.write_all(json)?;
    output.write_all(b"\n")?;
    output.flush()
}

/// The limits of a process that reads untrusted bytes, and of each process that it starts.
pub(super) struct ProcessLimits {
    /// Memory in bytes.
    pub(super) memory_bytes: u64,
    /// Size of any file that it writes, in bytes.
    pub(super) file_bytes: u64,
    /// Processor time in seconds.
    pub(super) cpu_seconds: u64,
}

/// Limits this process: memory, no files written but those that were passed to it, no core dumps, and
/// an end even when the parent is gone and cannot kill it.
pub(super) fn limit(limits: ProcessLimits) -> io::Result<()> {
    let set = |resource: Resource, value: u64| {
        let (_, hard) = resource.get()?;
        let value = value.min(hard);
        resource.set(value, value)
    };
    set(Resource::AS, limits.memory_bytes)?;
    set(Resource::FSIZE, limits.file_bytes)?;
    set(Resource::CORE, 0)?;
    set(Resource::CPU, limits.cpu_seconds)
}

/// Largest file that this process may write. Zero when the reply goes into a pipe, as in the
/// server. By hand the output or the errors may go into a file (`> manual.json`); the limit applies
/// to every file, so it is then the size of the reply plus the present size of that file.
fn most_file_bytes(limits: Limits) -> u64 {
    let length = |output: BorrowedFd<'_>| {
        let file = std::fs::File::from(output.try_clone_to_owned().ok()?);
        let about = file.metadata().ok()?;
        about.is_file().then_some(about.len())
    };
    let (output, errors) = (io::stdout(), io::stderr());
    let longest = length(output.as_fd()).max(length(errors.as_fd()));
    longest.map_or(0, |length| length.saturating_add(most_json(limits)))
}

fn reply_of(read: Result<Manual, ReadError>) -> ChildReply {
    match read {
        Ok(manual) => ChildReply::Manual(manual),
        Err(ReadError::Empty) => ChildReply::Empty,
        Err(ReadError::WrongKind { .. }) => ChildReply::WrongKind,
        Err(ReadError::Encrypted) => ChildReply::Encrypted,
        Err(ReadError::NoText { pages, scanned }) => ChildReply::NoText(pages, scanned),
        Err(ReadError::Illegible { pages, scanned }) => ChildReply::Illegible(pages, scanned),
        Err(ReadError::TooLarge { .. }) => ChildReply::TooLarge,
        Err(ReadError::TooManyPages { got, .. }) => ChildReply::TooManyPages(got),
        Err(ReadError::TooMuchText { .. }) => ChildReply::TooMuchText,
        Err(ReadError::TooComplex { what, .. }) => ChildReply::TooComplex(what),
        Err(ReadError::TooSlow { .. }) => ChildReply::TooSlow,
        Err(ReadError::Damaged(why)) => ChildReply::Damaged(why),
        // Reading uses neither network nor disk; the rest is a local fault and is reported as damage.
        Err(other) => ChildReply::Damaged(other.to_string()),
    }
}

fn result_of(reply: ChildReply, order: &Order) -> Result<Manual, ReadError> {
    let limits = order.limits;
    Err(match reply {
        ChildReply::Manual(manual) => return Ok(manual),
        ChildReply::Empty => ReadError::Empty,
        ChildReply::WrongKind => ReadError::WrongKind { expected: super::read::name(order.kind) },
        ChildReply::Damaged(why) => ReadError::Damaged(why),
        ChildReply::Encrypted => ReadError::Encrypted,
        ChildReply::NoText(pages, scanned) => ReadError::NoText { pages, scanned },
        ChildReply::Illegible(pages, scanned) => ReadError::Illegible { pages, scanned },
        ChildReply::TooLarge => ReadError::TooLarge { limit: order.max_bytes },
        ChildReply::TooManyPages(got) => ReadError::TooManyPages { got, limit: limits.max_pages },
        ChildReply::TooMuchText => ReadError::TooMuchText { limit: limits.max_text_bytes },
        ChildReply::TooComplex(what) => ReadError::TooComplex { what, limit: limits.html.of(what) },
        ChildReply::TooSlow => ReadError::TooSlow { limit_ms: limits.timeout_ms },
    })
}
