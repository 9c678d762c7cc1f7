//! The letters of CID fonts: a composite font whose characters are numbered by a collection of Adobe.
//!
//! The font's encoding maps a code to a CID, and a table per collection (Adobe-Japan1, Adobe-GB1, Adobe-CNS1,
//! Adobe-Korea1) maps the CID to a letter. Such fonts often have no `ToUnicode` map. The encodings named `Uni…` need no
//! table: their codes are UCS-2 or UTF-16.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use hayro_cmap::{BfString, CMap, CMapName, CidFamily};
use hayro_syntax::object::{Array, Dict, Object, Stream, String as PdfString};

/// The tables of the collections that the fonts of a document use, each parsed once.
#[derive(Default)]
pub(super) struct Collections(RefCell<HashMap<CidFamily, Option<Rc<CMap>>>>);

/// The letters of one font.
pub(super) enum Cids {
    /// The codes are UCS-2 or UTF-16.
    Unicode,
    /// The codes are mapped to CIDs and these to letters.
    Collection { encoding: Box<CMap>, letters: Rc<CMap> },
}

impl Collections {
    /// The letters of a font; `None` for a font of another kind and for a font of no known collection.
    pub(super) fn cids(&self, font: &Dict<'_>) -> Option<Cids> {
        let descendants = font.get::<Array<'_>>(b"DescendantFonts".as_slice())?;
        let descendant = descendants.iter::<Dict<'_>>().next()?;
        let encoding = match font.get::<Object<'_>>(b"Encoding".as_slice())? {
            Object::Name(name) if is_unicode(&name) => return Some(Cids::Unicode),
            Object::Name(name) => named(CMapName::from_bytes(&name))?,
            Object::Stream(stream) => parse(&Stream::decoded_data(&stream).ok()?)?,
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
    pub(super) fn text(&self, code: u32) -> Option<String> {
        match self {
            Self::Unicode => {
                let units = [(code >> 16) as u16, code as u16];
                let units = if code > 0xffff { &units[..] } else { &units[1..] };
                String::from_utf16(units).ok()
            }
            Self::Collection { encoding, letters } => {
                let cid = (1..=4).find_map(|length| encoding.lookup_cid_code(code, length))?;
                Some(match letters.lookup_bf_string(cid)? {
                    BfString::Char(letter) => letter.to_string(),
                    BfString::String(text) => text,
                })
            }
        }
    }
}

/// The data of a predefined CMap. The encodings of JIS X 0213:2004 assign other shapes of some letters to the same
/// codes as the older ones.
pub(super) fn load(name: CMapName<'_>) -> Option<&'static [u8]> {
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
        name => parse(load(name)?),
    }
}

fn parse(data: &[u8]) -> Option<CMap> {
    CMap::parse(data, load)
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
