//! Composes the answer from the selected text: the manual's words, each page cited after its words; an accessory that
//! fits the question.

use hsc_catalogs::{Accessory, Citation, Manual, Product, Scenario, Suggestion, language_of};

use super::answer::{Answer, Outcome, Phrases};
use super::html;
use super::index::Index;
use super::language::{Language, is_hebrew_letter};
use super::rank::{Hit, Nearness};
use super::retrieval::{Features, Measure, Retrieved, look};
use super::select::{self, Extract, Form, Piece, Selector};
use super::sheet::{Chunk, Sheet, harmless};
use super::turn::{Question, Topic, Turn, topic};

/// Share of the best score from which another section is included in the answer.
const SECOND: f32 = 0.8;
/// Share of the question that another section must add.
const ADDS: f32 = 0.15;
/// Share of the best score from which another page is listed under `See also`.
const ALSO: f32 = 0.45;
/// Most sections of an answer. Two are enough; a third makes it an essay.
const SECTIONS: usize = 2;
/// Most cited pages in total, and the pages shown with `I don't know`.
const PAGES: usize = 3;
/// Longest quote under `See also`, in characters.
const ALSO_CHARS: usize = 240;
/// Longest quote of a likely passage, in characters.
const LIKELY_CHARS: usize = 420;
/// Longest heading that is shown before a quote, in characters. A longer one is a sentence.
const HEADING_CHARS: usize = 60;
/// Most words of a title after its number. A step has more.
const STEP_WORDS: usize = 5;
/// Longest quote of a citation, in characters: two lines of a tooltip.
const QUOTE_CHARS: usize = 240;
/// Weight of a word of the question relative to a word of the answer.
const ASKED: usize = 3;
/// Minimum points of a fitting accessory: one word of the question, or three of the answer.
const FITS: usize = 3;

/// A composed answer.
#[derive(Debug)]
pub struct Composed {
    /// The chunks to send, in order.
    pub chunks: Vec<Chunk>,
    /// The metadata at the end.
    pub answer: Answer,
    /// The ranking features behind its confidence; `None` without a hit.
    pub features: Option<Features>,
}

/// Answers a question from a manual.
/// `near` is the similarity of each window to the question for each encoder, if there are vectors.
///
/// ```
/// use hsc_answers::{Index, Measure, Outcome, RankingParts, Thesaurus, compose, fixture};
///
/// let manual = fixture::manual();
/// let index = Index::with(&manual, &Thesaurus::built_in());
/// let measure = Measure {
///     max_passages: 8,
///     min_confidence: 0.4,
///     answer_confidence: 0.5,
///     parts: RankingParts::ALL,
/// };
/// let question = fixture::question("How do I pair my phone?");
/// let answer = compose(&question, &manual, &index, &[], measure).answer;
/// assert_eq!(answer.outcome, Outcome::Answered);
/// assert_eq!(answer.citations[0].page, 2);
/// ```
pub fn compose(
    question: &Question,
    manual: &Manual,
    index: &Index,
    near: &[Nearness],
    measure: Measure,
) -> Composed {
    if let (Turn::Failed(lead), Some(topic)) = (Turn::of(question), topic(question)) {
        return compose_others(question, &topic, lead, manual, index, near, measure);
    }
    let look = look(question, manual, index, near, measure);
    let (writer, hits, sure) = (Writer::new(question, manual, index, &look), &look.hits, look.sure);
    if sure < measure.min_confidence {
        writer.unknown(hits)
    } else if sure < measure.answer_confidence {
        writer.likely(&writer.phrases.likely, hits)
    } else {
        writer.answered(hits)
    }
}

/// For each suggestion, in order: whether the first cited page of its answer is one that the suggestion names.
///
/// By words alone, so that the result does not depend on whether the manual is embedded yet. The index
/// caches the results.
pub fn confirm(
    product: &Product,
    manual: &Manual,
    index: &Index,
    measure: Measure,
    suggestions: &[Suggestion],
) -> Vec<bool> {
    index.confirmed(suggestions, |suggestion| confirms(product, manual, index, measure, suggestion))
}

