//! Mutations of inputs, deterministic by their seed.

/// A generator of numbers (SplitMix64): small, and the same on every machine.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this bound, which is not zero.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).expect("it is below a usize")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// Numbers at the limits of integer types, and texts that are not numbers.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "1e308",
    "1e309",
    "1e-400",
    "0.1",
    "NaN",
    "Infinity",
    "0x10",
    "1000000000000",
    "00",
];
/// Pieces of text that parsers often mishandle: ends, controls, directions, halves of surrogate pairs, joined letters.
const TEXTS: &[&str] = &[
    "",
    "\0",
    "\u{1}",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\"",
    "'",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\udc00\\ud800",
    "\u{feff}",
    "\u{202e}",
    "\u{200f}",
    "\u{200d}",
    "\u{301}\u{301}\u{301}",
    "\u{1f468}\u{200d}\u{1f469}",
    "\u{fdfa}",
    "\u{df}",
    "\u{130}",
    "\u{5e9}\u{5dc}",
    "\u{ffff}",
    "\u{10ffff}",
    "%00",
    "%2e%2e%2f",
    "../",
    "<script>",
    "&#x0;",
    "&amp;",
    "]]>",
    "<!--",
    "${x}",
    "{{x}}",
];
const LONGEST: usize = 64 * 1024;
/// A piece is repeated at most two to the power of this, less one: enough to nest beyond any limit.
const REPEATS: usize = 14;

/// An input made of one from the pool, and of others.
pub(crate) fn mutated(pool: &[Vec<u8>], tokens: &[&str], chance: &mut Chance) -> Vec<u8> {
    let mut input = pool[chance.below(pool.len())].clone();
    // Mostly few changes: an input with many errors is refused at the first.
    let changes = 1 + chance.below(3) * chance.below(4);
    for _ in 0..changes {
        change(&mut input, pool, tokens, chance);
        input.truncate(LONGEST);
    }
    input
}

fn change(input: &mut Vec<u8>, pool: &[Vec<u8>], tokens: &[&str], chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    let (from, to) = range(input, chance);
    match chance.below(48) {
        0..4 if at < input.len() => input[at] ^= 1 << chance.below(8),
        4..8 if at < input.len() => input[at] = chance.byte(),
        8..11 => replace(input, at, at, &[chance.byte()]),
        11..15 => replace(input, from, to, &[]),
        15..18 => {
            let piece = input[from..to].to_vec();
            replace(input, at, at, &piece);
        }
        18..24 => {
            let other = &pool[chance.below(pool.len())];
            let (first, last) = range(other, chance);
            replace(input, from, to, &other[first..last]);
        }
        24..26 => input.truncate(at),
        26..30 => replace(input, at, at, chance.one(TEXTS).as_bytes()),
        30..33 => replace(input, from, to, chance.one(TEXTS).as_bytes()),
        33..38 => number(input, at, chance),
        38..46 if !tokens.is_empty() => replace(input, at, at, chance.one(tokens).as_bytes()),
        46 if !tokens.is_empty() => {
            let piece = chance.one(tokens).as_bytes().repeat(1 << chance.below(REPEATS));
            replace(input, at, at, &piece[..piece.len().min(LONGEST)]);
        }
        47 if to - from < 64 => {
            let piece = input[from..to].repeat(1 << chance.below(REPEATS));
            replace(input, at, at, &piece[..piece.len().min(LONGEST)]);
        }
        _ => replace(input, at, at, &[b' ', chance.byte()]),
    }
}

/// Replaces a piece by another. Whole slices are copied: byte by byte is slow in a debug build.
fn replace(input: &mut Vec<u8>, from: usize, to: usize, piece: &[u8]) {
    let rest = input[to..].to_vec();
    input.truncate(from);
    input.extend_from_slice(piece);
    input.extend_from_slice(&rest);
}

/// A random piece of the input, mostly a short one.
fn range(of: &[u8], chance: &mut Chance) -> (usize, usize) {
    let from = chance.below(of.len() + 1);
    let most = if chance.below(4) == 0 { of.len() } else { 16 };
    (from, (from + chance.below(most + 1)).min(of.len()))
}

/// Replaces the next number by another.
fn number(input: &mut Vec<u8>, at: usize, chance: &mut Chance) {
    let Some(from) = (at..input.len()).find(|at| input[*at].is_ascii_digit()) else { return };
    let length = input[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let other = chance.one(NUMBERS).as_bytes();
    replace(input, from, from + length, other);
}

#[test]
fn the_same_seed_makes_the_same_inputs_and_none_is_too_long() {
    let pool = [b"{\"a\": [1, 2]}".to_vec(), b"x".to_vec(), Vec::new()];
    let made = |seed| {
        let mut chance = Chance::new(seed);
        (0..2_000).map(|_| mutated(&pool, &["[", "\""], &mut chance)).collect::<Vec<_>>()
    };
    assert_eq!(made(1), made(1));
    assert_ne!(made(1), made(2));
    assert!(made(3).iter().all(|input| input.len() <= LONGEST));
}
