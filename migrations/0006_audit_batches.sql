-- Audit events lie together by the batch in which they became durable: a row for each costs more than the event itself.
-- A line of `events` is the event's hash, a space, and the event as JSON; the first line's number is `first`.
CREATE TABLE audit_batches (
    first  BIGINT PRIMARY KEY,
    events TEXT NOT NULL
);
INSERT INTO audit_batches (first, events) SELECT number, hash || ' ' || event FROM audit_events;
DROP TABLE audit_events;

-- Which batches hold events about a patient.
CREATE TABLE audit_about (
    patient TEXT NOT NULL,
    first   BIGINT NOT NULL,
    PRIMARY KEY (patient, first)
);
INSERT INTO audit_about (patient, first) SELECT patient, number FROM audit_patients;
DROP TABLE audit_patients;
