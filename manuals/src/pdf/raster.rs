//! The picture of a page for OCR: its images and filled shapes composed on one gray canvas.
//!
//! A scan is one image or several (strips, or a stencil over a background), placed by a matrix on a page that may be
//! rotated. Some writers draw letters as shapes in place of text. Neither text nor lines are drawn; of a clipping path
//! only its extent counts, of a transparent colour only that it is nearly invisible. Each bound below is checked before
//! an image is decoded; further memory of a decoder counts toward the memory limit of the process.

use std::ops::Range;
use std::rc::Rc;

use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction;
use hayro_syntax::object::dict::keys::{
    BITS_PER_COMPONENT, BPC, COLORSPACE, COLUMNS, CS, D, DECODE, DECODE_PARMS, DP, F, FILTER, H,
    HEIGHT, IM, IMAGE_MASK, MASK, MATRIX, N, RESOURCES, ROWS, SMASK, SUBTYPE, W, WIDTH,
};
use hayro_syntax::object::stream::{ImageColorSpace, ImageDecodeParams};
use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream, String as PdfString};
use hayro_syntax::page::{Page, Resources};
use kurbo::{Affine, BezPath, PathEl, Point, Rect, Shape as _};

use super::super::PageFault;
use super::drawn::{DEEPEST_STATE, MOST_CONTENT, form_content, matrix, point};

/// Resolution range in dots per inch: that of the page's finest image, within this range. Of 12 pages at 150 dots
/// per inch (JPEG of low quality) tesseract finds 0.966 of the words; drawn at 200 it finds 0.972, at 250 0.981,
/// at 300 0.980.
const RESOLUTION: (f64, f64) = (250.0, 300.0);
/// Most pixels of the canvas: a page of A3 at 300 dots per inch has 17 million.
const MOST_PIXELS: f64 = 25e6;
/// Most pixels of a side of the canvas: a page may declare any side length.
const MOST_SIDE: f64 = 20_000.0;
/// Most pixels of one image: A3 at 600 dots per inch has 70 million. Decoded they are 100 MB in gray, 300 MB in colour.
const MOST_IMAGE_PIXELS: u64 = 100_000_000;
/// Most pixels of all images of a page, decoded one after the other.
const MOST_PAGE_PIXELS: u64 = 400_000_000;
/// Most images of a page. Scanners write up to some hundred strips.
const MOST_IMAGES: usize = 2_000;
/// Most operations of a page of images. A page with more is a drawing.
const MOST_OPERATIONS: usize = 200_000;
/// Most crossings of the edges of one shape with rows of samples, and samples of a row of pixels.
const MOST_CROSSINGS: usize = 2_000_000;
const SAMPLED_ROWS: usize = 4;
/// Largest distance of a shape from the canvas, in pixels, and of a curve from the lines that replace it.
const MOST_DISTANT: f64 = 100_000.0;
const FLAT: f64 = 0.2;
/// Opacity below which a colour is not painted.
const VISIBLE: f32 = 0.3;
/// Height and width of a shape that may be a letter, in points, and the most shapes of a page that are compared.
const LETTER: (Range<f64>, Range<f64>) = (2.5..40.0, 0.3..60.0);
const MOST_LETTERS: usize = 5_000;
/// Samples of an image in each direction per pixel of a coarser canvas.
const MOST_SAMPLES: usize = 4;

/// A page as a picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Raster {
    pub width: usize,
    pub height: usize,
    /// One byte per pixel, row by row from the top; 255 is white.
    pub gray: Vec<u8>,
    /// Pixels per point.
    pub scale: f64,
}

/// The number of shapes of a page that are like letters: small, filled, and with another one beside them.
pub(super) fn outlined_letters(page: &Page<'_>) -> usize {
    let (width, height) = page.render_dimensions();
    let bounds = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let mut shapes: Vec<Rect> = Vec::new();
    Walk::over(page, &mut |drawn| {
        let Drawn::Shape(shape) = drawn else { return };
        for part in parts(shape.path) {
            let is_letter = LETTER.0.contains(&part.height()) && LETTER.1.contains(&part.width());
            if is_letter && bounds.contains(part.center()) && shapes.len() < MOST_LETTERS {
                shapes.push(part);
            }
        }
    });
    shapes.sort_by(|a, b| a.x0.total_cmp(&b.x0));
    let has_neighbour = |at: usize| {
        let one = shapes[at];
        let near = shapes[at..].iter().take_while(|other| other.x0 < one.x1 + 0.6 * one.height());
        near.filter(|other| other.x0 > one.x0 + 0.2 * one.height()).any(|other| {
            let (small, large) =
                (one.height().min(other.height()), one.height().max(other.height()));
            one.y1.min(other.y1) - one.y0.max(other.y0) > 0.5 * small && large < 3.0 * small
        })
    };
    (0..shapes.len()).filter(|at| has_neighbour(*at)).count()
}

