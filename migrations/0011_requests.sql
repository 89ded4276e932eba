-- Requests for access (S-32, S-41), notices in the portal, and why a mail was not sent.
CREATE TABLE access_requests (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    patient      TEXT NOT NULL,
    provider     TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    initials     TEXT NOT NULL,
    sought       TEXT NOT NULL,
    reason       TEXT NOT NULL,
    contact      TEXT NOT NULL,
    state        TEXT NOT NULL,
    asked_at     BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    passed_on_at BIGINT,
    answered_at  BIGINT,
    answered_by  TEXT,
    answer       TEXT
);
-- One at a time for a provider and a patient (S-42).
CREATE UNIQUE INDEX access_requests_open ON access_requests (provider, patient) WHERE state = 'asked';
CREATE INDEX access_requests_patient ON access_requests (patient, state);
CREATE INDEX access_requests_provider ON access_requests (provider, asked_at);
CREATE INDEX access_requests_queue ON access_requests (state, kind, asked_at);

-- What happened that concerns an account. `details` holds no clinical data and no full patient name; `digest` is 1 while the
-- notice waits for the account's daily mail, 2 once it was in one, 0 otherwise.
CREATE TABLE notices (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    patient    TEXT,
    details    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    read_at    BIGINT,
    digest     BIGINT NOT NULL
);
CREATE INDEX notices_account ON notices (account, created_at);
CREATE INDEX notices_unread ON notices (account) WHERE read_at IS NULL;
CREATE INDEX notices_digest ON notices (created_at) WHERE digest = 1;

ALTER TABLE outbox ADD COLUMN failure TEXT;
ALTER TABLE outbox ADD COLUMN given_up_at BIGINT;
