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
