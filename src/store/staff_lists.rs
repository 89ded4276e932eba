//! A sponsor's staff as the sponsor sees it, and the calendar of asking whether they are still there (S-70, S-71, D-08).

use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, SponsorshipId};
use crate::domain::practice::SponsorshipState;

use super::changes::Noun;
use super::db::{Fields, Row, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    BY_SPONSOR = "SELECT s.id, s.sponsored, a.name, a.email, s.state, s.role, COALESCE(s.attested_at, s.created_at), s.reminded,
                      s.opens_account, (SELECT MAX(authenticated_at) FROM sessions WHERE account = s.sponsored)
                  FROM sponsorships s JOIN accounts a ON a.id = s.sponsored
                  WHERE s.sponsor = $1 AND s.state <> 'ended' ORDER BY a.name, s.id";
    BY_SPONSORED = "SELECT s.id, s.sponsor, a.name, a.email, s.state, s.role, COALESCE(s.attested_at, s.created_at), s.reminded,
                        s.opens_account, CAST(NULL AS BIGINT)
                    FROM sponsorships s JOIN accounts a ON a.id = s.sponsor
                    WHERE s.sponsored = $1 AND s.state <> 'ended' ORDER BY a.name, s.id";
    DESCRIBE = "UPDATE sponsorships SET role = $2, opens_account = $3, attested_at = $4 WHERE id = $1";
    STEP = "UPDATE sponsorships SET state = $3 WHERE id = $1 AND state = $2";
    ATTEST = "UPDATE sponsorships SET attested_at = $3, reminded = 0 WHERE id = $1 AND sponsor = $2 AND state = 'active'";
    ACCEPT_OPENING = "UPDATE sponsorships SET state = 'active', attested_at = $2, reminded = 0
                      WHERE sponsored = $1 AND state = 'invited' AND opens_account = 1 RETURNING id";
    SUSPEND_ALL = "UPDATE sponsorships SET state = 'suspended' WHERE sponsor = $1 AND state = 'active' RETURNING id";
    END_INVITED = "UPDATE sponsorships SET state = 'ended' WHERE sponsor = $1 AND state = 'invited' RETURNING id";
    REMIND = "UPDATE sponsorships SET reminded = $2
              WHERE state = 'active' AND reminded < $2 AND COALESCE(attested_at, created_at) <= $1 RETURNING sponsor";
    LAPSE = "UPDATE sponsorships SET state = 'suspended', reminded = 3
             WHERE state = 'active' AND COALESCE(attested_at, created_at) <= $1 RETURNING id, sponsor";
}

/// One sponsorship as one of the two sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffLine {
    /// The sponsorship.
    pub id: SponsorshipId,
    /// The other one's account.
    pub account: AccountId,
    /// The other one's name.
    pub name: String,
    /// The other one's e-mail address.
    pub email: String,
    /// Whether it holds.
    pub state: SponsorshipState,
    /// What the sponsored user does at the practice.
    pub role: String,
    /// When the sponsor last said that the user is on the staff.
    pub attested_at: Timestamp,
    /// Whether it was suspended because the sponsor did not say so in time.
    pub lapsed: bool,
    /// Whether setting the account up accepts the invitation.
    pub opens_account: bool,
    /// When the sponsored user last signed in, as far as sessions tell; not told of sponsors.
    pub signed_in_at: Option<Timestamp>,
}

fn read(row: Row) -> Result<StaffLine, StoreError> {
    let mut fields = Fields::new("sponsorships", row);
    Ok(StaffLine {
        id: fields.id("id")?,
        account: fields.id("account")?,
        name: fields.text("name")?,
        email: fields.text("email")?,
        state: fields.word("state")?,
        role: fields.text("role")?,
        attested_at: fields.time("attested_at")?,
        lapsed: fields.int("reminded")? == 3,
        opens_account: fields.flag("opens_account")?,
        signed_in_at: fields.maybe_time("signed_in_at")?,
    })
}

