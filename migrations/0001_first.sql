-- One text for SQLite and PostgreSQL: identifiers TEXT, moments BIGINT (milliseconds since the Unix epoch), truth values
-- BIGINT 0 or 1, structured values JSON in TEXT, hashes 64 hexadecimal digits.

CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('changes', 0), ('outbox', 0);

-- What changed, for other processes that hold it in memory. Numbered in the order of commits.
CREATE TABLE changes (
    number BIGINT PRIMARY KEY,
    noun   TEXT NOT NULL,
    id     TEXT NOT NULL,
    at     BIGINT NOT NULL
);

CREATE TABLE accounts (
    id            TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,
    npi           TEXT UNIQUE,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    phone         TEXT,
    state         TEXT NOT NULL,
    password_hash TEXT,
    created_at    BIGINT NOT NULL
);

CREATE TABLE practices (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    address      TEXT NOT NULL,
    phone        TEXT NOT NULL,
    organization TEXT UNIQUE
);
CREATE TABLE rosters (
    practice TEXT NOT NULL REFERENCES practices (id) ON DELETE CASCADE,
    npi      TEXT NOT NULL,
    PRIMARY KEY (practice, npi)
);
CREATE INDEX rosters_npi ON rosters (npi);

CREATE TABLE sponsorships (
    id         TEXT PRIMARY KEY,
    sponsor    TEXT NOT NULL REFERENCES accounts (id),
    sponsored  TEXT NOT NULL REFERENCES accounts (id),
    state      TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sponsorships_pair ON sponsorships (sponsored, sponsor) WHERE state <> 'ended';
CREATE INDEX sponsorships_sponsor ON sponsorships (sponsor);

CREATE TABLE grants (
    id                TEXT PRIMARY KEY,
    patient           TEXT NOT NULL,
    provider          TEXT NOT NULL REFERENCES accounts (id),
    granted_by        TEXT NOT NULL,
    kinds             BIGINT NOT NULL,
    covers_restricted BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    ends_at           BIGINT,
    revoked_at        BIGINT
);
CREATE INDEX grants_patient ON grants (patient, provider);
CREATE INDEX grants_provider ON grants (provider);

CREATE TABLE saved_patients (
    account  TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    patient  TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (account, patient)
);

CREATE TABLE sessions (
    hash             TEXT PRIMARY KEY,
    account          TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    authenticated_at BIGINT NOT NULL,
    seen_at          BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL
);
CREATE INDEX sessions_account ON sessions (account);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE throttles (
    kind          TEXT NOT NULL,
    key_hash      TEXT NOT NULL,
    failures      BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    PRIMARY KEY (kind, key_hash)
);
CREATE INDEX throttles_last ON throttles (last_at);

CREATE TABLE clients (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    kind          TEXT NOT NULL,
    auth          TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    launch_uri    TEXT,
    scope         TEXT NOT NULL,
    practice      TEXT REFERENCES practices (id),
    trusted       BIGINT NOT NULL,
    state         TEXT NOT NULL,
    created_at    BIGINT NOT NULL
);

CREATE TABLE launches (
    hash       TEXT PRIMARY KEY,
    client     TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    account    TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    context    TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX launches_expires ON launches (expires_at);

CREATE TABLE consents (
    account   TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    client    TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scope     TEXT NOT NULL,
    agreed_at BIGINT NOT NULL,
    PRIMARY KEY (account, client)
);

CREATE TABLE authorizations (
    id               TEXT PRIMARY KEY,
    client           TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    account          TEXT REFERENCES accounts (id) ON DELETE CASCADE,
    practice         TEXT REFERENCES practices (id) ON DELETE CASCADE,
    scope            TEXT NOT NULL,
    context          TEXT NOT NULL,
    nonce            TEXT,
    authenticated_at BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    revoked_at       BIGINT
);
CREATE INDEX authorizations_account ON authorizations (account);
CREATE INDEX authorizations_client ON authorizations (client);
CREATE INDEX authorizations_created ON authorizations (created_at);

CREATE TABLE codes (
    hash           TEXT PRIMARY KEY,
    authorization_id TEXT NOT NULL REFERENCES authorizations (id) ON DELETE CASCADE,
    redirect_uri   TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    expires_at     BIGINT NOT NULL,
    redeemed_at    BIGINT
);
CREATE INDEX codes_authorization ON codes (authorization_id);
CREATE INDEX codes_expires ON codes (expires_at);

CREATE TABLE access_tokens (
    hash             TEXT PRIMARY KEY,
    authorization_id TEXT NOT NULL REFERENCES authorizations (id) ON DELETE CASCADE,
    scope            TEXT NOT NULL,
    issued_at        BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL
);
CREATE INDEX access_tokens_authorization ON access_tokens (authorization_id);
CREATE INDEX access_tokens_expires ON access_tokens (expires_at);

CREATE TABLE refresh_tokens (
    hash             TEXT PRIMARY KEY,
    authorization_id TEXT NOT NULL REFERENCES authorizations (id) ON DELETE CASCADE,
    expires_at       BIGINT NOT NULL,
    used_at          BIGINT
);
CREATE INDEX refresh_tokens_authorization ON refresh_tokens (authorization_id);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_at);

CREATE TABLE used_jti (
    key_hash   TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX used_jti_expires ON used_jti (expires_at);

CREATE TABLE signing_keys (
    kid        TEXT PRIMARY KEY,
    purpose    TEXT NOT NULL,
    algorithm  TEXT NOT NULL,
    sealed     TEXT NOT NULL,
    state      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (purpose) WHERE state = 'active';

CREATE TABLE audit_head (
    id     BIGINT PRIMARY KEY,
    number BIGINT NOT NULL,
    hash   TEXT NOT NULL
);
INSERT INTO audit_head (id, number, hash)
    VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE audit_events (
    number BIGINT PRIMARY KEY,
    at     BIGINT NOT NULL,
    event  TEXT NOT NULL,
    hash   TEXT NOT NULL
);
CREATE TABLE audit_patients (
    patient TEXT NOT NULL,
    number  BIGINT NOT NULL,
    PRIMARY KEY (patient, number)
);

CREATE TABLE outbox (
    number    BIGINT PRIMARY KEY,
    recipient TEXT NOT NULL,
    subject   TEXT NOT NULL,
    body      TEXT NOT NULL,
    attempts  BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    due_at    BIGINT,
    sent_at   BIGINT
);
CREATE INDEX outbox_due ON outbox (due_at);

CREATE TABLE leases (
    name       TEXT PRIMARY KEY,
    holder     TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
