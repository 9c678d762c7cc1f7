//! A PDF as it was drawn, through one of two libraries behind one trait.
//!
//! [`oxide`] reads first: it knows fonts, bookmarks and positions. [`second`] is asked when the first
//! fails or finds hardly any text. Neither is trusted: each call is wrapped against panics and
//! bounded in pages and text; what no wrapper can hold (a stack or a memory that runs out) is held by
//! the process of its own that [`super::isolate`] starts.

mod outline;
mod oxide;
mod second;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::oxide::Oxide;
use self::second::Second;
use super::ReadError;
use super::sheet::{Budget, Draft};

/// Turns the bytes of a PDF into sheets.
trait Extractor {
    /// Every page, in order; a page that cannot be read is an empty sheet.
    fn extract(&self, bytes: &[u8], budget: &Budget) -> Result<Draft, ReadError>;
}

/// Letters on an average page under which a reading counts as hardly any text. A page of a manual has
/// a thousand and more; a scan has a stamp or a page number.
const FEW_LETTERS: usize = 20;

/// Reads a PDF with the first extractor, and with the second where the first found little.
pub(super) fn extract(bytes: &[u8], budget: &Budget) -> Result<Draft, ReadError> {
    // Bytes before the header are allowed and common; 1,024 is what readers traditionally search.
    if !bytes[..bytes.len().min(1024)].windows(5).any(|window| window == b"%PDF-") {
        return Err(ReadError::WrongKind { expected: "PDF" });
    }
    if nested_too_deep(bytes) {
        return Err(ReadError::Damaged("its objects are nested without end".into()));
    }
    let first = guarded(&Oxide, bytes, budget);
    match &first {
        Ok(draft) if !thin(draft) => return first,
        Ok(_) | Err(ReadError::Damaged(_)) => {}
        // The caller's limits and locks do not change with the library.
        Err(_) => return first,
    }
    if !budget.limits.second_try {
        return first;
    }
    let second = guarded(&Second, bytes, budget);
    match (first, second) {
        (Ok(first), Ok(second)) => Ok(if letters(&second) > letters(&first) {
            // Bookmarks and title are the first one's; the second does not read them.
            Draft { title: first.title, outline: first.outline, ..second }
        } else {
            first
        }),
        (Err(_), Ok(second)) if letters(&second) > 0 => Ok(second),
        (first, _) => first,
    }
}

/// Deepest nesting of arrays and dictionaries. A hundred is what the standard asks readers to bear.
const DEEPEST: i32 = 256;

/// True for objects nested so deep that parsing them would run out of stack, which nothing catches in
/// a process. Objects inside compressed streams are not seen here; those are why foreign bytes are
/// read in a process of their own.
fn nested_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut at) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'[' | b'<' => depth += 1,
            b']' | b'>' => depth = (depth - 1).max(0),
            b'o' if bytes[at..].starts_with(b"obj") => depth = 0,
            // What is in a stream is no object.
            b's' if bytes[at..].starts_with(b"stream") => {
                let body = &bytes[at..];
                let end = body.windows(9).position(|window| window == b"endstream");
                let Some(end) = end else { return false };
                at += end + 8;
            }
            _ => {}
        }
        if depth > 2 * DEEPEST {
            return true;
        }
        at += 1;
    }
    false
}

fn letters(draft: &Draft) -> usize {
    draft.sheets.iter().map(super::sheet::Sheet::letters).sum()
}

fn thin(draft: &Draft) -> bool {
    letters(draft) < draft.sheets.len() * FEW_LETTERS
}

/// Both libraries panic over some malformed input; a panic is one more way to say damaged.
fn guarded(extractor: &impl Extractor, bytes: &[u8], budget: &Budget) -> Result<Draft, ReadError> {
    catch_unwind(AssertUnwindSafe(|| extractor.extract(bytes, budget))).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().map(ToString::to_string);
        let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(ReadError::Damaged(words.unwrap_or_else(|| "the reader gave up".into())))
    })
}

/// The second extractor by itself, for a test that compares the two.
#[cfg(test)]
pub(super) fn second_alone(bytes: &[u8], limits: super::Limits) -> Result<Draft, ReadError> {
    guarded(&Second, bytes, &Budget::starting_now(limits))
}
