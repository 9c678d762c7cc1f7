//! Turns bytes into a manual: the pure core. No network, no disk, no clock except the time limit.

use encoding_rs::Encoding;
use hsc_catalogs::{DocumentationKind, Manual, ManualFormat, ManualSource};

use super::headings::{self, Setting};
use super::layout::{self, Line};
use super::mending::Words;
use super::ocr::{self, PageText};
use super::page_headers::{self, Lines};
use super::sheet::{Budget, Draft, Limits, Run, Sheet};
use super::{ReadError, contents, html, language, passages, pdf};

/// Reads a manual from its bytes. `charset` is the one that the host declared for a web page. `source` of
/// the result is empty: bytes have no address.
///
/// # Errors
/// When the bytes are not of `kind`, damaged, locked, a scan, or beyond a limit. The clock is
/// checked between pages; an endless page is stopped by the isolating process.
pub fn read(
    bytes: &[u8],
    kind: DocumentationKind,
    charset: Option<&'static Encoding>,
    limits: Limits,
) -> Result<Manual, ReadError> {
    read_recognized(bytes, kind, charset, limits, &|_| None)
}

/// The same, with the OCR results of the scanned pages, by their number.
pub(super) fn read_recognized(
    bytes: &[u8],
    kind: DocumentationKind,
    charset: Option<&'static Encoding>,
    limits: Limits,
    recognized: &Recognized<'_>,
) -> Result<Manual, ReadError> {
    if bytes.is_empty() {
        return Err(ReadError::Empty);
    }
    let budget = Budget::starting_now(limits);
    let mut manual = match kind {
        // A web page that turns out to be a PDF is read as a PDF.
        DocumentationKind::Html if !bytes.starts_with(b"%PDF-") => {
            html::read(bytes, charset, &budget)?
        }
        _ => {
            let mut draft = pdf::extract(bytes, &budget)?;
            let scans = Scans::of(&mut draft, recognized);
            budget.check_text(draft.sheets.iter().map(|sheet| sheet.text_bytes).sum())?;
            check_for_scan(&draft, bytes.len(), &scans)?;
            drop_gibberish(&mut draft, &scans)?;
            let mut manual = set(draft);
            (manual.source.pending, manual.source.unread) = (scans.pending, scans.unread);
            manual
        }
    };
    let end = manual.title.floor_char_boundary(LONGEST_TITLE);
    manual.title.truncate(end);
    Ok(manual)
}

/// The OCR result of a page; `None` if it was not recognized yet.
pub(super) type Recognized<'a> = dyn Fn(u32) -> Option<PageText> + 'a;

/// Longest title in bytes. A document may declare any length.
const LONGEST_TITLE: usize = 400;

/// The kind as a word in a sentence.
pub(super) fn name(kind: DocumentationKind) -> &'static str {
    match kind {
        DocumentationKind::Pdf => "PDF",
        DocumentationKind::Html => "HTML",
    }
}

/// Letters of an average page below which pages of pictures are a scan, and the minimum bytes of such a page:
/// a stamp or a page number is often text in a scan.
const SCAN: (usize, usize) = (40, 15_000);

/// Minimum number of shapes like letters that make a page without text a page of outlined text.
const OUTLINED: usize = 40;

/// Minimum share of a scanned page that images cover. A scanner covers all of it; some writers omit blank parts.
const COVERED: f32 = 0.5;

/// The scanned pages of a document, by their numbers.
#[derive(Debug, Default)]
struct Scans {
    /// Recognized pages. Their sheets hold the OCR text.
    read: Vec<u32>,
    /// Pages that are not recognized yet.
    pending: Vec<u32>,
    /// Pages that cannot be recognized.
    unread: Vec<u32>,
}

impl Scans {
    /// Finds the scanned pages: those that images cover or whose letters are drawn as shapes, and that have hardly any
    /// legible text. The OCR text of a page replaces its drawn text. A page of illegible letters without images does not
    /// count, because OCR gets only images and shapes.
    fn of(draft: &mut Draft, recognized: &Recognized<'_>) -> Self {
        let mut scans = Self::default();
        for (number, sheet) in (1..).zip(&mut draft.sheets) {
            let is_drawn = sheet.images.share() < COVERED && sheet.outlined < OUTLINED;
            if is_drawn || legible_letters(sheet) >= SCAN.0 {
                continue;
            }
            match recognized(number) {
                Some(PageText::Read { height, runs }) if says_more(&runs, sheet) => {
                    let text_bytes = runs.iter().map(|run| run.text.len()).sum();
                    *sheet = Sheet {
                        height,
                        runs_by_angle: vec![(0, runs)],
                        text_bytes,
                        ..Sheet::default()
                    };
                    scans.read.push(number);
                }
                Some(PageText::Read { .. }) => {}
                Some(PageText::Failed(_)) => scans.unread.push(number),
                None => scans.pending.push(number),
            }
        }
        let is_read = |number: &u32| scans.read.binary_search(number).is_ok();
        let sheets = (1..).zip(&mut draft.sheets).filter(|(number, _)| is_read(number));
        let runs_by_angle = sheets.flat_map(|(_, sheet)| &mut sheet.runs_by_angle);
        ocr::even_out(runs_by_angle.flat_map(|(_, runs)| runs));
        scans
    }
}