/// The extents of the parts of a path.
fn parts(path: &BezPath) -> Vec<Rect> {
    let mut parts: Vec<Rect> = Vec::new();
    for element in path.elements() {
        let points = match *element {
            PathEl::MoveTo(to) => {
                parts.push(Rect::from_points(to, to));
                continue;
            }
            PathEl::LineTo(to) => [to; 3],
            PathEl::QuadTo(a, to) => [a, to, to],
            PathEl::CurveTo(a, b, to) => [a, b, to],
            PathEl::ClosePath => continue,
        };
        if let Some(part) = parts.last_mut() {
            *part = points.into_iter().fold(*part, |part, point| part.union_pt(point));
        }
    }
    parts
}

/// Draws the images and the filled shapes of a page.
///
/// # Errors
/// [`PageFault::Damaged`] and [`PageFault::TooLarge`].
pub(super) fn raster(page: &Page<'_>) -> Result<Raster, PageFault> {
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width), f64::from(height));
    if page.page_stream().is_some_and(|content| content.len() > MOST_CONTENT) {
        return Err(PageFault::TooLarge);
    }
    let mut finest = RESOLUTION.0;
    Walk::over(page, &mut |drawn| {
        if let Drawn::Image(image) = drawn {
            finest = f64::max(finest, image.resolution());
        }
    });
    let scale = (finest.min(RESOLUTION.1) / 72.0)
        .min((MOST_PIXELS / (width * height)).sqrt())
        .min(MOST_SIDE / width.max(height));
    let (columns, rows) = ((width * scale).ceil() as usize, (height * scale).ceil() as usize);
    // From the page, whose y grows upwards, to pixels, whose y grows downwards.
    let to_pixels = Affine::new([scale, 0.0, 0.0, -scale, 0.0, height * scale]);
    let white = vec![255; columns * rows];
    let mut canvas = GrayImage { width: columns, height: rows, pixels: white };
    let (mut drawn, mut too_large, mut all) = (0, false, 0);
    Walk::over(page, &mut |object| {
        let size = match &object {
            Drawn::Image(image) => pixels(image.stream),
            Drawn::Shape(shape) => {
                let area = to_pixels.transform_rect_bbox(shape.path.bounding_box());
                canvas.part(area).map_or(0, |(columns, rows)| (columns.len() * rows.len()) as u64)
            }
        };
        if size > MOST_IMAGE_PIXELS || all + size > MOST_PAGE_PIXELS {
            too_large = true;
            return;
        }
        all += size;
        match object {
            Drawn::Image(image) => {
                if let Some(decoded) = decode(image.stream, image.resources) {
                    canvas.draw(&decoded, to_pixels * image.place, image.ink);
                    drawn += 1;
                }
            }
            Drawn::Shape(shape) => {
                canvas.fill(&shape, to_pixels);
                drawn += usize::from(size > 0);
            }
        }
    });
    match (drawn, too_large) {
        (0, true) => Err(PageFault::TooLarge),
        (0, false) => Err(PageFault::Damaged),
        _ => Ok(Raster { width: columns, height: rows, gray: canvas.pixels, scale }),
    }
}

/// What a page draws.
enum Drawn<'s, 'a> {
    Image(Placed<'s, 'a>),
    Shape(Shape<'s>),
}

/// A filled path.
struct Shape<'s> {
    /// In points of the page.
    path: &'s BezPath,
    is_even_odd: bool,
    ink: u8,
    /// The extent of the clipping path.
    clip: Rect,
}

/// An image at its position.
struct Placed<'s, 'a> {
    stream: &'s Stream<'a>,
    resources: &'s Resources<'a>,
    /// From the unit square to the page.
    place: Affine,
    /// The gray value of a stencil.
    ink: u8,
}

impl Placed<'_, '_> {
    /// Dots per inch, along the finer side.
    fn resolution(&self) -> f64 {
        let (width, height) = size(self.stream.dict()).unwrap_or((0, 0));
        let [a, b, c, d, ..] = self.place.as_coeffs();
        let dots = |pixels: u32, points: f64| {
            if points > 1.0 { f64::from(pixels) / points * 72.0 } else { 0.0 }
        };
        dots(width, a.hypot(b)).max(dots(height, c.hypot(d)))
    }
}

