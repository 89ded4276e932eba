//! Requests for access (S-32, S-41, S-42). A step holds only where the request still stands where the step begins.

use crate::domain::access_request::{AccessRequest, RequestKind, RequestState};
use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccessRequestId, AccountId, FhirId};

use super::db::{Fields, Row, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO access_requests (id, kind, patient, provider, initials, sought, reason, contact, state,
                  asked_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'asked', $9, $10)";
    BY_ID = "SELECT id, kind, patient, provider, initials, sought, reason, contact, state, asked_at, expires_at,
                 passed_on_at, answered_at, answered_by, answer FROM access_requests WHERE id = $1";
    OPEN_FOR_PATIENT = "SELECT id, kind, patient, provider, initials, sought, reason, contact, state, asked_at, expires_at,
                            passed_on_at, answered_at, answered_by, answer FROM access_requests
                        WHERE patient = $1 AND state = 'asked' AND kind = 'non_pcp' AND expires_at > $2
                        ORDER BY asked_at, id";
    LATEST_OF = "SELECT id, kind, patient, provider, initials, sought, reason, contact, state, asked_at, expires_at,
                     passed_on_at, answered_at, answered_by, answer FROM access_requests
                 WHERE provider = $1 AND patient = $2 ORDER BY asked_at DESC, id LIMIT 1";
    BY_PROVIDER = "SELECT id, kind, patient, provider, initials, sought, reason, contact, state, asked_at, expires_at,
                       passed_on_at, answered_at, answered_by, answer FROM access_requests
                   WHERE provider = $1 ORDER BY asked_at DESC, id LIMIT $2";
    QUEUE = "SELECT id, kind, patient, provider, initials, sought, reason, contact, state, asked_at, expires_at,
                 passed_on_at, answered_at, answered_by, answer FROM access_requests
             WHERE state = 'asked' AND kind = $1 AND expires_at > $2 ORDER BY asked_at, id LIMIT $3";
    DONE = "SELECT id, kind, patient, provider, initials, sought, reason, contact, state, asked_at, expires_at,
                passed_on_at, answered_at, answered_by, answer FROM access_requests
            WHERE state <> 'asked' AND answered_by = $1 ORDER BY answered_at DESC, id LIMIT $2";
    COUNT = "SELECT COUNT(*), MIN(asked_at) FROM access_requests WHERE state = 'asked' AND kind = $1 AND expires_at > $2";
    ANSWER = "UPDATE access_requests SET state = $3, answered_at = $4, answered_by = $5, answer = $6
              WHERE id = $1 AND state = 'asked' AND kind = $2 AND expires_at > $4";
    PASS_ON = "UPDATE access_requests SET kind = 'non_pcp', passed_on_at = $2
               WHERE id = $1 AND state = 'asked' AND kind = 'pcp' AND expires_at > $2";
    SETTLE = "UPDATE access_requests SET state = 'granted', answered_at = $3, answered_by = $4
              WHERE patient = $1 AND provider = $2 AND state = 'asked' AND kind = 'non_pcp'";
    EXPIRE = "UPDATE access_requests SET state = 'expired', answered_at = $1
              WHERE id IN (SELECT id FROM access_requests WHERE state = 'asked' AND expires_at <= $1 LIMIT 100)
                  AND state = 'asked'
              RETURNING id, kind, patient, provider, initials, sought, reason, contact, state, asked_at, expires_at,
                  passed_on_at, answered_at, answered_by, answer";
    EXPIRE_PAIR = "UPDATE access_requests SET state = 'expired', answered_at = $3
                   WHERE provider = $1 AND patient = $2 AND state = 'asked' AND expires_at <= $3";
}

fn read(row: Row) -> Result<AccessRequest, StoreError> {
    let mut fields = Fields::new("access_requests", row);
    Ok(AccessRequest {
        id: fields.id("id")?,
        kind: fields.word("kind")?,
        patient: fields.id("patient")?,
        provider: fields.id("provider")?,
        initials: fields.text("initials")?,
        sought: fields.text("sought")?,
        reason: fields.text("reason")?,
        contact: fields.text("contact")?,
        state: fields.word("state")?,
        asked_at: fields.time("asked_at")?,
        expires_at: fields.time("expires_at")?,
        passed_on_at: fields.maybe_time("passed_on_at")?,
        answered_at: fields.maybe_time("answered_at")?,
        answered_by: fields.maybe_id("answered_by")?,
        answer: fields.maybe_text("answer")?,
    })
}

