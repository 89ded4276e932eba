-- Providers who register: what they say, the documents that they send, the links to their status page; and who may sponsor.
CREATE TABLE sponsors (
    account TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    since   BIGINT NOT NULL
);
INSERT INTO sponsors (account, since)
    SELECT sponsor, MIN(created_at) FROM sponsorships WHERE state <> 'ended' GROUP BY sponsor;

CREATE TABLE provider_registrations (
    id         TEXT PRIMARY KEY,
    handle     TEXT UNIQUE,
    reference  TEXT NOT NULL UNIQUE,
    state      TEXT NOT NULL,
    language   TEXT NOT NULL,
    npi        TEXT,
    email      TEXT,
    details    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    saved_at   BIGINT NOT NULL,
    sent_at    BIGINT,
    decided_at BIGINT,
    decided_by TEXT REFERENCES accounts (id),
    reason     TEXT,
    account    TEXT REFERENCES accounts (id) ON DELETE SET NULL
);
CREATE UNIQUE INDEX provider_registrations_npi ON provider_registrations (npi) WHERE state = 'sent';
CREATE UNIQUE INDEX provider_registrations_email ON provider_registrations (email) WHERE state = 'sent';
CREATE INDEX provider_registrations_state ON provider_registrations (state, sent_at);

CREATE TABLE registration_links (
    hash         TEXT PRIMARY KEY,
    registration TEXT NOT NULL REFERENCES provider_registrations (id) ON DELETE CASCADE
);
CREATE INDEX registration_links_registration ON registration_links (registration);

CREATE TABLE registration_documents (
    registration TEXT NOT NULL REFERENCES provider_registrations (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL,
    upload       TEXT,
    media_type   TEXT,
    size         BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    decided_by   TEXT REFERENCES accounts (id),
    reason       TEXT,
    PRIMARY KEY (registration, kind)
);
CREATE TABLE registration_pieces (
    upload       TEXT NOT NULL,
    number       BIGINT NOT NULL,
    registration TEXT NOT NULL REFERENCES provider_registrations (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    sealed       TEXT NOT NULL,
    PRIMARY KEY (upload, number)
);
CREATE INDEX registration_pieces_document ON registration_pieces (registration, kind);
