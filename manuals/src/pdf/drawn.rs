//! The drawn text of a page: runs of letters with position, size and direction.
//!
//! Interprets the operators that place text in a content stream, and ignores colours and pixels: the text and
//! graphics state, forms, and marked content with a replacement text. It also records the positions of
//! thin bars: a bar between rows indicates a table.

use std::borrow::Cow;
use std::rc::Rc;

use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction;
use hayro_syntax::object::dict::keys::{MATRIX, RESOURCES, SUBTYPE};
use hayro_syntax::object::{
    Array, Dict, Name, Number, Object, Stream, String as PdfString, dict_or_stream,
};
use hayro_syntax::page::{Page, Resources};
use kurbo::{Affine, Point, Rect};

use super::super::ReadError;
use super::super::bidi;
use super::super::sheet::{Bar, Budget, Picture, Run, Sheet};
use super::fonts::{Face, Fonts};

/// Deepest nesting of forms. The standard sets no bound; writers need two or three.
const DEEPEST_FORM: usize = 12;
/// Most saved states. The standard's bound for writers is 28.
pub(super) const DEEPEST_STATE: usize = 512;
/// Most operations of a page. The densest known real page has 60,000.
const MOST_OPERATIONS: usize = 4_000_000;
/// Largest content stream, unpacked, in bytes. The library unpacks without a bound; a page of text has a few hundred
/// kilobytes, one of drawings some megabytes.
pub(super) const MOST_CONTENT: usize = 64 << 20;
/// Largest width and height of an inline picture, in points, and the most pictures of a page.
const LARGEST_PICTURE: (f64, f64) = (120.0, 40.0);
const MOST_PICTURES: usize = 500;
/// Most fonts of a stream that are kept by their names.
const MOST_FACES: usize = 64;
/// Operations between two checks of the clock: some ten milliseconds of work.
const OPERATIONS_A_LOOK: usize = 10_000;
/// Gap that separates words, in ems. A narrow space is a fifth of an em.
const WORD_GAP: f64 = 0.12;
/// Minimum gap of a drawn space between two words, in ems. Some writers draw a ligature, move back, and draw
/// a space over it: the letters are then adjacent.
const SPACE_GAP: f64 = 0.025;
/// Widest gap inside a run, in ems.
const RUN_GAP: f64 = 0.9;

/// The text of one page.
///
/// # Errors
/// When the time limit of the reading is over, or the page exceeds the text limit of the document.
pub(super) fn sheet<'a>(
    page: &Page<'a>,
    fonts: &mut Fonts<'a>,
    budget: &Budget,
) -> Result<Sheet, ReadError> {
    let (width, height) = page.render_dimensions();
    if page.page_stream().is_some_and(|content| content.len() > MOST_CONTENT) {
        return Ok(Sheet { height, ..Sheet::default() });
    }
    let mut reader = Reader {
        fonts,
        sheet: Sheet { height, ..Sheet::default() },
        bounds: Rect::new(0.0, 0.0, f64::from(width), f64::from(height)).inflate(2.0, 2.0),
        states: Vec::new(),
        state: State::at(Affine::new(page.initial_transform(false).as_coeffs())),
        matrix: Affine::IDENTITY,
        line: Affine::IDENTITY,
        marks: Vec::new(),
        last: None,
        shape: Shape::of([1.0, 0.0, 0.0, 1.0]),
        pen: Point::ZERO,
        operations: 0,
        glyphs: Vec::new(),
        budget,
    };
    reader.interpret(&mut page.typed_operations(), page.resources(), 0)?;
    Ok(reader.sheet)
}

#[derive(Clone)]
struct State<'a> {
    place: Affine,
    face: Option<Rc<Face<'a>>>,
    size: f64,
    char_space: f64,
    word_space: f64,
    scale: f64,
    leading: f64,
    rise: f64,
}

