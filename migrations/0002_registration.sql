-- What vendors say of their clients beyond what the protocol needs: JSON, see domain::client::ClientDetails.
ALTER TABLE clients ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
