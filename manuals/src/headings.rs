//! Detects headings and their levels.
//!
//! The document's own bookmarks come first: a line with a bookmark's title on the bookmark's
//! page is a heading of its level, and that level is then assigned to its style (size and weight).
//! Without a bookmark a heading is a short line that is larger than the
//! body, or bold and set apart, or numbered and set apart.

use std::collections::{HashMap, HashSet};

use hsc_catalogs::Heading;

use super::layout::Line;
use super::list_marks::{is_bullet, is_note, is_step};

/// The classification of a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// A heading, of one or more lines.
    Heading { level: u8, text: String },
    /// Any other line.
    Line(Line),
}

/// The typography of the document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Setting {
    /// The size of most letters.
    pub body: f32,
    /// The usual line spacing, as a multiple of the size.
    pub leading: f32,
}

impl Setting {
    pub(super) fn of(pages: &[&[Line]]) -> Self {
        let mut sizes: HashMap<i32, usize> = HashMap::new();
        let mut leadings: Vec<f32> = Vec::new();
        for lines in pages {
            for line in *lines {
                *sizes.entry((line.size * 2.0).round() as i32).or_default() += line.text().len();
            }
            for pair in lines.windows(2) {
                let leading = (pair[0].y - pair[1].y) / pair[1].size.max(1.0);
                // Below 0.9 lines would overlap, above 2 they belong to different paragraphs.
                if (0.9..2.0).contains(&leading) && (pair[0].size - pair[1].size).abs() < 0.3 {
                    leadings.push(leading);
                }
            }
        }
        let body = sizes.into_iter().max_by_key(|(size, letters)| (*letters, *size));
        leadings.sort_by(f32::total_cmp);
        Self {
            body: body.map_or(10.0, |(size, _)| size as f32 / 2.0),
            // 1.2 is the default of most programs.
            leading: leadings.get(leadings.len() / 2).copied().unwrap_or(1.2),
        }
    }
}

type Style = (i32, bool);

fn style(line: &Line) -> Style {
    ((line.size * 2.0).round() as i32, line.bold)
}

/// Longest heading in characters.
const LONGEST: usize = 140;
/// Longest bold heading of body size in words; a longer bold line is emphasis.
const BOLD_WORDS: usize = 12;
/// Minimum size of a heading without bookmark, relative to the body.
const LARGER: f32 = 1.12;
/// Most consecutive lines of one style that can be a heading; more are a poem, a cover or a sample.
const ROWS: usize = 3;
/// Most lines on which the sentence of an emphasised line may end.
const SENTENCE_LINES: usize = 6;
/// Most lines of a bookmark's title.
const TITLE_LINES: usize = 4;

/// Separates headings from lines on all pages.
pub(super) fn mark(
    pages: &[&[Line]],
    contents: &[bool],
    outline: &[Heading],
    setting: Setting,
) -> Vec<Vec<Part>> {
    let mut marks: Vec<Vec<Option<Mark>>> =
        pages.iter().map(|lines| vec![None; lines.len()]).collect();
    for heading in outline {
        let at = heading.page as usize;
        // Some producers let a bookmark point at the page before the heading.
        for page in [at.wrapping_sub(1), at] {
            if let (Some(lines), Some(marks)) = (pages.get(page), marks.get_mut(page))
                && mark_title(lines, marks, heading)
            {
                break;
            }
        }
    }
    mark_by_look(pages, contents, &mut marks, setting);
    settle_levels(pages, &mut marks);
    pages.iter().zip(marks).map(|(lines, marks)| parts(lines, &marks)).collect()
}

/// A line that is (part of) a heading.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mark {
    /// Set by a bookmark or a number; otherwise determined later.
    level: Option<u8>,
    /// True when it continues the heading of the previous line.
    goes_on: bool,
}

/// Finds the title of a bookmark on a page and marks it. The largest match is the heading; the same
/// words may also occur in the text.
fn mark_title(lines: &[Line], marks: &mut [Option<Mark>], heading: &Heading) -> bool {
    let skeletons = [skeleton(&heading.text), skeleton(unnumbered(&heading.text))];
    let mut best: Option<(usize, usize, f32)> = None;
    for from in 0..lines.len() {
        if marks[from].is_some() {
            continue;
        }
        let mut text = String::new();
        for (count, line) in lines[from..].iter().take(TITLE_LINES).enumerate() {
            if count > 0 && style(line).0 != style(&lines[from]).0 {
                break;
            }
            text.push_str(&line.text());
            text.push(' ');
            if text.len() > 2 * LONGEST {
                break;
            }
            let (whole, bare) = (skeleton(&text), skeleton(unnumbered(&text)));
            let hit = whole == skeletons[0]
                || (!bare.is_empty() && (bare == skeletons[1] || bare == skeletons[0]));
            let size = lines[from].size + if lines[from].bold { 0.5 } else { 0.0 };
            if hit && best.is_none_or(|(_, _, other)| size > other) {
                best = Some((from, count + 1, size));
            }
        }
    }
    let Some((from, count, _)) = best else { return false };
    for (at, mark) in marks[from..from + count].iter_mut().enumerate() {
        *mark = Some(Mark { level: Some(heading.level.max(1)), goes_on: at > 0 });
    }
    true
}

