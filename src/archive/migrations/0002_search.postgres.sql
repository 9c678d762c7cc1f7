-- Words are parted by us (words.rs), not by PostgreSQL's parser, which reads TD-17 as TD and minus 17.
ALTER TABLE messages ADD COLUMN words tsvector
    GENERATED ALWAYS AS (array_to_tsvector(string_to_array(searchable, ' '))) STORED;
CREATE INDEX messages_words ON messages USING GIN (words);
