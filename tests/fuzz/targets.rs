//! The parsers, each as a function from bytes to an outcome.
//!
//! A target panics when a promise is broken. Its return value identifies the outcome: an input with a new outcome
//! is added to the pool and mutated.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hsc::identity::SignedVisitorTokens;
use hsc::manuals::limits;
use hsc::pods::RedisLog;
use hsc_actors::bridge::Envelope;
use hsc_actors::socket::frames::{self, FrameLimits, FrameReader, Violation};
use hsc_catalogs::import::import;
use hsc_catalogs::{DocumentationKind, Manual, Severity, load_files};
use hsc_config::{Settings, VisitorsSettings};
use hsc_conversation::Checkpoint;
use hsc_conversation::VisitorTokenVerifier as _;
use hsc_conversation::log::{LogError, StoredConversation};
use hsc_conversation::protocol::{
    AgentFrame, ClientFrame, InvalidMessage, without_lone_surrogates,
};
use hsc_conversation::{Tokens, UploadId};
use hsc_manuals::{Limits, count_runs, page_images, read};
use redis::Value;
use ring::hmac;
use serde_json::value::RawValue;

use crate::driver::hash;

/// Tokens of the languages that are written as JSON.
pub(crate) const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "null",
    "true",
    "false",
    "{\"a\":",
    "[[",
    "\"id\":",
    "\"type\":",
    "\"query\"",
    "\"typing\"",
    "\"hello\"",
    "\"message\"",
    "\"content\":",
    "\"product_id\":",
    "\"image\":",
    "\"data:image/png;base64,iVBORw0KGgo=\"",
    "\"resume\":",
    "\"after\":",
    "\"offset\":",
    "\"upload\":",
    "\"conversation\":",
    "\"name\":",
    "\"products\":",
    "\"price\":",
    "\"relationships\":",
    "\"sub\":",
    "\"exp\":",
    "\"nbf\":",
    "\"alg\":\"none\"",
    "\"crit\":[\"x\"]",
    "\"v\":1",
    "\"v\":2",
];
pub(crate) const CSV: &[&str] = &[
    ",", ";", "\t", "\"", "\"\"", "\n", "\r\n", "id", "name", "brand", "price", "1.234,56", "49.90",
];
/// Tokens of the log's replies; see [`stored_log`].
pub(crate) const LOG: &[&str] =
    &[":", "$", "_", "*", "$all", "$kept", "$gone", "$ahead", "$moved", "\n"];
pub(crate) const TOKEN: &[&str] = &[".", "-", "1.", "=", "_", "0", "f", "ffffffffffffffff", "\n"];
pub(crate) const HTML: &[&str] = &[
    "<",
    ">",
    "</",
    "<div>",
    "</div>",
    "<table>",
    "<tr>",
    "<td>",
    "<td colspan=1000000>",
    "<template>",
    "<svg>",
    "<math>",
    "<select>",
    "<h1>",
    "<h6>",
    "<li>",
    "<pre>",
    "<br>",
    "<p hidden>",
    "<a name=x>",
    "<style>",
    "<script>",
    "<!--",
    "-->",
    "&#x10ffff;",
    "&nbsp;",
    " a=b",
    "<b>",
    "<i>",
    "<form>",
    "<base>",
];
/// Tokens of frames: headers of each kind, with and without a mask, and lengths at the limits.
pub(crate) const FRAMES: &[&str] = &[
    "\u{1}\u{0}",
    "\u{2}\u{7e}",
    "\u{9}\u{7f}",
    "\u{a}\u{0}\0\0\0\0",
    "\u{0}\u{7f}",
    "\u{7f}\u{7f}",
    "\0\0\0\0",
];
pub(crate) const PDF: &[&str] = &[
    "<<",
    ">>",
    "[",
    "]",
    "(",
    ")",
    "/",
    " 0 R",
    " 0 obj",
    "endobj",
    "stream\n",
    "endstream",
    "xref",
    "trailer",
    "startxref",
    "%%EOF",
    "/Length ",
    "/Filter/FlateDecode",
    "/Type/Page",
    "/Kids",
    "/Count ",
    "/Parent",
    "/Contents",
    "/Resources",
    "/Font",
    "/ToUnicode",
    "/Encoding",
    "/Differences",
    "/Widths",
    "/MediaBox",
    "/Rotate ",
    "/Encrypt",
    "BT",
    "ET",
    " Tj",
    " TJ",
    " Td",
    " Tm",
    " Tf",
    " Do",
    " cm",
    "/Subtype/Image",
    "/Width ",
    "/Height ",
    "/BitsPerComponent ",
    "/ColorSpace",
    "/Decode[",
    "/ImageMask true",
    "/SMask",
    "/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 8/Rows 8>>",
    "/Filter/DCTDecode",
    "/Filter/JPXDecode",
    "/Filter/JBIG2Decode",
    "BI/W 2/H 2/BPC 8/CS/G ID abcd EI",
    " q",
    " Q",
    " cm",
    "beginbfrange",
    "<0000>",
    "/Outlines",
    "/First",
    "/Next",
    "/Dest",
];

