//! Separates running headers and footers from the text of their pages.
//!
//! They repeat: the same words, apart from numbers, at the same height of several pages. In the outermost line it
//! is enough that one part does. They also form a rail: a height at which so many pages have one that any other line
//! there is one too, including the header of a chapter of one page. A word or two at the same position of many pages is
//! a side tab, at any height. They stay in the text of a page and are not part of a passage.
//!
//! The page numbers in them are those that are printed. A number counts as that of its page when it increases with the
//! pages: by one per page, or by two if a page of the file shows two pages of the book. A number that does not fit the
//! sequence of most pages is not a page number.

use super::layout::{Cell, Line};
use std::collections::{HashMap, HashSet};

/// A page's lines, and the height of the page.
pub(super) struct Lines {
    pub height: f32,
    pub lines: Vec<Line>,
}

/// Share of the height, at the top and at the bottom, in which they occur.
const MARGIN: f32 = 0.13;
/// Lines from the edge that may be one: a header has one or two, a footer up to three.
const DEEP: usize = 3;
/// Points by which the height of one header may differ between pages.
const SLACK: f32 = 3.0;
/// Minimum repetitions of a line. Two may be chance, unless the pages are adjacent.
const TIMES: usize = 3;
/// Minimum share of the pages with one at a height to make it a rail.
const RAIL: f32 = 0.25;
/// Minimum share and number of pages with the same words at the same position to make them a side tab, and
/// its maximum number of words.
const TAB: (f32, usize, usize) = (0.3, 4, 3);

/// The running lines of one page, in reading order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Running {
    /// Those above the text.
    pub header: Vec<String>,
    /// Those below it.
    pub footer: Vec<String>,
}

impl Running {
    /// All of them.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.header.iter().chain(&self.footer).map(String::as_str)
    }
}

/// Removes running headers and footers from the lines of all pages, and returns those of each page.
pub(super) fn strip(pages: &mut [Lines]) -> Vec<Running> {
    let edges: Vec<Vec<usize>> = pages.iter().map(edge).collect();
    let mut places: HashMap<String, Vec<(usize, f32)>> = HashMap::new();
    for (page, edge) in edges.iter().enumerate() {
        for &at in edge {
            let line = &pages[page].lines[at];
            places.entry(pattern(&line.text())).or_default().push((page, line.y));
        }
    }
    let enough = ((pages.len() as f32 * RAIL) as usize).max(TIMES);
    let cells = cells(pages, &edges);
    // One part of a header names the document or counts the pages, the other one names the section.
    let has_running_cell = |page: usize, line: &Line| {
        let is_outermost = || {
            let (low, high) = extent(&pages[page].lines);
            line.y == low || line.y == high
        };
        line.is_row()
            && is_outermost()
            && line.cells.iter().any(|cell| times(&cells, cell, line.y) >= enough)
    };
    let repeats = |page: usize, line: &Line| {
        if has_running_cell(page, line) {
            return true;
        }
        let Some(places) = places.get(&pattern(&line.text())) else { return false };
        let same: Vec<usize> = places
            .iter()
            .filter(|(other, y)| *other != page && (y - line.y).abs() <= SLACK)
            .map(|(other, _)| *other)
            .collect();
        // Left and right pages differ, so the page after the next counts as adjacent too.
        same.len() + 1 >= TIMES || same.iter().any(|other| other.abs_diff(page) <= 2)
    };
    let tabs = tabs(pages);
    // The number of running lines at a height, and the size of the largest of them.
    let mut rails: HashMap<i32, (usize, f32)> = HashMap::new();
    let mut marked: Vec<Vec<bool>> = Vec::with_capacity(pages.len());
    for (number, (page, edge)) in pages.iter().zip(&edges).enumerate() {
        let mut marks: Vec<bool> = page
            .lines
            .iter()
            .map(|line| place(line).is_some_and(|it| tabs.contains(&it)))
            .collect();
        for &at in edge {
            if repeats(number, &page.lines[at]) {
                marks[at] = true;
                let rail = rails.entry(page.lines[at].y.round() as i32).or_default();
                *rail = (rail.0 + 1, rail.1.max(page.lines[at].size));
            }
        }
        marked.push(marks);
    }
    // A larger line at such a height is a heading.
    let rail = |line: &Line| {
        let y = line.y.round() as i32;
        let near = || (y - 1..=y + 1).filter_map(|y| rails.get(&y));
        let largest = near().map(|(_, size)| *size).fold(0.0, f32::max);
        near().map(|(lines, _)| lines).sum::<usize>() >= enough && line.size <= 1.1 * largest
    };
    let mut stripped = vec![Running::default(); pages.len()];
    for (((page, edge), marks), running) in
        pages.iter_mut().zip(&edges).zip(&mut marked).zip(&mut stripped)
    {
        for &at in edge {
            marks[at] |= rail(&page.lines[at]);
        }
        let (low, high) = extent(&page.lines);
        let middle = (low + high) / 2.0;
        let mut marks = marks.iter();
        page.lines.retain(|line| {
            let is_marked = marks.next().copied().unwrap_or(false);
            if is_marked {
                let side = if line.y > middle { &mut running.header } else { &mut running.footer };
                side.push(line.text());
            }
            !is_marked
        });
    }
    stripped
}