/// Pixels of an image: the largest of its own size, the size in its filter's parameters and the size that its data
/// declares. A decoder allocates the latter two.
fn pixels(stream: &Stream<'_>) -> u64 {
    let dict = stream.dict();
    let (width, height) = size(dict).unwrap_or((0, 0));
    let product = |width: u32, height: u32| u64::from(width) * u64::from(height);
    let of_filter = |params: &Dict<'_>| {
        // The decoder truncates a larger number to 32 bits.
        let columns = params.get::<usize>(COLUMNS).unwrap_or(0) as u64;
        columns.saturating_mul(params.get::<u32>(ROWS).unwrap_or(0).max(height).max(1).into())
    };
    let of_filters = [DECODE_PARMS, DP].into_iter().map(|key| match dict.get::<Object<'_>>(key) {
        Some(Object::Dict(params)) => of_filter(&params),
        Some(Object::Array(all)) => {
            all.iter::<Dict<'_>>().map(|it| of_filter(&it)).max().unwrap_or(0)
        }
        _ => 0,
    });
    let filters = [F, FILTER].into_iter().find_map(|key| dict.get::<Object<'_>>(key));
    let filter = match &filters {
        Some(Object::Name(name)) => Some(name.clone()),
        Some(Object::Array(names)) => names.iter::<Name<'_>>().next(),
        _ => None,
    };
    let of_data = match filter.as_deref() {
        Some(b"JPXDecode") => jpeg2000_size(&stream.raw_data()),
        Some(b"DCTDecode" | b"DCT") => jpeg_size(&stream.raw_data()),
        _ => None,
    };
    let of_data = of_data.map_or(0, |(width, height)| product(width, height));
    of_filters.fold(product(width, height).max(of_data), u64::max)
}

/// Width and height that the size segment of a JPEG 2000 codestream declares.
fn jpeg2000_size(data: &[u8]) -> Option<(u32, u32)> {
    let at = data.windows(4).position(|bytes| bytes == [0xff, 0x4f, 0xff, 0x51])?;
    let number = |from: usize| {
        let bytes = data.get(at + from..at + from + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    };
    Some((number(8)?, number(12)?))
}

/// Width and height that the frame header of a JPEG declares.
fn jpeg_size(data: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let [0xff, kind, high, low] = *data.get(at..at + 4)? else { return None };
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            let [height_high, height_low, width_high, width_low] = *data.get(at + 5..at + 9)?
            else {
                return None;
            };
            let number = |bytes| u32::from(u16::from_be_bytes(bytes));
            return Some((number([width_high, width_low]), number([height_high, height_low])));
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
    }
}

fn size(dict: &Dict<'_>) -> Option<(u32, u32)> {
    let width = dict.get::<u32>(W).or_else(|| dict.get::<u32>(WIDTH))?;
    let height = dict.get::<u32>(H).or_else(|| dict.get::<u32>(HEIGHT))?;
    (width > 0 && height > 0).then_some((width, height))
}

/// The graphics state.
#[derive(Clone)]
struct State {
    place: Affine,
    ink: u8,
    /// The colour space of the ink, if it is not determined by the number of components.
    space: Option<Rc<Space>>,
    is_pattern: bool,
    is_visible: bool,
    clip: Rect,
}

/// Finds the images and the filled shapes of a page.
struct Walk<'d> {
    states: Vec<State>,
    state: State,
    /// In points of the page.
    path: BezPath,
    pen: Point,
    clips: bool,
    operations: usize,
    images: usize,
    draw: &'d mut dyn FnMut(Drawn<'_, '_>),
}

impl<'d> Walk<'d> {
    fn over(page: &Page<'_>, draw: &'d mut dyn FnMut(Drawn<'_, '_>)) {
        let place = Affine::new(page.initial_transform(false).as_coeffs());
        let state = State {
            place,
            ink: 0,
            space: None,
            is_pattern: false,
            is_visible: true,
            clip: Rect::new(-MOST_DISTANT, -MOST_DISTANT, MOST_DISTANT, MOST_DISTANT),
        };
        let mut walk = Self {
            states: Vec::new(),
            state,
            path: BezPath::new(),
            pen: Point::ZERO,
            clips: false,
            operations: 0,
            images: 0,
            draw,
        };
        walk.interpret(&mut page.typed_operations(), page.resources(), 0);
    }

