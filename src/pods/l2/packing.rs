//! A value of the L2 cache as bytes: a header, then JSON, deflated.
//!
//! ```text
//! "HSC" 01 | length of the JSON, u32 | CRC-32 of what follows, u32 | deflated JSON
//! ```
//!
//! Redis is shared, so a key of this server may hold bytes of another program, of another version or of a
//! faulty machine. Reading any bytes costs no more than the limits and ends in an
//! error that is counted.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Magic number and format version; the last byte is the version.
const MAGIC: [u8; 4] = *b"HSC\x01";
const HEADER: usize = 12;
/// Initial allocation: the length in the header is not trusted beyond this.
const FIRST_ROOM: usize = 64 * 1024;
/// Maximum ratio of unpacked to packed length. Text packs to about a fifth; a higher ratio is an
/// attack on the memory.
const MOST_UNPACKED: usize = 16;

/// Why a value was not packed or unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PackError {
    /// Larger than the limit.
    #[error("larger than cache.l2.max_value_bytes allows")]
    TooLarge,
    /// Not written by this server, or in another format version.
    #[error("foreign")]
    Foreign,
    /// The format is right and the content is damaged.
    #[error("damaged")]
    Damaged,
}

/// Packs a value into at most `most` bytes.
pub(super) fn pack<T: Serialize>(value: &T, most: usize) -> Result<Vec<u8>, PackError> {
    let json = serde_json::to_vec(value).map_err(|_| PackError::Damaged)?;
    let length = u32::try_from(json.len()).map_err(|_| PackError::TooLarge)?;
    if json.len() > most.saturating_mul(MOST_UNPACKED) {
        return Err(PackError::TooLarge);
    }
    // The fastest level: it packs text to a quarter instead of a fifth, in a third of the time.
    let mut body = DeflateEncoder::new(Vec::with_capacity(json.len() / 4), Compression::fast());
    let body =
        body.write_all(&json).and_then(|()| body.finish()).map_err(|_| PackError::Damaged)?;
    if HEADER + body.len() > most {
        return Err(PackError::TooLarge);
    }
    let mut packed = Vec::with_capacity(HEADER + body.len());
    packed.extend_from_slice(&MAGIC);
    packed.extend_from_slice(&length.to_le_bytes());
    packed.extend_from_slice(&checksum(&body).to_le_bytes());
    packed.extend_from_slice(&body);
    Ok(packed)
}

/// Unpacks a value that was packed into at most `most` bytes.
pub(super) fn unpack<T: DeserializeOwned>(packed: &[u8], most: usize) -> Result<T, PackError> {
    if packed.len() > most {
        return Err(PackError::TooLarge);
    }
    let (header, body) = packed.split_at_checked(HEADER).ok_or(PackError::Foreign)?;
    let number = |at: usize| {
        let bytes = header[at..at + 4].try_into().expect("four bytes of twelve");
        u32::from_le_bytes(bytes)
    };
    if header[..4] != MAGIC {
        return Err(PackError::Foreign);
    }
    let length = number(4) as usize;
    if length > most.saturating_mul(MOST_UNPACKED) {
        return Err(PackError::TooLarge);
    }
    if number(8) != checksum(body) {
        return Err(PackError::Damaged);
    }
    let mut json = Vec::with_capacity(length.min(FIRST_ROOM));
    // One byte more than declared, so that a length that is too small is noticed.
    let unpacked = DeflateDecoder::new(body).take(length as u64 + 1).read_to_end(&mut json);
    match unpacked {
        Ok(read) if read == length => serde_json::from_slice(&json).map_err(|_| PackError::Foreign),
        _ => Err(PackError::Damaged),
    }
}

fn checksum(body: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(body);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert, proptest};

    use super::*;

    const MOST: usize = 10_000;

    fn with_body(claimed: u32, json: &[u8]) -> Vec<u8> {
        let mut body = DeflateEncoder::new(Vec::new(), Compression::best());
        body.write_all(json).unwrap();
        let body = body.finish().unwrap();
        let numbers = [claimed, checksum(&body)].map(u32::to_le_bytes).concat();
        [&MAGIC[..], &numbers, &body].concat()
    }

    #[test]
    fn a_packed_value_is_smaller_and_unpacks_to_itself() {
        let text = "Hold the Menu button for ten seconds. ".repeat(100);
        let packed = pack(&text, MOST).unwrap();
        assert!(packed.len() * 10 < text.len());
        assert_eq!(unpack::<String>(&packed, MOST).as_ref(), Ok(&text));
    }

    #[test]
    fn a_value_over_the_limit_is_neither_packed_nor_unpacked() {
        let noise: Vec<u32> =
            (0..MOST as u32).map(|number| number.wrapping_mul(2_654_435_769)).collect();
        assert_eq!(pack(&noise, MOST), Err(PackError::TooLarge));
        let packed = pack(&noise, 1_000_000).unwrap();
        assert_eq!(unpack::<Vec<u32>>(&packed, MOST), Err(PackError::TooLarge));
    }

    #[test]
    fn a_decompression_bomb_is_refused() {
        let zeros = format!("\"{}\"", "0".repeat(50_000_000));
        let honest = with_body(zeros.len() as u32, zeros.as_bytes());
        assert_eq!(unpack::<String>(&honest, 100_000), Err(PackError::TooLarge));
        let lying = with_body(100, zeros.as_bytes());
        assert_eq!(unpack::<String>(&lying, 100_000), Err(PackError::Damaged));
    }

    #[test]
    fn deeply_nested_json_does_not_overflow_the_stack() {
        let tower = "[".repeat(100_000);
        let packed = with_body(tower.len() as u32, tower.as_bytes());
        assert_eq!(unpack::<serde_json::Value>(&packed, MOST), Err(PackError::Foreign));
    }

    #[test]
    fn a_value_of_another_version_is_foreign() {
        let mut packed = pack(&"a", MOST).unwrap();
        packed[3] += 1;
        assert_eq!(unpack::<String>(&packed, MOST), Err(PackError::Foreign));
        assert_eq!(unpack::<String>(b"", MOST), Err(PackError::Foreign));
        assert_eq!(unpack::<u32>(&pack(&"a", MOST).unwrap(), MOST), Err(PackError::Foreign));
    }

    proptest! {
        #[test]
        fn one_changed_byte_is_noticed(at in any::<prop::sample::Index>(), other in 1_u8..) {
            let mut packed = pack(&"Unplug the lamp. Turn the fuse holder to the left.", MOST).unwrap();
            let at = at.index(packed.len());
            packed[at] ^= other;
            prop_assert!(unpack::<String>(&packed, MOST).is_err());
        }

        #[test]
        fn garbage_is_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(unpack::<serde_json::Value>(&bytes, MOST).is_err());
            let dressed = [&MAGIC[..], &bytes].concat();
            prop_assert!(unpack::<serde_json::Value>(&dressed, MOST).is_err());
        }
    }
}
