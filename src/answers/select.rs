//! Which of a manual's own words answer: steps as a whole, rows that match, sentences that say it.
//!
//! A hit names a passage; the answer is taken from its section. What the question asks for decides
//! the form: steps for how, rows for a figure or a fault, sentences for anything else. Order is the
//! manual's, and a procedure is never cut in the middle while it has a bearable length.

use hsc_catalogs::{Block, Manual, Passage};

use super::asked::{Asked, Kind};
use super::index::{Index, TermId};
use super::rank::Hit;
use super::text::sentences;

/// From this likeness of heading and question on, the section is taken from its beginning.
const FROM_THE_TOP: f32 = 0.7;
/// Most steps of a procedure: longer ones are read better in the manual, whose page is cited.
const STEPS: usize = 24;
/// Most rows that match, and most of a table that is the answer as a whole.
const ROWS: usize = 6;
const WHOLE_TABLE: usize = 14;
/// Cells from which a table's first row is taken to name its columns; with two it is a row like others.
const NAMED_COLUMNS: usize = 3;
/// Most bullets of a list.
const BULLETS: usize = 10;
/// Most sentences of running text from one section, and the characters after which no more begin.
const SENTENCES: usize = 4;
const SENTENCE_CHARS: usize = 420;
/// Longest piece in characters; what is longer is no sentence but a page of code.
const PIECE_CHARS: usize = 480;
/// Blocks of a section that are looked at: more than a long procedure has.
const BLOCKS: usize = 60;
/// Share of the best sentence's score from which another one is worth saying.
const WORTH_SAYING: f32 = 0.5;

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
}

/// What is taken from one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extract {
    /// The section's heading, empty where there is none.
    pub heading: String,
    /// Its words, in the manual's order.
    pub pieces: Vec<Piece>,
    /// A note near them, with its page.
    pub note: Option<(u32, String)>,
}

/// A block and its page.
type Placed<'a> = (u32, &'a Block);

/// Takes from the section of `hit` what answers.
pub(super) fn extract(manual: &Manual, index: &Index, asked: &Asked, hit: &Hit) -> Extract {
    let units = index.units();
    let at = &units[hit.unit];
    let in_section = hit.under >= FROM_THE_TOP;
    // A chapter's heading stands over its first section: there the answer begins with that.
    let from_the_top = in_section || hit.named >= FROM_THE_TOP;
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
        .map(|unit| &manual.passages[unit.passage]);
    let blocks: Vec<Placed<'_>> = passages
        .flat_map(|passage| passage.blocks.iter().map(|block| (passage.page, block)))
        .take(BLOCKS)
        .collect();
    let in_passage = manual.passages[at.passage].blocks.len();
    let pieces = match asked.kind {
        Kind::HowTo => steps(&blocks),
        Kind::Figure => rows(&blocks, index, asked),
        Kind::Trouble => rows(&blocks, index, asked).or_else(|| steps(&blocks)),
        Kind::About => None,
    };
    let pieces = pieces
        .or_else(|| said(&blocks, index, asked, from_the_top, in_passage))
        .or_else(|| steps(&blocks))
        .or_else(|| rows(&blocks, index, asked))
        .unwrap_or_else(|| {
            // A section of nothing but notes.
            let piece = |(page, block): &Placed<'_>| Piece {
                page: *page,
                form: Form::Sentence,
                text: cut(block.text()),
            };
            blocks.iter().take(SENTENCES).map(piece).collect()
        });
    let note = note(&blocks, &pieces, index, asked);
    Extract { heading: heading(&manual.passages[at.passage]).to_owned(), pieces, note }
}

/// The heading a passage stands under.
pub(super) fn heading(passage: &Passage) -> &str {
    passage.headings.last().map_or("", String::as_str)
}

/// The first procedure, whole, with the words that lead to it and what stands between its steps.
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
        Block::Paragraph(text) => sentences(text).last().map(|last| Piece {
            page: blocks[at].0,
            form: Form::Sentence,
            text: cut(last),
        }),
        _ => None,
    });
    let body = blocks[first..end].iter().filter_map(|(page, block)| {
        let form = match block {
            Block::Note(_) => return None,
            Block::Step(_) | Block::Bullet(_) => Form::Item,
            Block::Paragraph(_) => Form::Sentence,
            Block::Row(_) => Form::Row,
        };
        Some(Piece { page: *page, form, text: cut(block.text()) })
    });
    Some(lead.into_iter().chain(body).collect())
}

/// True for the first step of another procedure.
fn begins_anew(step: &str) -> bool {
    let step = step.trim_start();
    step.starts_with('1') && !step[1..].starts_with(|c: char| c.is_ascii_digit())
}

