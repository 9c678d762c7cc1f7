//! Parses a manual source: its metadata, and its blocks in order.

use std::fmt;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::sheet::Colour;

/// A parsed manual: a header of `field: value` lines between `---`, then Markdown.
///
/// ```
/// let source = hsc_manual_writer::Source::parse(
///     "---\ntitle: Owner's Manual\nmodel: QW-61\n---\n# First steps\n\nSwitch it on.\n",
/// )?;
/// assert_eq!(source.about.model, "QW-61");
/// assert_eq!(source.pieces.len(), 2);
/// # Ok::<(), hsc_manual_writer::SourceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The fields of its header.
    pub about: About,
    /// Headings, paragraphs, lists, tables and notes in reading order.
    pub pieces: Vec<Piece>,
}

/// The metadata of a manual, one field per line of its header.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// Kind of document, e.g. `Owner's Manual`.
    pub title: String,
    /// The product's name.
    pub product: String,
    /// The product's model number.
    pub model: String,
    /// The manufacturer.
    pub maker: String,
    /// Edition, e.g. `Edition 3`.
    pub edition: String,
    /// Document number, printed in the footer.
    pub code: String,
    /// Language tag; `en` by default.
    pub language: String,
    /// Colour of headings and rules, red, green and blue from 0 to 255.
    pub colour: [u8; 3],
    /// Output format; `pdf` by default.
    pub form: Form,
}

/// The format that a source is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A PDF file.
    Pdf,
    /// A web page.
    Html,
}

/// A block of a manual; lists and notes hold further blocks.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// A heading with its printed number, e.g. `3.2`.
    Heading {
        /// 1 is a chapter, 2 a section, 3 a subsection.
        level: u8,
        /// Its number; empty at level 3.
        number: String,
        /// Text without the number.
        text: String,
    },
    /// A paragraph of running text.
    Paragraph(Vec<Span>),
    /// A list of numbered steps, each of one or more pieces.
    Steps(Vec<Vec<Piece>>),
    /// A list with bullets.
    Bullets(Vec<Vec<Piece>>),
    /// A table with a header.
    Table {
        /// Cells of the header.
        head: Vec<Vec<Span>>,
        /// Rows of cells, each as long as the header.
        rows: Vec<Vec<Vec<Span>>>,
    },
    /// A block quote that begins with `**Note:**`, `**Tip:**`, `**Caution:**` or `**Warning:**`.
    Note {
        /// The kind of note.
        kind: NoteKind,
        /// Its text, including the leading word.
        pieces: Vec<Piece>,
    },
    /// Lines in a monospaced font.
    Code(Vec<String>),
}

/// The kind of a note, by increasing importance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// Background information.
    Note,
    /// A recommendation.
    Tip,
    /// Risk of damage to product or data.
    Caution,
    /// Risk of injury.
    Warning,
}

/// Text of one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Without Markdown markup.
    pub text: String,
    /// Its style.
    pub style: Style,
}

/// The style of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The style of the surrounding text.
    Plain,
    /// `**bold**`: keys, buttons, menu items.
    Bold,
    /// `*italic*`.
    Italic,
    /// `` `code` ``.
    Code,
}

/// Why a source could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceError {
    /// Line in the source, from 1; `None` if the error was found during typesetting.
    pub line: Option<usize>,
    /// The error and how to correct it.
    pub reason: String,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for SourceError {}

/// The result of reading or typesetting a part of a source.
pub(crate) type Result<T, E = SourceError> = std::result::Result<T, E>;

impl Source {
    /// Reads a source.
    ///
    /// # Errors
    /// When the header is missing, has an unknown field or lacks `title`, or when the Markdown has an
    /// unsupported element (pictures, raw HTML); the error has the line.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        let (about, body_at) = About::parse(text)?;
        let body = &text[body_at..];
        let events = Parser::new_ext(body, Options::ENABLE_TABLES).into_offset_iter();
        let mut reader = Reader {
            events: events.collect::<Vec<_>>().into_iter(),
            text,
            body_at,
            chapter: 0,
            section: 0,
        };
        Ok(Self { about, pieces: reader.pieces()? })
    }
}

