//! The frame guard: reads WebSocket frames (RFC 6455) from the bytes of a client, within bounds.
//!
//! Owns the one incomplete message. A frame is checked by its header, before its payload
//! is stored: a length past the limit, a reserved bit, an unmasked frame or a flood of small frames ends
//! the connection without a further byte being buffered. Pure: no runtime, no clock, no socket; the caller
//! passes the time since the connection opened. Bytes in, messages or one [`Violation`] out.

use std::time::Duration;

use actix_http::ws::OpCode;
use tokio::time::Instant;

use crate::rate_limit::{Gcra, Quota};
use hsc_conversation::protocol::CloseReason;

/// Longest payload of a control frame (RFC 6455, section 5.5).
const CONTROL_PAYLOAD: u64 = 125;
/// Payload below which a fragment costs more to handle than it carries, so that it counts as a small
/// frame. Libraries that fragment do so at 1 KiB or more.
const SMALL_FRAGMENT: u64 = 64;
/// Longest header: two bytes, eight of length, four of mask.
const LONGEST_HEADER: usize = 14;
/// Small frames may come in bursts of this many seconds' worth, e.g. after a client was suspended.
const BURST_SECONDS: u32 = 5;
/// First allocation for a message; it doubles from there.
const FIRST_ALLOCATION: usize = 256;

/// Bounds of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimits {
    /// Largest message in bytes, over all of its fragments.
    pub message_bytes: usize,
    /// Small frames (ping, pong, close, empty frames, tiny fragments) in a second, sustained; five
    /// seconds' worth may come at once.
    pub small_frames_per_second: u32,
}

/// A message of a client, complete and unmasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping; its payload is repeated in the pong.
    Ping(Vec<u8>),
    /// A pong; it only shows that the client is alive.
    Pong,
    /// The client closes. Nothing after it is read.
    Close,
}

/// Why a connection is closed. Each reason has one close code and one metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.as_str())]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Violation {
    /// A header declares a message larger than the limit (1009).
    TooLarge,
    /// A reserved bit is set; no extension is ever negotiated (1002).
    ReservedBits,
    /// The opcode is not one of RFC 6455 (1002).
    UnknownOpcode,
    /// A client's frame is not masked (1002).
    Unmasked,
    /// A control frame is longer than 125 bytes (1002).
    ControlTooLong,
    /// A control frame is fragmented (1002).
    ControlFragmented,
    /// A continuation frame without a message to continue (1002).
    UnexpectedContinuation,
    /// A message begins within another one (1002).
    InterleavedMessage,
    /// The payload of a close frame is not a code and a text (1002).
    InvalidClose,
    /// A text message is not UTF-8 (1007).
    InvalidText,
    /// More small frames than the limit (1008).
    FrameFlood,
    /// A message exceeded the time limit from its first byte to its last (1008).
    MessageDeadline,
    /// The pod's memory for incomplete messages is used up, and this is the oldest large one (1013).
    MemoryBudget,
}

impl Violation {
    /// The metric label.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The close frame for the client.
    pub fn close_reason(self) -> CloseReason {
        match self {
            Self::TooLarge => CloseReason::TooLarge,
            Self::ReservedBits
            | Self::UnknownOpcode
            | Self::Unmasked
            | Self::ControlTooLong
            | Self::ControlFragmented
            | Self::UnexpectedContinuation
            | Self::InterleavedMessage
            | Self::InvalidClose => CloseReason::Protocol,
            Self::InvalidText => CloseReason::InvalidText,
            Self::FrameFlood | Self::MessageDeadline => CloseReason::Policy,
            Self::MemoryBudget => CloseReason::TryAgainLater,
        }
    }
}

/// The result of one call of [`FrameReader::read`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Bytes that were read. Never 0 when bytes were given.
    pub read: usize,
    /// The message that these bytes complete.
    pub message: Option<Message>,
}

/// The frame whose payload is being read.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: OpCode,
    is_final: bool,
    mask: [u8; 4],
    /// Payload read so far.
    read: usize,
    /// Payload still to come.
    left: usize,
}

/// The incomplete data message.
#[derive(Debug)]
struct Unfinished {
    is_text: bool,
    /// Sum of the declared lengths so far, in bytes; at most the limit.
    declared: u64,
    payload: Vec<u8>,
}

/// Reads the frames of one connection.
#[derive(Debug)]
pub struct FrameReader {
    limits: FrameLimits,
    header: [u8; LONGEST_HEADER],
    header_len: usize,
    frame: Option<Frame>,
    message: Option<Unfinished>,
    control: Vec<u8>,
    opened_at: Instant,
    small_frames: Gcra,
    is_closed: bool,
    failed: Option<Violation>,
}

