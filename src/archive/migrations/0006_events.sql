-- The events of each conversation, in the form of its log: versioned JSON (conversation/src/entry_codec.rs). The rows of
-- messages, turns, feedback and conversations are projections of them.

CREATE TABLE events (
    -- Conversation and offset where it has one of its own, else the record's own.
    id TEXT PRIMARY KEY,
    conversation TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    place BIGINT NOT NULL,
    entry TEXT NOT NULL
);
CREATE INDEX events_conversation ON events (conversation, place, at_ms, id);