impl State<'_> {
    fn at(place: Affine) -> Self {
        Self {
            place,
            face: None,
            size: 1.0,
            char_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

/// A glyph at its position; the unit of `place` is the em.
#[derive(Clone)]
struct Glyph {
    text: Rc<str>,
    place: Affine,
    advance: f64,
    bold: bool,
    mono: bool,
}

/// The end of the previous glyph, and of the last one that is not a space.
struct Last {
    end: Point,
    visible_end: Point,
    direction: (f64, f64),
    size: f64,
    space: bool,
}

struct Reader<'s, 'a> {
    fonts: &'s mut Fonts<'a>,
    sheet: Sheet,
    bounds: Rect,
    states: Vec<State<'a>>,
    state: State<'a>,
    matrix: Affine,
    line: Affine,
    /// The open sections of marked content: the replacement text, and the first glyph that it replaces.
    marks: Vec<Option<(String, usize)>>,
    last: Option<Last>,
    shape: Shape,
    pen: Point,
    operations: usize,
    /// Glyphs of a section with a replacement text; they are held until its end.
    glyphs: Vec<Glyph>,
    budget: &'s Budget,
}

impl<'a> Reader<'_, 'a> {
    fn interpret(
        &mut self,
        content: &mut TypedIter<'_>,
        resources: &Resources<'a>,
        depth: usize,
    ) -> Result<(), ReadError> {
        let (states, marks) = (self.states.len(), self.marks.len());
        // A stream selects the same few fonts again and again; to look one up parses the dictionaries of all.
        let mut faces: Vec<(Vec<u8>, Option<Rc<Face<'a>>>)> = Vec::new();
        while let Some(operation) = content.next() {
            self.operations += 1;
            if self.operations > MOST_OPERATIONS {
                break;
            }
            if self.operations.is_multiple_of(OPERATIONS_A_LOOK) {
                self.budget.check_time()?;
                self.budget.check_text(self.sheet.text_bytes)?;
            }
            match operation {
                TypedInstruction::SaveState(_) if self.states.len() < DEEPEST_STATE => {
                    self.states.push(self.state.clone());
                }
                TypedInstruction::RestoreState(_) if self.states.len() > states => self.restore(),
                TypedInstruction::Transform(m) => {
                    self.state.place *= matrix([m.0, m.1, m.2, m.3, m.4, m.5]);
                }
                TypedInstruction::BeginText(_) => {
                    (self.matrix, self.line) = (Affine::IDENTITY, Affine::IDENTITY);
                }
                TypedInstruction::SetTextMatrix(m) => {
                    self.line = matrix([m.0, m.1, m.2, m.3, m.4, m.5]);
                    self.matrix = self.line;
                }
                TypedInstruction::TextFont(font) => {
                    self.state.size = font.1.as_f64();
                    let name: &[u8] = font.0;
                    if let Some((_, face)) = faces.iter().find(|(known, _)| known == name) {
                        self.state.face.clone_from(face);
                    } else if let Some(font) = resources.get_font(font.0) {
                        self.state.face = self.fonts.face(&font);
                        if faces.len() < MOST_FACES {
                            faces.push((name.to_vec(), self.state.face.clone()));
                        }
                    }
                }
                TypedInstruction::SetGraphicsState(name) => self.graphics(name.0, resources),
                TypedInstruction::ShowText(text) => self.show(text.0),
                TypedInstruction::ShowTexts(texts) => {
                    for item in texts.0.iter::<Object<'_>>() {
                        match item {
                            Object::Number(by) => self.adjust(by.as_f64()),
                            Object::String(text) => self.show(&text),
                            _ => {}
                        }
                    }
                }
                TypedInstruction::NextLine(by) => self.next_line(by.0.as_f64(), by.1.as_f64()),
                TypedInstruction::NextLineAndSetLeading(by) => {
                    self.state.leading = -by.1.as_f64();
                    self.next_line(by.0.as_f64(), by.1.as_f64());
                }
                TypedInstruction::NextLineUsingLeading(_) => {
                    self.next_line(0.0, -self.state.leading)
                }
                TypedInstruction::NextLineAndShowText(text) => {
                    self.next_line(0.0, -self.state.leading);
                    self.show(text.0);
                }
                TypedInstruction::ShowTextWithParameters(text) => {
                    self.state.word_space = text.0.as_f64();
                    self.state.char_space = text.1.as_f64();
                    self.next_line(0.0, -self.state.leading);
                    self.show(text.2);
                }
                TypedInstruction::HorizontalScaling(by) => self.state.scale = by.0.as_f64() / 100.0,
                TypedInstruction::TextLeading(by) => self.state.leading = by.0.as_f64(),
                TypedInstruction::CharacterSpacing(by) => self.state.char_space = by.0.as_f64(),
                TypedInstruction::WordSpacing(by) => self.state.word_space = by.0.as_f64(),
                TypedInstruction::TextRise(by) => self.state.rise = by.0.as_f64(),
                TypedInstruction::BeginMarkedContent(_) => self.marks.push(None),
                TypedInstruction::BeginMarkedContentWithProperties(mark) => {
                    let by_name =
                        || resources.properties.get::<Dict<'_>>(mark.1.clone().into_name()?);
                    let properties = by_name().or_else(|| {
                        dict_or_stream(mark.1).map(|(properties, _)| properties.clone())
                    });
                    self.begin(properties.as_ref());
                }
                TypedInstruction::EndMarkedContent(_) if self.marks.len() > marks => self.end(),
                TypedInstruction::XObject(name) => {
                    if let Some(object) = resources.get_x_object(name.0) {
                        self.x_object(&object, resources, depth)?;
                    }
                }
                TypedInstruction::InlineImage(_) => self.image(),
                TypedInstruction::RectPath(rect) => {
                    let (corner, size) = (point(rect.0, rect.1), point(rect.2, rect.3));
                    self.bar(Rect::from_origin_size(corner, (size.x, size.y)));
                }
                TypedInstruction::MoveTo(to) => self.pen = point(to.0, to.1),
                TypedInstruction::LineTo(to) => {
                    let to = point(to.0, to.1);
                    self.bar(Rect::from_points(self.pen, to));
                    self.pen = to;
                }
                _ => {}
            }
        }
        while self.states.len() > states {
            self.restore();
        }
        while self.marks.len() > marks {
            self.end();
        }
        Ok(())
    }

    fn restore(&mut self) {
        if let Some(state) = self.states.pop() {
            self.state = state;
        }
    }

    fn graphics(&mut self, name: &Name<'_>, resources: &Resources<'a>) {
        let Some(state) = resources.get_ext_g_state(name) else { return };
        let Some(font) = state.get::<Array<'a>>(b"Font".as_slice()) else { return };
        let mut items = font.iter::<Object<'a>>();
        if let (Some(Object::Dict(font)), Some(Object::Number(size))) = (items.next(), items.next())
        {
            self.state.face = self.fonts.face(&font);
            self.state.size = size.as_f64();
        }
    }

    fn x_object(
        &mut self,
        object: &Stream<'a>,
        resources: &Resources<'a>,
        depth: usize,
    ) -> Result<(), ReadError> {
        let dict = object.dict();
        if dict.get::<Name<'_>>(SUBTYPE).is_some_and(|kind| kind.as_str() == "Image") {
            self.image();
            return Ok(());
        }
        let Some(content) = form_content(object, depth) else { return Ok(()) };
        let own = dict.get::<Dict<'a>>(RESOURCES).map(Resources::new);
        let before = (self.state.clone(), self.matrix, self.line);
        self.state.place *= dict.get::<[f64; 6]>(MATRIX).map_or(Affine::IDENTITY, Affine::new);
        let mut content = TypedIter::new(content.as_ref());
        let (text, pictures) = (self.sheet.text_bytes, self.sheet.pictures.len());
        self.interpret(&mut content, own.as_ref().unwrap_or(resources), depth + 1)?;
        // A form that draws neither text nor an image is a drawing.
        if text == self.sheet.text_bytes
            && pictures == self.sheet.pictures.len()
            && let Some([x0, y0, x1, y1]) = dict.get::<[f64; 4]>(b"BBox".as_slice())
        {
            self.picture(Rect::new(x0, y0, x1, y1));
        }
        (self.state, self.matrix, self.line) = before;
        Ok(())
    }

    /// Records an image, which fills the unit square.
    fn image(&mut self) {
        let unit = Rect::new(0.0, 0.0, 1.0, 1.0);
        let area = self.state.place.transform_rect_bbox(unit);
        let (width, height) = (self.bounds.width(), self.bounds.height());
        let part = |at: f64, from: f64, all: f64| ((at - from) / all) as f32;
        self.sheet.images.add(
            part(area.x0, self.bounds.x0, width)..part(area.x1, self.bounds.x0, width),
            part(area.y0, self.bounds.y0, height)..part(area.y1, self.bounds.y0, height),
        );
        self.picture(unit);
    }

    /// Records a picture that may be inline.
    fn picture(&mut self, rect: Rect) {
        let rect = self.state.place.transform_rect_bbox(rect);
        let is_small = (3.0..LARGEST_PICTURE.1).contains(&rect.height())
            && (3.0..LARGEST_PICTURE.0).contains(&rect.width());
        if is_small
            && self.bounds.contains(rect.center())
            && self.sheet.pictures.len() < MOST_PICTURES
        {
            self.sheet.pictures.push(Picture {
                x: rect.x0 as f32,
                end: rect.x1 as f32,
                bottom: rect.y0 as f32,
                top: rect.y1 as f32,
            });
        }
    }

    /// Records a rectangle or a line that is a thin horizontal bar.
    fn bar(&mut self, rect: Rect) {
        let rect = self.state.place.transform_rect_bbox(rect);
        if rect.height() < 3.0 && rect.width() > 12.0 {
            self.sheet.bars.push(Bar {
                x: rect.x0 as f32,
                end: rect.x1 as f32,
                y: rect.center().y as f32,
            });
        }
    }

    fn begin(&mut self, properties: Option<&Dict<'_>>) {
        let text = properties
            .and_then(|properties| properties.get::<PdfString<'_>>(b"ActualText".as_slice()));
        self.marks.push(text.map(|text| (decode(text.as_bytes()), self.glyphs.len())));
    }

    /// Ends a section of marked content: its replacement text takes the place of the drawn one.
    fn end(&mut self) {
        let Some(Some((text, from))) = self.marks.pop() else { return };
        let drawn = self.glyphs.split_off(from.min(self.glyphs.len()));
        // A tab or a space before a letter is drawn as a glyph of its own, far from the letter.
        let lead =
            text.chars().take_while(|letter| letter.is_whitespace() || letter.is_control()).count();
        let first = drawn.get(lead.min(drawn.len().saturating_sub(1)));
        if let (Some(first), Some(last)) = (first, drawn.last()) {
            let distance = (last.place * Point::new(last.advance, 0.0)) - first.place * Point::ZERO;
            let unit = first.place * Point::new(1.0, 0.0) - first.place * Point::ZERO;
            let advance = distance.dot(unit) / unit.dot(unit).max(f64::EPSILON);
            let own = match text.trim() {
                "" if text.is_empty() => "",
                "" => " ",
                own => own,
            };
            let glyph = Glyph { text: own.into(), advance: advance.max(0.0), ..first.clone() };
            self.put(glyph);
        }
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.line *= Affine::translate((x, y));
        self.matrix = self.line;
    }

    fn adjust(&mut self, by: f64) {
        let horizontal = self.state.face.as_ref().is_none_or(|face| face.horizontal);
        self.advance(-by / 1000.0 * self.state.size, horizontal);
    }

    fn advance(&mut self, by: f64, horizontal: bool) {
        self.matrix *=
            Affine::translate(if horizontal { (by * self.state.scale, 0.0) } else { (0.0, by) });
    }

    fn show(&mut self, text: &PdfString<'_>) {
        let Some(face) = self.state.face.clone() else { return };
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let shown = face.shown(bytes, at);
            at += shown.length;
            let state = &self.state;
            let size =
                Affine::new([state.size * state.scale, 0.0, 0.0, state.size, 0.0, state.rise]);
            let place = state.place * self.matrix * size;
            let more = state.char_space + if shown.is_space { state.word_space } else { 0.0 };
            self.advance(shown.advance * state.size + more, face.horizontal);
            if shown.text.is_none() {
                self.sheet.unknown += 1;
            }
            let advance = if face.horizontal { shown.advance } else { 0.0 };
            let text = shown.text.unwrap_or_else(|| Rc::from(""));
            self.sheet.text_bytes += text.len();
            self.put(Glyph { text, place, advance, bold: face.bold, mono: face.mono });
        }
    }

    /// Adds a glyph, or holds it if its section has a replacement text.
    fn put(&mut self, glyph: Glyph) {
        if self.marks.iter().any(Option::is_some) {
            self.glyphs.push(glyph);
        } else {
            self.draw(&glyph);
        }
    }

    /// Appends a glyph to the current run, or begins a run.
    fn draw(&mut self, glyph: &Glyph) {
        let origin = glyph.place * Point::ZERO;
        let end = glyph.place * Point::new(glyph.advance, 0.0);
        let [a, b, c, d, ..] = glyph.place.as_coeffs();
        if self.shape.of != [a, b, c, d] {
            self.shape = Shape::of([a, b, c, d]);
        }
        let Shape { size, length, direction, angle, upright, .. } = self.shape;
        if !(length > 0.0 && size > 0.05 && size.is_finite() && self.bounds.contains(origin)) {
            return;
        }
        let (from, to) = (upright * origin, upright * end);
        let text = plain(&glyph.text);
        let blank = text.chars().all(char::is_whitespace);
        let runs = self.sheet.runs_at(angle);
        if let (Some(last), Some(run)) = (&mut self.last, runs.last_mut()) {
            let em = size.max(last.size);
            let gap = from.x - (upright * last.end).x;
            let visible_gap = from.x - (upright * last.visible_end).x;
            let rotation =
                (direction.0 - last.direction.0).abs() + (direction.1 - last.direction.1).abs();
            let near = (from.y - f64::from(run.y)).abs() < 0.12 * em
                && gap > -0.6 * em
                && gap < RUN_GAP * em;
            let alike = run.bold == glyph.bold
                && run.mono == glyph.mono
                && (f64::from(run.size) - size).abs() < 0.2 * em;
            if rotation < 0.05 && near && alike {
                let space = last.space && gap > -0.2 * em && visible_gap > SPACE_GAP * em
                    || gap > WORD_GAP * em;
                if !blank && space && !run.text.is_empty() && !run.text.ends_with(' ') {
                    run.text.push(' ');
                }
                if !blank {
                    run.text.push_str(&text);
                }
                if !blank || text.is_empty() {
                    run.width = run.width.max(to.x as f32 - run.x);
                }
                let space = if text.is_empty() { last.space } else { blank };
                let visible_end = if blank { last.visible_end } else { end };
                *last = Last { end, visible_end, direction, size, space };
                return;
            }
        }
        self.last =
            (!blank).then_some(Last { end, visible_end: end, direction, size, space: false });
        if !blank {
            runs.push(Run {
                text: text.into_owned(),
                x: from.x as f32,
                y: from.y as f32,
                width: (to.x - from.x) as f32,
                size: size as f32,
                bold: glyph.bold,
                mono: glyph.mono,
            });
        }
    }
}

