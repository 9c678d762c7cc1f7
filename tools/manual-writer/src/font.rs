//! The fonts of a manual: three of the fourteen standard fonts of every PDF reader.
//!
//! So no font is embedded and a manual stays small. Readers need only the widths and the
//! encoding; both are here as data. Widths are in thousandths of the size, as published for these
//! fonts; the encoding is WinAnsi (Windows-1252), which covers the languages of western Europe but
//! not, for instance, Hebrew: a manual in Hebrew is written as HTML.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Face {
    Regular,
    Bold,
    Italic,
    Mono,
}

impl Face {
    /// Every font, in the order of their resource names.
    pub(crate) const ALL: [Self; 4] = [Self::Regular, Self::Bold, Self::Italic, Self::Mono];

    /// Its PDF name.
    pub(crate) fn base_font(self) -> &'static [u8] {
        match self {
            Self::Regular => b"Helvetica",
            Self::Bold => b"Helvetica-Bold",
            Self::Italic => b"Helvetica-Oblique",
            Self::Mono => b"Courier",
        }
    }

    /// Its name in the resources of a page.
    pub(crate) fn resource(self) -> &'static [u8] {
        match self {
            Self::Regular => b"F1",
            Self::Bold => b"F2",
            Self::Italic => b"F3",
            Self::Mono => b"F4",
        }
    }

    /// Width of encoded text at this size, in points.
    pub(crate) fn width(self, encoded: &[u8], size: f32) -> f32 {
        let thousandths: u32 = encoded.iter().map(|byte| u32::from(self.advance(*byte))).sum();
        thousandths as f32 * size / 1000.0
    }

    fn advance(self, byte: u8) -> u16 {
        let at = usize::from(byte).saturating_sub(FIRST);
        match self {
            // The oblique font is the upright one, slanted: its widths are the same.
            Self::Regular | Self::Italic => REGULAR[at],
            Self::Bold => BOLD[at],
            Self::Mono => 600,
        }
    }
}

/// A letter as its WinAnsi byte, if it has one.
pub(crate) fn encode(letter: char) -> Option<u8> {
    match letter {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(letter)).ok(),
        _ => (0x80..).zip(HIGH).find(|(_, known)| *known == letter).map(|(byte, _)| byte),
    }
}

/// First character code of the width tables: codes below it are not printable.
const FIRST: usize = 32;

/// The characters of Windows-1252 at the positions of control codes in Latin-1, from 0x80 on; a space where there is
/// none.
const HIGH: [char; 32] = [
    '€', ' ', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', ' ', 'Ž', ' ', ' ', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', ' ', 'ž', 'Ÿ',
];

/// Advance widths of the upright font from code 32 on.
#[rustfmt::skip]
const REGULAR: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 0,
    556, 0, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 0, 611, 0,
    0, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 0, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];

/// Advance widths of the bold font from code 32 on.
#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 0,
    556, 0, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 0, 611, 0,
    0, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 0, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_wide_as_its_letters() {
        // H 722, e 556, l 222, l 222, o 556.
        assert_eq!(Face::Regular.width(b"Hello", 10.0), 22.78);
        assert_eq!(Face::Mono.width(b"Hello", 10.0), 30.0);
        assert!(Face::Bold.width(b"Hello", 10.0) > Face::Regular.width(b"Hello", 10.0));
    }

    #[test]
    fn letters_of_western_europe_have_a_byte_and_hebrew_has_none() {
        for (letter, byte) in [('A', 0x41), ('é', 0xe9), ('€', 0x80), ('–', 0x96), ('°', 0xb0)]
        {
            assert_eq!(encode(letter), Some(byte), "{letter}");
        }
        for letter in ['ש', 'Ω', '\u{8d}', '\n'] {
            assert_eq!(encode(letter), None, "{letter:?}");
        }
    }
}
