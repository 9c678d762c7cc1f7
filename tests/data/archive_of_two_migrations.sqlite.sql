-- An archive as the version with two migrations left it: its schema, to the letter, and two conversations of ours.
-- `returned` followed by `withdrawn` is how that version recorded an agent who gave a conversation back.
-- What both SQLite and PostgreSQL understand. Times are milliseconds since 1970; truths are 0 and 1.
-- No foreign keys: records are written behind and may come in another order than they happened.

CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    began_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    subject TEXT,
    visitor_name TEXT,
    visitor_address TEXT,
    language TEXT,
    product TEXT,
    agent TEXT,
    agent_name TEXT,
    rating BIGINT,
    rating_comment TEXT,
    rated_ms BIGINT,
    -- The product whose figures the mark was counted in.
    rated_product TEXT,
    is_handed_over BIGINT NOT NULL DEFAULT 0,
    messages BIGINT NOT NULL DEFAULT 0,
    first_words TEXT NOT NULL DEFAULT ''
);
CREATE INDEX conversations_began ON conversations (began_ms, id);
CREATE INDEX conversations_last ON conversations (last_ms);
CREATE INDEX conversations_subject ON conversations (subject);
CREATE INDEX conversations_visitor_address ON conversations (visitor_address);

CREATE TABLE messages (
    -- Conversation and place where it has one, else the record's own.
    id TEXT PRIMARY KEY,
    conversation TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    place BIGINT,
    author TEXT NOT NULL,
    agent TEXT,
    agent_name TEXT,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    product TEXT,
    question TEXT,
    outcome TEXT,
    confidence DOUBLE PRECISION,
    first_answer_ms BIGINT,
    is_cached BIGINT NOT NULL,
    citations TEXT NOT NULL,
    language TEXT,
    upload TEXT,
    -- The words of the text, folded, parted by one space: what a search finds it by.
    searchable TEXT NOT NULL
);
CREATE INDEX messages_conversation ON messages (conversation, at_ms);
CREATE INDEX messages_outcome ON messages (outcome, at_ms, id);

CREATE TABLE feedback (
    conversation TEXT NOT NULL,
    place BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    thumb TEXT NOT NULL,
    comment TEXT,
    PRIMARY KEY (conversation, place)
);

CREATE TABLE turns (
    id TEXT PRIMARY KEY,
    conversation TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    agent TEXT,
    agent_name TEXT,
    to_agent TEXT,
    to_name TEXT,
    reason TEXT
);
CREATE INDEX turns_conversation ON turns (conversation, at_ms);

CREATE TABLE conversation_products (
    conversation TEXT NOT NULL,
    product TEXT NOT NULL,
    PRIMARY KEY (conversation, product)
);
CREATE INDEX conversation_products_product ON conversation_products (product);

CREATE TABLE conversation_agents (
    conversation TEXT NOT NULL,
    agent TEXT NOT NULL,
    PRIMARY KEY (conversation, agent)
);
CREATE INDEX conversation_agents_agent ON conversation_agents (agent);

CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    conversation TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    file TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    is_expired BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX uploads_conversation ON uploads (conversation);

CREATE TABLE left_messages (
    id TEXT PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    conversation TEXT,
    address TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX left_messages_at ON left_messages (at_ms, id);

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    who TEXT NOT NULL,
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at_ms, id);

CREATE TABLE snapshots (
    hour_ms BIGINT NOT NULL,
    product TEXT NOT NULL,
    conversations BIGINT NOT NULL,
    questions BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    handed_over BIGINT NOT NULL,
    cache_hits BIGINT NOT NULL,
    timed BIGINT NOT NULL,
    first_answer_ms_sum BIGINT NOT NULL,
    first_answer_ms_most BIGINT NOT NULL,
    ratings BIGINT NOT NULL,
    rating_sum BIGINT NOT NULL,
    PRIMARY KEY (hour_ms, product)
);

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    -- The address in lower case: one account an address, however it is written.
    address_key TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    password_hash TEXT,
    subject TEXT UNIQUE,
    is_disabled BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    locked_until_ms BIGINT,
    created_ms BIGINT NOT NULL
);

CREATE TABLE account_sessions (
    hash TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    csrf TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms BIGINT NOT NULL
);
CREATE INDEX account_sessions_account ON account_sessions (account);

CREATE TABLE replies (
    id TEXT PRIMARY KEY,
    shortcut TEXT NOT NULL,
    text TEXT NOT NULL,
    -- Empty is any product: in a key, two that are NULL would not be the same.
    product TEXT NOT NULL,
    UNIQUE (shortcut, product)
);

CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    endpoint TEXT NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    conversation TEXT,
    attempts BIGINT NOT NULL DEFAULT 0,
    -- NULL is a dead letter.
    next_try_ms BIGINT,
    last_error TEXT
);
CREATE INDEX deliveries_next_try ON deliveries (next_try_ms);
CREATE INDEX deliveries_at ON deliveries (at_ms, id);
CREATE INDEX deliveries_conversation ON deliveries (conversation);

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

CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (1, 'tables', 1, X'81D111145B9053F70789B2E35CE19165C6E1956A8228F25AE94120416D60E0B6E79929E55E0B85CCECA5BB1E2ABB9B33', 0);
INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (2, 'search', 1, X'51C9945B38DF3C6A14C3E990E152BBFEB1413A6BA5C0B628845BED5A3E5E7D8ACF00A66CE39C9C71C09D71ECB5AD2C19', 0);

