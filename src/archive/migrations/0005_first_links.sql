-- Links that create the first account. Gone once there is one.

CREATE TABLE first_links (
    -- The hash of the token in the link.
    hash TEXT PRIMARY KEY,
    expires_ms BIGINT NOT NULL
);
