//! Bytes become a manual: the pure heart of this room. No network, no disk, no clock but the limit's.

use encoding_rs::Encoding;
use hsc_catalogs::{DocumentationKind, Manual, ManualFormat, ManualSource};

use super::headings::{self, Setting};
use super::layout::{self, Line};
use super::mending::Words;
use super::ocr::{self, PageText};
use super::page_headers::{self, Lines};
use super::sheet::{Budget, Draft, Limits, Run, Sheet};
use super::{ReadError, contents, html, labels, language, legibility, passages, pdf};

/// Reads a manual out of its bytes. `charset` is the one that the host declared for a web page. `source` of
/// the result is empty: bytes do not know where they come from.
///
/// # Errors
/// When the bytes are not what `kind` says, damaged, locked, a scan, or beyond a limit. Time is
/// looked at between pages; a page that never ends is stopped by whoever isolates the reading.
pub fn read(
    bytes: &[u8],
    kind: DocumentationKind,
    charset: Option<&'static Encoding>,
    limits: Limits,
) -> Result<Manual, ReadError> {
    read_recognized(bytes, kind, charset, limits, &|_| None)
}

/// The same, with what OCR made of the scanned pages, by their number.
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
    let mut manual = read_within(bytes, kind, charset, &budget, recognized)?;
    let end = manual.title.floor_char_boundary(LONGEST_TITLE);
    manual.title.truncate(end);
    Ok(manual)
}

/// What OCR made of a page; nothing where it has not come to it.
pub(super) type Recognized<'a> = dyn Fn(u32) -> Option<PageText> + 'a;

/// Longest title in bytes. A document may claim one of any length.
const LONGEST_TITLE: usize = 400;

fn read_within(
    bytes: &[u8],
    kind: DocumentationKind,
    charset: Option<&'static Encoding>,
    budget: &Budget,
    recognized: &Recognized<'_>,
) -> Result<Manual, ReadError> {
    match kind {
        // A page that turns out to be a PDF is read as what it is.
        DocumentationKind::Html if !bytes.starts_with(b"%PDF-") => {
            html::read(bytes, charset, budget)
        }
        _ => {
            let mut draft = pdf::extract(bytes, budget)?;
            let scans = Scans::of(&mut draft, recognized);
            budget.check_text(draft.sheets.iter().map(|sheet| sheet.text_bytes).sum())?;
            check_for_scan(&draft, bytes.len(), &scans)?;
            drop_gibberish(&mut draft, &scans)?;
            let mut manual = set(draft);
            (manual.source.pending, manual.source.unread) = (scans.pending, scans.unread);
            Ok(manual)
        }
    }
}

/// The kind as the word of a sentence.
pub(super) fn name(kind: DocumentationKind) -> &'static str {
    match kind {
        DocumentationKind::Pdf => "PDF",
        DocumentationKind::Html => "HTML",
    }
}

/// Letters on an average page under which pages of pictures are a scan, and the bytes such a page has
/// at least: a stamp or a page number is often text in a scan.
const SCAN: (usize, usize) = (40, 15_000);

/// Part of a page that images cover at least where it is a scan. A scanner covers all of it; some writers leave
/// out what is blank.
const COVERED: f32 = 0.5;

/// The scanned pages of a document, by their numbers.
#[derive(Debug, Default)]
struct Scans {
    /// Those that OCR has read. Their sheets hold its text.
    read: Vec<u32>,
    /// Those that OCR has not come to.
    pending: Vec<u32>,
    /// Those that it could not read.
    unread: Vec<u32>,
}

impl Scans {
    /// Finds the scanned pages: those that images cover and that have hardly any legible text. Where OCR has read one, its
    /// text takes the place of what the page drew. A page of illegible letters without images is none, because only
    /// images are drawn for OCR.
    fn of(draft: &mut Draft, recognized: &Recognized<'_>) -> Self {
        let mut scans = Self::default();
        for (number, sheet) in (1..).zip(&mut draft.sheets) {
            if sheet.images.share() < COVERED || is_legible(sheet) {
                continue;
            }
            match recognized(number) {
                Some(PageText::Read { height, runs }) if says_more(&runs, sheet) => {
                    let text_bytes = runs.iter().map(|run| run.text.len()).sum();
                    *sheet =
                        Sheet { height, turned: vec![(0, runs)], text_bytes, ..Sheet::default() };
                    scans.read.push(number);
                }
                Some(PageText::Read { .. }) => {}
                Some(PageText::Failed(_)) => scans.unread.push(number),
                None => scans.pending.push(number),
            }
        }
        let is_read = |number: &u32| scans.read.binary_search(number).is_ok();
        let sheets = (1..).zip(&mut draft.sheets).filter(|(number, _)| is_read(number));
        let turned = sheets.flat_map(|(_, sheet)| &mut sheet.turned);
        ocr::even_out(turned.flat_map(|(_, runs)| runs));
        scans
    }
}

/// True for a page with text that can be read.
fn is_legible(sheet: &Sheet) -> bool {
    legible_letters(sheet) >= SCAN.0
}

/// Letters of a page that can be read; none where those that cannot are more, or where they make no words.
fn legible_letters(sheet: &Sheet) -> usize {
    let letters = sheet.letters();
    let is_gibberish = || legibility::is_gibberish(sheet.runs().map(|run| run.text.as_str()));
    if sheet.unknown > letters || is_gibberish() { 0 } else { letters }
}

/// Letters that OCR has to find beyond twice those that are drawn. A title over a photograph is drawn text, and OCR sees
/// it a second time, with signs in the photograph; a scan with a drawn page number has much more text than that.
const MORE: usize = 20;

/// True where OCR has read more than the page draws.
fn says_more(runs: &[Run], sheet: &Sheet) -> bool {
    let drawn = legible_letters(sheet);
    let letters = |run: &Run| run.text.chars().filter(|letter| letter.is_alphanumeric()).count();
    drawn == 0 || runs.iter().map(letters).sum::<usize>() > 2 * drawn + MORE
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
    // A page that OCR has read is text, however many others are still pictures.
    let few = letters / pages < SCAN.0 && bytes / pages > SCAN.1 && scans.read.is_empty();
    if letters == 0 || few {
        return Err(ReadError::NoText { pages: count, scanned: scanned() });
    }
    Ok(())
}

/// Empties the sheets whose letters are none: text that a wrong map turned into other signs is never
/// quoted and never answered from. An error when no sheet is left.
fn drop_gibberish(draft: &mut Draft, scans: &Scans) -> Result<(), ReadError> {
    let (mut dropped, mut kept) = (0, 0);
    for sheet in &mut draft.sheets {
        if legibility::is_gibberish(sheet.runs().map(|run| run.text.as_str())) {
            *sheet = Sheet { height: sheet.height, ..Sheet::default() };
            dropped += 1;
        } else if sheet.letters() > 0 {
            kept += 1;
        }
    }
    if dropped > 0 && kept == 0 {
        return Err(ReadError::Illegible { pages: dropped, scanned: scans.pending.clone() });
    }
    Ok(())
}

/// Sets drawn pages as text.
fn set(draft: Draft) -> Manual {
    let mut pages: Vec<Lines> = draft
        .sheets
        .iter()
        .map(|sheet| Lines { height: sheet.height, lines: layout::lines(sheet) })
        .collect();
    let running = page_headers::strip(&mut pages);
    // What a viewer shows goes before what the eye sees: it is what a customer is asked to go to.
    let labels = if draft.labels.is_empty() { labels::printed(&running) } else { draft.labels };
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
