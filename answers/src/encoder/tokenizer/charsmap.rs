//! SentencePiece's compiled normalization rules: the longest rule at each position of the text.
//!
//! The blob is the length of a double-array trie, the trie (32-bit units), and the replacements, each ended
//! by a zero byte. The value of a match is the start of its replacement.

pub(crate) struct Charsmap {
    units: Vec<u32>,
    replacements: Vec<u8>,
}

impl Charsmap {
    /// `None` for a truncated blob.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<4>()?;
        let (trie, replacements) = rest.split_at_checked(u32::from_le_bytes(*head) as usize)?;
        let units: Vec<u32> =
            trie.as_chunks::<4>().0.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
        (!units.is_empty()).then(|| Self { units, replacements: replacements.to_vec() })
    }

    pub(crate) fn apply(&self, text: &str) -> String {
        let mut normal = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            match self.longest(rest.as_bytes()) {
                Some((length, replacement)) if rest.is_char_boundary(length) => {
                    normal.push_str(replacement);
                    rest = &rest[length..];
                }
                _ => {
                    normal.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        normal
    }

    /// The longest rule that is a prefix of `key`: its length and its replacement.
    fn longest(&self, key: &[u8]) -> Option<(usize, &str)> {
        let mut found = None;
        let mut node = offset(*self.units.first()?);
        for (index, byte) in key.iter().enumerate() {
            if *byte == 0 {
                break;
            }
            node ^= *byte as usize;
            let Some(unit) = self.units.get(node) else { break };
            if unit & 0x8000_00ff != u32::from(*byte) {
                break;
            }
            node ^= offset(*unit);
            if unit >> 8 & 1 == 1
                && let Some(leaf) = self.units.get(node)
            {
                found = Some((index + 1, (leaf & 0x7fff_ffff) as usize));
            }
        }
        let (length, begin) = found?;
        let replacement = self.replacements.get(begin..)?.split(|byte| *byte == 0).next()?;
        Some((length, std::str::from_utf8(replacement).ok()?))
    }
}

/// The position of the children of a unit, relative to it.
fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 0x200) >> 6)) as usize
}
