//! Search as you type: the products that best match a few letters, in microseconds.
//!
//! [`Index::build`] once, [`Index::search`] from any number of threads; nothing here takes a lock,
//! reads a clock or writes a log. The rest of this page explains how a hit is found and ranked.
//!
//! # How texts and queries are read
//!
//! Both pass through the same folding: compatibility forms resolved, marks taken off (accents, niqqud), lower case,
//! Hebrew final forms made ordinary, letters that Unicode does not decompose as their base letters (`ß` as `ss`, `ł` as
//! `l`), digits of every script as `0` to `9`. A character is then a letter of a word, a *joint* (`-`, `.`, `/`, `'` …:
//! may as well not be there), a *gap*, or nothing (direction marks).
//!
//! A product's word is indexed whole and from each place on where it may be cut: `TD-17KV` is
//! `td17kv`, `17kv`, `kv`, and as a part between joints `td`. All strings of all products, sorted,
//! are a trie in which whatever begins alike is one range of numbers, so a prefix costs as little
//! as a word. Fields, best first: name, model, aliases, brand, category, id, id of the brand; a
//! string that a better field has is not noted again for a worse one.
//!
//! In scripts without spaces a word may begin before every letter, so any part of `无线路由器` is found. A
//! decimal point (`1.5`, `1,5`) is told from other joints: `15` is another number. A word may have a
//! *variant* that means the same ([`variant`]): Latin letters for those that look like them in a model
//! number (`САВ-500`), the symbol of a unit after a number (`18volt`), no zeros behind the point. A product is
//! indexed by both, a query is searched as typed first and varied only where nothing fits well.
//!
//! A query is its letters without gaps, and what stood between them. `td17`, `td 17` and `TD-17`
//! differ in their cuts only, and a cut says where a word is *likely* to begin, never that one must.
//!
//! # The lattice
//!
//! A *reading* of the query cuts it into parts (`Edge`) and takes each part for a string of the
//! index, for the beginning of one, or for one with a typing error (`Sense`). All readings together
//! are a lattice over the letters. So joined words (`rolandtd17`), split ones (`td 1 7`) and words
//! in any order need no rule of their own. A part that joins what was written apart, or cuts what
//! was written in one, costs up to a letter and is taken only where it explains more than that.
//!
//! The search goes from the strict to the lenient and stops as soon as what it has is good:
//!
//! 1. the query as written;
//! 2. one error in the words that no string explains;
//! 3. one error in the others (`bass` may be meant for `base`);
//! 4. two errors in long words without a near string;
//! 5. words that stay unexplained.
//!
//! An error is a missing letter, an extra one, a wrong one, or two transposed neighbours.
//!
//! Candidates: a product that matches the query matches each letter of it, so of all
//! letters the one with the fewest products is taken (and crossed with the rarest part that shares
//! nothing with it). In step 5 the rarest words of the query bring theirs.
//!
//! # How a product is scored
//!
//! For each candidate the best path through the lattice is found, by its own strings. The gain of a
//! path, as a share of the letters of the query:
//!
//! - each part, its letters times how well it fits. Full for a word of the name or the model;
//!   a little less for an alias, the brand, the id, the category, in this order; less for a string
//!   inside a word than at its beginning; less for the beginning of a word than for the whole, much
//!   less when it is not the last word, for only the last one is still being typed; less for each
//!   error, the more so the shorter the part. An error in the first letter or in a digit weighs more
//!   (another number is another product), a missing or a transposed letter weighs less, for
//!   there are fewer ways to make it;
//! - parts that stand side by side in the product as they do in the query gain a little; a word
//!   that was written in one and is put together from two places loses much;
//! - letters of the product explain one part of the query, not two (`2002 flat 20` is not about
//!   a product with one `2002`).
//!
//! Two bonuses order what fits alike: the share of the name that is spelled, and a query that is
//! the whole name, or else its beginning word for word, as most are. Equal scores go by the joints, as they
//! are typed (`ax2` is `AX2` before `AX/2`), then by the shorter name, then by the order of the catalog.
//!
//! The weights are set by hand, each so that the rules above keep their order. They are on a plateau: those that were
//! moved by a third (the first letter, the digits) moved accuracy over queries they were not made on by less than half
//! a percent. `docs/performance.md` has the figures.
//!
//! # What confidence means
//!
//! The certainty of the hit, as a number from 1 to 100 that is comparable between queries:
//!
//! - 97: letter for letter the whole name, model number or id, or a whole word of them;
//! - 50 and more: a match, growing with how well and how much of the query is explained. A word
//!   left out, or two errors in a short one, brings it near 50;
//! - under 50: a guess, the closest match. Also matches that may be chance: a number alone that
//!   is only a part of a model number, or needs an error to be one.
//!
//! It does not depend on how many other products fit as well: for `roland` each of two hundred is a
//! sure match of what was typed.
//!
//! # What it costs at most
//!
//! Every list that a query or a catalog could make long has a bound of its own, with its reason
//! beside it: 1,000 characters and 120 letters of a query, 160 parts, 4,096 senses, 2,500 nodes
//! of the trie in an approximate walk, 512 candidates that are scored, 64 steps in each. So a search takes
//! `O(letters × nodes + candidates × entries)` with all of these constant, and what grows with the
//! catalog is going through a list of at most 65,536 numbers or a bit set of all products. Prefixes
//! shared by thousands of strings (`a`) keep a list of their best products, made at build time.
//! Building is `O(n log n)` in the strings.
//!
//! # What is deliberately absent
//!
//! No popularity and no clicks: the index has no sales figures. No synonyms, no stemming and no keyboard layouts on a
//! keystroke: a customer who types a product's name types letters, not meanings, and a made-up word must not match.
//! They are in [`description`], which reads a whole text once typing pauses. No deletion and no insertion: a catalog is
//! loaded whole, and a new index is built beside the old one and swapped in. No file format: building 18,000 products
//! takes less time than reading them.

pub mod description;
pub mod eval;

mod candidates;
mod distance;
mod document;
mod find;
mod fold;
mod index;
mod likeness;
mod query;
mod rank;
mod reading;
mod trie;
mod variant;
mod way;
mod words;

#[cfg(test)]
mod tests;

pub use document::{Document, Field, Hit, Matched};
pub use index::Index;