/// The cells of the lines at the edges, by their words: the page, the left and the right end, and the height of each.
type Cells = HashMap<String, Vec<(usize, f32, f32, f32)>>;

fn cells(pages: &[Lines], edges: &[Vec<usize>]) -> Cells {
    let mut cells = Cells::new();
    for (number, (page, edge)) in pages.iter().zip(edges).enumerate() {
        for line in edge.iter().map(|at| &page.lines[*at]).filter(|line| line.is_row()) {
            for cell in &line.cells {
                let place = (number, cell.x, cell.end, line.y);
                cells.entry(pattern(&cell.text)).or_default().push(place);
            }
        }
    }
    cells
}

/// Pages with the same words at the position of a cell.
fn times(cells: &Cells, cell: &Cell, y: f32) -> usize {
    let same = cells.get(&pattern(&cell.text)).into_iter().flatten();
    // Numbers of pages are aligned to the right and to the left.
    let mut on: Vec<usize> = same
        .filter(|(_, x, end, at)| {
            (at - y).abs() <= SLACK
                && ((x - cell.x).abs() <= SLACK || (end - cell.end).abs() <= SLACK)
        })
        .map(|(page, ..)| *page)
        .collect();
    on.dedup();
    on.len()
}

/// The text of a tab and its position in points.
type Place = (String, i32, i32);

/// The position of a line that may be a side tab.
fn place(line: &Line) -> Option<Place> {
    let [cell] = line.cells.as_slice() else { return None };
    let is_short = cell.text.split_whitespace().count() <= TAB.2;
    is_short.then(|| (cell.text.clone(), cell.x.round() as i32, line.y.round() as i32))
}

/// The side tabs: the same words at the same position of many pages.
fn tabs(pages: &[Lines]) -> HashSet<Place> {
    let mut times: HashMap<Place, usize> = HashMap::new();
    for page in pages {
        let places: HashSet<Place> = page.lines.iter().filter_map(place).collect();
        for place in places {
            *times.entry(place).or_default() += 1;
        }
    }
    let enough = ((pages.len() as f32 * TAB.0) as usize).max(TAB.1);
    times.retain(|_, times| *times >= enough);
    times.into_keys().collect()
}

/// The heights of the lowest and of the highest line.
fn extent(lines: &[Line]) -> (f32, f32) {
    let heights = lines.iter().map(|line| line.y);
    heights.fold((f32::MAX, f32::MIN), |(low, high), y| (low.min(y), high.max(y)))
}