/// How much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many requests.
    pub count: u64,
    /// When the oldest was asked.
    pub oldest: Option<Timestamp>,
}

impl Store {
    /// The request with this identifier, whatever its state.
    pub async fn access_request(&self, id: &AccessRequestId) -> Result<Option<AccessRequest>, StoreError> {
        self.read_one(BY_ID, args![id]).await?.map(read).transpose()
    }

    /// What the patient or guardian has to answer, oldest first.
    pub async fn open_access_requests_for(&self, patient: &FhirId) -> Result<Vec<AccessRequest>, StoreError> {
        self.list(OPEN_FOR_PATIENT, args![patient, self.now()], read).await
    }

    /// The provider's latest request for the patient, whatever its state.
    pub async fn latest_access_request(
        &self,
        provider: &AccountId,
        patient: &FhirId,
    ) -> Result<Option<AccessRequest>, StoreError> {
        self.read_one(LATEST_OF, args![provider, patient]).await?.map(read).transpose()
    }

    /// The provider's requests, latest first.
    pub async fn access_requests_of(
        &self,
        provider: &AccountId,
        limit: u32,
    ) -> Result<Vec<AccessRequest>, StoreError> {
        self.list(BY_PROVIDER, args![provider, limit], read).await
    }

    /// The open requests of a kind, oldest first.
    pub async fn access_request_queue(
        &self,
        kind: RequestKind,
        limit: u32,
    ) -> Result<Vec<AccessRequest>, StoreError> {
        self.list(QUEUE, args![word_of(&kind), self.now(), limit], read).await
    }

    /// What this account answered, latest first.
    pub async fn access_requests_answered_by(
        &self,
        account: &AccountId,
        limit: u32,
    ) -> Result<Vec<AccessRequest>, StoreError> {
        self.list(DONE, args![account, limit], read).await
    }

    /// How many requests of a kind are open.
    pub async fn access_requests_waiting(&self, kind: RequestKind) -> Result<Waiting, StoreError> {
        let Some(row) = self.read_one(COUNT, args![word_of(&kind), self.now()]).await? else {
            return Ok(Waiting::default());
        };
        let mut fields = Fields::new("access_requests", row);
        Ok(Waiting { count: fields.number("count")?, oldest: fields.maybe_time("asked_at")? })
    }
}

impl Transaction {
    /// Adds an open request. `Conflict("access_requests.open")` when the provider has an open one for the patient (S-42).
    pub async fn insert_access_request(&mut self, request: &AccessRequest) -> Result<(), StoreError> {
        let now = self.now();
        self.run(EXPIRE_PAIR, args![&request.provider, &request.patient, now]).await?;
        let args = args![
            &request.id,
            word_of(&request.kind),
            &request.patient,
            &request.provider,
            &request.initials,
            &request.sought,
            &request.reason,
            &request.contact,
            request.asked_at,
            request.expires_at,
        ];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// Ends an open request of this kind in `state`. False when it is not open any more, or somebody else's to answer by now.
    pub async fn close_access_request(
        &mut self,
        id: &AccessRequestId,
        kind: RequestKind,
        state: RequestState,
        by: Option<&AccountId>,
        answer: Option<&str>,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let args = args![id, word_of(&kind), word_of(&state), now, by, answer];
        Ok(self.run(ANSWER, args).await? > 0)
    }

    /// Hands an open PCP request on to the family. False when it is not one any more.
    pub async fn pass_access_request_on(&mut self, id: &AccessRequestId) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(PASS_ON, args![id, now]).await? > 0)
    }

    /// Whatever the provider has asked the family for this patient is answered by a grant that was made otherwise.
    pub async fn settle_access_requests(
        &mut self,
        patient: &FhirId,
        provider: &AccountId,
        by: Option<&AccountId>,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(SETTLE, args![patient, provider, now, by]).await? > 0)
    }

    /// Ends up to a hundred requests whose time is over; returns them.
    pub async fn expire_access_requests(&mut self) -> Result<Vec<AccessRequest>, StoreError> {
        let now = self.now();
        self.rows(EXPIRE, args![now]).await?.into_iter().map(read).collect()
    }
}

alone! {
    /// Adds an open request.
    fn insert_access_request(request: &AccessRequest) -> ();
    /// Hands an open PCP request on to the family.
    fn pass_access_request_on(id: &AccessRequestId) -> bool;
    /// Ends up to a hundred requests whose time is over.
    fn expire_access_requests() -> Vec<AccessRequest>;
}