impl FrameReader {
    /// The reader of a new connection.
    pub fn new(limits: FrameLimits) -> Self {
        let rate = limits.small_frames_per_second.max(1);
        let quota = Quota::per_second(rate, rate.saturating_mul(BURST_SECONDS));
        let opened_at = Instant::now();
        Self {
            limits,
            header: [0; LONGEST_HEADER],
            header_len: 0,
            frame: None,
            message: None,
            control: Vec::new(),
            opened_at,
            small_frames: Gcra::new(quota, opened_at),
            is_closed: false,
            failed: None,
        }
    }

    /// Reads to the end of the current frame, or of `bytes` if they end before it. `now` is the time
    /// since the connection opened. After a [`Message::Close`] everything is read and ignored.
    ///
    /// # Errors
    /// The violation of the client; the same again on every later call.
    pub fn read(&mut self, bytes: &[u8], now: Duration) -> Result<Step, Violation> {
        if let Some(violation) = self.failed {
            return Err(violation);
        }
        if self.is_closed {
            return Ok(Step { read: bytes.len(), message: None });
        }
        self.read_frame(bytes, now).inspect_err(|violation| {
            self.failed = Some(*violation);
            self.message = None;
            self.control = Vec::new();
        })
    }

    /// Stored payload bytes of the incomplete message.
    pub fn stored_bytes(&self) -> usize {
        self.message.as_ref().map_or(0, |message| message.payload.len()) + self.control.len()
    }

    /// True when no frame and no message is incomplete.
    pub fn is_between_messages(&self) -> bool {
        self.header_len == 0 && self.frame.is_none() && self.message.is_none()
    }

    fn read_frame(&mut self, bytes: &[u8], now: Duration) -> Result<Step, Violation> {
        let mut read = 0;
        let mut frame = match self.frame {
            Some(frame) => frame,
            None => loop {
                let Some(byte) = bytes.get(read) else { return Ok(Step { read, message: None }) };
                read += 1;
                if let Some(frame) = self.read_header(*byte, now)? {
                    break frame;
                }
            },
        };
        let payload = &bytes[read..];
        let payload = &payload[..payload.len().min(frame.left)];
        self.store(&frame, payload);
        frame.read += payload.len();
        frame.left -= payload.len();
        read += payload.len();
        if frame.left > 0 {
            self.frame = Some(frame);
            return Ok(Step { read, message: None });
        }
        self.frame = None;
        Ok(Step { read, message: self.end_frame(frame)? })
    }