/// The size and the direction of glyphs, by the linear part of their position. Most glyphs have those of the one before.
#[derive(Debug, Clone, Copy)]
struct Shape {
    of: [f64; 4],
    size: f64,
    length: f64,
    direction: (f64, f64),
    /// In degrees.
    angle: i32,
    /// Turns them upright.
    upright: Affine,
}

impl Shape {
    fn of([a, b, c, d]: [f64; 4]) -> Self {
        let (size, length) = (c.hypot(d), a.hypot(b));
        let direction = (a / length, b / length);
        // Ten degrees is more than the slant of a font or the skew of a scanner.
        let angle = match direction.1.atan2(direction.0).to_degrees().round() as i32 {
            angle if angle.abs() < 10 => 0,
            angle => angle,
        };
        let upright = Affine::rotate(-f64::from(angle).to_radians());
        Self { of: [a, b, c, d], size, length, direction, angle, upright }
    }
}

/// The content of a form; `None` if it is nested too deep, cannot be unpacked, or is too large.
pub(super) fn form_content<'a>(form: &Stream<'a>, depth: usize) -> Option<Cow<'a, [u8]>> {
    let form = Some(form).filter(|_| depth < DEEPEST_FORM)?;
    form.decoded_data().ok().filter(|content| content.len() <= MOST_CONTENT)
}

