//! The fonts of a document: map character codes to letters.
//!
//! hayro-font reads the font; this module adds three fallbacks: glyphs that a producer named by their number, the
//! collection of a CID font ([`Collections`]), and letters from the embedded font's own table.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use hayro_cmap::{BfString, CMap, CMapName, CidFamily};
use hayro_font::{CMapResolverFn, Font, FontCache, FontGlyph, FontQuery, FontResolverFn};
use hayro_syntax::object::{Array, Dict, Name, Object, Stream, String as PdfString};
use skrifa::MetadataProvider as _;

/// Largest code whose meaning is kept: that of two bytes. Codes of four bytes are rare, and a document may draw any
/// number of them.
const LARGEST_KEPT: u32 = 0xffff;

/// The fonts of one document, each read once.
pub(super) struct Fonts<'a> {
    cache: FontCache<'a>,
    faces: HashMap<&'a [u8], Option<Rc<Face<'a>>>>,
    resolver: FontResolverFn,
    cmaps: CMapResolverFn,
    collections: Rc<Collections>,
}

/// One font of a document.
pub(super) struct Face<'a> {
    font: Font<'a>,
    dict: Dict<'a>,
    names: HashMap<u32, String>,
    collections: Rc<Collections>,
    /// The collection of a CID font. Filled at the first glyph without another name.
    cids: OnceCell<Option<Cids>>,
    /// What is known of the codes that were drawn: most letters of a page are drawn many times.
    shown: RefCell<HashMap<(u32, usize), Shown>>,
    /// Letters by glyph, from the embedded font. Filled at the first glyph without another name.
    own: OnceCell<HashMap<u32, char>>,
    pub bold: bool,
    pub mono: bool,
    pub horizontal: bool,
}

/// The meaning of a code.
#[derive(Clone)]
pub(super) struct Shown {
    /// Its letters; `None` if unknown.
    pub text: Option<Rc<str>>,
    /// Distance to the next glyph, in ems.
    pub advance: f64,
    /// Bytes of the code.
    pub length: usize,
    /// True for the one-byte code of a space, which word spacing applies to.
    pub is_space: bool,
}

impl<'a> Fonts<'a> {
    pub(super) fn new() -> Self {
        Self {
            cache: FontCache::new(),
            faces: HashMap::new(),
            resolver: Arc::new(|query| match query {
                FontQuery::Standard(font) => Some(font.get_font_data()),
                FontQuery::Fallback(query) => Some(query.pick_standard_font().get_font_data()),
            }),
            cmaps: Arc::new(load),
            collections: Rc::default(),
        }
    }

    /// The font of a dictionary; `None` when it cannot be read.
    pub(super) fn face(&mut self, dict: &Dict<'a>) -> Option<Rc<Face<'a>>> {
        // References in a dictionary are numbers in its bytes, so equal bytes are one font.
        let key = dict.data();
        if let Some(face) = self.faces.get(key) {
            return face.clone();
        }
        let face = self.cache.font(dict, &self.resolver, &self.cmaps).map(|font| {
            let name = dict.get::<Name<'_>>(b"BaseFont".as_slice());
            let name = name.map(|name| name.as_str().to_ascii_lowercase()).unwrap_or_default();
            let is = |words: &[&str]| words.iter().any(|word| name.contains(word));
            Rc::new(Face {
                horizontal: font.is_horizontal(),
                font,
                names: differences(dict),
                dict: dict.clone(),
                collections: Rc::clone(&self.collections),
                cids: OnceCell::new(),
                shown: RefCell::default(),
                own: OnceCell::new(),
                // Many fonts are bold only by name, not by their descriptor.
                // `CMBX` and `SFBX` are the bold faces of TeX, `CMTT` and `SFTT` the monospaced ones.
                bold: is(&["bold", "black", "heavy", "-demi", "cmbx", "sfbx", "-bd"]),
                mono: is(&["mono", "courier", "consol", "cmtt", "sftt", "typewriter"]),
            })
        });
        self.faces.insert(key, face.clone());
        face
    }
}

impl Face<'_> {
    /// The glyph whose code begins at `at`.
    pub(super) fn shown(&self, bytes: &[u8], at: usize) -> Shown {
        let (code, length) = self.font.read_code(bytes, at);
        let length = length.max(1);
        let shown = || {
            let advance = self.font.code_advance(code);
            let advance = if self.horizontal { advance.x } else { advance.y } / 1000.0;
            let text = self.text(code).map(Rc::from);
            Shown { text, advance, length, is_space: code == 32 && length == 1 }
        };
        if code > LARGEST_KEPT {
            return shown();
        }
        self.shown.borrow_mut().entry((code, length)).or_insert_with(shown).clone()
    }