fn mark_by_look(
    pages: &[&[Line]],
    contents: &[bool],
    marks: &mut [Vec<Option<Mark>>],
    setting: Setting,
) {
    let known = known_styles(pages, marks);
    // Styles of the cover are not headings when the rest of the document does not use them.
    let elsewhere: HashSet<Style> =
        pages.iter().skip(1).flat_map(|lines| lines.iter()).map(style).collect();
    for (page, (lines, marks)) in pages.iter().zip(marks).enumerate() {
        let mut at = 0;
        // The headings named on a page of contents are on other pages.
        while at < lines.len() && !contents[page] {
            let same =
                lines[at..].iter().take_while(|line| style(line) == style(&lines[at])).count();
            let cover = page == 0 && pages.len() >= 8 && !elsewhere.contains(&style(&lines[at]));
            let strange =
                known.get(known.len() / 4).is_some_and(|small| style(&lines[at]) > *small)
                    && !known.contains(&style(&lines[at]));
            let plain =
                style(&lines[at]).0 == (setting.body * 2.0).round() as i32 && !lines[at].bold;
            for index in at..at + same {
                let line = &lines[index];
                let above = index.checked_sub(1).map(|above| &lines[above]);
                if marks[index].is_some()
                    || cover
                    || strange
                    || (same > ROWS && !plain)
                    || !plain && is_sentence(&lines[index..])
                {
                    continue;
                }
                if !plain
                    && index > at
                    && marks[index - 1].is_some()
                    && goes_on_in(&lines[index - 1], line)
                {
                    marks[index] = Some(Mark { level: None, goes_on: true });
                } else if looks_like_one(line, above, setting) {
                    let goes_on = index > at
                        && marks[index - 1].is_some()
                        && number_depth(&line.text()).is_none()
                        && lines[index - 1].y - line.y < 1.7 * line.size;
                    let level = if goes_on { None } else { number_depth(&line.text()) };
                    marks[index] = Some(Mark { level, goes_on });
                }
            }
            at += same;
        }
    }
}

/// Bookmarks from which the heading styles of a document count as known; fewer may cover only the chapters.
const MANY: usize = 12;

/// The styles of the headings with bookmarks, one entry per heading, smallest first; empty
/// if there are few. A line in a larger style than most of them that is none of them is lettering in a picture
/// or a sample.
fn known_styles(pages: &[&[Line]], marks: &[Vec<Option<Mark>>]) -> Vec<Style> {
    let marked = pages.iter().zip(marks).flat_map(|(lines, marks)| lines.iter().zip(marks));
    let mut known: Vec<Style> =
        marked.filter(|(_, mark)| mark.is_some()).map(|(line, _)| style(line)).collect();
    known.sort_unstable();
    if known.len() < MANY { Vec::new() } else { known }
}

fn looks_like_one(line: &Line, above: Option<&Line>, setting: Setting) -> bool {
    let text = line.text();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let signs = text.chars().filter(|c| !c.is_whitespace()).count();
    if line.mono
        || line.is_row()
        || letters < 2
        || letters * 2 < signs
        || text.chars().count() > LONGEST
        || text.ends_with([',', ';'])
        || ends_sentence(&text) && !text.ends_with(['!', '?'])
        || is_bullet(&text)
        || is_note(&text)
        || is_caption(&text)
    {
        return false;
    }
    let apart = above.is_none_or(|above| {
        let distance = above.y - line.y;
        distance < 0.0 || distance > 1.25 * setting.leading * setting.body
    });
    let words = text.split_whitespace().count();
    let larger = line.size >= LARGER * setting.body;
    let capital = !text.starts_with(char::is_lowercase);
    let bold = line.bold && line.size >= 0.9 * setting.body && words <= BOLD_WORDS && apart;
    let numbered =
        apart && words <= BOLD_WORDS && number_depth(&text).is_some_and(|depth| depth > 1);
    (larger && capital) || (bold && capital && !text.ends_with(':')) || numbered
}

/// True when a line directly below continues the text of the line above in the middle of a sentence.
fn goes_on_in(above: &Line, line: &Line) -> bool {
    (0.0..1.7 * line.size).contains(&(above.y - line.y))
        && line.text().starts_with(char::is_lowercase)
}