const KEY: &str = "a key that the site and the server of this test share";

const LIMITS: FrameLimits = FrameLimits { message_bytes: 4_096, small_frames_per_second: 50 };

/// Frames of a client. The same messages are read however the bytes are split; no more is buffered than the limit,
/// and a text message is valid UTF-8.
pub(crate) fn frames(input: &[u8]) -> u64 {
    let whole = read_frames(input, &mut |_| input.len());
    let mut at = 0;
    // The input itself determines the lengths of the pieces.
    let pieces = read_frames(input, &mut |remaining| {
        at = (at + 7) % input.len().max(1);
        1 + usize::from(input.get(at).copied().unwrap_or(1)) % remaining
    });
    let single = read_frames(input, &mut |_| 1);
    assert_eq!(whole, pieces, "cut into pieces it is something else");
    assert_eq!(whole, single, "byte by byte it is something else");
    let (messages, violation) = &whole;
    for message in messages {
        let bytes = match message {
            frames::Message::Text(text) => text.len(),
            frames::Message::Binary(bytes) => bytes.len(),
            frames::Message::Ping(bytes) => bytes.len() + LIMITS.message_bytes - 125,
            frames::Message::Pong | frames::Message::Close => 0,
        };
        assert!(bytes <= LIMITS.message_bytes, "{bytes} bytes of one message");
    }
    // The messages are written as frames again; reading them gives the same messages.
    let again: Vec<u8> = messages.iter().flat_map(written).collect();
    if messages.len() <= 50 {
        assert_eq!(&read_frames(&again, &mut |remaining| remaining).0, messages);
    }
    let kinds: String = messages.iter().take(30).map(kind_of).collect();
    shape(&format!("{kinds} {:?}", violation.map(Violation::as_str)))
}

fn read_frames(
    input: &[u8],
    piece: &mut dyn FnMut(usize) -> usize,
) -> (Vec<frames::Message>, Option<Violation>) {
    let (mut reader, mut messages, mut at) = (FrameReader::new(LIMITS), Vec::new(), 0);
    while at < input.len() {
        let end = at + piece(input.len() - at).clamp(1, input.len() - at);
        while at < end {
            match reader.read(&input[at..end], Duration::ZERO) {
                Ok(step) => {
                    assert!(step.read > 0 && at + step.read <= end, "read {} bytes", step.read);
                    at += step.read;
                    messages.extend(step.message);
                }
                Err(violation) => {
                    assert_eq!(reader.read(b"x", Duration::ZERO), Err(violation), "for good");
                    return (messages, Some(violation));
                }
            }
            assert!(reader.stored_bytes() <= LIMITS.message_bytes + 125, "stored too much");
        }
    }
    (messages, None)
}