/// The rows that say most of the question under the names of their columns. Where no row says any
/// of it the section does, and the table is the answer as a whole.
fn rows(blocks: &[Placed<'_>], index: &Index, asked: &Asked) -> Option<Vec<Piece>> {
    let is_row = |at: usize| matches!(blocks[at].1, Block::Row(_));
    let heads = |at: usize| is_row(at) && (at == 0 || !is_row(at - 1));
    let mut scored: Vec<(usize, f32)> = (0..blocks.len())
        .filter(|&at| is_row(at))
        .map(|at| (at, score(blocks[at].1.text(), index, asked)))
        .collect();
    let best = scored.iter().map(|row| row.1).fold(0.0, f32::max);
    // When the best row only names the columns, the question is about the table.
    if best > 0.0 && scored.iter().any(|row| row.1 == best && !heads(row.0)) {
        scored.retain(|row| row.1 >= best * WORTH_SAYING && !heads(row.0));
        scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        scored.truncate(ROWS);
        let tables = scored.iter().filter_map(|row| (0..=row.0).rev().find(|&at| heads(at)));
        let names = tables.filter(|&at| blocks[at].1.text().split(" | ").count() >= NAMED_COLUMNS);
        let names: Vec<(usize, f32)> = names.map(|at| (at, 0.0)).collect();
        scored.extend(names);
        scored.sort_by_key(|row| row.0);
    } else {
        scored.truncate(WHOLE_TABLE);
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for (at, _) in scored {
        let text = cut(blocks[at].1.text());
        // A table that goes on overleaf has its columns named there again.
        if pieces.iter().all(|piece| piece.text != text) {
            pieces.push(Piece { page: blocks[at].0, form: Form::Row, text });
        }
    }
    (!pieces.is_empty()).then_some(pieces)
}

/// Sentences: the section's first ones when its heading is the question, else those that say it best.
fn said(
    blocks: &[Placed<'_>],
    index: &Index,
    asked: &Asked,
    from_the_top: bool,
    in_passage: usize,
) -> Option<Vec<Piece>> {
    let all: Vec<Piece> = blocks
        .iter()
        .take(if from_the_top { BLOCKS } else { in_passage })
        .flat_map(|(page, block)| -> Vec<Piece> {
            match block {
                Block::Paragraph(text) => sentences(text)
                    .into_iter()
                    .map(|sentence| Piece {
                        page: *page,
                        form: Form::Sentence,
                        text: cut(sentence),
                    })
                    .collect(),
                Block::Bullet(text) | Block::Step(text) => {
                    vec![Piece { page: *page, form: Form::Item, text: cut(text) }]
                }
                Block::Row(text) => vec![Piece { page: *page, form: Form::Row, text: cut(text) }],
                Block::Note(_) => Vec::new(),
            }
        })
        .collect();
    if all.iter().all(|piece| piece.form != Form::Sentence)
        && !all.iter().any(|piece| piece.form == Form::Item)
    {
        return None;
    }
    let first = if from_the_top { 0 } else { best(&all, index, asked) };
    Some(run(&all[first..]))
}

/// The place of the piece that says most of the question; the earlier one of two alike.
fn best(pieces: &[Piece], index: &Index, asked: &Asked) -> usize {
    let mut best = (0, f32::MIN);
    for (at, piece) in pieces.iter().enumerate() {
        let score = score(&piece.text, index, asked);
        if score > best.1 {
            best = (at, score);
        }
    }
    // A list's items are said with the sentence that leads to them.
    (0..best.0)
        .rev()
        .take_while(|&at| pieces[at + 1].form != Form::Sentence)
        .last()
        .unwrap_or(best.0)
}

/// Pieces in a row until enough is said; a list that has begun is finished.
fn run(pieces: &[Piece]) -> Vec<Piece> {
    let (mut said, mut items, mut chars) = (0, 0, 0);
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        let leads =
            out.last().is_some_and(|last| last.text.ends_with(':') || last.form != Form::Sentence);
        match piece.form {
            Form::Sentence if said >= SENTENCES || items > 0 || chars >= SENTENCE_CHARS => break,
            Form::Sentence => said += 1,
            Form::Item | Form::Row
                if (!leads && said > 0 && chars >= SENTENCE_CHARS) || items >= BULLETS =>
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

/// The note that stands on a page the pieces come from and fits the question best. A note that ends
/// without a point was cut by the page's layout.
fn note(
    blocks: &[Placed<'_>],
    pieces: &[Piece],
    index: &Index,
    asked: &Asked,
) -> Option<(u32, String)> {
    blocks
        .iter()
        .filter(|(page, _)| pieces.iter().any(|piece| piece.page == *page))
        .filter_map(|(page, block)| match block {
            Block::Note(text) if text.trim_end().ends_with(['.', '!', ')', '。']) => {
                Some((*page, cut(text), score(text, index, asked)))
            }
            _ => None,
        })
        .filter(|(_, text, _)| pieces.iter().all(|piece| piece.text != *text))
        .rev()
        .max_by(|a, b| a.2.total_cmp(&b.2))
        .map(|(page, text, _)| (page, text))
}

/// How much of the question pieces say together.
pub(super) fn said_by(pieces: &[Piece], index: &Index, asked: &Asked) -> f32 {
    score(
        &pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join("\n"),
        index,
        asked,
    )
}

/// Share of the question that a text says.
fn score(text: &str, index: &Index, asked: &Asked) -> f32 {
    let terms: Vec<TermId> =
        index.reader().words(text).iter().filter_map(|word| index.term(&word.term)).collect();
    asked.covered(|term| terms.contains(&term))
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