impl Store {
    /// Whom this account sponsors, by name; without what has ended.
    pub async fn staff_of(&self, sponsor: &AccountId) -> Result<Vec<StaffLine>, StoreError> {
        self.list(BY_SPONSOR, args![sponsor], read).await
    }

    /// Who sponsors this account, or asks to, by name; without what has ended.
    pub async fn sponsors_of(&self, sponsored: &AccountId) -> Result<Vec<StaffLine>, StoreError> {
        self.list(BY_SPONSORED, args![sponsored], read).await
    }
}

impl Transaction {
    /// Notes the role, whether set-up accepts the invitation, and when the sponsor vouched for the user.
    pub async fn describe_sponsorship(
        &mut self,
        id: &SponsorshipId,
        role: &str,
        opens_account: bool,
        attested_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.run(DESCRIBE, args![id, role, opens_account, attested_at]).await?;
        Ok(())
    }

    /// Takes a sponsorship from one state to the next. False when it is not in the first any more.
    pub async fn step_sponsorship(
        &mut self,
        id: &SponsorshipId,
        from: SponsorshipState,
        to: SponsorshipState,
    ) -> Result<bool, StoreError> {
        let changed = self.run(STEP, args![id, word_of(&from), word_of(&to)]).await? > 0;
        self.changed(Noun::Sponsorship, id.as_str());
        Ok(changed)
    }

    /// Notes that the sponsor vouches for the user now. False when the sponsorship is not this sponsor's, or not active.
    pub async fn attest_sponsorship(
        &mut self,
        id: &SponsorshipId,
        sponsor: &AccountId,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(ATTEST, args![id, sponsor, now]).await? > 0)
    }

    /// Accepts the invitation that made this account; returns whether there was one.
    pub async fn accept_opening_sponsorships(&mut self, sponsored: &AccountId) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(!self.stepped(ACCEPT_OPENING, args![sponsored, now]).await?.is_empty())
    }

    /// Suspends all that this sponsor stands for and ends the invitations that wait; how many held.
    pub async fn stop_sponsoring(&mut self, sponsor: &AccountId) -> Result<usize, StoreError> {
        self.stepped(END_INVITED, args![sponsor]).await?;
        Ok(self.stepped(SUSPEND_ALL, args![sponsor]).await?.len())
    }

    async fn stepped(
        &mut self,
        sql: super::db::Sql,
        args: Vec<super::db::Arg>,
    ) -> Result<Vec<SponsorshipId>, StoreError> {
        let rows = self.rows(sql, args).await?;
        let read = |row| Fields::new("sponsorships", row).id("id");
        let ids = rows.into_iter().map(read).collect::<Result<Vec<SponsorshipId>, _>>()?;
        for id in &ids {
            self.changed(Noun::Sponsorship, id.as_str());
        }
        Ok(ids)
    }

    /// Marks the active sponsorships vouched for at `until` or before as reminded of to `degree` (1 a month, 2 a week ahead), once
    /// each; the sponsors, one entry a sponsorship.
    pub async fn claim_reminders(
        &mut self,
        until: Timestamp,
        degree: u32,
    ) -> Result<Vec<AccountId>, StoreError> {
        let rows = self.rows(REMIND, args![until, degree]).await?;
        rows.into_iter().map(|row| Fields::new("sponsorships", row).id("sponsor")).collect()
    }

    /// Suspends the active sponsorships vouched for at `until` or before; the sponsors, one entry a sponsorship.
    pub async fn lapse_sponsorships(&mut self, until: Timestamp) -> Result<Vec<AccountId>, StoreError> {
        let mut sponsors = Vec::new();
        for row in self.rows(LAPSE, args![until]).await? {
            let mut fields = Fields::new("sponsorships", row);
            let id: SponsorshipId = fields.id("id")?;
            self.changed(Noun::Sponsorship, id.as_str());
            sponsors.push(fields.id("sponsor")?);
        }
        Ok(sponsors)
    }
}
