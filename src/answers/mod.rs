//! Find the passages that answer a question, and answer from them.