    /// Reads one byte of a header; returns the frame after the last byte. Checks each byte as it arrives.
    fn read_header(&mut self, byte: u8, now: Duration) -> Result<Option<Frame>, Violation> {
        self.header[self.header_len] = byte;
        self.header_len += 1;
        let (first, second) = (self.header[0], self.header[1]);
        if first & 0x70 != 0 {
            return Err(Violation::ReservedBits);
        }
        let opcode = OpCode::from(first & 0x0f);
        if opcode == OpCode::Bad {
            return Err(Violation::UnknownOpcode);
        }
        let is_final = first & 0x80 != 0;
        if self.header_len == 1 {
            self.judge_opcode(opcode, is_final)?;
            return Ok(None);
        }
        if second & 0x80 == 0 {
            return Err(Violation::Unmasked);
        }
        let length_ends = match second & 0x7f {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        if self.header_len < length_ends {
            return Ok(None);
        }
        let length = match &self.header[2..length_ends] {
            [] => u64::from(second & 0x7f),
            length => length.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        if self.header_len == length_ends {
            self.judge_length(opcode, is_final, length, now)?;
        }
        if self.header_len < length_ends + 4 {
            return Ok(None);
        }
        let mut mask = [0; 4];
        mask.copy_from_slice(&self.header[length_ends..length_ends + 4]);
        self.header_len = 0;
        // At most the limit, which is a usize.
        let left = usize::try_from(length).map_err(|_| Violation::TooLarge)?;
        Ok(Some(Frame { opcode, is_final, mask, read: 0, left }))
    }

    fn judge_opcode(&self, opcode: OpCode, is_final: bool) -> Result<(), Violation> {
        match opcode {
            OpCode::Close | OpCode::Ping | OpCode::Pong if !is_final => {
                Err(Violation::ControlFragmented)
            }
            OpCode::Continue if self.message.is_none() => Err(Violation::UnexpectedContinuation),
            OpCode::Text | OpCode::Binary if self.message.is_some() => {
                Err(Violation::InterleavedMessage)
            }
            _ => Ok(()),
        }
    }

    fn judge_length(
        &mut self,
        opcode: OpCode,
        is_final: bool,
        length: u64,
        now: Duration,
    ) -> Result<(), Violation> {
        if is_control(opcode) {
            if length > CONTROL_PAYLOAD {
                return Err(Violation::ControlTooLong);
            }
            return self.pay(now);
        }
        let declared = self.message.as_ref().map_or(0, |message| message.declared);
        let limit = self.limits.message_bytes as u64;
        if length > limit - declared {
            return Err(Violation::TooLarge);
        }
        let is_fragment = opcode == OpCode::Continue || !is_final;
        if length == 0 || (is_fragment && length < SMALL_FRAGMENT) {
            self.pay(now)?;
        }
        match &mut self.message {
            Some(message) => message.declared += length,
            None => {
                self.message = Some(Unfinished {
                    is_text: opcode == OpCode::Text,
                    declared: length,
                    payload: Vec::new(),
                });
            }
        }
        Ok(())
    }

    fn pay(&mut self, now: Duration) -> Result<(), Violation> {
        self.small_frames.take(self.opened_at + now).map_err(|_| Violation::FrameFlood)
    }

    fn store(&mut self, frame: &Frame, payload: &[u8]) {
        let limit = self.limits.message_bytes;
        let (stored, most) = match &mut self.message {
            Some(message) if !is_control(frame.opcode) => (&mut message.payload, limit),
            _ => (&mut self.control, CONTROL_PAYLOAD as usize),
        };
        let begin = stored.len();
        if stored.capacity() - begin < payload.len() {
            // Doubled, but never past the largest message.
            let more = begin.max(FIRST_ALLOCATION).min(most - begin);
            stored.reserve_exact(more.max(payload.len()));
        }
        stored.extend_from_slice(payload);
        unmask(&mut stored[begin..], frame.mask, frame.read);
    }

    fn end_frame(&mut self, frame: Frame) -> Result<Option<Message>, Violation> {
        match frame.opcode {
            OpCode::Ping => Ok(Some(Message::Ping(std::mem::take(&mut self.control)))),
            OpCode::Pong => {
                self.control = Vec::new();
                Ok(Some(Message::Pong))
            }
            OpCode::Close => {
                self.is_closed = true;
                self.message = None;
                let payload = std::mem::take(&mut self.control);
                is_close(&payload).then_some(Some(Message::Close)).ok_or(Violation::InvalidClose)
            }
            _ if !frame.is_final => Ok(None),
            _ => match self.message.take() {
                None => Ok(None),
                Some(Unfinished { is_text: false, payload, .. }) => {
                    Ok(Some(Message::Binary(payload)))
                }
                Some(Unfinished { payload, .. }) => String::from_utf8(payload)
                    .map(|text| Some(Message::Text(text)))
                    .map_err(|_| Violation::InvalidText),
            },
        }
    }
}

fn is_control(opcode: OpCode) -> bool {
    matches!(opcode, OpCode::Close | OpCode::Ping | OpCode::Pong)
}

/// True for an empty payload, or a valid code (RFC 6455, section 7.4) followed by UTF-8.
fn is_close(payload: &[u8]) -> bool {
    match payload {
        [] => true,
        [_] => false,
        [high, low, text @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
                && std::str::from_utf8(text).is_ok()
        }
    }
}

/// Unmasks bytes that begin at `offset` within their frame.
fn unmask(bytes: &mut [u8], mut mask: [u8; 4], offset: usize) {
    mask.rotate_left(offset % 4);
    let mut words = bytes.chunks_exact_mut(4);
    for word in &mut words {
        for (byte, key) in word.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(mask) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use strum::VariantArray as _;

    use super::*;

    const LIMITS: FrameLimits = FrameLimits { message_bytes: 1_000, small_frames_per_second: 10 };
    const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];
    const START: Duration = Duration::ZERO;

    /// A client's frame with this first byte.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            len @ 0..=125 => bytes.push(0x80 | u8::try_from(len).unwrap()),
            len @ 126..=0xffff => {
                bytes.push(0x80 | 126);
                bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
            }
            len => {
                bytes.push(0x80 | 127);
                bytes.extend((len as u64).to_be_bytes());
            }
        }
        bytes.extend(MASK);
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    /// Reads everything, in chunks of this size.
    fn read_all(
        reader: &mut FrameReader,
        bytes: &[u8],
        chunk: usize,
    ) -> (Vec<Message>, Option<Violation>) {
        let mut messages = Vec::new();
        for mut chunk in bytes.chunks(chunk) {
            while !chunk.is_empty() {
                match reader.read(chunk, START) {
                    Ok(step) => {
                        assert!(step.read > 0, "every step reads");
                        chunk = &chunk[step.read..];
                        messages.extend(step.message);
                    }
                    Err(violation) => return (messages, Some(violation)),
                }
            }
        }
        (messages, None)
    }

    fn refused(bytes: &[u8]) -> Violation {
        let mut reader = FrameReader::new(LIMITS);
        read_all(&mut reader, bytes, 1).1.expect("it is refused")
    }

    #[test]
    fn an_oversized_header_is_refused_before_any_payload() {
        // The header of the issue: 2^63 - 1 bytes, and not even its mask has come.
        let huge = [0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let mut reader = FrameReader::new(LIMITS);
        assert_eq!(reader.read(&huge, START), Err(Violation::TooLarge));
        assert_eq!(reader.stored_bytes(), 0);
        assert_eq!(reader.read(&[0; 64], START), Err(Violation::TooLarge), "and stays refused");
        assert_eq!(
            refused(&[0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            Violation::TooLarge
        );
        assert_eq!(refused(&[0x82, 0xfe, 0x03, 0xe9]), Violation::TooLarge, "one byte past it");
        let mut reader = FrameReader::new(LIMITS);
        let whole = read_all(&mut reader, &frame(0x82, &[7; 1_000]), 999);
        assert_eq!(whole, (vec![Message::Binary(vec![7; 1_000])], None), "as large as it may be");
    }

    #[test]
    fn fragments_are_refused_at_the_header_that_exceeds_the_limit() {
        let mut reader = FrameReader::new(LIMITS);
        let first = [frame(0x01, &[b'a'; 600]), frame(0x00, &[b'a'; 400])].concat();
        assert_eq!(read_all(&mut reader, &first, 77), (vec![], None));
        assert_eq!(reader.stored_bytes(), 1_000);
        assert_eq!(reader.read(&[0x80, 0x81], START), Err(Violation::TooLarge));
        assert_eq!(reader.stored_bytes(), 0, "what was stored is freed");
    }

    #[test]
    fn each_protocol_violation_is_classified() {
        assert_eq!(refused(&[0xc1]), Violation::ReservedBits, "a compressed frame");
        assert_eq!(refused(&[0x91]), Violation::ReservedBits);
        assert_eq!(refused(&[0x83]), Violation::UnknownOpcode);
        assert_eq!(refused(&[0x8f]), Violation::UnknownOpcode);
        assert_eq!(refused(&[0x81, 0x05]), Violation::Unmasked);
        assert_eq!(refused(&[0x89, 0xfe, 0x00, 0x7e]), Violation::ControlTooLong);
        assert_eq!(refused(&[0x09]), Violation::ControlFragmented);
        assert_eq!(refused(&[0x80]), Violation::UnexpectedContinuation);
        assert_eq!(
            refused(&[frame(0x01, &[b'a'; 100]), vec![0x81]].concat()),
            Violation::InterleavedMessage
        );
        assert_eq!(refused(&frame(0x88, &[3])), Violation::InvalidClose);
        assert_eq!(refused(&frame(0x88, &1_005_u16.to_be_bytes())), Violation::InvalidClose);
        assert_eq!(refused(&frame(0x81, &[0xff])), Violation::InvalidText);
    }

    #[test]
    fn a_control_frame_may_come_within_a_message() {
        let bytes =
            [frame(0x01, b"one "), frame(0x89, b"ping"), frame(0x80, b"two"), frame(0x88, &[])]
                .concat();
        for chunk in 1..bytes.len() {
            let mut reader = FrameReader::new(LIMITS);
            let (messages, violation) = read_all(&mut reader, &bytes, chunk);
            let text = Message::Text("one two".to_owned());
            assert_eq!(messages, [Message::Ping(b"ping".to_vec()), text, Message::Close]);
            assert_eq!(violation, None);
            assert!(reader.is_between_messages());
        }
    }

    #[test]
    fn small_frames_are_limited_and_others_are_not() {
        let flood = |frame: &[u8]| {
            let mut reader = FrameReader::new(LIMITS);
            (1..).find(|_| reader.read(frame, START).is_err()).unwrap()
        };
        // Five seconds' worth of ten a second.
        assert_eq!(flood(&frame(0x8a, &[])), 51, "pongs");
        assert_eq!(flood(&frame(0x89, &[1; 125])), 51, "pings");
        assert_eq!(flood(&frame(0x81, &[])), 51, "empty texts");
        let mut fragments = FrameReader::new(LIMITS);
        fragments.read(&frame(0x01, &[b'a'; 64]), START).unwrap();
        let count = (1..).find(|_| fragments.read(&frame(0x00, &[]), START).is_err()).unwrap();
        assert_eq!(count, 51, "empty continuations");
        let mut chat = FrameReader::new(LIMITS);
        for _ in 0..1_000 {
            assert!(chat.read(&frame(0x81, b"x"), START).unwrap().message.is_some());
        }
        // At the sustained rate it goes on forever.
        let mut steady = FrameReader::new(LIMITS);
        for tenth in 0..10_000 {
            steady.read(&frame(0x8a, &[]), Duration::from_millis(tenth * 100)).unwrap();
        }
    }

    #[test]
    fn nothing_after_a_close_is_read() {
        let mut reader = FrameReader::new(LIMITS);
        let close = frame(0x88, &[3, 0xe8, b'b', b'y', b'e']);
        assert_eq!(read_all(&mut reader, &close, 3), (vec![Message::Close], None));
        assert_eq!(read_all(&mut reader, &[0xff; 100], 100), (vec![], None));
        assert_eq!(reader.stored_bytes(), 0);
    }

    #[test]
    fn every_violation_has_its_own_label() {
        let labels: std::collections::HashSet<_> =
            Violation::VARIANTS.iter().map(|it| it.as_str()).collect();
        assert_eq!(labels.len(), Violation::VARIANTS.len());
    }

    proptest! {
        // The parser of actix-http is the reference.
        #[test]
        fn accepted_frames_are_read_as_actix_http_reads_them(
            messages in prop::collection::vec((any::<bool>(), "\\PC{0,80}", 1_usize..40), 1..6),
            chunk in 1_usize..200,
        ) {
            let mut bytes = Vec::new();
            for (is_text, text, piece) in &messages {
                let pieces: Vec<&[u8]> = text.as_bytes().chunks(*piece).collect();
                let first = if *is_text { 1 } else { 2 };
                match pieces.as_slice() {
                    [] => bytes.extend(frame(0x80 | first, &[])),
                    pieces => for (at, piece) in pieces.iter().enumerate() {
                        let last = if at + 1 == pieces.len() { 0x80 } else { 0 };
                        bytes.extend(frame(last | if at == 0 { first } else { 0 }, piece));
                    }
                }
            }
            let limits = FrameLimits { small_frames_per_second: 10_000, ..LIMITS };
            let (read, violation) = read_all(&mut FrameReader::new(limits), &bytes, chunk);
            prop_assert_eq!(violation, None);
            prop_assert_eq!(&read, &parsed_by_actix(&bytes));
            let expected: Vec<Message> = messages.into_iter().map(|(is_text, text, _)| match is_text {
                true => Message::Text(text),
                false => Message::Binary(text.into_bytes()),
            }).collect();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn stored_bytes_stay_within_the_limit_and_chunking_does_not_matter(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            chunk in 1_usize..50,
        ) {
            let mut reader = FrameReader::new(LIMITS);
            let whole = read_all(&mut FrameReader::new(LIMITS), &bytes, bytes.len().max(1));
            let in_chunks = read_all(&mut reader, &bytes, chunk);
            prop_assert_eq!(whole, in_chunks);
            prop_assert!(reader.stored_bytes() <= LIMITS.message_bytes + CONTROL_PAYLOAD as usize);
        }
    }

    /// The same with the parser of actix-http, fragments joined.
    fn parsed_by_actix(bytes: &[u8]) -> Vec<Message> {
        use actix_http::ws::Parser;
        let mut bytes = bytes::BytesMut::from(bytes);
        let (mut messages, mut joined, mut is_text) = (Vec::new(), Vec::new(), false);
        while let Some((is_final, opcode, payload)) =
            Parser::parse(&mut bytes, true, LIMITS.message_bytes).unwrap()
        {
            if opcode != OpCode::Continue {
                is_text = opcode == OpCode::Text;
            }
            joined.extend_from_slice(&payload.unwrap_or_default());
            if is_final {
                let whole = std::mem::take(&mut joined);
                messages.push(match is_text {
                    true => Message::Text(String::from_utf8(whole).unwrap()),
                    false => Message::Binary(whole),
                });
            }
        }
        messages
    }
}
