//! Converts tesseract's hOCR (XHTML with a box per word) to runs of text, and evens out the sizes of its lines.

use super::super::bidi;
use super::super::pdf::Raster;
use super::super::sheet::Run;
use scraper::{ElementRef, Html, Selector};

/// Confidence (0 to 100) below which a word is dropped: letters seen in a drawing, a stain or a frame.
const LEAST_WORD: f32 = 30.0;
/// Mean confidence of a line's letters below which the whole line is dropped.
const LEAST_LINE: f32 = 50.0;
/// Confidence of a word that is most probably right.
const SURE: f32 = 70.0;
/// Gap that separates two runs, in ems. Within a line of prose it is a third.
const RUN_GAP: f32 = 0.9;
/// What tesseract reads for a vertical rule of a table.
const BARS: &str = "|¦";
/// What it reads for rules, frames and specks. Alone they are not a word; a dash, a plus or a bullet may be one.
const RULES: &str = "|¦_~'\"`‘’“”.,:;[]{}\\";

/// The recognized text of a page.
#[derive(Debug, Default)]
pub(super) struct Recognized {
    pub runs: Vec<Run>,
    /// Letters of all words.
    pub letters: usize,
    /// Letters of words that are most probably right.
    pub sure: usize,
}

struct Word {
    text: String,
    x: f32,
    end: f32,
    confidence: f32,
}

/// Parses hOCR. `raster` is the recognized picture.
pub(super) fn parse(hocr: &str, raster: &Raster) -> Recognized {
    let document = Html::parse_document(hocr);
    let select = |css: &str| Selector::parse(css).expect("a selector of ours");
    let lines = select(".ocr_line, .ocr_header, .ocr_caption, .ocr_textfloat");
    let words = select(".ocrx_word");
    let mut recognized = Recognized::default();
    for line in document.select(&lines) {
        let words: Vec<Word> = line.select(&words).filter_map(word).collect();
        for word in &words {
            let letters = letters(&word.text);
            recognized.letters += letters;
            recognized.sure += if word.confidence >= SURE { letters } else { 0 };
        }
        if let Some(line) = line_of(line, words) {
            line.runs(raster, &mut recognized.runs);
        }
    }
    recognized
}

/// Number of runs of text in hOCR of a page of 1,000 by 1,000 pixels.
pub fn count_runs(hocr: &str) -> usize {
    let raster = Raster { width: 1000, height: 1000, gray: Vec::new(), scale: 2.0 };
    let Recognized { runs, letters, sure } = parse(hocr, &raster);
    assert!(sure <= letters, "{sure} sure letters of {letters}");
    for run in &runs {
        assert!(run.size > 0.0, "{run:?}");
    }
    runs.len()
}

fn word(element: ElementRef<'_>) -> Option<Word> {
    let title = element.attr("title")?;
    let [x, _, end, _] = numbers(title, "bbox")?;
    let [confidence] = numbers(title, "x_wconf")?;
    let text: String = element.text().collect();
    // A rule of a table beside a word is read as a bar.
    let text = text.trim_matches(|letter: char| letter.is_whitespace() || BARS.contains(letter));
    let is_rule = text.chars().all(|letter| RULES.contains(letter));
    (!is_rule && end > x).then(|| Word { text: text.to_owned(), x, end, confidence })
}

/// The numbers after a name of a `title`: `bbox 1 2 3 4; x_wconf 96`.
fn numbers<const COUNT: usize>(title: &str, name: &str) -> Option<[f32; COUNT]> {
    let list = title.split(';').find_map(|entry| entry.trim().strip_prefix(name))?;
    let numbers: Vec<f32> =
        list.split_whitespace().map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let numbers: [f32; COUNT] = numbers.try_into().ok()?;
    numbers.iter().all(|number| number.is_finite()).then_some(numbers)
}

fn letters(text: &str) -> usize {
    text.chars().filter(|letter| letter.is_alphanumeric()).count()
}

/// A line in pixels, its words from left to right.
struct Line {
    words: Vec<Word>,
    /// The baseline at its middle, from the top.
    baseline: f32,
    /// From the top of its tallest letters to the bottom of its deepest.
    size: f32,
}

