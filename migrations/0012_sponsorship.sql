-- What the person does at the practice, when the sponsor last said that they are still on the staff (NULL: when it began), how far
-- the sponsor was reminded since (0 no, 1 a month before, 2 a week before, 3 suspended for want of an answer), and whether
-- setting the account up accepts the invitation.
ALTER TABLE sponsorships ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE sponsorships ADD COLUMN attested_at BIGINT;
ALTER TABLE sponsorships ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sponsorships ADD COLUMN opens_account BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sponsorships_attested ON sponsorships (state, attested_at);
