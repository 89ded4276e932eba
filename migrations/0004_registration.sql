-- Registrations by vendors: edits that cannot overtake each other, tokens that let a vendor in, and what went wrong for a client.
ALTER TABLE clients ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

CREATE TABLE initial_tokens (
    id         TEXT PRIMARY KEY,
    hash       TEXT NOT NULL UNIQUE,
    label      TEXT NOT NULL,
    kinds      TEXT NOT NULL,
    scope      TEXT NOT NULL,
    at_once    BIGINT NOT NULL,
    practice   TEXT REFERENCES practices (id) ON DELETE CASCADE,
    uses       BIGINT NOT NULL,
    used       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE client_failures (
    client      TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    endpoint    TEXT NOT NULL,
    error       TEXT NOT NULL,
    proven      BIGINT NOT NULL,
    slot        BIGINT NOT NULL,
    code        TEXT NOT NULL,
    description TEXT NOT NULL,
    request     TEXT,
    count       BIGINT NOT NULL,
    last_at     BIGINT NOT NULL,
    PRIMARY KEY (client, endpoint, error, proven, slot)
);
CREATE INDEX client_failures_last ON client_failures (last_at);