impl About {
    /// The writing direction of its language, as a value of the attribute `dir` of HTML.
    pub fn direction(&self) -> &'static str {
        match self.language.split('-').next() {
            Some("he" | "ar" | "fa" | "yi" | "ur") => "rtl",
            _ => "ltr",
        }
    }

    /// The colour of headings and rules on a sheet.
    pub(crate) fn accent(&self) -> Colour {
        self.colour.map(|part| f32::from(part) / 255.0)
    }

    /// Product and title in one line, for a window's title.
    pub fn full_title(&self) -> String {
        [self.product.as_str(), self.title.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" – ")
    }

    fn parse(text: &str) -> Result<(Self, usize)> {
        let wrong = |line: usize, reason: String| SourceError { line: Some(line), reason };
        let mut about = Self {
            title: String::new(),
            product: String::new(),
            model: String::new(),
            maker: String::new(),
            edition: String::new(),
            code: String::new(),
            language: "en".to_owned(),
            colour: [0x1f, 0x3a, 0x5f],
            form: Form::Pdf,
        };
        let mut at = 0;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            at += line.len();
            let (line, number) = (line.trim(), index + 1);
            if index == 0 {
                if line.trim_start_matches('\u{feff}') != "---" {
                    return Err(wrong(
                        1,
                        "a manual source begins with a line '---' and its title".into(),
                    ));
                }
                continue;
            }
            if line == "---" {
                if about.title.is_empty() {
                    return Err(wrong(number, "the head has no 'title'".into()));
                }
                return Ok((about, at));
            }
            if line.is_empty() {
                continue;
            }
            let Some((field, value)) = line.split_once(':') else {
                return Err(wrong(number, format!("'{line}' is no 'field: value'")));
            };
            about.set(field.trim(), value.trim()).map_err(|reason| wrong(number, reason))?;
        }
        Err(wrong(1, "the head is not closed by a second line '---'".into()))
    }

    /// Sets a field of the header; an error has the reason.
    fn set(&mut self, field: &str, value: &str) -> Result<(), String> {
        match field {
            "title" => value.clone_into(&mut self.title),
            "product" => value.clone_into(&mut self.product),
            "model" => value.clone_into(&mut self.model),
            "maker" => value.clone_into(&mut self.maker),
            "edition" => value.clone_into(&mut self.edition),
            "code" => value.clone_into(&mut self.code),
            "language" => value.clone_into(&mut self.language),
            "colour" => {
                let parsed = colour(value);
                self.colour = parsed
                    .ok_or_else(|| format!("colour '{value}' is not six hexadecimal digits"))?;
            }
            "form" if value == "pdf" => self.form = Form::Pdf,
            "form" if value == "html" => self.form = Form::Html,
            "form" => return Err(format!("form '{value}' is neither pdf nor html")),
            other => {
                return Err(format!(
                    "unknown field '{other}'; there are title, product, model, maker, \
                     edition, code, language, colour and form"
                ));
            }
        }
        Ok(())
    }
}

fn colour(hex: &str) -> Option<[u8; 3]> {
    let value = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6)?;
    let [_, red, green, blue] = value.to_be_bytes();
    Some([red, green, blue])
}

/// Reads the events of the Markdown parser; every method consumes an element up to its end.
struct Reader<'a> {
    events: std::vec::IntoIter<(Event<'a>, Range<usize>)>,
    text: &'a str,
    body_at: usize,
    chapter: u32,
    section: u32,
}