INSERT INTO conversations (id, began_ms, last_ms, ended_ms, subject, visitor_name, visitor_address, language, product, agent, agent_name, rating, rating_comment, rated_ms, rated_product, is_handed_over, messages, first_words) VALUES ('c1', 1795600800000, 1795600809000, NULL, 'v1', 'Dana', 'dana@shop.test', 'he', 'td17', 'ann', 'Ann', 5, 'quick', 1795600809500, 'td17', 1, 4, 'איך מאפסים?');
INSERT INTO messages (id, conversation, at_ms, author, text, html, is_cached, citations, searchable, product, question, language) VALUES ('c1?q1', 'c1', 1795600801000, 'visitor', 'איך מאפסים?', '', 0, '[]', 'איך מאפסים', 'td17', 'q1', 'he');
INSERT INTO messages (id, conversation, at_ms, author, text, html, is_cached, citations, searchable, place, product, question, outcome, confidence, first_answer_ms) VALUES ('c1/4', 'c1', 1795600802000, 'machine', 'Hold the button [MANUAL: page 12].', '<p>Hold.</p>', 0, '[{"page":12,"page_label":"10","quote":"Hold the button.","url":"/manuals/td17#page=12","score":0.5}]', 'hold the button manual page 12', 4, 'td17', 'q1', 'answered', 0.5, 40);
INSERT INTO turns (id, conversation, at_ms, kind) VALUES ('c1/5', 'c1', 1795600803000, 'handed_over');
INSERT INTO turns (id, conversation, at_ms, kind, agent, agent_name) VALUES ('c1/6', 'c1', 1795600804000, 'taken', 'ann', 'Ann');
INSERT INTO messages (id, conversation, at_ms, author, text, html, is_cached, citations, searchable, place) VALUES ('c1/8', 'c1', 1795600805000, 'visitor', 'It does not work.', '', 0, '[]', 'it does not work', 8);
INSERT INTO messages (id, conversation, at_ms, author, text, html, is_cached, citations, searchable, place, agent, agent_name) VALUES ('c1/9', 'c1', 1795600806000, 'agent', 'I return it for you.', '', 0, '[]', 'i return it for you', 9, 'ann', 'Ann');
INSERT INTO messages (id, conversation, at_ms, author, text, html, is_cached, citations, searchable, agent, agent_name) VALUES ('0193f00000000000000000000000000a', 'c1', 1795600807000, 'note', 'was rude on the phone', '', 0, '[]', 'was rude on the phone', 'ann', 'Ann');
INSERT INTO turns (id, conversation, at_ms, kind, agent, agent_name) VALUES ('c1/10', 'c1', 1795600808000, 'returned', 'ann', 'Ann');
INSERT INTO turns (id, conversation, at_ms, kind) VALUES ('c1/11', 'c1', 1795600809000, 'withdrawn');
INSERT INTO feedback (conversation, place, at_ms, thumb, comment) VALUES ('c1', 4, 1795600802500, 'up', 'thanks');
INSERT INTO uploads (id, conversation, at_ms, file, media_type, bytes, expires_ms, is_expired) VALUES ('u1', 'c1', 1795600805500, 'u1.png', 'image/png', 10, 1795604400000, 1);
INSERT INTO conversation_products (conversation, product) VALUES ('c1', 'td17');
INSERT INTO conversation_agents (conversation, agent) VALUES ('c1', 'ann');
INSERT INTO conversations (id, began_ms, last_ms, ended_ms, agent, agent_name, is_handed_over, messages) VALUES ('c2', 1795600820000, 1795600823000, 1795600823000, 'ann', 'Ann', 1, 1);
INSERT INTO turns (id, conversation, at_ms, kind) VALUES ('c2/1', 'c2', 1795600820000, 'handed_over');
INSERT INTO turns (id, conversation, at_ms, kind, agent, agent_name) VALUES ('c2/2', 'c2', 1795600821000, 'taken', 'ann', 'Ann');
INSERT INTO messages (id, conversation, at_ms, author, text, html, is_cached, citations, searchable, place, agent, agent_name) VALUES ('c2/4', 'c2', 1795600822000, 'agent', 'Hello, I am Ann.', '', 0, '[]', 'hello i am ann', 4, 'ann', 'Ann');
INSERT INTO turns (id, conversation, at_ms, kind) VALUES ('c2/6', 'c2', 1795600823000, 'ended');
INSERT INTO conversation_agents (conversation, agent) VALUES ('c2', 'ann');
INSERT INTO left_messages (id, at_ms, conversation, address, text) VALUES ('0193f00000000000000000000000000b', 1795600830000, 'c2', 'dana@shop.test', 'Call me back.');
INSERT INTO audit (id, at_ms, who, role, action, subject, detail, address) VALUES ('0193f00000000000000000000000000c', 1795600804000, 'ann', 'agent', 'conversation.take', 'c1', '', '192.0.2.1');
INSERT INTO accounts (id, name, address, address_key, role, is_disabled, failures, created_ms) VALUES ('ann', 'Ann', 'ann@shop.test', 'ann@shop.test', 'agent', 0, 0, 1795600800000);
INSERT INTO snapshots (hour_ms, product, conversations, questions, answered, unknown, handed_over, cache_hits, timed, first_answer_ms_sum, first_answer_ms_most, ratings, rating_sum) VALUES (1795600800000, 'td17', 1, 1, 1, 0, 1, 0, 1, 40, 40, 1, 5);
