//! The child's side: recognizes pages one after the other and reports each.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::super::pdf::Pictures;
use super::super::{ReadError, isolate};
use super::tesseract::Tesseract;
use super::{PageFault, PageText};

/// The parameters of a child, as arguments of `hsc recognize`.
#[derive(Debug, Clone)]
pub struct Order {
    /// Numbers of the pages, in the requested order.
    pub pages: Vec<u32>,
    /// Absolute path of tesseract.
    pub command: PathBuf,
    /// Languages, at least one.
    pub languages: Vec<String>,
    /// Time limit per page, in milliseconds.
    pub page_timeout_ms: u64,
    /// Time limit in total, in milliseconds.
    pub timeout_ms: u64,
    /// Memory limit of this process and, separately, of tesseract, in bytes.
    pub memory_bytes: u64,
    /// Largest file, in bytes.
    pub max_bytes: u64,
}

/// A line of the child's output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// A page is begun.
    Begun(u32),
    /// A page is done.
    Done(u32, PageText),
}

/// Priority below that of visitors' requests: half of the way to the lowest.
#[cfg(unix)]
const NICE: i32 = 10;

/// Limits this process, reads a PDF from `input` and writes a line of JSON before and after each page.
///
/// # Errors
/// When the process cannot be limited, the file cannot be opened as a PDF, or input or output fail. A
/// page that cannot be recognized is a result and not an error.
pub fn recognize(order: &Order, input: impl Read, mut output: impl Write) -> io::Result<()> {
    isolate::limit(isolate::ProcessLimits {
        memory_bytes: order.memory_bytes,
        file_bytes: 0,
        cpu_seconds: order.timeout_ms.div_ceil(1000) + 1,
    })?;
    #[cfg(unix)]
    // Best effort: recognition also works at normal priority.
    let _ = rustix::process::nice(NICE);
    let mut bytes = Vec::new();
    input.take(order.max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > order.max_bytes {
        return Err(io::Error::other("the manual has too many bytes"));
    }
    let pictures = Pictures::open(bytes).map_err(io::Error::other)?;
    let tesseract = Tesseract {
        command: order.command.clone(),
        languages: order.languages.clone(),
        timeout: Duration::from_millis(order.page_timeout_ms),
    };
    let end = Instant::now() + Duration::from_millis(order.timeout_ms);
    for page in &order.pages {
        if Instant::now() > end {
            break;
        }
        write(&mut output, &Event::Begun(*page))?;
        let raster = pictures.page(*page).map_err(PageFault::from);
        let read = raster.and_then(|raster| tesseract.read(&raster));
        write(&mut output, &Event::Done(*page, read.unwrap_or_else(PageText::Failed)))?;
    }
    Ok(())
}

/// Sizes in pixels of the pictures of the first pages, as [`recognize`] draws them; `None` for a page without one.
///
/// # Errors
/// When the file cannot be opened as a PDF.
pub fn page_images(bytes: Vec<u8>, pages: u32) -> Result<Vec<Option<(usize, usize)>>, ReadError> {
    let pictures = Pictures::open(bytes)?;
    let size = |page| pictures.page(page).ok().map(|raster| (raster.width, raster.height));
    Ok((1..=pages).map(size).collect())
}

fn write(output: &mut impl Write, event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}