    fn interpret(&mut self, content: &mut TypedIter<'_>, resources: &Resources<'_>, depth: usize) {
        let states = self.states.len();
        while let Some(operation) = content.next() {
            self.operations += 1;
            if self.operations > MOST_OPERATIONS {
                break;
            }
            match operation {
                TypedInstruction::SaveState(_) if self.states.len() < DEEPEST_STATE => {
                    self.states.push(self.state.clone());
                }
                TypedInstruction::RestoreState(_) if self.states.len() > states => self.restore(),
                TypedInstruction::Transform(m) => {
                    self.state.place *= matrix([m.0, m.1, m.2, m.3, m.4, m.5]);
                }
                TypedInstruction::SetGraphicsState(name) => {
                    let state = resources.get_ext_g_state(name.0);
                    let opacity = state.and_then(|state| state.get::<f32>(b"ca".as_slice()));
                    if let Some(opacity) = opacity {
                        self.state.is_visible = opacity >= VISIBLE;
                    }
                }
                TypedInstruction::ColorSpaceNonStroke(name) => {
                    let space = Space::of(&Object::Name(name.0.clone()), resources, 0);
                    self.state.space = space.map(Rc::new);
                    (self.state.ink, self.state.is_pattern) = (0, name.0.as_str() == "Pattern");
                }
                TypedInstruction::NonStrokeColorDeviceGray(color) => self.device_ink(&[color.0]),
                TypedInstruction::NonStrokeColorDeviceRgb(color) => {
                    self.device_ink(&[color.0, color.1, color.2]);
                }
                TypedInstruction::NonStrokeColorCmyk(color) => {
                    self.device_ink(&[color.0, color.1, color.2, color.3]);
                }
                TypedInstruction::NonStrokeColor(color) => self.ink(&color.0),
                TypedInstruction::NonStrokeColorNamed(color) => {
                    self.ink(&color.0);
                    self.state.is_pattern = color.1.is_some();
                }
                TypedInstruction::InlineImage(image) => self.image(image.0, resources),
                TypedInstruction::XObject(name) => {
                    if let Some(object) = resources.get_x_object(name.0) {
                        self.x_object(&object, resources, depth);
                    }
                }
                TypedInstruction::MoveTo(to) => self.move_to(point(to.0, to.1)),
                TypedInstruction::LineTo(to) => self.line_to(point(to.0, to.1)),
                TypedInstruction::CubicTo(to) => {
                    self.curve_to(point(to.0, to.1), point(to.2, to.3), point(to.4, to.5));
                }
                TypedInstruction::CubicStartTo(to) => {
                    self.curve_to(self.pen, point(to.0, to.1), point(to.2, to.3));
                }
                TypedInstruction::CubicEndTo(to) => {
                    let end = point(to.2, to.3);
                    self.curve_to(point(to.0, to.1), end, end);
                }
                TypedInstruction::ClosePath(_) => self.close(),
                TypedInstruction::RectPath(rect) => {
                    let (corner, size) = (point(rect.0, rect.1), point(rect.2, rect.3));
                    let (right, top) = (corner.x + size.x, corner.y + size.y);
                    self.move_to(corner);
                    self.line_to(Point::new(right, corner.y));
                    self.line_to(Point::new(right, top));
                    self.line_to(Point::new(corner.x, top));
                    self.close();
                }
                TypedInstruction::ClipNonZero(_) | TypedInstruction::ClipEvenOdd(_) => {
                    self.clips = true;
                }
                TypedInstruction::FillPathNonZero(_)
                | TypedInstruction::FillPathNonZeroCompatibility(_)
                | TypedInstruction::FillAndStrokeNonZero(_)
                | TypedInstruction::CloseFillAndStrokeNonZero(_) => self.paint(Some(false)),
                TypedInstruction::FillPathEvenOdd(_)
                | TypedInstruction::FillAndStrokeEvenOdd(_)
                | TypedInstruction::CloseFillAndStrokeEvenOdd(_) => self.paint(Some(true)),
                TypedInstruction::StrokePath(_)
                | TypedInstruction::CloseAndStrokePath(_)
                | TypedInstruction::EndPath(_) => self.paint(None),
                _ => {}
            }
        }
        while self.states.len() > states {
            self.restore();
        }
    }

    fn restore(&mut self) {
        if let Some(state) = self.states.pop() {
            self.state = state;
        }
    }

    fn move_to(&mut self, to: Point) {
        self.pen = to;
        self.path.move_to(self.state.place * self.pen);
    }

    fn line_to(&mut self, to: Point) {
        if self.path.elements().is_empty() {
            return self.move_to(to);
        }
        self.pen = to;
        self.path.line_to(self.state.place * self.pen);
    }

    fn curve_to(&mut self, first: Point, second: Point, to: Point) {
        if self.path.elements().is_empty() {
            return self.move_to(to);
        }
        self.pen = to;
        let place = self.state.place;
        self.path.curve_to(place * first, place * second, place * to);
    }

    fn close(&mut self) {
        if !self.path.elements().is_empty() {
            self.path.close_path();
        }
    }

    /// Ends a path. `fill` is the rule it is filled by, if it is: even-odd or not.
    fn paint(&mut self, fill: Option<bool>) {
        let path = std::mem::take(&mut self.path);
        let is_near = |point: Point| {
            point.is_finite() && point.x.abs() < MOST_DISTANT && point.y.abs() < MOST_DISTANT
        };
        let extent = path.control_box();
        if !path.elements().is_empty()
            && is_near(Point::new(extent.x0, extent.y0))
            && is_near(Point::new(extent.x1, extent.y1))
        {
            let state = &self.state;
            if let Some(is_even_odd) = fill.filter(|_| state.is_visible && !state.is_pattern) {
                let (ink, clip) = (state.ink, state.clip);
                (self.draw)(Drawn::Shape(Shape { path: &path, is_even_odd, ink, clip }));
            }
            if self.clips {
                self.state.clip = self.state.clip.intersect(extent);
            }
        }
        self.clips = false;
    }