impl Reader<'_> {
    fn wrong(&self, at: &Range<usize>, reason: &str) -> SourceError {
        let until = (self.body_at + at.start).min(self.text.len());
        let line = self.text.as_bytes()[..until].iter().filter(|byte| **byte == b'\n').count() + 1;
        SourceError { line: Some(line), reason: reason.to_owned() }
    }

    /// Blocks up to the end of the enclosing element.
    fn pieces(&mut self) -> Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        // A tight list item contains its text directly, without a paragraph.
        let mut loose: Vec<Span> = Vec::new();
        while let Some((event, at)) = self.events.next() {
            if let Some(span) = self.inline(&event, &at)? {
                loose.extend(span);
                continue;
            }
            if !loose.is_empty() {
                pieces.push(Piece::Paragraph(joined(std::mem::take(&mut loose))));
            }
            match event {
                Event::Start(Tag::Paragraph) => pieces.push(Piece::Paragraph(self.spans()?)),
                Event::Start(Tag::Heading { level, .. }) => {
                    let text = plain(&self.spans()?);
                    pieces.push(self.heading(level as u8, text, &at)?);
                }
                Event::Start(Tag::List(first)) => {
                    let items = self.items()?;
                    pieces.push(if first.is_some() {
                        Piece::Steps(items)
                    } else {
                        Piece::Bullets(items)
                    });
                }
                Event::Start(Tag::BlockQuote(_)) => {
                    let inner = self.pieces()?;
                    let Some(kind) = note_kind(&inner) else {
                        return Err(self.wrong(
                            &at,
                            "a block quote begins with **Note:**, **Tip:**, **Caution:** or **Warning:**",
                        ));
                    };
                    pieces.push(Piece::Note { kind, pieces: inner });
                }
                Event::Start(Tag::Table(_)) => pieces.push(self.table()?),
                Event::Start(Tag::CodeBlock(_)) => pieces.push(self.code()),
                Event::End(_) => return Ok(pieces),
                _ => return Err(self.wrong(&at, "a manual has no form for this piece of Markdown")),
            }
        }
        if !loose.is_empty() {
            pieces.push(Piece::Paragraph(joined(loose)));
        }
        Ok(pieces)
    }

    fn heading(&mut self, level: u8, text: String, at: &Range<usize>) -> Result<Piece> {
        let number = match level {
            1 => {
                (self.chapter, self.section) = (self.chapter + 1, 0);
                self.chapter.to_string()
            }
            2 if self.chapter > 0 => {
                self.section += 1;
                format!("{}.{}", self.chapter, self.section)
            }
            2 => {
                return Err(
                    self.wrong(at, "a section ('##') stands before the first chapter ('#')")
                );
            }
            3 => String::new(),
            _ => return Err(self.wrong(at, "headings go down to '###'")),
        };
        Ok(Piece::Heading { level, number, text })
    }

    fn items(&mut self) -> Result<Vec<Vec<Piece>>> {
        let mut items = Vec::new();
        while let Some((Event::Start(Tag::Item), _)) = self.events.next() {
            items.push(self.pieces()?);
        }
        Ok(items)
    }

    fn table(&mut self) -> Result<Piece> {
        let (mut head, mut rows) = (Vec::new(), Vec::new());
        let mut row = Vec::new();
        while let Some((event, _)) = self.events.next() {
            match event {
                Event::Start(Tag::TableCell) => row.push(self.spans()?),
                Event::End(TagEnd::TableHead) => head = std::mem::take(&mut row),
                Event::End(TagEnd::TableRow) => rows.push(std::mem::take(&mut row)),
                Event::End(TagEnd::Table) => break,
                _ => {}
            }
        }
        Ok(Piece::Table { head, rows })
    }

    fn code(&mut self) -> Piece {
        let mut text = String::new();
        while let Some((Event::Text(part), _)) = self.events.next() {
            text.push_str(&part);
        }
        Piece::Code(text.lines().map(str::to_owned).collect())
    }

    /// Spans up to the end of the enclosing paragraph, heading or cell.
    fn spans(&mut self) -> Result<Vec<Span>> {
        let mut spans = Vec::new();
        while let Some((event, at)) = self.events.next() {
            match self.inline(&event, &at)? {
                Some(more) => spans.extend(more),
                None if matches!(event, Event::End(_)) => break,
                None => {
                    return Err(
                        self.wrong(&at, "only text, **bold**, *italic* and `code` stand in a line")
                    );
                }
            }
        }
        Ok(joined(spans))
    }

    /// The spans of an event, or `None` if it is not inline.
    fn inline(&mut self, event: &Event<'_>, at: &Range<usize>) -> Result<Option<Vec<Span>>> {
        let one = |text: &str, style| Ok(Some(vec![Span { text: text.to_owned(), style }]));
        match event {
            Event::Text(text) => one(text, Style::Plain),
            Event::Code(text) => one(text, Style::Code),
            Event::SoftBreak | Event::HardBreak => one(" ", Style::Plain),
            Event::Start(tag @ (Tag::Strong | Tag::Emphasis)) => {
                let style = if *tag == Tag::Strong { Style::Bold } else { Style::Italic };
                let mut spans = self.spans()?;
                for span in spans.iter_mut().filter(|span| span.style != Style::Code) {
                    span.style = style;
                }
                Ok(Some(spans))
            }
            Event::InlineHtml(_)
            | Event::Html(_)
            | Event::Start(Tag::Image { .. } | Tag::Link { .. }) => {
                Err(self.wrong(at, "a manual source has no pictures, links or raw HTML"))
            }
            _ => Ok(None),
        }
    }
}

/// Merges adjacent spans of one style.
fn joined(spans: Vec<Span>) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match out.last_mut() {
            Some(last) if last.style == span.style => last.text.push_str(&span.text),
            _ => out.push(span),
        }
    }
    out
}

/// The text of spans without their styles.
pub(crate) fn plain(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

fn note_kind(pieces: &[Piece]) -> Option<NoteKind> {
    let Some(Piece::Paragraph(spans)) = pieces.first() else { return None };
    let first = spans.first().filter(|span| span.style == Style::Bold)?;
    // A Hebrew manual has Hebrew words for them.
    match first.text.trim_end_matches(':') {
        "Note" | "הערה" => Some(NoteKind::Note),
        "Tip" | "טיפ" => Some(NoteKind::Tip),
        "Caution" | "זהירות" => Some(NoteKind::Caution),
        "Warning" | "אזהרה" => Some(NoteKind::Warning),
        _ => None,
    }
}
