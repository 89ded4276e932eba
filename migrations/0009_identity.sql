-- How people prove who they are: set-up links, pass codes, secure questions, second factors, sessions' particulars, identity
-- providers. Moments and hashes as in 0001; what is sealed is sealed with a key derived from the master key.

ALTER TABLE accounts ADD COLUMN password_set_at BIGINT;

-- state: open, used, void. Expiry is told by expires_at.
CREATE TABLE set_ups (
    hash       TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    state      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX set_ups_account ON set_ups (account);

-- One at a time for an account and purpose: a new one takes the old one's place.
CREATE TABLE pass_codes (
    account    TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    purpose    TEXT NOT NULL,
    hash       TEXT NOT NULL,
    attempts   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account, purpose)
);

CREATE TABLE secure_answers (
    account  TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    place    BIGINT NOT NULL,
    question TEXT NOT NULL,
    hash     TEXT NOT NULL,
    PRIMARY KEY (account, place)
);

-- kind: totp, passkey. credential: of a passkey, its identifier; last_step: of a TOTP, the last period of which a code was taken.
CREATE TABLE second_factors (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    credential TEXT UNIQUE,
    sealed     TEXT NOT NULL,
    last_step  BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT
);
CREATE INDEX second_factors_account ON second_factors (account);

CREATE TABLE recovery_codes (
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL,
    PRIMARY KEY (account, hash)
);

-- What the person's page of sessions says, and what an identity provider needs at sign-out. method: password, totp,
-- recovery_code, passkey, childrens_id, patient_portal.
CREATE TABLE session_details (
    session  TEXT PRIMARY KEY REFERENCES sessions (hash) ON DELETE CASCADE,
    id       TEXT NOT NULL UNIQUE,
    method   TEXT NOT NULL,
    agent    TEXT NOT NULL,
    address  TEXT,
    subject  TEXT,
    sid      TEXT,
    id_token TEXT
);

CREATE TABLE devices (
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (account, hash)
);

CREATE TABLE federated_identities (
    provider   TEXT NOT NULL,
    subject    TEXT NOT NULL,
    account    TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    fhir_user  TEXT,
    linked_at  BIGINT NOT NULL,
    checked_at BIGINT NOT NULL,
    PRIMARY KEY (provider, subject)
);
CREATE UNIQUE INDEX federated_identities_account ON federated_identities (provider, account);
