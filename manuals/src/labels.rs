//! The printed page numbers, from running headers and footers.
//!
//! A number counts as that of its page when it increases with the pages: by one per page, or by two if a page of the
//! file shows two pages of the book. A number that does not fit the sequence of most pages is not a page number.

use std::collections::HashMap;

use super::page_headers::Running;

/// Minimum pages that show a number of the sequence.
const TIMES: usize = 3;
/// Minimum share of the pages with any number in a header or footer that show one of the sequence.
const PART: f32 = 0.5;
/// Largest page number.
const LARGEST: i64 = 9_999;

/// The printed number of each page; `None` if it equals that of the file, or is unknown. `running` are
/// the header and footer lines of each page.
pub(super) fn printed(running: &[Running]) -> Vec<Option<String>> {
    let edges: Vec<Vec<String>> =
        running.iter().map(|page| page.lines().map(str::to_owned).collect()).collect();
    let numbers: Vec<Vec<i64>> = edges.iter().map(|lines| numbers(lines)).collect();
    let single = sequence(&numbers, 1, |seen, number| seen.contains(&number));
    let double = sequence(&numbers, 2, |seen, number| {
        seen.contains(&number) && seen.contains(&(number + 1))
    });
    let mut labels = vec![None; edges.len()];
    match (single, double) {
        // A spread shows two numbers, a page at most one that increases with the pages.
        (single, Some(double))
            if single.as_ref().is_none_or(|single| single.pages < double.pages) =>
        {
            double.label(&mut labels, |left| format!("{left}–{}", left + 1));
        }
        (Some(single), _) if single.start != 1 => {
            single.label(&mut labels, |number| number.to_string());
            roman(&edges, single.first, &mut labels);
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
    let is_consistent = fits.len() >= TIMES && fits.len() as f32 >= PART * with_any as f32;
    (is_consistent && at(first) > 0).then_some(Sequence {
        start,
        step,
        pages: fits.len(),
        first,
        last,
    })
}

/// Roman numbers of the pages before the first Arabic one.
fn roman(edges: &[Vec<String>], before: usize, labels: &mut [Option<String>]) {
    let seen: Vec<Vec<i64>> = edges[..before]
        .iter()
        .map(|lines| words(lines).filter_map(|word| roman_value(&word)).collect())
        .collect();
    let Some(sequence) = sequence(&seen, 1, |seen, number| seen.contains(&number)) else { return };
    for at in sequence.first..=sequence.last {
        let shown = words(&edges[at]).find(|word| roman_value(word) == Some(sequence.at(at)));
        labels[at] = shown;
    }
}

/// The value of a Roman number in consistent case.
fn roman_value(word: &str) -> Option<i64> {
    let upper = word.to_ascii_uppercase();
    if word.is_empty() || word.len() > 7 || (upper != word && word.to_ascii_lowercase() != word) {
        return None;
    }
    (1..=60).find(|number| roman_of(*number) == upper)
}

fn roman_of(mut number: i64) -> String {
    let mut text = String::new();
    for (value, letters) in
        [(50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    {
        while number >= value {
            text.push_str(letters);
            number -= value;
        }
    }
    text
}

fn numbers(lines: &[String]) -> Vec<i64> {
    let digits =
        |word: &String| word.len() <= 4 && word.chars().all(|letter| letter.is_ascii_digit());
    let number = |word: String| word.parse().ok().filter(|number| (1..=LARGEST).contains(number));
    words(lines).filter(digits).filter_map(number).collect()
}

/// Words without surrounding signs (`- 12 -`, `12 |`).
fn words(lines: &[String]) -> impl Iterator<Item = String> {
    let plain = |word: &str| word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_owned();
    lines.iter().flat_map(|line| line.split_whitespace()).map(plain).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

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