    fn text(&self, code: u32) -> Option<String> {
        let glyph = self.font.glyph(self.font.map_code(code), code);
        let named = match &glyph {
            FontGlyph::Outline(glyph) => glyph.as_unicode(),
            FontGlyph::Type3(glyph) => glyph.as_unicode(),
        };
        if let Some(text) = named.map(letters_of).filter(|text| !text.chars().all(is_nothing)) {
            return Some(text);
        }
        if let Some(letter) = numbered(&self.names, code) {
            return Some(letter.to_string());
        }
        let cids = self.cids.get_or_init(|| self.collections.cids(&self.dict));
        let text = cids.as_ref().and_then(|cids| cids.text(code));
        if let Some(text) = text.filter(|text| !text.chars().all(is_nothing)) {
            return Some(text);
        }
        let FontGlyph::Outline(glyph) = &glyph else { return None };
        let own = self.own.get_or_init(|| {
            let mut own = HashMap::new();
            let Some(data) = glyph.font_data() else { return own };
            let Ok(font) = skrifa::FontRef::new(data.data.as_ref().as_ref()) else { return own };
            for (code, glyph) in font.charmap().mappings() {
                if let Some(letter) = char::from_u32(code).filter(|letter| !is_nothing(*letter)) {
                    own.entry(glyph.to_u32()).or_insert(letter);
                }
            }
            own
        });
        own.get(&glyph.glyph_id().to_u32()).map(char::to_string)
    }
}

fn letters_of(mapped: BfString) -> String {
    match mapped {
        BfString::Char(letter) => letter.to_string(),
        BfString::String(text) => text,
    }
}

