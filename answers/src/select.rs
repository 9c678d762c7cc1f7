//! Selects the manual's own words for an answer: whole procedures, matching rows, relevant sentences.
//!
//! A hit is a passage; the answer is taken from its section. The kind of question determines
//! the form: steps for how, rows for a figure or a fault, sentences for anything else. The order is the
//! manual's, and a procedure within the length limit is never cut.

use hsc_catalogs::{Block, Manual, Passage};

use super::analyzed_question::{AnalyzedQuestion, Kind};
use super::figures::has_figure;
use super::index::{Index, TermId, row_label};
use super::rank::{Hit, is_name};
use super::words::sentences;

/// From this similarity of heading and question on, the section is taken from its beginning.
const FROM_THE_TOP: f32 = 0.7;
/// Most steps of a procedure: longer ones are better read in the manual, whose page is cited.
const STEPS: usize = 24;
/// Most matching rows, and most rows of a table that is the answer as a whole.
const ROWS: usize = 6;
const WHOLE_TABLE: usize = 14;
/// Most rows of one likely passage.
const QUOTED_ROWS: usize = 4;
/// Most bullets of a list.
const BULLETS: usize = 10;
/// Most sentences of running text from one section, and the characters after which no more are added.
const SENTENCES: usize = 5;
const SENTENCE_CHARS: usize = 520;
/// Longest piece in characters; a longer one is not a sentence but a page of code.
const PIECE_CHARS: usize = 480;
/// Most blocks of a section that are used: more than a long procedure has.
const BLOCKS: usize = 60;
/// Length in characters up to which a section with steps is one procedure, whose steps answer how to do it.
const PROCEDURE_CHARS: usize = 1_200;
/// Length in characters below which an answer is too short: the rest of the matching stretch is added.
const LITTLE_CHARS: usize = 160;
/// Bonus of a text with a figure when a figure is asked for, as a share of the question.
const FIGURE: f32 = 0.15;
/// Bonus of a row whose label is the question: other rows that have its words do not answer beside it.
const LABELLED: f32 = 2.0;
/// Share of the best sentence's score from which another one is included.
const WORTH_SAYING: f32 = 0.5;

/// Minimum words of a quoted piece.
const FEWEST_WORDS: usize = 3;

/// The form of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Sentence,
    Item,
    Row,
}

/// A piece of the manual, word for word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub page: u32,
    pub form: Form,
    pub text: String,
    /// The column names of its table, for a row of a table with names; the row alone is incomplete.
    pub columns: Option<String>,
    /// True for the row of column names: it answers nothing by itself.
    pub names_columns: bool,
}

impl Piece {
    fn new(page: u32, form: Form, text: String) -> Self {
        Self { page, form, text, columns: None, names_columns: false }
    }

    /// Cells of a row.
    pub(super) fn cells(&self) -> usize {
        self.text.split(" | ").count()
    }

    /// True when a row can follow this one in one table.
    pub(super) fn is_of_table(&self, next: &Self) -> bool {
        self.form == Form::Row && next.form == Form::Row && self.cells() == next.cells()
    }

    /// The text of a citation: the words, and for a row each cell with the name of its column.
    pub(super) fn quoted(&self) -> String {
        match &self.columns {
            Some(columns) => under_columns(columns, &self.text),
            None => self.text.clone(),
        }
    }
}

/// A row with its column names: cell by cell if the counts match, else one after the other.
fn under_columns(columns: &str, row: &str) -> String {
    let (names, cells): (Vec<&str>, Vec<&str>) =
        (columns.split(" | ").collect(), row.split(" | ").collect());
    if names.len() != cells.len() {
        return format!("{columns} — {row}");
    }
    let cell = |(name, cell): (&&str, &&str)| {
        let (name, cell) = (name.trim().trim_end_matches(':'), cell.trim());
        if name.is_empty() { cell.to_owned() } else { format!("{name}: {cell}") }
    };
    names.iter().zip(&cells).map(cell).collect::<Vec<_>>().join(" | ")
}