/// The lines in the header and footer areas.
fn edge(page: &Lines) -> Vec<usize> {
    let mut order: Vec<usize> = (0..page.lines.len()).collect();
    order.sort_by(|a, b| page.lines[*b].y.total_cmp(&page.lines[*a].y));
    let (low, high) = (page.height * MARGIN, page.height * (1.0 - MARGIN));
    let inside = |at: &usize| {
        let y = page.lines[*at].y;
        page.height <= 0.0 || y < low || y > high
    };
    let top = order.iter().take(DEEP).copied();
    let bottom = order.iter().rev().take(DEEP).copied();
    let mut edge: Vec<usize> = top.chain(bottom).filter(inside).collect();
    edge.sort_unstable();
    edge.dedup();
    edge
}

/// The text with all numbers replaced, Roman ones too: `Chapter 2  13` and `Chapter 2  14` are one.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let core = word.trim_matches(|c: char| !c.is_alphanumeric());
        let number = !core.is_empty()
            && (core.chars().all(|c| c.is_ascii_digit())
                || core.len() <= 7 && core.chars().all(|c| "ivxlcIVXLC".contains(c)));
        pattern.push_str(if number { "#" } else { word });
        pattern.push(' ');
    }
    pattern.to_lowercase()
}

/// Minimum pages that show a number of a sequence of page numbers.
const NUMBERED: usize = 3;
/// Minimum share of the pages with any number in a header or footer that show one of the sequence.
const PART: f32 = 0.5;
/// Largest page number.
const LARGEST: i64 = 9_999;

/// The printed number of each page, from its header or footer; `None` if it equals that of the file, or is unknown.
/// `running` are the header and footer lines of each page.
pub(super) fn printed(running: &[Running]) -> Vec<Option<String>> {
    let numbers: Vec<Vec<i64>> = running.iter().map(numbers).collect();
    let single = sequence(&numbers, 1, |seen, number| seen.contains(&number));
    let double = sequence(&numbers, 2, |seen, number| {
        seen.contains(&number) && seen.contains(&(number + 1))
    });
    let mut labels = vec![None; running.len()];
    match (single, double) {
        // A spread shows two numbers, a page at most one that increases with the pages.
        (single, Some(double))
            if single.as_ref().is_none_or(|single| single.pages < double.pages) =>
        {
            double.label(&mut labels, |left| format!("{left}–{}", left + 1));
        }
        (Some(single), _) if single.start != 1 => {
            single.label(&mut labels, |number| number.to_string());
            roman(running, single.first, &mut labels);
        }
        _ => {}
    }
    labels
}

/// Numbers that increase by `step` per page.
struct Sequence {
    /// The number of the first page of the file.
    start: i64,
    step: i64,
    /// Number of pages that show theirs, and the first and last of them.
    pages: usize,
    first: usize,
    last: usize,
}

impl Sequence {
    fn at(&self, page: usize) -> i64 {
        self.start + self.step * page as i64
    }

    /// Labels the pages from the first to the last that show their number.
    fn label(&self, labels: &mut [Option<String>], text: impl Fn(i64) -> String) {
        for (page, label) in labels.iter_mut().enumerate().take(self.last + 1).skip(self.first) {
            *label = Some(text(self.at(page)));
        }
    }
}

/// The sequence that most pages show.
fn sequence(
    numbers: &[Vec<i64>],
    step: i64,
    shows: impl Fn(&[i64], i64) -> bool,
) -> Option<Sequence> {
    let mut votes: HashMap<i64, usize> = HashMap::new();
    for (page, seen) in numbers.iter().enumerate() {
        for number in seen.iter().filter(|number| shows(seen, **number)) {
            *votes.entry(number - step * page as i64).or_default() += 1;
        }
    }
    let (&start, _) =
        votes.iter().max_by_key(|(start, votes)| (**votes, std::cmp::Reverse(**start)))?;
    let at = |page: usize| start + step * page as i64;
    let fits: Vec<usize> =
        (0..numbers.len()).filter(|page| shows(&numbers[*page], at(*page))).collect();
    let with_any = numbers.iter().filter(|seen| !seen.is_empty()).count();
    let (first, last) = (*fits.first()?, *fits.last()?);
    let is_consistent = fits.len() >= NUMBERED && fits.len() as f32 >= PART * with_any as f32;
    (is_consistent && at(first) > 0).then_some(Sequence {
        start,
        step,
        pages: fits.len(),
        first,
        last,
    })
}