fn line_of(element: ElementRef<'_>, mut words: Vec<Word>) -> Option<Line> {
    let title = element.attr("title")?;
    let [x, top, end, bottom] = numbers(title, "bbox")?;
    let [slope, offset] = numbers(title, "baseline").unwrap_or([0.0, 0.0]);
    // A vertical line of the picture has no usable baseline.
    if slope.abs() > 0.2 {
        return None;
    }
    words.retain(|word| word.confidence >= LEAST_WORD);
    let all: usize = words.iter().map(|word| letters(&word.text).max(1)).sum();
    let weighed: f32 =
        words.iter().map(|word| word.confidence * letters(&word.text).max(1) as f32).sum();
    if all == 0 || weighed / (all as f32) < LEAST_LINE {
        return None;
    }
    words.sort_by(|a, b| a.x.total_cmp(&b.x));
    let baseline = bottom + offset + slope * (end - x) / 2.0;
    let size = numbers(title, "x_size").map_or(bottom - top, |[size]| size);
    (size > 0.0).then_some(Line { words, baseline, size })
}

impl Line {
    /// Adds its runs, in points from the lower left corner of the page.
    fn runs(&self, raster: &Raster, runs: &mut Vec<Run>) {
        let scale = raster.scale as f32;
        let height = raster.height as f32;
        let (y, size) = ((height - self.baseline) / scale, self.size / scale);
        let rtl = bidi::is_rtl(self.words.iter().map(|word| word.text.as_str()));
        let mut last: Option<Run> = None;
        for word in &self.words {
            // A run has its letters in visual order; a word has them in logical order.
            let text = bidi::logical(&word.text, rtl);
            let (x, end) = (word.x / scale, word.end / scale);
            match &mut last {
                Some(run) if x - run.end() < RUN_GAP * size => {
                    run.text.push(' ');
                    run.text.push_str(&text);
                    run.width = end - run.x;
                }
                _ => {
                    runs.extend(last.take());
                    let (bold, mono) = (false, false);
                    last = Some(Run { text, x, y, width: end - x, size, bold, mono });
                }
            }
        }
        runs.extend(last);
    }
}

/// Lines that differ by less than this from the size of most letters get that size.
const BODY: f32 = 0.14;
/// Other lines that differ by less than this from each other get one size. Two sizes of a design differ by more: 10
/// and 11, 16 and 18.
const ALIKE: f32 = 0.08;

/// Gives lines of nearly one size the same size, over all pages of a manual. The height of a box depends on the letters
/// in it, so that lines of one size have several heights; headings are detected by their sizes.
pub(crate) fn even_out<'a>(runs: impl Iterator<Item = &'a mut Run>) {
    let mut runs: Vec<(usize, &mut Run)> =
        runs.map(|run| (run.text.chars().count(), run)).collect();
    runs.sort_by(|(_, a), (_, b)| b.size.total_cmp(&a.size));
    let body = middle(&runs);
    let (body_runs, mut others): (Vec<_>, Vec<_>) =
        runs.into_iter().partition(|(_, run)| (run.size - body).abs() < BODY * body);
    set(body_runs, body);
    while let Some(largest) = others.first().map(|(_, run)| run.size) {
        let alike = others.iter().take_while(|(_, run)| run.size > (1.0 - ALIKE) * largest).count();
        let rest = others.split_off(alike.max(1));
        let size = middle(&others);
        set(std::mem::replace(&mut others, rest), size);
    }
}

/// The median size over all letters.
fn middle(runs: &[(usize, &mut Run)]) -> f32 {
    let half = runs.iter().map(|(letters, _)| letters).sum::<usize>() / 2;
    let mut before = 0;
    for (letters, run) in runs {
        before += letters;
        if before > half {
            return run.size;
        }
    }
    0.0
}