/// The piece of one page that covers most of the question; the earlier one of two equals. A row of column
/// names only if there is nothing else.
pub(super) fn most_telling<'a>(
    pieces: impl IntoIterator<Item = &'a Piece>,
    score: impl Fn(&str) -> f32,
) -> Option<&'a Piece> {
    let mut best: Option<(&Piece, (bool, f32))> = None;
    for piece in pieces {
        let rank = (!piece.names_columns, score(&piece.quoted()));
        if best.is_none_or(|(_, known)| rank > known) {
            best = Some((piece, rank));
        }
    }
    best.map(|(piece, _)| piece)
}

/// The whole text of a page, cut into quotable pieces, notes included.
pub(super) fn quotable(manual: &Manual, page: u32) -> Vec<Piece> {
    let passages = manual.passages.iter().filter(|passage| passage.page == page);
    passages.flat_map(quotable_of).collect()
}

/// The text of a passage, cut into quotable pieces.
pub(super) fn quotable_of(passage: &Passage) -> Vec<Piece> {
    let blocks = placed(passage);
    (0..blocks.len()).flat_map(|at| pieces_of(&blocks, at)).collect()
}

/// The extract of one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extract {
    /// The section's heading; may be empty.
    pub heading: String,
    /// Its words, in manual order.
    pub pieces: Vec<Piece>,
    /// A nearby note, with its page.
    pub note: Option<(u32, String)>,
}

/// The pieces around the best window of a hit, and whether each is in the window and in the hit's section.
#[derive(Default)]
struct Around {
    pieces: Vec<Piece>,
    in_window: Vec<bool>,
    in_section: Vec<bool>,
}

/// Selects from one manual for one question.
#[derive(Clone, Copy)]
pub(super) struct Selector<'a> {
    pub manual: &'a Manual,
    pub index: &'a Index,
    pub question: &'a AnalyzedQuestion,
}