/// A letter without a meaning: a failed mapping, or one of the private use areas.
pub(super) fn is_nothing(letter: char) -> bool {
    matches!(letter, '\0' | '\u{fffd}' | '\u{fffe}' | '\u{ffff}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

/// The glyph names that a font assigns to its codes.
fn differences(dict: &Dict<'_>) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    let encoding = dict.get::<Dict<'_>>(b"Encoding".as_slice());
    let list = encoding.and_then(|encoding| encoding.get::<Array<'_>>(b"Differences".as_slice()));
    let mut code = 0;
    for item in list.iter().flat_map(|list| list.iter::<Object<'_>>()) {
        match item {
            Object::Number(number) => code = u32::try_from(number.as_i64()).unwrap_or(0),
            Object::Name(name) => {
                names.insert(code, name.as_str().to_owned());
                code += 1;
            }
            _ => {}
        }
    }
    names
}

/// The letter of a glyph whose name is a letter or two and a decimal number: some producers name the
/// glyphs of a font by their code (`G80`, `C0080`, `a80`).
fn numbered(names: &HashMap<u32, String>, code: u32) -> Option<char> {
    let name = names.get(&code)?;
    let digits = name.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    if !(1..=2).contains(&(name.len() - digits.len()))
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let value: u32 = digits.parse().ok().filter(|value| (32..=255).contains(value))?;
    char::from_u32(value).filter(|letter| !letter.is_control())
}

/// The tables of the collections that the CID fonts of a document use, each parsed once.
///
/// The characters of such a composite font are numbered by a collection of Adobe. The font's encoding maps a code to a
/// CID, and a table per collection (Adobe-Japan1, Adobe-GB1, Adobe-CNS1, Adobe-Korea1) maps the CID to a letter. Such
/// fonts often have no `ToUnicode` map. The encodings named `Uni…` need no table: their codes are UCS-2 or UTF-16.
#[derive(Default)]
struct Collections(RefCell<HashMap<CidFamily, Option<Rc<CMap>>>>);

/// The letters of one CID font.
enum Cids {
    /// The codes are UCS-2 or UTF-16.
    Unicode,
    /// The codes are mapped to CIDs and these to letters.
    Collection { encoding: Box<CMap>, letters: Rc<CMap> },
}

impl Collections {
    /// The letters of a font; `None` for a font of another kind and for a font of no known collection.
    fn cids(&self, font: &Dict<'_>) -> Option<Cids> {
        let descendants = font.get::<Array<'_>>(b"DescendantFonts".as_slice())?;
        let descendant = descendants.iter::<Dict<'_>>().next()?;
        let encoding = match font.get::<Object<'_>>(b"Encoding".as_slice())? {
            Object::Name(name) if is_unicode(&name) => return Some(Cids::Unicode),
            Object::Name(name) => named(CMapName::from_bytes(&name))?,
            Object::Stream(stream) => CMap::parse(&Stream::decoded_data(&stream).ok()?, load)?,
            _ => return None,
        };
        let family = encoding.metadata().character_collection.as_ref().map(|it| it.family.clone());
        let family = family.filter(|family| *family != CidFamily::AdobeIdentity);
        let letters = self.letters(family.or_else(|| declared(&descendant))?)?;
        Some(Cids::Collection { encoding: Box::new(encoding), letters })
    }

    fn letters(&self, family: CidFamily) -> Option<Rc<CMap>> {
        let name = family.ucs2_cmap()?;
        self.0.borrow_mut().entry(family).or_insert_with(|| named(name).map(Rc::new)).clone()
    }
}

impl Cids {
    /// The letters of a code.
    fn text(&self, code: u32) -> Option<String> {
        match self {
            Self::Unicode => {
                let units = [(code >> 16) as u16, code as u16];
                let units = if code > 0xffff { &units[..] } else { &units[1..] };
                String::from_utf16(units).ok()
            }
            Self::Collection { encoding, letters } => {
                let cid = (1..=4).find_map(|length| encoding.lookup_cid_code(code, length))?;
                letters.lookup_bf_string(cid).map(letters_of)
            }
        }
    }
}

/// The data of a predefined CMap. The encodings of JIS X 0213:2004 assign other shapes of some letters to the same
/// codes as the older ones.
fn load(name: CMapName<'_>) -> Option<&'static [u8]> {
    hayro_cmap::load_embedded(match name {
        CMapName::Custom(b"UniJIS2004-UTF16-H") => CMapName::UniJisUtf16H,
        CMapName::Custom(b"UniJIS2004-UTF16-V") => CMapName::UniJisUtf16V,
        name => name,
    })
}

fn named(name: CMapName<'_>) -> Option<CMap> {
    match name {
        CMapName::IdentityH => Some(CMap::identity_h()),
        CMapName::IdentityV => Some(CMap::identity_v()),
        name => CMap::parse(load(name)?, load),
    }
}

/// True for the encodings whose codes are UCS-2 or UTF-16.
fn is_unicode(name: &[u8]) -> bool {
    let has = |part: &[u8]| name.windows(part.len()).any(|window| window == part);
    name.starts_with(b"Uni") && (has(b"-UCS2-") || has(b"-UTF16-"))
}

/// The collection that the descendant font declares.
fn declared(descendant: &Dict<'_>) -> Option<CidFamily> {
    let info = descendant.get::<Dict<'_>>(b"CIDSystemInfo".as_slice())?;
    let registry = info.get::<PdfString<'_>>(b"Registry".as_slice())?;
    let ordering = info.get::<PdfString<'_>>(b"Ordering".as_slice())?;
    Some(CidFamily::from_registry_ordering(registry.as_bytes(), ordering.as_bytes()))
}
