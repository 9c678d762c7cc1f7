//! Fetch a manual, turn it into pages, cut the pages into passages.