fn set(runs: Vec<(usize, &mut Run)>, size: f32) {
    for (_, run) in runs {
        run.size = size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RASTER: Raster = Raster { width: 1000, height: 500, gray: Vec::new(), scale: 2.0 };

    fn page(lines: &str) -> Recognized {
        parse(&format!("<html><body><div class='ocr_page'>{lines}</div></body></html>"), &RASTER)
    }

    const HEAD: &str = "<span class='ocr_header' title='bbox 100 50 260 90; baseline 0 -10; x_size 40'>\
        <span class='ocrx_word' title='bbox 100 50 190 90; x_wconf 95'>Safety</span> \
        <span class='ocrx_word' title='bbox 200 50 260 90; x_wconf 96'><strong>A&amp;B</strong></span></span>";

    #[test]
    fn a_line_is_a_run_in_points_on_its_baseline() {
        let Recognized { runs, letters, sure } = page(HEAD);
        assert_eq!((letters, sure), (8, 8));
        let [run] = &runs[..] else { panic!("{runs:?}") };
        assert_eq!(run.text, "Safety A&B");
        assert_eq!((run.x, run.y, run.width, run.size), (50.0, 210.0, 80.0, 20.0));
    }

    #[test]
    fn a_wide_gap_separates_runs() {
        let cells = "<span class='ocr_line' title='bbox 100 100 900 121; baseline 0 -5; x_size 21'>\
            <span class='ocrx_word' title='bbox 100 100 200 121; x_wconf 95'>Voltage</span>\
            <span class='ocrx_word' title='bbox 600 100 700 121; x_wconf 95'>230</span></span>\
            <span class='ocr_line' title='bbox 100 140 900 162; baseline 0 -5; x_size 22.4'>\
            <span class='ocrx_word' title='bbox 100 140 200 162; x_wconf 95'>Frequency</span></span>";
        let runs = page(cells).runs;
        let texts: Vec<_> = runs.iter().map(|run| (run.text.as_str(), run.size)).collect();
        assert_eq!(texts, [("Voltage", 10.5), ("230", 10.5), ("Frequency", 11.2)]);
    }

    #[test]
    fn text_of_low_confidence_is_dropped() {
        let noise = "<span class='ocr_line' title='bbox 0 0 90 20; baseline 0 0; x_size 20'>\
            <span class='ocrx_word' title='bbox 0 0 40 20; x_wconf 12'>~~</span>\
            <span class='ocrx_word' title='bbox 50 0 90 20; x_wconf 40'>lll</span></span>";
        let seen = page(noise);
        assert!(seen.runs.is_empty());
        assert_eq!((seen.letters, seen.sure), (3, 0));
    }

    #[test]
    fn rules_of_a_table_are_not_words() {
        let row = "<span class='ocr_line' title='bbox 0 0 600 20; baseline 0 0; x_size 20'>\
            <span class='ocrx_word' title='bbox 0 0 10 20; x_wconf 80'>|</span>\
            <span class='ocrx_word' title='bbox 12 0 90 20; x_wconf 95'>|Weight</span>\
            <span class='ocrx_word' title='bbox 95 0 100 20; x_wconf 90'>-</span>\
            <span class='ocrx_word' title='bbox 200 0 204 20; x_wconf 85'>“]</span>\
            <span class='ocrx_word' title='bbox 300 0 340 20; x_wconf 95'>7|</span></span>";
        let texts: Vec<String> = page(row).runs.into_iter().map(|run| run.text).collect();
        assert_eq!(texts, ["Weight -", "7"]);
    }

    #[test]
    fn invalid_titles_are_skipped() {
        let broken = "<span class='ocr_line' title='bbox 0 0 x 20'><span class='ocrx_word'>a</span>\
            <span class='ocrx_word' title='bbox 9 9 1 1; x_wconf 99'>b</span></span>";
        assert!(page(broken).runs.is_empty());
    }

    #[test]
    fn nearly_equal_sizes_become_one_and_others_stay_apart() {
        let sizes =
            [(10.2, 40), (9.6, 50), (19.5, 8), (10.9, 45), (18.4, 9), (14.0, 12), (13.5, 5)];
        let mut runs: Vec<Run> = sizes
            .iter()
            .map(|(size, letters)| Run {
                text: "x".repeat(*letters),
                x: 0.0,
                y: 0.0,
                width: 1.0,
                size: *size,
                bold: false,
                mono: false,
            })
            .collect();
        even_out(runs.iter_mut());
        let sizes: Vec<f32> = runs.iter().map(|run| run.size).collect();
        assert_eq!(sizes, [10.2, 10.2, 18.4, 10.2, 18.4, 14.0, 14.0]);
    }

    #[test]
    fn no_lines_cause_no_error() {
        even_out(std::iter::empty());
    }
}
