-- Limits on attempts to sign in, shared by all pods. Keys are hashes; times are milliseconds since 1970.

CREATE TABLE sign_in_attempts (
    key TEXT PRIMARY KEY,
    -- Id of the account whose address was typed; empty where there is none.
    account TEXT NOT NULL,
    failures BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    -- 1 once an attempt was refused since the last one that was counted.
    is_refused BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_account ON sign_in_attempts (account);
CREATE INDEX sign_in_attempts_last ON sign_in_attempts (last_ms);

CREATE TABLE account_devices (
    -- The hash of the secret in the device cookie.
    hash TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    used_ms BIGINT NOT NULL
);
CREATE INDEX account_devices_account ON account_devices (account, used_ms);