    /// Sets the colour of stencils and shapes in a colour space of the device.
    fn device_ink(&mut self, color: &[Number]) {
        self.state.space = None;
        self.ink(color);
    }

    /// Sets the colour of stencils and shapes.
    fn ink(&mut self, color: &[Number]) {
        self.state.is_pattern = false;
        let color: Vec<f64> = color.iter().map(|number| number.as_f64()).collect();
        let byte = |part: f64| (part.clamp(0.0, 1.0) * 255.0) as u8;
        let bytes = |whole: f64| color.iter().map(|part| byte(part / whole)).collect::<Vec<u8>>();
        self.state.ink = match (self.state.space.as_deref(), color.len()) {
            (Some(space @ Space::Indexed(_)), 1) => space.gray(&[color[0].clamp(0.0, 255.0) as u8]),
            (Some(space @ Space::Lab), 3) => space.gray(&bytes(100.0)),
            (Some(space), parts) if space.parts() == parts => space.gray(&bytes(1.0)),
            // The number of the components determines the colour space.
            (_, 1) => Space::Gray.gray(&bytes(1.0)),
            (_, 3) => Space::Rgb.gray(&bytes(1.0)),
            (_, 4) => Space::Cmyk.gray(&bytes(1.0)),
            _ => 0,
        };
    }

    fn image(&mut self, stream: &Stream<'_>, resources: &Resources<'_>) {
        self.images += 1;
        if self.images <= MOST_IMAGES {
            let (place, ink) = (self.state.place, self.state.ink);
            (self.draw)(Drawn::Image(Placed { stream, resources, place, ink }));
        }
    }

    fn x_object(&mut self, object: &Stream<'_>, resources: &Resources<'_>, depth: usize) {
        let dict = object.dict();
        if dict.get::<Name<'_>>(SUBTYPE).is_some_and(|kind| kind.as_str() == "Image") {
            return self.image(object, resources);
        }
        let Some(content) = form_content(object, depth) else { return };
        let own = dict.get::<Dict<'_>>(RESOURCES).map(Resources::new);
        let before = self.state.clone();
        self.state.place *= dict.get::<[f64; 6]>(MATRIX).map_or(Affine::IDENTITY, Affine::new);
        let mut content = TypedIter::new(content.as_ref());
        self.interpret(&mut content, own.as_ref().unwrap_or(resources), depth + 1);
        self.state = before;
    }
}