fn confirms(
    product: &Product,
    manual: &Manual,
    index: &Index,
    measure: Measure,
    Suggestion { text, pages }: &Suggestion,
) -> bool {
    let question = Question {
        product,
        related: &[],
        text,
        previous: &[],
        scenario: Scenario::default(),
        has_image: false,
        locale: None,
    };
    if let Turn::SmallTalk(_) = Turn::of(&question) {
        return false;
    }
    let Answer { outcome, citations, .. } = compose(&question, manual, index, &[], measure).answer;
    let first = citations.first().map(|citation| citation.page);
    outcome == Outcome::Answered && first.is_some_and(|page| (pages.0..=pages.1).contains(&page))
}

/// Further passages for a question whose answer did not help: from pages that neither the answer nor
/// an earlier reply of this kind cited.
fn compose_others(
    question: &Question,
    topic: &Topic,
    lead: &str,
    manual: &Manual,
    index: &Index,
    near: &[Nearness],
    measure: Measure,
) -> Composed {
    let before = Question { text: &topic.text, previous: &[], ..*question };
    let mut cited = compose(&before, manual, index, near, measure).answer.citations;
    let look = look(&before, manual, index, near, measure);
    let hits = &look.hits;
    // The fixed phrases are in the language of this turn.
    let phrases = Phrases::of(question);
    let writer = Writer { phrases, ..Writer::new(&before, manual, index, &look) };
    for _ in 0..topic.failures {
        cited.extend(writer.likely(lead, &new_pages(hits, &cited, index)).answer.citations);
    }
    writer.likely(lead, &new_pages(hits, &cited, index))
}

/// The hits on pages that are not cited.
fn new_pages(hits: &[Hit], cited: &[Citation], index: &Index) -> Vec<Hit> {
    let is_new = |hit: &&Hit| {
        let page = index.units[hit.unit].page;
        cited.iter().all(|citation| citation.page != page)
    };
    hits.iter().filter(is_new).copied().collect()
}

/// Likely passages, regardless of their confidence; `None` below the minimum.
pub(super) fn compose_likely(
    question: &Question,
    manual: &Manual,
    index: &Index,
    look: &Retrieved,
    measure: Measure,
) -> Option<Composed> {
    let writer = Writer::new(question, manual, index, look);
    let is_likely = look.sure >= measure.min_confidence;
    let composed = is_likely.then(|| writer.likely(&writer.phrases.likely, &look.hits));
    composed.filter(|composed| composed.answer.outcome == Outcome::Likely)
}

struct Writer<'a> {
    question: &'a Question<'a>,
    look: &'a Retrieved,
    select: Selector<'a>,
    phrases: &'static Phrases,
}

impl<'a> Writer<'a> {
    fn new(
        question: &'a Question<'a>,
        manual: &'a Manual,
        index: &'a Index,
        look: &'a Retrieved,
    ) -> Self {
        let select = Selector { manual, index, question: &look.analyzed };
        Self { question, look, select, phrases: Phrases::of(question) }
    }

    /// A sheet that begins with remarks about the question itself.
    fn begun(&self) -> Sheet {
        let mut sheet = Sheet::default();
        if self.question.has_image {
            sheet.ours(&self.phrases.picture);
            sheet.paragraph();
        }
        sheet
    }

    /// Marks the best passage if its language differs from the visitor's known one.
    fn label_language(&self, hits: &[Hit], sheet: &mut Sheet) {
        let own = self.question.locale.map(language_of);
        let is_hebrew = || self.question.text.contains(is_hebrew_letter);
        let own = own.or_else(|| is_hebrew().then(|| Language::Hebrew.code().to_owned()));
        let quoted = self.select.index.language_of(hits.iter().map(|hit| hit.unit));
        if own.is_some_and(|own| !own.is_empty() && own != quoted) {
            sheet.ours(&self.phrases.other_language);
            sheet.paragraph();
        }
    }