pub(super) fn point(x: Number, y: Number) -> Point {
    Point::new(x.as_f64(), y.as_f64())
}

pub(super) fn matrix(numbers: [Number; 6]) -> Affine {
    Affine::new(numbers.map(|number| number.as_f64()))
}

/// The letters of a glyph, without control characters.
fn plain(text: &str) -> Cow<'_, str> {
    if text.len() == 1 && !text.as_bytes()[0].is_ascii_control() {
        return Cow::Borrowed(text);
    }
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    if text.chars().nth(1).is_some() && bidi::is_rtl(std::iter::once(text.as_str())) {
        // Runs are in visual order; the letters of one glyph are in logical order.
        return Cow::Owned(text.chars().rev().collect());
    }
    Cow::Owned(text)
}

/// A text string of the document: UTF-16 or UTF-8 with a byte order mark, else one byte per letter.
pub(super) fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, text @ ..] => {
            let units = text
                .chunks(2)
                .map(|unit| u16::from_be_bytes([unit[0], unit.get(1).copied().unwrap_or(0)]));
            String::from_utf16_lossy(&units.collect::<Vec<_>>())
        }
        [0xef, 0xbb, 0xbf, text @ ..] => String::from_utf8_lossy(text).into_owned(),
        text => text.iter().copied().map(char::from).collect(),
    }
}