/// An image in gray: one byte per pixel, row by row from the top.
struct GrayImage {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

/// A decoded image.
struct Decoded {
    /// Its gray values; `None` for a stencil, which has no colour of its own.
    gray: Option<GrayImage>,
    /// The mask, if not all of it is painted: 255 is painted, 0 is not.
    mask: Option<GrayImage>,
}

/// A colour space, as far as it determines the gray value.
enum Space {
    Gray,
    Rgb,
    Cmyk,
    /// One or more inks: the larger the values, the darker.
    Inks(usize),
    /// A lightness and two other components.
    Lab,
    /// Indexes into a table of gray values.
    Indexed(Vec<u8>),
}

impl Space {
    fn of(object: &Object<'_>, resources: &Resources<'_>, depth: usize) -> Option<Self> {
        if depth > 3 {
            return None;
        }
        if let Object::Name(name) = object {
            let own = || Self::of(&resources.get_color_space(name)?, resources, depth + 1);
            return Self::named(name.as_str()).or_else(own);
        }
        let Object::Array(array) = object else { return None };
        let mut items = array.iter::<Object<'_>>();
        let Some(Object::Name(kind)) = items.next() else { return None };
        match kind.as_str() {
            "ICCBased" => {
                let Some(Object::Stream(profile)) = items.next() else { return None };
                match profile.dict().get::<u32>(N)? {
                    1 => Some(Self::Gray),
                    3 => Some(Self::Rgb),
                    4 => Some(Self::Cmyk),
                    _ => None,
                }
            }
            "Lab" => Some(Self::Lab),
            "Separation" => Some(Self::Inks(1)),
            "DeviceN" => match items.next()? {
                Object::Array(names) => Some(Self::Inks(names.iter::<Object<'_>>().count())),
                _ => None,
            },
            "Indexed" | "I" => {
                let base = Self::of(&items.next()?, resources, depth + 1)?;
                items.next()?;
                let table = match items.next()? {
                    Object::String(table) => PdfString::as_bytes(&table).to_vec(),
                    Object::Stream(table) => table.decoded_data().ok()?.into_owned(),
                    _ => return None,
                };
                let colors = table.chunks_exact(base.parts()).map(|color| base.gray(color));
                Some(Self::Indexed(colors.collect()))
            }
            name => Self::named(name),
        }
    }

    /// The space of this name; `None` for a name whose space needs parameters, or is the document's own.
    fn named(name: &str) -> Option<Self> {
        match name {
            "DeviceGray" | "G" | "CalGray" => Some(Self::Gray),
            "DeviceRGB" | "RGB" | "CalRGB" => Some(Self::Rgb),
            "DeviceCMYK" | "CMYK" => Some(Self::Cmyk),
            _ => None,
        }
    }

    /// Number of components.
    fn parts(&self) -> usize {
        match self {
            Self::Gray | Self::Indexed(_) => 1,
            Self::Rgb | Self::Lab => 3,
            Self::Cmyk => 4,
            Self::Inks(parts) => (*parts).max(1),
        }
    }

    /// Gray value of a colour.
    fn gray(&self, color: &[u8]) -> u8 {
        match self {
            Self::Gray | Self::Lab => color[0],
            Self::Rgb => luminance([color[0], color[1], color[2]]),
            Self::Cmyk => {
                let black = 255 - u32::from(color[3]);
                let light = |part: u8| ((255 - u32::from(part)) * black / 255) as u8;
                luminance([light(color[0]), light(color[1]), light(color[2])])
            }
            Self::Inks(_) => 255 - color.iter().fold(0u8, |sum, part| sum.saturating_add(*part)),
            Self::Indexed(table) => table.get(usize::from(color[0])).copied().unwrap_or(255),
        }
    }
}

fn luminance([red, green, blue]: [u8; 3]) -> u8 {
    ((299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 1000) as u8
}

fn decode(stream: &Stream<'_>, resources: &Resources<'_>) -> Option<Decoded> {
    let dict = stream.dict();
    let is_stencil = dict.get::<bool>(IM).or_else(|| dict.get::<bool>(IMAGE_MASK)).unwrap_or(false);
    if is_stencil {
        return Some(Decoded { gray: None, mask: Some(stencil(stream)?) });
    }
    let space = dict.get::<Object<'_>>(CS).or_else(|| dict.get::<Object<'_>>(COLORSPACE));
    let space = space.and_then(|space| Space::of(&space, resources, 0));
    let (gray, alpha) = samples(stream, space, None)?;
    let soft = dict.get::<Stream<'_>>(SMASK).filter(is_affordable);
    let soft = soft.and_then(|mask| Some(samples(&mask, Some(Space::Gray), None)?.0));
    let hard = || stencil(&dict.get::<Stream<'_>>(MASK).filter(is_affordable)?);
    Some(Decoded { gray: Some(gray), mask: soft.or_else(hard).or(alpha) })
}

/// A mask of one bit per pixel: a sample of 0 is painted, a sample of 1 is not.
fn stencil(stream: &Stream<'_>) -> Option<GrayImage> {
    let (mut mask, _) = samples(stream, Some(Space::Gray), Some(1))?;
    for sample in &mut mask.pixels {
        *sample = 255 - *sample;
    }
    Some(mask)
}

/// True for a mask within the limit of an image.
fn is_affordable(mask: &Stream<'_>) -> bool {
    size(mask.dict()).is_some() && pixels(mask) <= MOST_IMAGE_PIXELS
}

/// The samples of an image as gray, and its opacity if its data has one. Missing data is white.
fn samples(
    stream: &Stream<'_>,
    space: Option<Space>,
    bits: Option<u8>,
) -> Option<(GrayImage, Option<GrayImage>)> {
    let dict = stream.dict();
    let (width, height) = size(dict)?;
    let stated = dict.get::<u8>(BPC).or_else(|| dict.get::<u8>(BITS_PER_COMPONENT));
    let params = ImageDecodeParams {
        is_indexed: matches!(space, Some(Space::Indexed(_))),
        bpc: bits.or(stated),
        num_components: space.as_ref().and_then(|space| u8::try_from(space.parts()).ok()),
        target_dimension: None,
        width,
        height,
    };
    let decoded = stream.decoded_image(&params).ok()?;
    let about = decoded.image_data;
    let by_codec = about.as_ref().and_then(|about| match about.color_space? {
        ImageColorSpace::Gray => Some(Space::Gray),
        ImageColorSpace::Rgb => Some(Space::Rgb),
        ImageColorSpace::Cmyk => Some(Space::Cmyk),
        ImageColorSpace::Unknown(parts) => Some(Space::Inks(usize::from(parts))),
    });
    // A JPEG may have another number of components than the file declares.
    let space = match (space, by_codec) {
        (Some(stated), Some(codec)) if stated.parts() != codec.parts() => codec,
        (Some(stated), _) => stated,
        (None, Some(codec)) => codec,
        (None, None) => return None,
    };
    let (bits, width, height) = match &about {
        Some(about) => (about.bits_per_component, about.width, about.height),
        None => (params.bpc.unwrap_or(8), width, height),
    };
    if !(1..=MOST_IMAGE_PIXELS).contains(&(u64::from(width) * u64::from(height)))
        || !matches!(bits, 1 | 2 | 4 | 8 | 16)
    {
        return None;
    }
    let (width, height) = (width as usize, height as usize);
    let ramps = ramps(dict, bits, &space);
    let parts = space.parts();
    let row_bytes = (width * parts * usize::from(bits)).div_ceil(8);
    let mut pixels = vec![255; width * height];
    let mut color = vec![0; parts];
    for (row, samples) in decoded.data.chunks(row_bytes.max(1)).take(height).enumerate() {
        for column in 0..width {
            let first = column * parts;
            if (first + parts) * usize::from(bits) > samples.len() * 8 {
                break;
            }
            for (part, value) in color.iter_mut().enumerate() {
                *value = ramps[part][usize::from(sample(samples, first + part, bits))];
            }
            pixels[row * width + column] = space.gray(&color);
        }
    }
    let alpha = about.and_then(|about| about.alpha).filter(|alpha| alpha.len() == pixels.len());
    let alpha = alpha.map(|pixels| GrayImage { width, height, pixels });
    Some((GrayImage { width, height, pixels }, alpha))
}

/// A sample of a row; of 16 bits the upper eight.
fn sample(row: &[u8], at: usize, bits: u8) -> u8 {
    match bits {
        8 => row[at],
        16 => row[2 * at],
        bits => {
            let bits = usize::from(bits);
            let byte = row[at * bits / 8];
            (byte >> (8 - bits - at * bits % 8)) & ((1 << bits) - 1)
        }
    }
}

/// The values of samples for each component, by `Decode`: from 0 to 255, or indexes of a table.
fn ramps(dict: &Dict<'_>, bits: u8, space: &Space) -> Vec<[u8; 256]> {
    let most = f64::from((1u32 << bits.min(8)) - 1);
    let array = dict.get::<Array<'_>>(D).or_else(|| dict.get::<Array<'_>>(DECODE));
    let limits: Vec<f64> = array.map_or_else(Vec::new, |it| it.iter::<f64>().collect());
    let whole = if matches!(space, Space::Indexed(_)) { most } else { 1.0 };
    let ramp = |part: usize| {
        let (from, to) = match (limits.get(2 * part), limits.get(2 * part + 1), space) {
            // Its range is that of a lightness, to 100.
            (Some(from), Some(to), Space::Lab) => (from / 100.0, to / 100.0),
            (Some(from), Some(to), _) => (*from, *to),
            _ => (0.0, whole),
        };
        let scale = if whole > 1.0 { 1.0 } else { 255.0 };
        std::array::from_fn(|value| {
            let value = from + (value as f64).min(most) / most * (to - from);
            (value * scale).round().clamp(0.0, 255.0) as u8
        })
    };
    (0..space.parts()).map(ramp).collect()
}

impl GrayImage {
    /// The pixels of an area; `None` if it is outside.
    fn part(&self, area: Rect) -> Option<(Range<usize>, Range<usize>)> {
        let within = |from: f64, to: f64, end: usize| {
            let (from, to) = (from.floor().max(0.0), to.ceil().min(end as f64));
            (from < to).then_some(from as usize..to as usize)
        };
        Some((within(area.x0, area.x1, self.width)?, within(area.y0, area.y1, self.height)?))
    }

    /// Fills a shape. `to_pixels` maps the page to pixels.
    fn fill(&mut self, shape: &Shape<'_>, to_pixels: Affine) {
        let path = to_pixels * shape.path;
        let clip = to_pixels.transform_rect_bbox(shape.clip);
        let Some((columns, rows)) = self.part(path.bounding_box().intersect(clip)) else { return };
        // Where edges cross the rows of samples: the row, the place and the direction.
        let mut crossings: Vec<(usize, f64, i32)> = Vec::new();
        let samples = (rows.start * SAMPLED_ROWS) as f64..(rows.end * SAMPLED_ROWS) as f64;
        let mut edge = |from: Point, to: Point| {
            let (turn, low, high) = if from.y < to.y { (1, from, to) } else { (-1, to, from) };
            let row = |y: f64| {
                (y * SAMPLED_ROWS as f64 - 0.5).ceil().clamp(samples.start, samples.end) as usize
            };
            for row in row(low.y)..row(high.y) {
                if crossings.len() < MOST_CROSSINGS {
                    let y = (row as f64 + 0.5) / SAMPLED_ROWS as f64;
                    let part = (y - low.y) / (high.y - low.y);
                    crossings.push((row, low.x + part * (high.x - low.x), turn));
                }
            }
        };
        let (mut start, mut pen) = (Point::ZERO, Point::ZERO);
        kurbo::flatten(&path, FLAT, |element| match element {
            PathEl::MoveTo(to) => {
                edge(pen, start);
                (start, pen) = (to, to);
            }
            PathEl::LineTo(to) => {
                edge(pen, to);
                pen = to;
            }
            PathEl::ClosePath => {
                edge(pen, start);
                pen = start;
            }
            PathEl::QuadTo(..) | PathEl::CurveTo(..) => {}
        });
        edge(pen, start);
        crossings.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let from = columns.start as f64;
        let width = columns.len();
        // The change of the covered part from pixel to pixel.
        let mut change = vec![0.0; width + 2];
        for of_row in crossings.chunk_by(|a, b| a.0 / SAMPLED_ROWS == b.0 / SAMPLED_ROWS) {
            change.fill(0.0);
            for of_sample in of_row.chunk_by(|a, b| a.0 == b.0) {
                let mut winding = 0;
                for pair in of_sample.windows(2) {
                    winding += pair[0].2;
                    let is_inside = if shape.is_even_odd { winding % 2 != 0 } else { winding != 0 };
                    if !is_inside {
                        continue;
                    }
                    for (x, sign) in [(pair[0].1, 1.0), (pair[1].1, -1.0)] {
                        let x = (x - from).clamp(0.0, width as f64);
                        let (at, part) = (x as usize, x.fract());
                        change[at] += sign * (1.0 - part);
                        change[at + 1] += sign * part;
                    }
                }
            }
            let row = of_row[0].0 / SAMPLED_ROWS;
            let pixels = &mut self.pixels[row * self.width + columns.start..][..width];
            let mut covered = 0.0;
            for (pixel, change) in pixels.iter_mut().zip(&change) {
                covered += change;
                let part = (covered / SAMPLED_ROWS as f64).clamp(0.0, 1.0);
                let gray = f64::from(*pixel) * (1.0 - part) + f64::from(shape.ink) * part;
                *pixel = gray.round() as u8;
            }
        }
    }

    /// Draws an image. `place` maps the unit square, whose y grows upwards, to pixels.
    fn draw(&mut self, image: &Decoded, place: Affine, ink: u8) {
        if place.determinant().abs() < 1e-9 || !place.is_finite() {
            return;
        }
        let area = place.transform_rect_bbox(Rect::new(0.0, 0.0, 1.0, 1.0));
        let Some((columns, rows)) = self.part(area) else { return };
        let Some(drawn) = image.gray.as_ref().or(image.mask.as_ref()) else { return };
        let inverse = place.inverse();
        // Samples of the image per pixel in each direction.
        let [a, b, c, d, ..] = inverse.as_coeffs();
        let size = (drawn.width as f64, drawn.height as f64);
        let dense = (a * size.0).hypot(b * size.1).max((c * size.0).hypot(d * size.1));
        let steps = (dense.ceil() as usize).clamp(1, MOST_SAMPLES);
        for row in rows {
            for column in columns.clone() {
                let (mut light, mut paint) = (0u32, 0u32);
                for step in 0..steps * steps {
                    let part = |at: usize| (at as f64 + 0.5) / steps as f64;
                    let at = Point::new(
                        column as f64 + part(step % steps),
                        row as f64 + part(step / steps),
                    );
                    let at = inverse * at;
                    if !(0.0..1.0).contains(&at.x) || !(0.0..1.0).contains(&at.y) {
                        continue;
                    }
                    let (x, y) = (at.x, 1.0 - at.y);
                    let opaque = image.mask.as_ref().map_or(255, |mask| mask.nearest(x, y).into());
                    let gray = match &image.gray {
                        None => f64::from(ink),
                        Some(pixels) if dense < 1.0 => pixels.between(x, y),
                        Some(pixels) => f64::from(pixels.nearest(x, y)),
                    };
                    light += (gray * f64::from(opaque)) as u32;
                    paint += opaque;
                }
                let all = 255 * (steps * steps) as u32;
                let pixel = &mut self.pixels[row * self.width + column];
                let below = u32::from(*pixel) * (all - paint);
                *pixel = ((light + below) / all).min(255) as u8;
            }
        }
    }

    /// The pixel at a point of the unit square.
    fn nearest(&self, x: f64, y: f64) -> u8 {
        let column = ((x * self.width as f64) as usize).min(self.width - 1);
        let row = ((y * self.height as f64) as usize).min(self.height - 1);
        self.pixels[row * self.width + column]
    }

    /// The same for an image with fewer pixels than the canvas: interpolated between its four nearest.
    fn between(&self, x: f64, y: f64) -> f64 {
        let place = |at: f64, end: usize| {
            let at = (at * end as f64 - 0.5).clamp(0.0, (end - 1) as f64);
            (at as usize, (at as usize + 1).min(end - 1), at.fract())
        };
        let (left, right, by_x) = place(x, self.width);
        let (top, bottom, by_y) = place(y, self.height);
        let pixel = |row: usize, column: usize| f64::from(self.pixels[row * self.width + column]);
        let row = |row: usize| pixel(row, left) * (1.0 - by_x) + pixel(row, right) * by_x;
        row(top) * (1.0 - by_y) + row(bottom) * by_y
    }
}