impl Selector<'_> {
    /// Extracts the answer from the section of `hit`.
    pub(super) fn extract(self, hit: &Hit) -> Extract {
        let units = &self.index.units;
        let at = &units[hit.unit];
        let in_section = hit.under >= FROM_THE_TOP;
        let from_the_top = from_the_top(hit);
        let first = if in_section {
            (0..=hit.unit)
                .rev()
                .take_while(|&unit| units[unit].section == at.section)
                .last()
                .unwrap_or(hit.unit)
        } else {
            hit.unit
        };
        let passages = units[first..]
            .iter()
            .take_while(|unit| unit.section == at.section)
            .map(|unit| &self.manual.passages[unit.passage]);
        let blocks: Vec<Placed<'_>> = passages.flat_map(placed).take(BLOCKS).collect();
        let in_passage = self.manual.passages[at.passage].blocks.len();
        let pieces = match self.question.kind {
            Kind::HowTo => steps(&blocks),
            // A table without a figure does not answer.
            Kind::Figure => {
                self.rows(&blocks).filter(|rows| rows.iter().any(|row| has_figure(&row.text)))
            }
            Kind::Trouble => self.rows(&blocks).or_else(|| steps(&blocks)),
            Kind::About => self
                .rows(&blocks)
                .filter(|rows| self.names_a_row(&blocks) || self.tells_more(rows, &blocks)),
        };
        let pieces = pieces
            .or_else(|| self.sentences_of(&blocks, from_the_top, in_passage))
            .or_else(|| steps(&blocks))
            .or_else(|| self.rows(&blocks))
            .unwrap_or_else(|| {
                // A section of notes only.
                let piece = |(page, block): &Placed<'_>| {
                    Piece::new(*page, Form::Sentence, cut(block.text()))
                };
                blocks.iter().take(SENTENCES).map(piece).collect()
            });
        let has_steps = pieces.iter().any(|piece| piece.form == Form::Item);
        let whole: usize = blocks.iter().map(|(_, block)| block.text().chars().count()).sum();
        let is_procedure =
            self.question.kind == Kind::HowTo && has_steps && whole <= PROCEDURE_CHARS;
        let pieces = if from_the_top { pieces } else { self.anchored(pieces, hit, is_procedure) };
        let note = self.note(&blocks, &pieces);
        Extract { heading: heading(&self.manual.passages[at.passage]).to_owned(), pieces, note }
    }

    /// The stretch of a hit's page that best fits the question, in manual order, at most `chars` long: the best window
    /// from the piece that covers most of the question on, and as much of its section before it as has room.
    pub(super) fn stretch(self, hit: &Hit, chars: usize) -> Vec<Piece> {
        let Around { pieces, in_window, in_section } = self.around(hit);
        let rows = pieces.iter().filter(|piece| piece.form == Form::Row).count();
        if rows * 2 > pieces.len() {
            return self.telling_rows(pieces);
        }
        let (Some(first), Some(last)) =
            (in_window.iter().position(|it| *it), in_window.iter().rposition(|it| *it))
        else {
            return Vec::new();
        };
        let best = beginning(&pieces, first + self.best(&pieces[first..=last]));
        let has_room =
            |at: &usize| in_section[*at] && chars_of(&pieces[*at..=last.max(best)]) <= chars;
        let from = match from_the_top(hit) {
            true => 0,
            false => (0..best).rev().take_while(has_room).last().unwrap_or(best),
        };
        let mut remaining = chars;
        let fits = |piece: &&Piece| {
            let own = piece.text.chars().count();
            let fits = own <= remaining || remaining == chars;
            remaining = remaining.saturating_sub(own);
            fits
        };
        pieces[beginning(&pieces, from)..].iter().take_while(fits).cloned().collect()
    }

    /// The pieces on a hit's page of the passages that its best window has text of.
    fn around(self, hit: &Hit) -> Around {
        let units = &self.index.units;
        let at = &units[hit.unit];
        let span = hit.span.map(|span| &self.index.spans.small[span]);
        let (first, last) = span.map_or((hit.unit, hit.unit), |span| span.units);
        let mut around = Around::default();
        for (unit, of) in units.iter().enumerate().take(last + 1).skip(first) {
            let blocks = placed(&self.manual.passages[of.passage]);
            for block in 0..blocks.len() {
                let in_window = span.is_none_or(|span| {
                    (first, span.blocks.0) <= (unit, block)
                        && (unit, block) <= (last, span.blocks.1)
                });
                for piece in pieces_of(&blocks, block) {
                    if piece.page == at.page && !piece.names_columns && says_something(&piece) {
                        around.pieces.push(piece);
                        around.in_window.push(in_window);
                        around.in_section.push(of.section == at.section);
                    }
                }
            }
        }
        around
    }

    /// True if one of the rows with its column names covers more of the question than the sentences among these blocks do.
    fn tells_more(self, rows: &[Piece], blocks: &[Placed<'_>]) -> bool {
        let is_prose =
            |(_, block): &&Placed<'_>| !matches!(block, Block::Row(_) | Block::ColumnNames(_));
        let prose: Vec<&str> =
            blocks.iter().filter(is_prose).map(|(_, block)| block.text()).collect();
        let best = rows.iter().map(|row| self.score(&row.quoted())).fold(0.0, f32::max);
        best > self.score(&prose.join("\n"))
    }

    /// The share of the question that the pieces cover together.
    pub(super) fn coverage_of(self, pieces: &[Piece]) -> f32 {
        self.score(&pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join("\n"))
    }

    /// Share of the question that a text covers.
    pub(super) fn score(self, text: &str) -> f32 {
        let terms: Vec<TermId> = self
            .index
            .reader
            .words(text)
            .iter()
            .filter_map(|word| self.index.term(&word.term))
            .collect();
        self.question.covered(|term| terms.contains(&term))
    }

    /// The pieces together with the stretch that the ranking found, if they are too short without it; only that stretch if
    /// none of them belongs to it: the rest of the section is about other subjects. A procedure is kept; the stretch says
    /// more about it.
    fn anchored(self, mut pieces: Vec<Piece>, hit: &Hit, is_procedure: bool) -> Vec<Piece> {
        let found = self.stretch(hit, SENTENCE_CHARS);
        let is_in = |all: &[Piece], piece: &Piece| {
            all.iter().any(|own| own.page == piece.page && own.text == piece.text)
        };
        let is_apart = !found.is_empty() && !found.iter().any(|piece| is_in(&pieces, piece));
        if is_apart && !is_procedure {
            return found;
        }
        // A row is short and complete.
        let is_row = pieces.iter().any(|piece| piece.form == Form::Row);
        if is_apart || chars_of(&pieces) < LITTLE_CHARS && !is_row {
            let more: Vec<Piece> =
                found.into_iter().filter(|piece| !is_in(&pieces, piece)).collect();
            pieces.extend(more);
        }
        pieces
    }

    /// The rows of one table that cover most of the question, in manual order; the first ones if none covers any of it.
    fn telling_rows(self, pieces: Vec<Piece>) -> Vec<Piece> {
        let mut scored: Vec<(usize, f32)> =
            pieces.iter().map(|piece| self.fit_of_row(&piece.text)).enumerate().collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let Some(&(first, best)) = scored.first() else { return Vec::new() };
        // Rows with another number of cells are of another table.
        let width = pieces[first].cells();
        scored.retain(|row| row.1 >= best * WORTH_SAYING && pieces[row.0].cells() == width);
        scored.truncate(QUOTED_ROWS);
        scored.sort_by_key(|row| row.0);
        scored.into_iter().map(|(at, _)| pieces[at].clone()).collect()
    }

    /// The rows that cover most of the question, with their column names. If no row covers more of it than the column
    /// names do, the answer is the whole table.
    fn rows(self, blocks: &[Placed<'_>]) -> Option<Vec<Piece>> {
        let names_columns = |at: usize| matches!(blocks[at].1, Block::ColumnNames(_));
        let mut scored: Vec<(usize, f32)> = (0..blocks.len())
            .filter(|&at| is_row(blocks, at))
            .map(|at| (at, self.fit_of_row(blocks[at].1.text())))
            .collect();
        let best_of = |scored: &[(usize, f32)]| scored.iter().map(|row| row.1).fold(0.0, f32::max);
        let best = best_of(&scored);
        // When the best row is the column names, the rows count that add to them: "order number of the seal".
        if best > 0.0 && !scored.iter().any(|row| row.1 == best && !names_columns(row.0)) {
            for (at, score) in &mut scored {
                *score = match columns_of(blocks, *at).filter(|names| names != at) {
                    Some(names) => {
                        let names = blocks[names].1.text();
                        self.score(&format!("{names}\n{}", blocks[*at].1.text()))
                            - self.score(names)
                    }
                    None => 0.0,
                };
            }
        }
        let best = best_of(&scored);
        if best > 0.0 {
            scored.retain(|row| row.1 >= best * WORTH_SAYING && !names_columns(row.0));
            scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            scored.truncate(ROWS);
            let names = scored.iter().filter_map(|row| columns_of(blocks, row.0));
            let names: Vec<(usize, f32)> = names.map(|at| (at, 0.0)).collect();
            scored.extend(names);
            scored.sort_by_key(|row| row.0);
        } else {
            scored.truncate(WHOLE_TABLE);
        }
        let mut pieces: Vec<Piece> = Vec::new();
        for (at, _) in scored {
            let text = cut(blocks[at].1.text());
            // A table that continues on the next page repeats its column names there.
            if pieces.iter().all(|piece| piece.text != text) {
                pieces.push(row_piece(blocks, at));
            }
        }
        (!pieces.is_empty()).then_some(pieces)
    }

    /// Sentences: the section's first ones when its heading is the question or it is short, else the best ones. What a
    /// single sentence is about is often said by the one before it.
    fn sentences_of(
        self,
        blocks: &[Placed<'_>],
        from_the_top: bool,
        in_passage: usize,
    ) -> Option<Vec<Piece>> {
        let used = blocks.len().min(if from_the_top { BLOCKS } else { in_passage });
        let all: Vec<Piece> = (0..used)
            .filter(|&at| !matches!(blocks[at].1, Block::Note(_)))
            .flat_map(|at| pieces_of(blocks, at))
            .collect();
        if all.iter().all(|piece| piece.form == Form::Row) {
            return None;
        }
        if is_short(&all) {
            return Some(all);
        }
        let first = if from_the_top { 0 } else { beginning(&all, self.best(&all)) };
        Some(run(&all[first..]))
    }

    /// The index of the piece that covers most of the question; the earlier one of two equals.
    fn best(self, pieces: &[Piece]) -> usize {
        let mut best = (0, f32::MIN);
        for (at, piece) in pieces.iter().enumerate() {
            let score = self.fit(&piece.text);
            if score > best.1 {
                best = (at, score);
            }
        }
        // A list's items are quoted with the sentence that introduces them.
        (0..best.0)
            .rev()
            .take_while(|&at| pieces[at + 1].form != Form::Sentence)
            .last()
            .unwrap_or(best.0)
    }

    /// The note on a page of the pieces that best fits the question. A note without a final
    /// point was cut by the page's layout.
    fn note(self, blocks: &[Placed<'_>], pieces: &[Piece]) -> Option<(u32, String)> {
        blocks
            .iter()
            .filter(|(page, _)| pieces.iter().any(|piece| piece.page == *page))
            .filter_map(|(page, block)| match block {
                Block::Note(text) if text.trim_end().ends_with(['.', '!', ')', '。']) => {
                    Some((*page, cut(text), self.score(text)))
                }
                _ => None,
            })
            .filter(|(_, text, _)| pieces.iter().all(|piece| !text.contains(&piece.text)))
            .rev()
            .max_by(|a, b| a.2.total_cmp(&b.2))
            .map(|(page, text, _)| (page, text))
    }

    /// The score of a text: the share of the question that it covers, plus a bonus for a figure if one is asked for.
    fn fit(self, text: &str) -> f32 {
        let score = self.score(text);
        let says_figure = score > 0.0 && self.question.kind == Kind::Figure && has_figure(text);
        score + if says_figure { FIGURE } else { 0.0 }
    }

    /// The score of a row.
    fn fit_of_row(self, row: &str) -> f32 {
        self.fit(row) + if self.names_row(row) { LABELLED } else { 0.0 }
    }

    /// True if the question names one of these rows.
    fn names_a_row(self, blocks: &[Placed<'_>]) -> bool {
        (0..blocks.len()).any(|at| is_row(blocks, at) && self.names_row(blocks[at].1.text()))
    }

    /// True if the question names the label of this row.
    fn names_row(self, row: &str) -> bool {
        let is_named = |label: &str| {
            let words = self.index.reader.words(label);
            let own = words.iter().filter(|word| !word.extra);
            let label: Option<Vec<TermId>> = own.map(|word| self.index.term(&word.term)).collect();
            label.is_some_and(|label| is_name(self.index, self.question, &label))
        };
        let (label, bare) = row_label(row);
        is_named(label) || bare.is_some_and(is_named)
    }
}

/// True when the heading is the question: the section answers from its beginning. A chapter's heading is above its
/// first section: there the answer begins with that section.
fn from_the_top(hit: &Hit) -> bool {
    hit.under >= FROM_THE_TOP || hit.named >= FROM_THE_TOP
}

/// True for a section of a few sentences, which is quoted from its beginning.
fn is_short(section: &[Piece]) -> bool {
    section.len() <= SENTENCES && chars_of(section) <= SENTENCE_CHARS
}

fn chars_of(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| piece.text.chars().count()).sum()
}

/// The index of the piece that begins the sentence of the piece at `from`: a layout may cut a sentence, and its rest
/// alone is not a statement. If its beginning is missing, the next sentence.
fn beginning(pieces: &[Piece], from: usize) -> usize {
    let goes_on = |at: usize| {
        pieces[at].form == Form::Sentence && pieces[at].text.starts_with(char::is_lowercase)
    };
    match (0..=from).rev().find(|&at| !goes_on(at)) {
        Some(at) => at,
        None => (from + 1..pieces.len()).find(|&at| !goes_on(at)).unwrap_or(from),
    }
}

/// False for text without a statement: a number alone, a letter of a drawing, a word or two.
fn says_something(piece: &Piece) -> bool {
    let words = piece.text.split_whitespace().filter(|it| it.chars().any(char::is_alphabetic));
    // A row with a name and a figure is a statement.
    words.count() >= if piece.form == Form::Row { 1 } else { FEWEST_WORDS }
}

fn placed(passage: &Passage) -> Vec<Placed<'_>> {
    passage.blocks.iter().map(|block| (passage.page, block)).collect()
}

/// The pieces of one block.
fn pieces_of(blocks: &[Placed<'_>], at: usize) -> Vec<Piece> {
    let (page, block) = blocks[at];
    match block {
        Block::Paragraph(text) | Block::Note(text) => sentences(text)
            .into_iter()
            .map(|sentence| Piece::new(page, Form::Sentence, cut(sentence)))
            .collect(),
        Block::Bullet(text) | Block::Step(text) => vec![Piece::new(page, Form::Item, cut(text))],
        Block::Row(_) | Block::ColumnNames(_) => vec![row_piece(blocks, at)],
    }
}

/// True for a row of a table, also for that of its column names.
fn is_row(blocks: &[Placed<'_>], at: usize) -> bool {
    matches!(blocks[at].1, Block::Row(_) | Block::ColumnNames(_))
}

/// The index of the row of column names for this row's table, if there is one.
fn columns_of(blocks: &[Placed<'_>], row: usize) -> Option<usize> {
    let cells = |at: usize| blocks[at].1.text().split(" | ").count();
    let mut of_table = (0..=row).rev().take_while(|&at| is_row(blocks, at));
    let names = of_table.find(|&at| matches!(blocks[at].1, Block::ColumnNames(_)))?;
    (cells(names) == cells(row)).then_some(names)
}

/// A row with its column names.
fn row_piece(blocks: &[Placed<'_>], at: usize) -> Piece {
    let (page, block) = blocks[at];
    let head = columns_of(blocks, at);
    Piece {
        columns: head.filter(|&head| head != at).map(|head| cut(blocks[head].1.text())),
        names_columns: head == Some(at),
        ..Piece::new(page, Form::Row, cut(block.text()))
    }
}

/// A block and its page.
type Placed<'a> = (u32, &'a Block);

/// The heading above a passage.
pub(super) fn heading(passage: &Passage) -> &str {
    passage.headings.last().map_or("", String::as_str)
}

/// The first procedure, whole, with its introduction and the text between its steps.
fn steps(blocks: &[Placed<'_>]) -> Option<Vec<Piece>> {
    let first = blocks.iter().position(|(_, block)| matches!(block, Block::Step(_)))?;
    let mut end = first;
    let mut steps = 0;
    for (at, (_, block)) in blocks.iter().enumerate().skip(first) {
        match block {
            Block::Step(text) if at > first && begins_anew(text) => break,
            Block::Step(_) => {
                steps += 1;
                end = at + 1;
            }
            _ => {}
        }
        if steps == STEPS {
            break;
        }
    }
    let lead = first.checked_sub(1).and_then(|at| match blocks[at].1 {
        Block::Paragraph(text) => {
            let last = sentences(text).last().map(|last| cut(last));
            last.map(|last| Piece::new(blocks[at].0, Form::Sentence, last))
        }
        _ => None,
    });
    let body = (first..end).filter_map(|at| {
        let (page, block) = blocks[at];
        let form = match block {
            Block::Note(_) => return None,
            Block::Row(_) | Block::ColumnNames(_) => return Some(row_piece(blocks, at)),
            Block::Step(_) | Block::Bullet(_) => Form::Item,
            Block::Paragraph(_) => Form::Sentence,
        };
        Some(Piece::new(page, form, cut(block.text())))
    });
    Some(lead.into_iter().chain(body).collect())
}

/// True for the first step of another procedure.
fn begins_anew(step: &str) -> bool {
    let step = step.trim_start();
    step.starts_with('1') && !step[1..].starts_with(|c: char| c.is_ascii_digit())
}

/// Consecutive pieces up to the length limit; a list that has begun is completed.
fn run(pieces: &[Piece]) -> Vec<Piece> {
    let (mut sentence_count, mut items, mut chars) = (0, 0, 0);
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        let leads =
            out.last().is_some_and(|last| last.text.ends_with(':') || last.form != Form::Sentence);
        match piece.form {
            Form::Sentence
                if sentence_count >= SENTENCES || items > 0 || chars >= SENTENCE_CHARS =>
            {
                break;
            }
            Form::Sentence => sentence_count += 1,
            Form::Item | Form::Row
                if (!leads && sentence_count > 0 && chars >= SENTENCE_CHARS)
                    || items >= BULLETS =>
            {
                break;
            }
            Form::Item | Form::Row => items += 1,
        }
        chars += piece.text.chars().count();
        out.push(piece.clone());
    }
    out
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(PIECE_CHARS) {
        None => text.trim().to_owned(),
        Some((end, _)) => {
            let end =
                text[..end].rfind(char::is_whitespace).filter(|space| *space > 0).unwrap_or(end);
            format!("{} …", text[..end].trim())
        }
    }
}
