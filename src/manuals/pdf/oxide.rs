//! The first extractor: pages side by side, each thread with a document of its own.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_oxide::layout::TextSpan;
use pdf_oxide::{Error, PdfDocument};

use super::super::ReadError;
use super::super::sheet::{Budget, Draft, Run, Sheet};
use super::{Extractor, outline};

pub(super) struct Oxide;

/// Pages a thread must have to be worth starting: opening the document again costs about two pages.
const PAGES_A_THREAD: usize = 8;

/// Stack of a reading thread. Nested objects and forms are read by recursion, within the library's
/// own limits, which are set for a main thread's 8 MiB.
const STACK: usize = 16 << 20;

impl Extractor for Oxide {
    fn extract(&self, bytes: &[u8], budget: &Budget) -> Result<Draft, ReadError> {
        let document = open(bytes)?;
        // What the document claims is looked at before its pages are counted: counting a page tree
        // of a million leaves that are all the same one takes minutes.
        budget.check_pages(outline::claimed_pages(&document))?;
        let pages = document.page_count().map_err(damaged)?;
        budget.check_pages(pages)?;
        let threads = budget.limits.threads.min(pages / PAGES_A_THREAD).max(1);
        let share = pages.div_ceil(threads).max(1);
        let sheets = std::thread::scope(|scope| {
            let mut started = Vec::new();
            for from in (share..pages).step_by(share) {
                let pages = from..(from + share).min(pages);
                let thread = std::thread::Builder::new().stack_size(STACK);
                started
                    .push(thread.spawn_scoped(scope, move || sheets(&open(bytes)?, pages, budget)));
            }
            let mut all = sheets(&document, 0..share.min(pages), budget)?;
            for thread in started {
                let thread = thread.map_err(|cause| ReadError::Ours {
                    what: "cannot start a thread to read with",
                    cause: cause.into(),
                })?;
                all.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            // Each thread has kept within the limit; together they must as well.
            budget.check_text(all.iter().map(text_bytes).sum())?;
            Ok::<_, ReadError>(all)
        })?;
        Ok(Draft {
            title: outline::title(&document),
            outline: outline::headings(&document, pages),
            sheets,
        })
    }
}

fn open(bytes: &[u8]) -> Result<PdfDocument, ReadError> {
    let document = PdfDocument::from_bytes(bytes.to_vec()).map_err(damaged)?;
    // An empty password has been tried by now: many manuals are locked against printing only.
    if document.is_encrypted() && !document.is_authenticated() {
        return Err(ReadError::Encrypted);
    }
    Ok(document)
}

fn damaged(error: Error) -> ReadError {
    match error {
        Error::EncryptedPdf => ReadError::Encrypted,
        other => ReadError::Damaged(other.to_string()),
    }
}

fn sheets(
    document: &PdfDocument,
    pages: std::ops::Range<usize>,
    budget: &Budget,
) -> Result<Vec<Sheet>, ReadError> {
    let mut sheets = Vec::with_capacity(pages.len());
    let mut text = 0;
    for page in pages {
        budget.check_time()?;
        // A page that fails keeps its place, so that the numbers after it stay true.
        let spans = catch_unwind(AssertUnwindSafe(|| document.extract_spans(page)));
        let spans = spans.ok().and_then(Result::ok).unwrap_or_default();
        let (_, _, _, height) = document.get_page_media_box(page).unwrap_or_default();
        let sheet = sheet(spans, height);
        text += text_bytes(&sheet);
        budget.check_text(text)?;
        sheets.push(sheet);
    }
    Ok(sheets)
}

fn text_bytes(sheet: &Sheet) -> usize {
    sheet.runs.iter().chain(sheet.turned.iter().flatten()).map(|run| run.text.len()).sum()
}

fn sheet(spans: Vec<TextSpan>, height: f32) -> Sheet {
    let mut sheet = Sheet { height, ..Sheet::default() };
    let mut turned: BTreeMap<i32, Vec<Run>> = BTreeMap::new();
    for span in spans {
        let angle = span.rotation_degrees;
        let run = run(span);
        // Ten degrees is no slant of a font and no skew of a scanner any more.
        if angle.abs() < 10.0 {
            sheet.runs.push(run);
        } else {
            turned.entry(angle.round() as i32).or_default().push(upright(run, angle));
        }
    }
    sheet.turned = turned.into_values().collect();
    sheet
}

fn run(span: TextSpan) -> Run {
    Run {
        x: span.bbox.x,
        y: span.bbox.y,
        width: span.bbox.width,
        size: span.font_size,
        bold: span.font_weight.is_bold() || bold_by_name(&span.font_name),
        mono: span.is_monospace || mono_by_name(&span.font_name),
        text: span.text,
    }
}

/// Turns a run so that its text runs from left to right. Its box stays that of the page, so the
/// width is taken from the side it runs along.
fn upright(run: Run, angle: f32) -> Run {
    let (sin, cos) = (-angle).to_radians().sin_cos();
    Run { x: run.x * cos - run.y * sin, y: run.x * sin + run.y * cos, ..run }
}

/// Many fonts do not say in their descriptor that they are bold; their names do. `CMBX` and `SFBX`
/// are the bold faces of TeX.
fn bold_by_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["bold", "black", "heavy", "-demi", "cmbx", "sfbx", "-bd"]
        .iter()
        .any(|word| name.contains(word))
}

/// The same for fonts of one width; `CMTT` and `SFTT` are those of TeX.
fn mono_by_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["mono", "courier", "consol", "cmtt", "sftt", "typewriter"]
        .iter()
        .any(|word| name.contains(word))
}
