//! Parses a web page into a tree, within bounds of time, nodes, depth and attributes.
//!
//! The parser has no limits of its own, and some of its steps take time in proportion to earlier input: each attribute
//! of a tag is compared with the tag's others, each tag may visit every open element. So the page is fed in small
//! pieces, and each limit is checked between two of them. An incomplete tag emits no token; its attributes are
//! therefore counted before they are fed ([`TagScan`]).

use std::cell::Cell;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink as _};
use html5ever::{TokenizerResult, local_name};
use scraper::{Html, HtmlTreeSink};

use super::super::sheet::Budget;
use super::super::{Complexity, ReadError};

/// Most bytes that are fed at once. No limit is checked within a piece, so it is small.
const PIECE: usize = 4096;
/// Most bytes of the piece that begins a tag. If the text turns out to be a script, the parser has emitted
/// a token after it, and the rest is not counted as attributes.
const FIRST_PIECE: usize = 64;
/// Pieces between two checks of the clock and of the depth. A piece usually opens one element.
const PIECES: usize = 16;
/// Tag beginnings per node of the limit. An element has two; a page with more of them consists of
/// tags that the parser skips, which takes time as well.
const TAGS_PER_NODE: usize = 4;

/// Parses a page.
///
/// # Errors
/// [`ReadError::TooComplex`] and [`ReadError::TooSlow`].
pub(super) fn parse(page: &str, budget: &Budget) -> Result<Html, ReadError> {
    let limits = budget.limits.html;
    let sink = HtmlTreeSink::new(Html::new_document());
    let sink = Counted {
        builder: TreeBuilder::new(sink, TreeBuilderOpts::default()),
        tokens: Cell::new(0),
        root_attributes: Cell::new(0),
        max_attributes: limits.max_attributes as usize,
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    let (mut tags, mut scan) = (0, TagScan { state: State::Over, attributes: 0, began_at: 0 });
    for (number, piece) in Pieces(page).enumerate() {
        let tokens = tokenizer.sink.tokens.get();
        if begins_markup(piece) {
            tags += 1;
            if tags > (limits.max_nodes as usize).saturating_mul(TAGS_PER_NODE) {
                return Err(budget.too_complex(Complexity::Nodes));
            }
            if scan.began_at != tokens || scan.state == State::Over {
                scan = TagScan::beginning(piece, tokens);
            }
        }
        // A token was emitted since it began: it was not a tag, or the tag has ended.
        if scan.began_at == tokens && scan.count(piece) > limits.max_attributes {
            return Err(budget.too_complex(Complexity::Attributes));
        }
        queue.push_back(StrTendril::from_slice(piece));
        while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
        if number % PIECES == 0 {
            check(&tokenizer, budget)?;
        }
    }
    tokenizer.end();
    check(&tokenizer, budget)?;
    Ok(tokenizer.sink.builder.sink.finish())
}

fn check(tokenizer: &Tokenizer<Counted>, budget: &Budget) -> Result<(), ReadError> {
    budget.check_time()?;
    let limits = budget.limits.html;
    let html = tokenizer.sink.builder.sink.0.borrow();
    let mut nodes = html.tree.nodes();
    if nodes.len() > limits.max_nodes as usize {
        return Err(budget.too_complex(Complexity::Nodes));
    }
    // The newest node is where the next one will be: its ancestors are the open elements.
    let depth = nodes.next_back().map_or(0, |newest| {
        newest.ancestors().take((limits.max_depth as usize).saturating_add(1)).count()
    });
    if depth > limits.max_depth as usize {
        return Err(budget.too_complex(Complexity::Depth));
    }
    Ok(())
}

/// The tree builder, with counters.
struct Counted {
    builder: TreeBuilder<ego_tree::NodeId, HtmlTreeSink>,
    tokens: Cell<u64>,
    /// Attributes of the tags `html` and `body`, however many there are: all are merged into one element.
    root_attributes: Cell<usize>,
    max_attributes: usize,
}

impl TokenSink for Counted {
    type Handle = ego_tree::NodeId;

    fn process_token(&self, mut token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        match &mut token {
            // May also be emitted in the middle of a tag.
            Token::ParseError(_) => {}
            Token::TagToken(tag) => {
                self.tokens.set(self.tokens.get() + 1);
                self.bound_root(tag);
            }
            _ => self.tokens.set(self.tokens.get() + 1),
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

impl Counted {
    fn bound_root(&self, tag: &mut Tag) {
        if tag.kind == TagKind::StartTag
            && (tag.name == local_name!("html") || tag.name == local_name!("body"))
        {
            let count = self.root_attributes.get() + tag.attrs.len();
            self.root_attributes.set(count);
            if count > self.max_attributes {
                // The attributes are not used.
                tag.attrs.clear();
            }
        }
    }
}

/// A page in pieces. A tag or a comment begins at the beginning of a piece.
struct Pieces<'p>(&'p str);

impl<'p> Iterator for Pieces<'p> {
    type Item = &'p str;

    fn next(&mut self) -> Option<&'p str> {
        if self.0.is_empty() {
            return None;
        }
        let most = if begins_markup(self.0) { FIRST_PIECE } else { PIECE };
        let mut end = self.0.floor_char_boundary(most.min(self.0.len()));
        let bytes = self.0.as_bytes();
        let next = (1..end).find(|&at| bytes[at] == b'<' && begins_markup(&self.0[at..]));
        end = next.unwrap_or(end);
        // If a piece would end with `<`, the next one begins with it: the following character decides whether it
        // is a tag.
        if next.is_none() && end < bytes.len() && end > 1 && bytes[end - 1] == b'<' {
            end -= 1;
        }
        let (piece, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(piece)
    }
}

/// True for text that begins with a tag or a comment.
fn begins_markup(text: &str) -> bool {
    matches!(text.as_bytes(), [b'<', next, ..] if next.is_ascii_alphabetic() || b"/!?".contains(next))
}

/// Counts the attributes of an incomplete tag, by the states of the HTML standard. While the parser has
/// emitted no token since the tag began, it is in the same tag: the count is exact.
#[derive(Debug)]
struct TagScan {
    state: State,
    attributes: u32,
    /// Number of tokens emitted before it began.
    began_at: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A comment or the like, without attributes.
    Comment,
    Name,
    BeforeAttribute,
    AttributeName,
    AfterAttributeName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
    Over,
}

impl TagScan {
    fn beginning(piece: &str, began_at: u64) -> Self {
        let is_tag = match piece.as_bytes() {
            [b'<', b'/', letter, ..] | [b'<', letter, ..] => letter.is_ascii_alphabetic(),
            _ => false,
        };
        let state = if is_tag { State::Name } else { State::Comment };
        Self { state, attributes: 0, began_at }
    }

    /// Continues to count; returns the number of attributes so far.
    fn count(&mut self, piece: &str) -> u32 {
        let bytes = piece.as_bytes();
        // The `<` or `</` at its beginning.
        let open = match (self.state, bytes) {
            (State::Name, [b'<', b'/', ..]) => 2,
            (State::Name, [b'<', ..]) => 1,
            _ => 0,
        };
        for &byte in &bytes[open..] {
            self.step(byte);
        }
        self.attributes
    }

    fn step(&mut self, byte: u8) {
        let is_space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c);
        self.state = match (self.state, byte) {
            (State::Over | State::Comment, _) => self.state,
            (State::Quoted(quote), _) if byte == quote => State::BeforeAttribute,
            (State::Quoted(quote), _) => State::Quoted(quote),
            (_, b'>') => State::Over,
            (State::Unquoted, _) if is_space => State::BeforeAttribute,
            (State::Unquoted, _) => State::Unquoted,
            (State::BeforeValue, b'"' | b'\'') => State::Quoted(byte),
            (State::BeforeValue, _) if is_space => State::BeforeValue,
            (State::BeforeValue, _) => State::Unquoted,
            (_, b'/') => State::BeforeAttribute,
            (State::AttributeName, _) if is_space => State::AfterAttributeName,
            (State::AttributeName | State::AfterAttributeName, b'=') => State::BeforeValue,
            (State::AttributeName, _) => State::AttributeName,
            (State::Name, _) if is_space => State::BeforeAttribute,
            (State::Name, _) => State::Name,
            (state, _) if is_space => state,
            (_, _) => {
                self.attributes += 1;
                State::AttributeName
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(tag: &str) -> u32 {
        TagScan::beginning(tag, 0).count(tag)
    }

    #[test]
    fn attributes_are_counted_as_the_standard_reads_them() {
        for (tag, count) in [
            ("<p>", 0),
            ("</p x>", 1),
            ("<p a b=1 c='x y' d=\"z\"e>", 5),
            ("<p a = b c= 'd'>", 2),
            ("<p a=/b/c d>", 2),
            ("<p a/b/c>", 3),
            ("<p =a =b>", 1),
            ("<p a\" b'>", 2),
            ("<br/>", 0),
            ("<p a='<b c d>' e>x y z", 2),
            ("<!-- a b c", 0),
            ("</ a b c>", 0),
        ] {
            assert_eq!(attributes(tag), count, "{tag}");
        }
    }

    #[test]
    fn pieces_are_the_whole_page_and_tags_begin_them() {
        let page = format!("a<b c>d</b>é<!-- <i x> -->< 1</{}", "ü".repeat(9_000));
        let pieces: Vec<&str> = Pieces(&page).collect();
        assert_eq!(pieces.concat(), page);
        assert!(pieces.iter().all(|piece| piece.len() <= PIECE));
        for begins in ["a", "<b c>d", "</b>é", "<!-- ", "<i x> -->< 1", "</"] {
            assert!(pieces.iter().any(|piece| piece.starts_with(begins)), "{begins}");
        }
        for at in PIECE - 3..PIECE + 3 {
            let page = format!("{}<b c></b>", "x".repeat(at));
            let pieces: Vec<&str> = Pieces(&page).collect();
            assert_eq!(pieces.concat(), page);
            assert_eq!(pieces.iter().filter(|piece| begins_markup(piece)).count(), 2, "{at}");
        }
    }
}