/// Roman numbers of the pages before the first Arabic one.
fn roman(running: &[Running], before: usize, labels: &mut [Option<String>]) {
    let values = |page| words(page).filter_map(roman_value).collect();
    let seen: Vec<Vec<i64>> = running[..before].iter().map(values).collect();
    let Some(sequence) = sequence(&seen, 1, |seen, number| seen.contains(&number)) else { return };
    for at in sequence.first..=sequence.last {
        let mut words = words(&running[at]);
        let shown = words.find(|word| roman_value(word) == Some(sequence.at(at)));
        labels[at] = shown.map(str::to_owned);
    }
}

/// The value of a Roman number in consistent case.
fn roman_value(word: &str) -> Option<i64> {
    let upper = word.to_ascii_uppercase();
    if word.is_empty() || word.len() > 7 || (upper != word && word.to_ascii_lowercase() != word) {
        return None;
    }
    (1..=60).find(|number| roman_numeral(*number) == upper)
}

#[rustfmt::skip]
const NUMERALS: [(i64, &str); 13] = [
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
    (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
];

/// A number in Roman capitals.
pub(super) fn roman_numeral(mut number: i64) -> String {
    let mut text = String::new();
    for (value, letters) in NUMERALS {
        while number >= value {
            text.push_str(letters);
            number -= value;
        }
    }
    text
}

fn numbers(page: &Running) -> Vec<i64> {
    let digits =
        |word: &&str| word.len() <= 4 && word.chars().all(|letter| letter.is_ascii_digit());
    let number = |word: &str| word.parse().ok().filter(|number| (1..=LARGEST).contains(number));
    words(page).filter(digits).filter_map(number).collect()
}

/// Words without surrounding signs (`- 12 -`, `12 |`).
fn words(page: &Running) -> impl Iterator<Item = &str> {
    page.lines()
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_matches(|letter: char| !letter.is_alphanumeric()))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, y: f32) -> Line {
        let cell = Cell { text: text.into(), x: 72.0, end: 300.0 };
        Line { cells: vec![cell], y, size: 10.0, ..Line::default() }
    }

    fn book(pages: usize, header: impl Fn(usize) -> String) -> Vec<Lines> {
        (1..=pages)
            .map(|number| Lines {
                height: 800.0,
                lines: vec![
                    line(&header(number), 770.0),
                    line(
                        &format!("first words of page {}", ["one", "two", "three"][number % 3]),
                        700.0,
                    ),
                    line(&format!("in the middle {number}"), 400.0),
                    line(&format!("Page {number}"), 30.0),
                ],
            })
            .collect()
    }

    fn texts(page: &Lines) -> Vec<String> {
        page.lines.iter().map(Line::text).collect()
    }

    #[test]
    fn a_header_and_a_page_number_are_removed_and_the_text_stays() {
        let mut pages = book(6, |number| format!("User Guide  {number}"));
        strip(&mut pages);
        for page in &pages {
            assert_eq!(page.lines.len(), 2, "{:?}", texts(page));
        }
    }

    #[test]
    fn the_header_of_a_chapter_of_one_page_is_removed_by_its_rail() {
        let chapter =
            |number| if number == 4 { "Only here".into() } else { format!("Guide {number}") };
        let mut pages = book(8, chapter);
        strip(&mut pages);
        assert!(!texts(&pages[3]).contains(&"Only here".to_owned()));
    }

    #[test]
    fn a_heading_at_the_height_of_the_headers_stays() {
        let chapter =
            |number| if number == 4 { "Only here".into() } else { format!("Guide {number}") };
        let mut pages = book(8, chapter);
        pages[3].lines[0].size = 14.0;
        strip(&mut pages);
        assert!(texts(&pages[3]).contains(&"Only here".to_owned()));
    }

    #[test]
    fn a_repeated_line_in_the_middle_stays() {
        let mut pages = book(5, |number| format!("Guide {number}"));
        strip(&mut pages);
        assert!(
            pages
                .iter()
                .all(|page| texts(page).iter().any(|text| text.starts_with("in the middle")))
        );
    }

    #[test]
    fn headers_and_footers_are_returned_separately() {
        let running = strip(&mut book(6, |number| format!("User Guide  {number}")));
        assert_eq!(running[2].header, ["User Guide  3"]);
        assert_eq!(running[2].footer, ["Page 3"]);
    }

    #[test]
    fn a_side_tab_is_removed_at_any_height_and_the_same_words_elsewhere_stay() {
        let mut pages = book(6, |number| format!("Guide {number}"));
        for (number, page) in (1..).zip(&mut pages) {
            page.lines.insert(2, line("Français", 520.0));
            page.lines.insert(2, line("Press the key", 600.0 - 20.0 * number as f32));
        }
        let running = strip(&mut pages);
        assert!(running.iter().all(|page| page.lines().any(|text| text == "Français")));
        for page in &pages {
            let texts = texts(page);
            assert!(texts.contains(&"Press the key".to_owned()), "{texts:?}");
            assert!(!texts.contains(&"Français".to_owned()), "{texts:?}");
        }
    }

    #[test]
    fn a_header_of_which_only_one_part_repeats_is_removed() {
        let parts = |texts: [&str; 2], y| {
            let cell = |(text, x): (&str, f32)| Cell { text: text.into(), x, end: x + 100.0 };
            Line { cells: texts.into_iter().zip([72.0, 400.0]).map(cell).collect(), ..line("", y) }
        };
        let sections =
            ["Safety", "Controls", "Menus", "Loops", "Storage", "Errors", "Data", "Index"];
        let mut pages = book(8, |number| format!("Guide {number}"));
        for (page, section) in pages.iter_mut().zip(sections) {
            page.lines[0] = parts(["LF-240", section], 770.0);
            // The first row of a table has other words on each page.
            page.lines[1] = parts([section, "on"], 735.0);
        }
        strip(&mut pages);
        for (page, section) in pages.iter().zip(sections) {
            let texts = texts(page);
            assert!(texts.iter().all(|text| !text.contains("LF-240")), "{texts:?}");
            assert!(texts.contains(&format!("{section} on")), "{texts:?}");
        }
    }

    #[test]
    fn a_single_page_retains_all_lines() {
        let mut pages = book(1, |_| "Quick start".into());
        strip(&mut pages);
        assert_eq!(pages[0].lines.len(), 4);
    }

    fn labels(edges: &[&str]) -> Vec<String> {
        let edges: Vec<Running> = edges
            .iter()
            .map(|line| Running {
                footer: line.split(" / ").map(str::to_owned).collect(),
                ..Running::default()
            })
            .collect();
        printed(&edges).into_iter().map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn increasing_numbers_are_page_numbers_even_if_one_is_missing() {
        let seen = ["", "", "Setup 1", "2 Setup", "", "4 | Care 2024", "Care 5"];
        assert_eq!(labels(&seen), ["", "", "1", "2", "3", "4", "5"]);
    }

    #[test]
    fn numbers_equal_to_those_of_the_file_are_not_repeated() {
        assert_eq!(labels(&["1", "2", "3", "4"]), ["", "", "", ""]);
    }

    #[test]
    fn years_versions_and_chapters_are_not_page_numbers() {
        let seen = ["Manual 2024 v 3", "Manual 2024 v 3", "Manual 2024 v 3", "Manual 2024 v 3"];
        assert_eq!(labels(&seen), ["", "", "", ""]);
        assert_eq!(labels(&["Chapter 1", "Chapter 1", "Chapter 2", "Chapter 2"]), ["", "", "", ""]);
    }

    #[test]
    fn a_spread_has_the_numbers_of_both_pages() {
        assert_eq!(labels(&["", "2 / 3", "4 / 5", "6 / 7"]), ["", "2–3", "4–5", "6–7"]);
    }

    #[test]
    fn the_pages_before_the_first_may_have_roman_numbers() {
        let seen = ["", "ii", "iii", "iv", "1", "2", "3"];
        assert_eq!(labels(&seen), ["", "ii", "iii", "iv", "1", "2", "3"]);
    }
}
