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

-- A trigger, so that an older server, which does not know the table, erases them too.
CREATE FUNCTION erase_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM events WHERE conversation = OLD.id;
    RETURN OLD;
END
$$;
CREATE TRIGGER events_erased AFTER DELETE ON conversations
    FOR EACH ROW EXECUTE FUNCTION erase_events();