/// One final frame, masked.
fn written(message: &frames::Message) -> Vec<u8> {
    let (opcode, payload): (u8, &[u8]) = match message {
        frames::Message::Text(text) => (1, text.as_bytes()),
        frames::Message::Binary(bytes) => (2, bytes),
        frames::Message::Ping(bytes) => (9, bytes),
        frames::Message::Pong => (10, &[]),
        frames::Message::Close => (8, &[]),
    };
    let mask = [1, 2, 3, 4];
    let mut frame = vec![0x80 | opcode];
    match u16::try_from(payload.len()).expect("within the limit") {
        length @ 0..=125 => frame.push(0x80 | length.to_le_bytes()[0]),
        length => {
            frame.push(0xfe);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn kind_of(message: &frames::Message) -> char {
    match message {
        frames::Message::Text(_) => 't',
        frames::Message::Binary(_) => 'b',
        frames::Message::Ping(_) => 'i',
        frames::Message::Pong => 'o',
        frames::Message::Close => 'c',
    }
}

pub(crate) fn visitor_messages(input: &[u8]) -> u64 {
    let Ok(text) = std::str::from_utf8(input) else { return 0 };
    read_message(text, ClientFrame::parse)
}

pub(crate) fn agent_messages(input: &[u8]) -> u64 {
    let Ok(text) = std::str::from_utf8(input) else { return 0 };
    read_message(text, AgentFrame::parse)
}

/// An accepted message means the same after another program has rewritten it as JSON; a refused one
/// has a readable error.
fn read_message<T: std::fmt::Debug>(
    text: &str,
    parse: fn(&str) -> Result<T, InvalidMessage>,
) -> u64 {
    match parse(text) {
        Ok(frame) => {
            let printed = format!("{frame:?}");
            // The parser skips half of a surrogate pair; other JSON readers refuse it.
            let whole = without_lone_surrogates(text);
            let text = whole.as_deref().unwrap_or(text);
            // Compared field by field as text: a number with many digits is rounded in a `Value`.
            let fields: BTreeMap<String, &RawValue> =
                serde_json::from_str(text).expect("it was read as JSON");
            let written = serde_json::to_string(&fields).expect("what was read is written");
            let again = parse(&written).expect("it was accepted");
            assert_eq!(printed, format!("{again:?}"), "another meaning when it is written again");
            shape(&printed)
        }
        Err(InvalidMessage { code, message, .. }) => {
            assert!(!message.is_empty() && message.len() < 2_000, "no sentence: {message}");
            shape(&format!("{} {message}", code.as_str()))
        }
    }
}

/// Loaded products are found, with the same result each time, and errors name the product.
pub(crate) fn catalogs(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let loaded = load_files([("fuzz.json", &*text)]);
    let again = load_files([("fuzz.json", &*text)]);
    assert_eq!(loaded.problems, again.problems);
    let ids = |catalog: &hsc_catalogs::Catalog| -> Vec<Arc<str>> {
        catalog.products().iter().map(|product| Arc::clone(&product.id)).collect()
    };
    assert_eq!(ids(&loaded.catalog), ids(&again.catalog));
    for product in loaded.catalog.products().iter().take(20) {
        assert!(loaded.catalog.product(&product.id).is_some(), "{} is not found", product.id);
    }
    let reasons: Vec<String> = loaded
        .problems
        .iter()
        .take(8)
        .map(|problem| {
            assert!(!problem.reason.is_empty());
            format!("{:?} {}", problem.field, problem.reason)
        })
        .collect();
    shape(&format!("{} {reasons:?}", loaded.catalog.products().len().min(9)))
}

/// The files made from a table load, with every product and without an error.
pub(crate) fn catalog_tables(input: &[u8]) -> u64 {
    let report = match import(input) {
        Ok(report) => report,
        Err(error) => return shape(&error.to_string()),
    };
    for file in &report.files {
        let loaded = load_files([(file.name.as_str(), file.json.as_str())]);
        let wrong = loaded.problems.iter().find(|problem| problem.severity == Severity::Error);
        assert_eq!(wrong, None, "in {}", file.json);
        assert_eq!(loaded.catalog.products().len(), file.products, "of {}", file.json);
    }
    let wrong: Vec<String> = report.problems.iter().take(8).map(ToString::to_string).collect();
    shape(&format!("{} {wrong:?}", report.files.len()))
}

/// Reading, writing and reading again gives the same value.
pub(crate) fn checkpoints(input: &[u8]) -> u64 {
    let Ok(text) = std::str::from_utf8(input) else { return 0 };
    let rewritten = |text: &str| Checkpoint::decode(text).map(|checkpoint| checkpoint.encode());
    let Some(once) = rewritten(text) else { return 1 };
    let twice = rewritten(&once).expect("what was written is read");
    assert_eq!(once, twice);
    shape(&once)
}

/// Lines become the values of a script's reply: `$text`, `:number`, `*` an empty list, `_` nil.
/// For any values, the result is a list of entries without a gap, or an error.
pub(crate) fn stored_log(input: &[u8]) -> u64 {
    let value = |line: &[u8]| match line.split_first() {
        Some((b':', number)) => {
            let number = std::str::from_utf8(number).ok().and_then(|text| text.trim().parse().ok());
            number.map_or(Value::Nil, Value::Int)
        }
        Some((b'$', text)) => Value::BulkString(text.to_vec()),
        Some((b'*', _)) => Value::Array(Vec::new()),
        _ => Value::Nil,
    };
    let reply: Vec<Value> = input.split(|byte| *byte == b'\n').map(value).collect();
    let stored = RedisLog::entries_of(reply.clone());
    if let Ok(StoredConversation { offset, entries, .. }) = &stored {
        for pair in entries.windows(2) {
            assert_eq!(pair[0].offset + 1, pair[1].offset);
        }
        assert!(entries.last().is_none_or(|last| last.offset <= *offset), "past the end");
    }
    let taken = RedisLog::taken_over_of(reply, 7);
    let text_of = |error: &LogError| error.to_string();
    shape(&format!("{:?} {:?}", stored.as_ref().map_err(text_of), taken.as_ref().map_err(text_of)))
}

/// Reading and writing gives the same text.
pub(crate) fn pod_messages(input: &[u8]) -> u64 {
    match Envelope::read(input) {
        Ok(envelope) => {
            let again = Envelope::read(envelope.write().as_bytes());
            assert_eq!(again.as_ref(), Ok(&envelope));
            shape(envelope.body.kind())
        }
        Err(unread) => shape(unread.into()),
    }
}

/// A token is accepted only if it was signed, and only for its conversation.
pub(crate) fn conversation_tokens(input: &[u8]) -> u64 {
    static TOKENS: OnceLock<(Tokens, String, UploadId)> = OnceLock::new();
    let (tokens, good, upload) = TOKENS.get_or_init(|| {
        let tokens = Tokens::new([KEY.as_bytes()], Duration::from_secs(1 << 40));
        let good = tokens.sign("c1", 3);
        let upload = UploadId::new(&tokens, "c1", 1 << 40);
        (tokens, good, upload)
    });
    let Ok(text) = std::str::from_utf8(input) else { return 0 };
    // The seeds contain placeholders for tokens: a token signed earlier would have another key.
    let text = text.replace("GOOD", good).replace("UPLOAD", upload.as_str());
    let verified = tokens.verify(&text, "c1");
    assert!(verified.is_err() || text == *good, "{text} was never signed");
    if let Ok(conversation) = tokens.conversation(&text) {
        assert_eq!((conversation, text.as_str()), ("c1", good.as_str()));
    }
    let parsed = UploadId::parse(&text);
    if let Some(id) = &parsed {
        assert_eq!(id.as_str(), text);
        assert!(!id.belongs_to(tokens, "c2"));
        assert!(!id.belongs_to(tokens, "c1") || id == upload, "{text} was never given out");
    }
    shape(&format!("{verified:?} {:?}", parsed.is_some()))
}

/// The input as a token, and its first two lines as header and claims signed by the site.
pub(crate) fn visitor_tokens(input: &[u8]) -> u64 {
    static VOUCHING: OnceLock<SignedVisitorTokens> = OnceLock::new();
    let vouching = VOUCHING.get_or_init(|| {
        let settings = VisitorsSettings { key: KEY.into(), previous_key: "".into() };
        SignedVisitorTokens::new(&settings).expect("the key will do")
    });
    let text = String::from_utf8_lossy(input);
    let raw = vouching.visitor(&text);
    assert!(raw.is_err(), "{text} was never signed");
    let mut lines = input.splitn(2, |byte| *byte == b'\n');
    let (header, claims) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let signed_part =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed_part.as_bytes()));
    let signed = vouching.visitor(&format!("{signed_part}.{signature}"));
    if let Ok(visitor) = &signed {
        let header: serde_json::Value = serde_json::from_slice(header).expect("a header is JSON");
        assert_eq!(header["alg"], "HS256", "the key signs in one way");
        let texts = [Some(&visitor.subject), visitor.name.as_ref(), visitor.address.as_ref()];
        for text in texts.into_iter().flatten() {
            assert!(!text.is_empty() && text.len() < 2_000, "{text:?}");
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
    }
    shape(&format!(
        "{raw:?} {}",
        signed.map_or_else(|why| format!("{why:?}"), |_| "known".to_owned())
    ))
}

pub(crate) fn html(input: &[u8]) -> u64 {
    read_manual(input, DocumentationKind::Html)
}

pub(crate) fn pdf(input: &[u8]) -> u64 {
    read_manual(input, DocumentationKind::Pdf)
}

pub(crate) fn scans(input: &[u8]) -> u64 {
    match page_images(input.to_vec(), 3) {
        Ok(pages) => {
            for (width, height) in pages.iter().flatten() {
                // 25 million, each side rounded up.
                assert!(width * height <= 25_000_000 + width + height + 1, "{width} × {height}");
            }
            hash(format!("{pages:?}").as_bytes())
        }
        Err(error) => shape(&error.to_string()),
    }
}

pub(crate) fn hocr(input: &[u8]) -> u64 {
    count_runs(&String::from_utf8_lossy(input)) as u64
}

/// A manual within its limits, or an error.
fn read_manual(input: &[u8], kind: DocumentationKind) -> u64 {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    let settings =
        SETTINGS.get_or_init(|| Settings::load(None, std::iter::empty()).expect("the defaults"));
    let limits = Limits {
        max_pages: 200,
        max_text_bytes: 4 << 20,
        timeout_ms: 10_000,
        threads: 1,
        ..limits(&settings.manuals)
    };
    match read(input, kind, None, limits) {
        Ok(manual) => {
            let Manual { pages, passages, .. } = &manual;
            assert!(pages.len() <= 200, "{} pages", pages.len());
            let text: usize = passages.iter().map(|passage| passage.text().len()).sum();
            assert!(text <= 3 * (4 << 20), "{text} bytes of passages");
            // The result is sent to other processes and pods as JSON.
            let json = serde_json::to_vec(&manual).expect("it is written");
            let again: Manual = serde_json::from_slice(&json).expect("what was written is read");
            assert_eq!(manual, again);
            hash(format!("{} {}", pages.len().min(9), passages.len().min(40)).as_bytes())
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            shape(&error.to_string())
        }
    }
}

/// The letters of a text, in short: numbers and quoted parts of the input would make every outcome new.
fn shape(text: &str) -> u64 {
    let letters: Vec<u8> = text
        .bytes()
        .filter(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'{' | b'(' | b'[' | b':'))
        .take(120)
        .collect();
    hash(&letters)
}
