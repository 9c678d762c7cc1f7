//! The child's side: recognizes pages one after the other, each by a run of tesseract, and reports each.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::super::pdf::{Pictures, Raster};
use super::super::{PageFault, ReadError, isolate};
use super::PageText;
use super::hocr::{self, Recognized};

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
    // Best effort: recognition also works at normal priority.
    let _ = rustix::process::nice(NICE);
    let mut bytes = Vec::new();
    input.take(order.max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > order.max_bytes {
        return Err(io::Error::other("the manual has too many bytes"));
    }
    let pictures = Pictures::open(bytes).map_err(io::Error::other)?;
    let end = Instant::now() + Duration::from_millis(order.timeout_ms);
    for page in &order.pages {
        if Instant::now() > end {
            break;
        }
        write(&mut output, &Event::Begun(*page))?;
        let read = pictures.page(*page).and_then(|raster| order.read(&raster));
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

/// Largest output in bytes. A dense page has 300 KB of hOCR.
const MOST_OUTPUT: u64 = 16 << 20;
/// Share of letters in words of high confidence below which a page may be rotated, and
/// its minimum number of letters.
const UPRIGHT: (f32, usize) = (0.5, 20);

impl Order {
    /// The text of a picture. A rotated picture is turned upright.
    fn read(&self, raster: &Raster) -> Result<PageText, PageFault> {
        let end = Instant::now() + Duration::from_millis(self.page_timeout_ms);
        let seen = self.recognize(raster, end)?;
        let is_upright = seen.sure as f32 >= UPRIGHT.0 * seen.letters as f32;
        if !is_upright
            && seen.letters >= UPRIGHT.1
            && let Some(turns) = self.turns(raster, end)?
        {
            let rotated = rotated(raster, turns);
            let again = self.recognize(&rotated, end)?;
            if again.sure > seen.sure {
                return Ok(page(again, &rotated));
            }
        }
        Ok(page(seen, raster))
    }

    fn recognize(&self, raster: &Raster, end: Instant) -> Result<Recognized, PageFault> {
        let languages = self.languages.join("+");
        let arguments = ["-l", &languages, "--psm", "3", "-c", "tessedit_create_hocr=1"];
        let hocr = self.run(raster, &arguments, end)?;
        Ok(hocr::parse(&String::from_utf8_lossy(&hocr), raster))
    }

    /// Quarter turns to the right that make a picture upright; `None` if it is upright or the orientation is unknown.
    fn turns(&self, raster: &Raster, end: Instant) -> Result<Option<u32>, PageFault> {
        let output = match self.run(raster, &["--psm", "0"], end) {
            Ok(output) => output,
            // Too few letters to detect it, or its data is not installed.
            Err(PageFault::Engine) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let output = String::from_utf8_lossy(&output);
        let degrees = output.lines().find_map(|line| line.strip_prefix("Rotate: "));
        let turns = degrees.and_then(|degrees| degrees.trim().parse::<u32>().ok());
        Ok(turns.map(|degrees| degrees / 90 % 4).filter(|turns| *turns > 0))
    }

    fn run(&self, raster: &Raster, arguments: &[&str], end: Instant) -> Result<Vec<u8>, PageFault> {
        let mut child = Command::new(&self.command)
            .args(["stdin", "stdout", "--dpi"])
            .arg(format!("{:.0}", raster.scale * 72.0))
            .args(arguments)
            // Threads gain little and take the cores from requests of visitors.
            .env("OMP_THREAD_LIMIT", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| PageFault::Engine)?;
        let mut input = child.stdin.take().expect("standard input is piped");
        let output = child.stdout.take().expect("standard output is piped");
        let mut picture = format!("P5\n{} {}\n255\n", raster.width, raster.height).into_bytes();
        picture.extend(&raster.gray);
        // These threads are not joined: one that hangs on a pipe ends with this process.
        start(move || {
            // A failed tesseract stops reading; its exit status reports it.
            let _ = input.write_all(&picture);
        })?;
        let (done, read) = sync_channel(1);
        start(move || {
            let mut bytes = Vec::new();
            let whole = output.take(MOST_OUTPUT).read_to_end(&mut bytes).is_ok();
            // The receiver is gone after the deadline.
            let _ = done.send(whole.then_some(bytes));
        })?;
        match read.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(Some(bytes)) if (bytes.len() as u64) < MOST_OUTPUT => {
                let is_done = child.wait().is_ok_and(|status| status.success());
                if is_done { Ok(bytes) } else { Err(PageFault::Engine) }
            }
            Ok(_) | Err(RecvTimeoutError::Disconnected) => {
                kill(child);
                Err(PageFault::Engine)
            }
            Err(RecvTimeoutError::Timeout) => {
                kill(child);
                Err(PageFault::TooSlow)
            }
        }
    }
}

fn start(run: impl FnOnce() + Send + 'static) -> Result<(), PageFault> {
    // Small: its memory counts toward the limit of the process.
    let thread = std::thread::Builder::new().stack_size(128 << 10);
    thread.spawn(run).map(drop).map_err(|_| PageFault::Engine)
}

fn kill(mut child: Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

fn page(recognized: Recognized, raster: &Raster) -> PageText {
    let height = (raster.height as f64 / raster.scale) as f32;
    PageText::Read { height, runs: recognized.runs }
}

/// A picture rotated to the right.
fn rotated(raster: &Raster, quarters: u32) -> Raster {
    let Raster { width, height, gray, scale } = raster;
    let (width, height) = (*width, *height);
    let (new_width, new_height) = if quarters % 2 == 1 { (height, width) } else { (width, height) };
    let mut rotated = Vec::with_capacity(gray.len());
    for row in 0..new_height {
        for column in 0..new_width {
            let (from_row, from_column) = match quarters % 4 {
                1 => (height - 1 - column, row),
                2 => (height - 1 - row, width - 1 - column),
                3 => (column, width - 1 - row),
                _ => (row, column),
            };
            rotated.push(gray[from_row * width + from_column]);
        }
    }
    Raster { width: new_width, height: new_height, gray: rotated, scale: *scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_rotated_to_the_right() {
        let raster = Raster { width: 3, height: 2, gray: vec![1, 2, 3, 4, 5, 6], scale: 1.0 };
        let right = rotated(&raster, 1);
        assert_eq!((right.width, right.height), (2, 3));
        assert_eq!(right.gray, [4, 1, 5, 2, 6, 3]);
        assert_eq!(rotated(&raster, 2).gray, [6, 5, 4, 3, 2, 1]);
        assert_eq!(rotated(&right, 3), raster);
    }
}
