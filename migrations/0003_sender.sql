-- Thumbprint of the key to which a code or token is bound (RFC 9449); NULL: a bearer's.
ALTER TABLE codes ADD COLUMN bound_to TEXT;
ALTER TABLE access_tokens ADD COLUMN bound_to TEXT;
ALTER TABLE refresh_tokens ADD COLUMN bound_to TEXT;

-- Pushed authorization requests (RFC 9126): the parameters as a query string, under the hash of the request_uri.
CREATE TABLE pushed_requests (
    hash       TEXT PRIMARY KEY,
    client     TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    params     TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX pushed_requests_expires ON pushed_requests (expires_at);

-- A key in state 'next' is published and does not sign yet: one at a time of each purpose.
CREATE UNIQUE INDEX signing_keys_next ON signing_keys (purpose) WHERE state = 'next';