    fn answered(&self, hits: &[Hit]) -> Composed {
        let mut sheet = self.begun();
        self.label_language(hits, &mut sheet);
        let mut citations: Vec<Citation> = Vec::new();
        let best = hits.first().map_or(0.0, |hit| hit.score);
        let mut sections: Vec<u32> = Vec::new();
        let mut taken: Vec<Piece> = Vec::new();
        for hit in hits.iter().filter(|hit| hit.score >= best * SECOND) {
            let section = self.select.index.units[hit.unit].section;
            if sections.len() == SECTIONS || sections.contains(&section) {
                continue;
            }
            let mut extract = self.select.extract(hit);
            let known = self.select.coverage_of(&taken);
            taken.extend(extract.pieces.iter().cloned());
            let adds = self.select.coverage_of(&taken) - known;
            // The first section answers; another one is included if it adds something.
            if extract.pieces.is_empty() || !sections.is_empty() && adds < ADDS {
                continue;
            }
            extract.note.take_if(|_| !sections.is_empty());
            sections.push(section);
            self.write(&extract, hit.score / best, &mut sheet, &mut citations);
        }
        if sections.is_empty() {
            return self.unknown(hits);
        }
        let also: Vec<_> = hits.iter().filter(|hit| hit.score >= best * ALSO).copied().collect();
        if citations.len() < PAGES && !new_pages(&also, &citations, self.select.index).is_empty() {
            sheet.ours(&self.phrases.see_also);
            sheet.paragraph();
            self.quoted_pages(&also, ALSO_CHARS, &mut sheet, &mut citations);
        }
        let quotes: String =
            citations.iter().map(|citation| citation.quote.as_str()).collect::<Vec<_>>().join("\n");
        if let Some(accessory) = fitting_accessory(self.question, self.select.index, &quotes) {
            sheet.ours(&format!("{} ", self.phrases.accessory));
            sheet.suggest(&accessory.name);
            sheet.paragraph();
        }
        self.done(Outcome::Answered, sheet, citations)
    }

    /// Writes the extract of one section. A page is cited after the last of its words.
    fn write(
        &self,
        extract: &Extract,
        score: f32,
        sheet: &mut Sheet,
        citations: &mut Vec<Citation>,
    ) {
        if !extract.heading.is_empty() {
            sheet.heading(&extract.heading);
        }
        let mut quotes = self.quotes(&extract.pieces).into_iter();
        let mut pieces = extract.pieces.iter().peekable();
        let mut before: Option<&Piece> = None;
        while let Some(piece) = pieces.next() {
            let goes_on = before.is_some_and(|before| before.is_of_table(piece));
            match piece.form {
                Form::Sentence => sheet.sentence(&piece.text),
                Form::Item => sheet.item(&piece.text),
                // The row of column names is not a row of its own.
                Form::Row
                    if !goes_on
                        && piece.names_columns
                        && pieces.peek().is_some_and(|next| piece.is_of_table(next)) =>
                {
                    sheet.table(Some(&piece.text), piece.cells());
                    before = Some(piece);
                    continue;
                }
                Form::Row => {
                    if !goes_on {
                        sheet.table(piece.columns.as_deref(), piece.cells());
                    }
                    sheet.row(&piece.text);
                }
            }
            before = Some(piece);
            if citations.iter().all(|citation| citation.page != piece.page) {
                let quote = quotes.find(|(page, _)| *page == piece.page);
                let quote = quote.map_or_else(|| piece.quoted(), |(_, quote)| quote);
                self.cited(piece.page, &quote, score, citations);
            }
            let next = pieces.peek();
            if next.is_none_or(|next| next.page != piece.page) {
                sheet.cite(piece.page);
            }
            match next {
                Some(next) if piece.form == Form::Item && next.form == Form::Item => sheet.line(),
                Some(next) if piece.is_of_table(next) => sheet.line(),
                Some(next) if piece.form != Form::Sentence || next.form != Form::Sentence => {
                    sheet.paragraph();
                }
                Some(_) => {}
                None => sheet.paragraph(),
            }
        }
        if let Some((page, note)) = &extract.note {
            sheet.tip(without_its_word(note));
            self.cited(*page, note, score, citations);
            sheet.cite(*page);
            sheet.paragraph();
        }
    }

    /// For each page, in order, the piece that covers most of the question.
    fn quotes(&self, pieces: &[Piece]) -> Vec<(u32, String)> {
        let mut pages: Vec<u32> = pieces.iter().map(|piece| piece.page).collect();
        pages.dedup();
        let quote = |page: u32| {
            let own = pieces.iter().filter(|piece| piece.page == page);
            let best = select::most_telling(own, |text| self.select.score(text))?;
            Some((page, best.quoted()))
        };
        pages.into_iter().filter_map(quote).collect()
    }

