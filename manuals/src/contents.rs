//! Pages of contents and index pages: they mention every subject and answer nothing.

use super::layout::Line;

/// Minimum entries of such a page, so that a short list of references does not count.
const ENTRIES: usize = 5;
/// Minimum entries without leader dots; such lines may also be a table of numbers.
const PLAIN_ENTRIES: usize = 8;

/// Minimum entries of an index in which each names one page. A list of settings and their defaults has fewer.
const ALPHABETICAL_ENTRIES: usize = 20;

/// Marks the pages of contents and of an index.
pub(super) fn mark(pages: &[&[Line]]) -> Vec<bool> {
    let last = pages.len() as u32;
    let mut marks: Vec<bool> = Vec::with_capacity(pages.len());
    for lines in pages {
        let after_one = marks.last().copied().unwrap_or(false);
        marks.push(is_contents(lines, last, after_one));
    }
    marks
}

fn is_contents(lines: &[Line], last: u32, after_one: bool) -> bool {
    let texts: Vec<String> = lines.iter().map(Line::text).collect();
    let worded = texts.iter().filter(|text| text.chars().any(char::is_alphabetic)).count();
    if worded == 0 {
        return false;
    }
    let share = |number: usize| number as f32 / worded as f32;
    let led = texts.iter().filter(|text| has_leader(text)).count();
    let listed = texts.iter().filter(|text| has_listed_pages(text, last)).count();
    let plain: Vec<u32> = lines
        .iter()
        .filter(|line| line.is_row() && line.cells.len() == 2)
        .filter_map(|line| line.cells[1].text.parse().ok())
        .filter(|page| *page <= last)
        .collect();
    let titled = texts.iter().take(3).any(|text| is_title(text));
    // A page that follows such a page, or has a matching title, needs less evidence.
    let need = if titled || after_one { 0.3 } else { 0.5 };
    let dotted = led >= if titled || after_one { 2 } else { ENTRIES } && share(led) >= need;
    let indexed = listed >= ENTRIES && share(listed) >= if titled || after_one { 0.3 } else { 0.6 };
    let ordered = plain.len() >= PLAIN_ENTRIES
        && share(plain.len()) >= need
        && plain.windows(2).filter(|pair| pair[0] <= pair[1]).count() * 10 >= (plain.len() - 1) * 9;
    dotted || indexed || ordered || is_alphabetical(&texts, last)
}

/// True for a page of entries that end with a page number and are in alphabetical order. The columns of such an
/// index may follow each other, and an entry may take two lines.
fn is_alphabetical(texts: &[String], last: u32) -> bool {
    let entry = |text: &String| {
        let (name, page) = text.rsplit_once(' ')?;
        let page = page.parse::<u32>().ok()?;
        let first = name.chars().find(|c| c.is_alphanumeric())?;
        (page >= 1 && page <= last && first.is_alphabetic()).then(|| first.to_lowercase().next())
    };
    let firsts: Vec<Option<char>> = texts.iter().filter_map(entry).collect();
    let lines = texts.iter().filter(|text| text.chars().any(char::is_alphabetic)).count();
    let letters: std::collections::HashSet<_> = firsts.iter().collect();
    let rising = firsts.windows(2).filter(|pair| pair[0] <= pair[1]).count();
    firsts.len() >= ALPHABETICAL_ENTRIES
        && firsts.len() * 10 >= lines * 6
        && letters.len() >= 2
        && rising * 10 >= (firsts.len() - 1) * 8
}

/// `Installation . . . . . 12`
fn has_leader(text: &str) -> bool {
    let number = text.trim_end_matches(|c: char| c.is_ascii_digit() || "ivxlc".contains(c));
    if number.len() == text.len() {
        return false;
    }
    let dots = number.trim_end_matches(|c: char| ".·…_ ".contains(c));
    number[dots.len()..].chars().filter(|c| !c.is_whitespace()).count() >= 3
        || number[dots.len()..].contains('…')
}

/// `reset, 12, 40` of an index.
fn has_listed_pages(text: &str, last: u32) -> bool {
    let mut numbers = text.rsplit(", ");
    let Some(Ok(page)) = numbers.next().map(str::parse::<u32>) else { return false };
    page >= 1 && page <= last && numbers.next().is_some_and(|before| !before.is_empty())
}

fn is_title(text: &str) -> bool {
    #[rustfmt::skip]
    const TITLES: &[&str] = &[
        "contents", "table of contents", "index", "table des matières", "sommaire", "inhalt",
        "inhaltsverzeichnis", "stichwortverzeichnis", "índice", "indice", "תוכן עניינים", "תוכן העניינים",
        "目次", "索引",
    ];
    let text = text.trim().to_lowercase();
    TITLES.contains(&text.as_str()) || text.ends_with(" index") && text.split(' ').count() <= 4
}

#[cfg(test)]
mod tests {
    use super::super::layout::Cell;
    use super::*;

    fn page(texts: &[&str]) -> Vec<Line> {
        texts
            .iter()
            .map(|text| Line {
                cells: text
                    .split('|')
                    .map(|cell| Cell { text: cell.trim().into(), x: 0.0, end: 9.0 })
                    .collect(),
                size: 10.0,
                ..Line::default()
            })
            .collect()
    }

    fn marked(texts: &[&str]) -> bool {
        let lines = page(texts);
        let empty: &[Line] = &[];
        let mut pages = vec![lines.as_slice()];
        pages.resize(60, empty);
        mark(&pages)[0]
    }

    #[test]
    fn leader_dots_are_detected_as_contents() {
        assert!(marked(&[
            "1 Safety . . . . . . 3",
            "2 Parts ........ 5",
            "2.1 Panel ....... 6",
            "3 Setup …… 9",
            "4 Care . . . . iv"
        ]));
    }

    #[test]
    fn rising_numbers_in_a_second_column_are_detected_as_contents() {
        let entries: Vec<String> =
            (1..=10).map(|n| format!("Chapter about things | {}", n * 4)).collect();
        assert!(marked(&entries.iter().map(String::as_str).collect::<Vec<_>>()));
    }

    #[test]
    fn an_index_is_marked() {
        assert!(marked(&[
            "Index",
            "reset, 12, 40",
            "pads, 3",
            "power, 7",
            "tempo, 9, 11",
            "volume, 2"
        ]));
    }

    #[test]
    fn an_index_of_one_page_each_is_detected_by_its_order() {
        let words = ["Amplifier", "Balance", "Chorus", "Delay", "Echo", "Filter", "Gate", "Hold"];
        let entries = |order: &dyn Fn(usize) -> usize| -> Vec<String> {
            (0..24).map(|at| format!("{} - Knob {}", words[order(at)], 1 + at * 7 % 59)).collect()
        };
        let is_marked =
            |entries: &[String]| marked(&entries.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(is_marked(&entries(&|at| at / 3)));
        // Two columns, read one after the other.
        assert!(is_marked(&entries(&|at| (at % 12) / 2)));
        assert!(!is_marked(&entries(&|at| at * 5 % 8)), "no order");
        assert!(!is_marked(&entries(&|_| 0)), "one letter: a list of models");
    }

    #[test]
    fn prose_and_a_table_of_numbers_are_not_marked() {
        assert!(!marked(&[
            "Press Enter to confirm.",
            "The display shows page 12",
            "It is version 3."
        ]));
        let rows: Vec<String> =
            (1..=10).map(|n| format!("Output level | {}", (n * 37) % 50)).collect();
        assert!(!marked(&rows.iter().map(String::as_str).collect::<Vec<_>>()));
    }
}
