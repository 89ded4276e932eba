-- The portal session that an authorization ends with; without one it outlasts sessions (offline_access).
ALTER TABLE authorizations ADD COLUMN session TEXT;
CREATE INDEX authorizations_session ON authorizations (session);

-- What the user was asked when the consent was remembered: less of it may have been granted.
ALTER TABLE consents ADD COLUMN offered TEXT NOT NULL DEFAULT '';
UPDATE consents SET offered = scope;

-- Which session these were given in is not known: whoever has them asks again.
UPDATE authorizations SET revoked_at = created_at
    WHERE revoked_at IS NULL AND account IS NOT NULL AND scope NOT LIKE '%offline_access%';
