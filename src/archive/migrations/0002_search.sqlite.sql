-- The index keeps no second copy of the words. Its rows go by a number of ours, because SQLite may
-- number the rows of messages anew when it is copied by VACUUM.
CREATE TABLE message_numbers (number INTEGER PRIMARY KEY, message TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE message_words USING fts5 (
    words, content = '', contentless_delete = 1,
    -- The words are parted by us (words.rs): nothing but the space parts them here.
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co'"
);
CREATE TRIGGER message_found AFTER INSERT ON messages BEGIN
    INSERT INTO message_numbers (message) VALUES (new.id);
    INSERT INTO message_words (rowid, words)
        SELECT number, new.searchable FROM message_numbers WHERE message = new.id;
END;
CREATE TRIGGER message_lost AFTER DELETE ON messages BEGIN
    DELETE FROM message_words
        WHERE rowid = (SELECT number FROM message_numbers WHERE message = old.id);
    DELETE FROM message_numbers WHERE message = old.id;
END;
