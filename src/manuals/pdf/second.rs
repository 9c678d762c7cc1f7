//! The second extractor: glyph by glyph, without fonts and bookmarks.

use std::collections::BTreeMap;

use pdf_extract::{Document, MediaBox, OutputDev, OutputError, Transform};

use super::super::ReadError;
use super::super::sheet::{Budget, Draft, Run, Sheet};
use super::Extractor;

pub(super) struct Second;

impl Extractor for Second {
    fn extract(&self, bytes: &[u8], budget: &Budget) -> Result<Draft, ReadError> {
        let mut document = Document::load_mem(bytes).map_err(damaged)?;
        if document.is_encrypted() && document.decrypt("").is_err() {
            return Err(ReadError::Encrypted);
        }
        let pages: BTreeMap<u32, _> = document.get_pages();
        budget.check_pages(pages.len())?;
        let mut glyphs = Glyphs { budget, text: 0, sheet: Sheet::default(), stopped: None };
        let mut sheets = Vec::with_capacity(pages.len());
        for number in pages.keys() {
            budget.check_time()?;
            // A page that cannot be read keeps its place, so that the numbers after it stay true.
            let done = pdf_extract::output_doc_page(&document, &mut glyphs, *number);
            if let (Err(_), Some(error)) = (done, glyphs.stopped.take()) {
                return Err(error);
            }
            sheets.push(std::mem::take(&mut glyphs.sheet));
        }
        Ok(Draft { sheets, ..Draft::default() })
    }
}

fn damaged(error: impl std::fmt::Display) -> ReadError {
    ReadError::Damaged(error.to_string())
}

/// Gathers glyphs into runs.
struct Glyphs<'a> {
    budget: &'a Budget,
    text: usize,
    sheet: Sheet,
    stopped: Option<ReadError>,
}

/// Part of the font size that a gap must have to be a space. The narrowest spaces are a fifth.
const SPACE: f32 = 0.15;

impl OutputDev for Glyphs<'_> {
    fn begin_page(
        &mut self,
        _: u32,
        page: &MediaBox,
        _: Option<(f64, f64, f64, f64)>,
    ) -> Result<(), OutputError> {
        self.sheet.height = (page.ury - page.lly) as f32;
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn output_character(
        &mut self,
        place: &Transform,
        width: f64,
        _: f64,
        font_size: f64,
        text: &str,
    ) -> Result<(), OutputError> {
        self.text += text.len();
        if let Err(stop) = self.budget.check_text(self.text).and_then(|()| self.budget.check_time())
        {
            self.stopped = Some(stop);
            return Err(OutputError::FormatError(std::fmt::Error));
        }
        let size =
            (font_size * (place.m11 * place.m22 - place.m12 * place.m21).abs().sqrt()) as f32;
        let (x, y) = (place.m31 as f32, place.m32 as f32);
        let width = width as f32 * size;
        if let Some(last) = self.sheet.runs.last_mut() {
            let gap = x - last.end();
            let same_line = (y - last.y).abs() < 0.1 * size && (size - last.size).abs() < 0.5;
            if same_line && gap > -0.5 * size && gap < size {
                if gap > SPACE * size && !last.text.ends_with(' ') && !text.starts_with(' ') {
                    last.text.push(' ');
                }
                last.text.push_str(text);
                last.width = x + width - last.x;
                return Ok(());
            }
        }
        self.sheet.runs.push(Run {
            text: text.to_owned(),
            x,
            y,
            width,
            size,
            bold: false,
            mono: false,
        });
        Ok(())
    }

    fn begin_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}