    /// Likely passages, the best first, and the offer of an agent.
    fn likely(&self, lead: &str, hits: &[Hit]) -> Composed {
        let mut sheet = self.begun();
        let mut citations = Vec::new();
        sheet.ours(lead);
        sheet.paragraph();
        self.label_language(hits, &mut sheet);
        self.quoted_pages(hits, LIKELY_CHARS, &mut sheet, &mut citations);
        if citations.is_empty() {
            return self.unknown(hits);
        }
        sheet.ours(&self.phrases.person);
        self.done(Outcome::Likely, sheet, citations)
    }

    /// Quotes the best piece of each of the best pages that are not cited yet.
    fn quoted_pages(
        &self,
        hits: &[Hit],
        chars: usize,
        sheet: &mut Sheet,
        citations: &mut Vec<Citation>,
    ) {
        let best = hits.first().map_or(1.0, |hit| hit.score);
        for hit in hits {
            if citations.len() >= PAGES {
                break;
            }
            let page = self.select.index.units[hit.unit].page;
            if citations.iter().any(|citation| citation.page == page) {
                continue;
            }
            let pieces = self.select.stretch(hit, chars);
            let Some(quote) = select::most_telling(&pieces, |text| self.select.score(text)) else {
                continue;
            };
            // The heading shows the subject of a passage that may not fit the question.
            let heading = select::heading(
                &self.select.manual.passages[self.select.index.units[hit.unit].passage],
            );
            let heading = if is_title(heading) { heading } else { "" };
            if pieces.iter().any(|piece| piece.form == Form::Row) {
                // Rows stay a table.
                sheet.paragraph();
                let heading = heading.to_owned();
                let extract = Extract { heading, pieces, note: None };
                self.write(&extract, hit.score / best, sheet, citations);
                continue;
            }
            let quote = quote.quoted();
            let text: Vec<String> = pieces.iter().map(Piece::quoted).collect();
            let text = text.join(" ");
            let heading = heading.trim_end_matches(':');
            if heading.is_empty() || text.starts_with(heading) {
                sheet.item(&text);
            } else {
                sheet.quote(heading, &text);
            }
            sheet.cite(page);
            sheet.line();
            self.cited(page, &quote, hit.score / best, citations);
        }
        sheet.paragraph();
    }

    fn unknown(&self, hits: &[Hit]) -> Composed {
        let mut sheet = self.begun();
        let mut citations = Vec::new();
        sheet.ours(&format!("{} ", self.phrases.unknown));
        let best = hits.first().map_or(1.0, |hit| hit.score);
        if !hits.is_empty() {
            sheet.paragraph();
        }
        self.pages(&self.phrases.closest, hits, best, &mut sheet, &mut citations);
        if !self.select.manual.source.pending.is_empty() {
            sheet.ours(&format!("{} ", self.phrases.scans_pending));
        }
        sheet.ours(if citations.is_empty() {
            &self.phrases.only_person
        } else {
            &self.phrases.person
        });
        self.done(Outcome::Unknown, sheet, citations)
    }

    /// Lists pages by their headings, without the cited ones.
    fn pages(
        &self,
        lead: &str,
        hits: &[Hit],
        best: f32,
        sheet: &mut Sheet,
        citations: &mut Vec<Citation>,
    ) {
        let mut begun = false;
        for hit in hits {
            if citations.len() >= PAGES {
                break;
            }
            let passage = &self.select.manual.passages[self.select.index.units[hit.unit].passage];
            if citations.iter().any(|citation| citation.page == passage.page) {
                continue;
            }
            if !begun {
                sheet.ours(&format!("{lead} "));
                begun = true;
            }
            let heading = select::heading(passage);
            if !heading.is_empty() {
                sheet.sentence(heading);
            }
            sheet.cite(passage.page);
            let pieces = select::quotable_of(passage);
            let quote = select::most_telling(&pieces, |text| self.select.score(text));
            let quote = quote.map_or_else(|| passage.text(), Piece::quoted);
            self.cited(passage.page, &quote, hit.score / best, citations);
        }
        if begun {
            sheet.paragraph();
        }
    }

    fn cited(&self, page: u32, text: &str, score: f32, citations: &mut Vec<Citation>) {
        if citations.iter().all(|citation| citation.page != page) {
            citations.push(Citation {
                page,
                page_label: self.select.manual.page_label(page).map(str::to_owned),
                quote: quote(text),
                url: html::page_url(&self.question.product.id, page),
                score: (score * self.look.sure).clamp(0.0, 1.0),
            });
        }
    }