/// Legible letters of a page; zero if the illegible ones are more, or if they form no words.
fn legible_letters(sheet: &Sheet) -> usize {
    let letters = sheet.letters();
    let is_gibberish = || language::is_gibberish(sheet.runs().map(|run| run.text.as_str()));
    if sheet.unknown > letters || is_gibberish() { 0 } else { letters }
}

/// Letters that OCR has to find beyond twice the drawn ones. A title over a photograph is drawn text, and OCR sees
/// it a second time, with signs in the photograph; a scan with a drawn page number has much more text than that.
const MORE: usize = 20;

/// True when OCR has found more text than the page draws.
fn says_more(runs: &[Run], sheet: &Sheet) -> bool {
    let drawn = legible_letters(sheet);
    drawn == 0 || runs.iter().map(Run::letters).sum::<usize>() > 2 * drawn + MORE
}

fn check_for_scan(draft: &Draft, bytes: usize, scans: &Scans) -> Result<(), ReadError> {
    let pages = draft.sheets.len();
    if pages == 0 {
        return Err(ReadError::Damaged("it has no pages".into()));
    }
    let count = u32::try_from(pages).unwrap_or(u32::MAX);
    let letters: usize = draft.sheets.iter().map(Sheet::letters).sum();
    let unknown: usize = draft.sheets.iter().map(|sheet| sheet.unknown).sum();
    let scanned = || scans.pending.clone();
    if unknown > letters {
        return Err(ReadError::Illegible { pages: count, scanned: scanned() });
    }
    // A recognized page counts as text, however many others are still pictures.
    let few = letters / pages < SCAN.0 && bytes / pages > SCAN.1 && scans.read.is_empty();
    if letters == 0 || few {
        return Err(ReadError::NoText { pages: count, scanned: scanned() });
    }
    Ok(())
}

/// Empties the sheets without legible letters: text that a wrong character map produced is never
/// quoted or used for an answer. An error when no sheet is left.
fn drop_gibberish(draft: &mut Draft, scans: &Scans) -> Result<(), ReadError> {
    let (mut dropped, mut legible) = (0, 0);
    for sheet in &mut draft.sheets {
        if language::is_gibberish(sheet.runs().map(|run| run.text.as_str())) {
            *sheet = Sheet { height: sheet.height, ..Sheet::default() };
            dropped += 1;
        } else if sheet.letters() > 0 {
            legible += 1;
        }
    }
    if dropped > 0 && legible == 0 {
        return Err(ReadError::Illegible { pages: dropped, scanned: scans.pending.clone() });
    }
    Ok(())
}

/// Turns drawn pages into text.
fn set(draft: Draft) -> Manual {
    let mut pages: Vec<Lines> = draft
        .sheets
        .iter()
        .map(|sheet| Lines { height: sheet.height, lines: layout::lines(sheet) })
        .collect();
    let running = page_headers::strip(&mut pages);
    // Labels of the viewer take precedence over printed numbers: customers navigate by them.
    let labels =
        if draft.labels.is_empty() { page_headers::printed(&running) } else { draft.labels };
    let lines: Vec<&[Line]> = pages.iter().map(|page| page.lines.as_slice()).collect();
    let mut words = Words::default();
    for line in lines.iter().copied().flatten() {
        words.learn(&line.text());
    }
    let setting = Setting::of(&lines);
    let contents = contents::mark(&lines);
    let parts = headings::mark(&lines, &contents, &draft.outline, setting);
    let (mut pages, mut binder) = passages::bind(&parts, &contents, &running, setting, &words);
    for (page, label) in pages.iter_mut().zip(labels) {
        page.label = label.filter(|label| *label != page.number.to_string());
    }
    language::mark(&mut binder.passages);
    Manual {
        title: draft.title,
        format: ManualFormat::Pdf,
        source: ManualSource::default(),
        pages,
        passages: binder.passages,
        outline: draft.outline,
    }
}
