//! Reads a PDF as it is drawn: its pages with every run of text in its position, its bookmarks, its title.
//!
//! hayro reads the file and its fonts; [`drawn`] interprets the operators that place text. A file is not trusted:
//! panics are caught, pages and text are bounded, the clock is checked between pages. Exhausted memory, which
//! cannot be caught, is contained by the separate process that reads untrusted bytes.

mod drawn;
mod fonts;
mod outline;
mod raster;

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use self::fonts::Fonts;
pub(super) use self::raster::Raster;
use super::sheet::{Budget, Draft, Sheet};
use super::{PageFault, ReadError};

/// Minimum pages per thread: reading the fonts again costs about as much.
const PAGES_A_THREAD: usize = 8;
/// Letters of a page below which its shapes are looked at.
const FEW_LETTERS: usize = 40;
/// Stack of a reading thread: nested forms are read by recursion.
const STACK: usize = 16 << 20;

/// Every page, in order; a page that cannot be read is an empty sheet.
pub(super) fn extract(bytes: &[u8], budget: &Budget) -> Result<Draft, ReadError> {
    // Bytes before the header are allowed and common; readers traditionally search 1,024.
    if !bytes[..bytes.len().min(1024)].windows(5).any(|window| window == b"%PDF-") {
        return Err(ReadError::WrongKind { expected: "PDF" });
    }
    // A panic of the library over malformed input means that the file is damaged.
    catch_unwind(AssertUnwindSafe(|| read(bytes, budget))).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().map(ToString::to_string);
        let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(ReadError::Damaged(words.unwrap_or_else(|| "the reader gave up".into())))
    })
}

/// The pages of a document as pictures.
pub(super) struct Pictures(Pdf);

impl Pictures {
    /// Opens a document.
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, ReadError> {
        let opened = catch_unwind(AssertUnwindSafe(|| open(bytes)));
        opened.unwrap_or_else(|_| Err(ReadError::Damaged("the reader gave up".into()))).map(Self)
    }

    /// The picture of the page with this number, from 1.
    pub(super) fn page(&self, number: u32) -> Result<Raster, PageFault> {
        let drawn = catch_unwind(AssertUnwindSafe(|| {
            let at = usize::try_from(number).ok()?.checked_sub(1)?;
            Some(raster::raster(self.0.pages().get(at)?))
        }));
        drawn.ok().flatten().unwrap_or(Err(PageFault::Damaged))
    }
}

fn open(bytes: Vec<u8>) -> Result<Pdf, ReadError> {
    // An empty password is tried: many manuals are locked against printing only.
    Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => ReadError::Encrypted,
        other => ReadError::Damaged(format!("{other:?}")),
    })
}

fn read(bytes: &[u8], budget: &Budget) -> Result<Draft, ReadError> {
    let pdf = open(bytes.to_vec())?;
    let pages = pdf.pages().len();
    budget.check_pages(pages)?;
    let threads = budget.limits.threads.min(pages / PAGES_A_THREAD).max(1);
    let share = pages.div_ceil(threads).max(1);
    let sheets = std::thread::scope(|scope| {
        let mut started = Vec::new();
        for from in (share..pages).step_by(share) {
            let (pdf, pages) = (&pdf, from..(from + share).min(pages));
            let thread = std::thread::Builder::new().stack_size(STACK);
            started.push(thread.spawn_scoped(scope, move || sheets(pdf, pages, budget)));
        }
        let mut all = sheets(&pdf, 0..share.min(pages), budget)?;
        for thread in started {
            let thread = thread.map_err(|cause| ReadError::Ours {
                what: "cannot start a thread to read with",
                cause: cause.into(),
            })?;
            all.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        // Each thread has kept the limit; the sum must keep it too.
        budget.check_text(all.iter().map(|sheet| sheet.text_bytes).sum())?;
        Ok::<_, ReadError>(all)
    })?;
    let (title, outline) = (outline::title(&pdf), outline::headings(&pdf));
    Ok(Draft { title, sheets, labels: outline::labels(&pdf), outline })
}

fn sheets(
    pdf: &Pdf,
    pages: std::ops::Range<usize>,
    budget: &Budget,
) -> Result<Vec<Sheet>, ReadError> {
    let mut fonts = Fonts::new();
    let mut sheets = Vec::with_capacity(pages.len());
    let mut text = 0;
    for page in &pdf.pages()[pages] {
        budget.check_time()?;
        // A failed page keeps its position, so that later page numbers stay right.
        let sheet = catch_unwind(AssertUnwindSafe(|| {
            let mut sheet = drawn::sheet(page, &mut fonts, budget)?;
            if sheet.letters() < FEW_LETTERS {
                sheet.outlined = raster::outlined_letters(page);
            }
            Ok(sheet)
        }));
        let sheet = sheet.unwrap_or_else(|_| Ok(Sheet::default()))?;
        text += sheet.text_bytes;
        budget.check_text(text)?;
        sheets.push(sheet);
    }
    Ok(sheets)
}
