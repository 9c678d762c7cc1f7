-- Migrations after the fourth. `oldest_server` is the newest migration of the oldest server that can use the tables.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    oldest_server BIGINT NOT NULL
);