    fn done(&self, outcome: Outcome, sheet: Sheet, citations: Vec<Citation>) -> Composed {
        let chunks = sheet.into_chunks();
        let text: String = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
        let markdown: String = chunks.iter().map(|chunk| chunk.markdown.as_str()).collect();
        let answer = Answer {
            grounded: matches!(outcome, Outcome::Answered | Outcome::Likely),
            outcome,
            html: html::render(&markdown, &self.question.product.id, &self.phrases.page),
            text,
            citations,
            confidence: self.look.sure,
            stale_manual: self.select.manual.source.stale,
            pages_pending: pages_pending(self.select.manual),
        };
        Composed { chunks, answer, features: self.look.features }
    }
}

/// The accessory of the product that fits the question best, if the name, category or label of one is mentioned.
fn fitting_accessory<'a>(
    question: &Question<'a>,
    index: &Index,
    answer_text: &str,
) -> Option<&'a Accessory> {
    let words = |text: &str| -> Vec<String> {
        let words = index.reader.words(text);
        // Words of the product's own name and short words carry no information.
        words
            .into_iter()
            .filter(|word| !word.common && !word.asking && word.term.chars().count() > 2)
            .map(|word| word.term)
            .collect()
    };
    let product = words(&format!("{} {}", question.product.name, question.product.brand_name));
    let (question_words, answer_words) = (words(question.text), words(answer_text));
    let points = |accessory: &Accessory| {
        let mut own =
            words(&format!("{} {} {}", accessory.name, accessory.category, accessory.label));
        own.sort();
        own.dedup();
        own.iter()
            .filter(|word| !product.contains(word))
            .map(|word| {
                ASKED * usize::from(question_words.contains(word))
                    + usize::from(answer_words.contains(word))
            })
            .sum::<usize>()
    };
    // The first of equals: a catalog lists the recommended one first.
    question
        .related
        .iter()
        .rev()
        .map(|accessory| (points(accessory), accessory))
        .filter(|(points, _)| *points >= FITS)
        .max_by_key(|(points, _)| *points)
        .map(|(_, accessory)| accessory)
}

/// Number of scanned pages of a manual that are not recognized yet.
pub(super) fn pages_pending(manual: &Manual) -> u32 {
    u32::try_from(manual.source.pending.len()).unwrap_or(u32::MAX)
}

/// False for a heading that is a step or the beginning of a sentence, due to the layout.
fn is_title(heading: &str) -> bool {
    let words: Vec<&str> = heading.split_whitespace().collect();
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let last = words.last().map(|word| bare(word)).unwrap_or_default();
    let is_step = words.len() > STEP_WORDS
        && words[0].strip_suffix(['.', ')']).is_some_and(|it| it.parse::<u32>().is_ok());
    let is_cut = last.is_empty() || Language::of([heading]).is_common(&last);
    heading.chars().count() <= HEADING_CHARS && !is_step && !is_cut
}

/// The manual's words as a citation quotes them.
pub(super) fn quote(text: &str) -> String {
    let text = harmless(text);
    match text.char_indices().nth(QUOTE_CHARS) {
        None => text,
        Some((end, _)) => format!("{} …", text[..end].trim_end()),
    }
}

/// A note without its leading word if that only marks it as a note; a warning keeps it.
fn without_its_word(note: &str) -> &str {
    let Some((word, rest)) = note.split_once(':') else { return note };
    let bare = ["note", "tip", "hint", "pro tip", "nb", "remark", "הערה", "טיפ"];
    if bare.contains(&word.trim().to_lowercase().as_str()) { rest.trim_start() } else { note }
}

#[cfg(test)]
mod tests {
    use super::is_title;

    #[test]
    fn steps_and_cut_sentences_are_not_titles() {
        for title in ["Loading a project", "8.3 FILE BROWSER", "2. Cleaning the filter", "Store"] {
            assert!(is_title(title), "{title}");
        }
        for other in [
            "",
            "1. While holding down the button, press a pad",
            "3. Press the button to return to",
            "The clip is switched for the track that you select using –",
            "A sentence that goes on and on for longer than any title of a section ever would",
        ] {
            assert!(!is_title(other), "{other}");
        }
    }
}
