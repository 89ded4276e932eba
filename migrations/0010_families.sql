-- Invitations from families to clinicians (S-50 to S-56), who belongs to a family, and when patients come of age (D-07).
CREATE TABLE invitations (
    id                TEXT PRIMARY KEY,
    hash              TEXT NOT NULL UNIQUE,
    mrn_hash          TEXT NOT NULL,
    patient           TEXT NOT NULL,
    initials          TEXT NOT NULL,
    invited_by        TEXT NOT NULL REFERENCES accounts (id),
    granted_by        TEXT NOT NULL,
    name              TEXT NOT NULL,
    email             TEXT,
    kinds             BIGINT NOT NULL,
    covers_restricted BIGINT NOT NULL,
    grant_ends_at     BIGINT,
    state             TEXT NOT NULL,
    created_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    used_at           BIGINT,
    used_by           TEXT REFERENCES accounts (id),
    grant_id          TEXT REFERENCES grants (id)
);
CREATE INDEX invitations_patient ON invitations (patient, created_at);

-- Who decides, or decided, about a record; `own`: the patient.
CREATE TABLE family_members (
    account  TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    patient  TEXT NOT NULL,
    own      BIGINT NOT NULL,
    language TEXT NOT NULL,
    PRIMARY KEY (account, patient)
);
CREATE INDEX family_members_patient ON family_members (patient);

CREATE TABLE birthdays (
    patient      TEXT PRIMARY KEY,
    initials     TEXT NOT NULL,
    adult_at     BIGINT NOT NULL,
    announce_at  BIGINT NOT NULL,
    announced_at BIGINT,
    over_at      BIGINT
);
CREATE INDEX birthdays_announce ON birthdays (announce_at);
CREATE INDEX birthdays_adult ON birthdays (adult_at);

-- The grant that took this one's place: when a family changed it, or took a revocation back.
ALTER TABLE grants ADD COLUMN replaced_by TEXT;