/// True when the first of these lines begins a sentence that ends on a later one: a step, or an emphasised sentence. The
/// lines of a step hang below its text, and may be smaller than its number or less bold.
fn is_sentence(lines: &[Line]) -> bool {
    let first = &lines[0];
    let is_step = is_step(&first.text());
    let goes_on = |above: &Line, line: &Line| {
        let text = line.text();
        let in_sentence = text.starts_with(|c: char| c.is_lowercase() || matches!(c, '[' | '('))
            || is_open(&above.text());
        let hangs = is_step && line.x() > first.x() + 0.5 * line.size;
        let is_alike = style(line) == style(first);
        let is_smaller = (0.8 * first.size..=first.size).contains(&line.size);
        (0.0..1.7 * line.size).contains(&(above.y - line.y))
            && (is_alike && (in_sentence || hangs) || is_smaller && in_sentence && hangs)
    };
    let pairs = lines.windows(2).take(SENTENCE_LINES);
    let mut of_sentence = pairs.take_while(|pair| goes_on(&pair[0], &pair[1]));
    of_sentence.any(|pair| ends_sentence(&pair[1].text()))
}

/// True for a text with a bracket or a quote that is not closed.
fn is_open(text: &str) -> bool {
    [('[', ']'), ('(', ')'), ('“', '”')]
        .into_iter()
        .any(|(open, close)| text.rfind(open).is_some_and(|at| !text[at..].contains(close)))
}

/// True for a text that ends in the point of a sentence, also within quotes or brackets.
fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['”', '"', '’', '»', ')']).ends_with(['.', '!', '?'])
}

/// Gives every heading a level: its bookmark's, else its number's, else that of its style elsewhere,
/// else one below the nearest larger style.
fn settle_levels(pages: &[&[Line]], marks: &mut [Vec<Option<Mark>>]) {
    let mut votes: HashMap<Style, HashMap<u8, usize>> = HashMap::new();
    let mut styles: Vec<Style> = Vec::new();
    for (lines, marks) in pages.iter().zip(marks.iter()) {
        for (line, mark) in lines.iter().zip(marks) {
            let Some(mark) = mark else { continue };
            styles.push(style(line));
            if let Some(level) = mark.level {
                *votes.entry(style(line)).or_default().entry(level).or_default() += 1;
            }
        }
    }
    styles.sort_unstable_by(|a, b| b.cmp(a));
    styles.dedup();
    let mut levels: HashMap<Style, u8> = HashMap::new();
    let mut above = 0;
    for style in styles {
        let vote =
            votes.get(&style).and_then(|votes| votes.iter().max_by_key(|(_, count)| **count));
        let level = vote.map_or((above + 1).min(6), |(level, _)| *level);
        levels.insert(style, level);
        above = above.max(level);
    }
    for (lines, marks) in pages.iter().zip(marks) {
        for (line, mark) in lines.iter().zip(marks) {
            if let Some(mark) = mark {
                mark.level = mark.level.or_else(|| levels.get(&style(line)).copied());
            }
        }
    }
}

fn parts(lines: &[Line], marks: &[Option<Mark>]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::with_capacity(lines.len());
    for (line, mark) in lines.iter().zip(marks) {
        match (mark, parts.last_mut()) {
            (Some(Mark { goes_on: true, .. }), Some(Part::Heading { text, .. })) => {
                text.push(' ');
                text.push_str(&line.text());
            }
            (Some(mark), _) => {
                parts.push(Part::Heading { level: mark.level.unwrap_or(6), text: line.text() });
            }
            (None, _) => parts.push(Part::Line(line.clone())),
        }
    }
    parts
}

/// Letters and digits alone, in lower case: bookmarks differ from print in spaces, quotes and dashes.
fn skeleton(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The text after `2.3`, `A.1`, `Chapter 2` and the like.
fn unnumbered(text: &str) -> &str {
    const WORDS: &[&str] =
        &["chapter", "appendix", "part", "section", "annex", "kapitel", "chapitre", "פרק"];
    let text = text.trim();
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    if WORDS.contains(&first.to_lowercase().as_str()) {
        return rest.split_once(' ').map_or(rest, |(_, rest)| rest).trim();
    }
    if is_number(first) { rest.trim() } else { text }
}

fn is_number(word: &str) -> bool {
    let core = word.trim_end_matches(['.', ':', ')']);
    let mut pieces = core.split('.');
    let first = pieces.next().unwrap_or_default();
    let digits =
        |piece: &str| (1..=3).contains(&piece.len()) && piece.chars().all(|c| c.is_ascii_digit());
    let letter = first.len() == 1 && first.chars().all(|c| c.is_ascii_uppercase());
    (digits(first) || letter && core.len() < word.len().max(3)) && pieces.all(digits)
}

/// The depth of a numbered heading: 1 for `Chapter 2` and `2 Panel`, 2 for `2.3`, 2 for `A.1`.
fn number_depth(text: &str) -> Option<u8> {
    let bare = unnumbered(text);
    if bare.len() == text.trim().len() || !bare.starts_with(|c: char| c.is_alphabetic()) {
        return None;
    }
    let number = text.split_whitespace().find(|word| is_number(word))?;
    u8::try_from(number.trim_end_matches(['.', ':', ')']).split('.').count()).ok()
}

/// `Figure 2-15: …` names a picture, not a section.
fn is_caption(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default().trim_end_matches('.').to_lowercase();
    ["figure", "fig", "table", "listing", "abbildung", "tableau", "איור", "טבלה"]
        .contains(&first.as_str())
        && words.next().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}
