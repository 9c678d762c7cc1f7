//! Reading in a process of its own, for bytes that nobody vouches for.
//!
//! A thread cannot be killed, and a stack or a memory that runs out takes the process with it. So the
//! binary starts itself as `hsc extract`, gives it the file as standard input and takes the manual, or
//! the reason there is none, from standard output. The child limits itself before it reads a byte
//! ([`answer`]); the parent kills it at the deadline.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use hsc_catalogs::{DocumentationKind, Manual};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::{Limits, ReadError, read};

/// The order a child is given, as arguments of `hsc extract`.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// What the bytes are.
    pub kind: DocumentationKind,
    /// How far reading may go.
    pub limits: Limits,
    /// Most memory of the child, in bytes.
    pub memory_bytes: u64,
    /// Most bytes of the file.
    pub max_bytes: u64,
}

/// What a child answers: one line of JSON, the last of its output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    Manual(Manual),
    Empty,
    WrongKind,
    Damaged(String),
    Encrypted,
    NoText(u32),
    TooLarge,
    TooManyPages(u64),
    TooMuchText,
    TooSlow,
}

/// Time a child has beyond its own limit to say that it was too slow.
const GRACE: Duration = Duration::from_millis(500);
/// Bytes of JSON that a byte of text may become: it stands in a page and in a passage, and a quote or a
/// line break is two bytes.
const JSON_FACTOR: u64 = 5;
/// Bytes of JSON a manual may have beside its text.
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
    let mut child = Command::new(program)
        .arg("extract")
        .args(["--kind", &super::read::name(order.kind).to_lowercase()])
        .args(["--max-bytes", &order.max_bytes.to_string()])
        .args(["--max-pages", &limits.max_pages.to_string()])
        .args(["--max-text-bytes", &limits.max_text_bytes.to_string()])
        .args(["--timeout-ms", &limits.timeout_ms.to_string()])
        .args(["--memory-bytes", &order.memory_bytes.to_string()])
        // Keys and addresses of the server are no business of a process that reads foreign bytes.
        .env_clear()
        // An arena of glibc takes 64 MiB of address space a thread, all of it counted.
        .env("MALLOC_ARENA_MAX", "2")
        // The first extractor's bound on one stream. Its default of 256 MiB is more than a page of
        // text can need, and parsing that much takes minutes.
        .env("PDF_OXIDE_MAX_DECOMPRESS_MB", "64")
        .stdin(Stdio::from(file))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(ours)?;
    let output = child.stdout.take().expect("standard output is piped");
    let most = limits.max_text_bytes as u64 * JSON_FACTOR + JSON_FRAME;
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
    // Leaving this function kills the child, whichever way it goes.
    let status = ended.map_err(|_| ReadError::TooSlow { limit_ms: limits.timeout_ms })??;
    let last = answer.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    match serde_json::from_slice(last) {
        Ok(told) => heard(told, order),
        Err(_) => Err(ReadError::ReaderDied(status.to_string())),
    }
}

/// The child's side: limits itself, reads `input`, and answers on `output`.
///
/// # Errors
/// When the process cannot be limited, or input or output fail. A manual that cannot be read is an
/// answer and no error.
pub fn answer(order: Order, input: impl Read, output: impl Write) -> io::Result<()> {
    limit_this_process(order)?;
    let mut bytes = Vec::new();
    input.take(order.max_bytes + 1).read_to_end(&mut bytes)?;
    let read = if bytes.len() as u64 > order.max_bytes {
        Err(ReadError::TooLarge { limit: order.max_bytes })
    } else {
        read(&bytes, order.kind, order.limits)
    };
    drop(bytes);
    let mut output = io::BufWriter::new(output);
    // Libraries may have printed something without ending their line.
    output.write_all(b"\n")?;
    serde_json::to_writer(&mut output, &told(read))?;
    output.write_all(b"\n")?;
    output.flush()
}

/// No more memory than ordered, no file written, no core left behind, and an end even when the parent
/// is gone and cannot kill.
#[cfg(unix)]
fn limit_this_process(order: Order) -> io::Result<()> {
    use rlimit::Resource;
    let set = |resource: Resource, value: u64| {
        let (_, hard) = resource.get()?;
        let value = value.min(hard);
        resource.set(value, value)
    };
    set(Resource::AS, order.memory_bytes)?;
    set(Resource::FSIZE, 0)?;
    set(Resource::CORE, 0)?;
    // Processor time of all threads together, in whole seconds.
    let threads = order.limits.threads.max(1) as u64;
    set(Resource::CPU, (order.limits.timeout_ms.div_ceil(1000) + 1) * threads)
}

#[cfg(not(unix))]
fn limit_this_process(_: Order) -> io::Result<()> {
    Ok(())
}

fn told(read: Result<Manual, ReadError>) -> Told {
    match read {
        Ok(manual) => Told::Manual(manual),
        Err(ReadError::Empty) => Told::Empty,
        Err(ReadError::WrongKind { .. }) => Told::WrongKind,
        Err(ReadError::Encrypted) => Told::Encrypted,
        Err(ReadError::NoText { pages }) => Told::NoText(pages),
        Err(ReadError::TooLarge { .. }) => Told::TooLarge,
        Err(ReadError::TooManyPages { got, .. }) => Told::TooManyPages(got),
        Err(ReadError::TooMuchText { .. }) => Told::TooMuchText,
        Err(ReadError::TooSlow { .. }) => Told::TooSlow,
        Err(ReadError::Damaged(why)) => Told::Damaged(why),
        // Reading asks no host and no disk; what is left is our own fault and reads as damage.
        Err(other) => Told::Damaged(other.to_string()),
    }
}

fn heard(told: Told, order: Order) -> Result<Manual, ReadError> {
    let limits = order.limits;
    Err(match told {
        Told::Manual(manual) => return Ok(manual),
        Told::Empty => ReadError::Empty,
        Told::WrongKind => ReadError::WrongKind { expected: super::read::name(order.kind) },
        Told::Damaged(why) => ReadError::Damaged(why),
        Told::Encrypted => ReadError::Encrypted,
        Told::NoText(pages) => ReadError::NoText { pages },
        Told::TooLarge => ReadError::TooLarge { limit: order.max_bytes },
        Told::TooManyPages(got) => ReadError::TooManyPages { got, limit: limits.max_pages },
        Told::TooMuchText => ReadError::TooMuchText { limit: limits.max_text_bytes },
        Told::TooSlow => ReadError::TooSlow { limit_ms: limits.timeout_ms },
    })
}
