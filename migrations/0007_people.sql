-- Mails in two forms, and what a person wants: the language of pages and mails, and mails one by one or once a day.
ALTER TABLE outbox ADD COLUMN html TEXT;

CREATE TABLE preferences (
    account  TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    language TEXT NOT NULL,
    digest   BIGINT NOT NULL
);
