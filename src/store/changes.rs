//! What changed: a numbered list that each transaction adds to, and from which other processes renew what they hold in
//! memory.

use std::collections::BTreeSet;

use parking_lot::Mutex;

use crate::access::forget::Forget;

use super::db::Fields;
use super::{Store, StoreError, Transaction};

/// How many changes one look takes in before everything is loaded afresh instead.
pub(super) const MANY: usize = 1000;

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Noun {
    Account,
    Practice,
    Sponsorship,
    Grant,
    Client,
    /// An authorization was revoked.
    Authorization,
    /// An access token was revoked.
    Token,
    /// Something that the EHR said is to be forgotten ([`Forget`]).
    Purge,
}

impl Noun {
    const EACH: [Self; 8] = [
        Self::Account,
        Self::Practice,
        Self::Sponsorship,
        Self::Grant,
        Self::Client,
        Self::Authorization,
        Self::Token,
        Self::Purge,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Practice => "practice",
            Self::Sponsorship => "sponsorship",
            Self::Grant => "grant",
            Self::Client => "client",
            Self::Authorization => "authorization",
            Self::Token => "token",
            Self::Purge => "purge",
        }
    }
}

/// One thing that changed, by its identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Change {
    pub(super) noun: Noun,
    pub(super) id: String,
}

/// How far this process has taken in the list.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// Every change up to here is taken in.
    upto: i64,
    /// Beyond that, what this process changed itself.
    own: BTreeSet<i64>,
}

impl Position {
    fn advance(&mut self) {
        while self.own.remove(&(self.upto + 1)) {
            self.upto += 1;
        }
    }
}

statements! {
    // The row lock makes the numbers follow the order of commits: it is taken last and held until the commit.
    NUMBER = "UPDATE counters SET value = value + $1 WHERE name = 'changes' RETURNING value";
    INSERT = "INSERT INTO changes (number, noun, id, at) VALUES ($1, $2, $3, $4)";
    SINCE = "SELECT number, noun, id FROM changes WHERE number > $1 ORDER BY number LIMIT $2";
    LAST = "SELECT value FROM counters WHERE name = 'changes'";
    SWEEP = "DELETE FROM changes WHERE at < $1";
}

impl Transaction {
    /// Notes a change; it is written with the commit.
    pub(super) fn changed(&mut self, noun: Noun, id: impl Into<String>) {
        self.changes.insert(Change { noun, id: id.into() });
    }

    /// Writes the changes noted; the numbers they got.
    pub(super) async fn write_changes(&mut self) -> Result<std::ops::RangeInclusive<i64>, StoreError> {
        let count = i64::try_from(self.changes.len()).unwrap_or(i64::MAX);
        let last = match self.one(NUMBER, args![count]).await? {
            Some(row) => Fields::new("counters", row).int("value")?,
            None => return Err(StoreError::Corrupt { noun: "counters", field: "value" }),
        };
        let at = self.now();
        let changes: Vec<Change> = self.changes.iter().cloned().collect();
        for (number, change) in (last - count + 1..).zip(changes) {
            self.run(INSERT, args![number, change.noun.word(), change.id, at]).await?;
        }
        Ok(last - count + 1..=last)
    }

    pub(super) async fn sweep_changes(&mut self) -> Result<u64, StoreError> {
        let before = self.now().minus(std::time::Duration::from_hours(24));
        self.run(SWEEP, args![before]).await
    }
}

impl Store {
    /// Where the list ends now.
    pub(super) async fn last_change(&self) -> Result<i64, StoreError> {
        match self.read_one(LAST, args![]).await? {
            Some(row) => Fields::new("counters", row).int("value"),
            None => Err(StoreError::Corrupt { noun: "counters", field: "value" }),
        }
    }

    /// Takes in what this process changed itself.
    pub(super) async fn take_in_own(
        &self,
        changes: Vec<Change>,
        numbers: std::ops::RangeInclusive<i64>,
    ) -> Result<(), StoreError> {
        let _one_at_a_time = self.inner.taking_in.lock().await;
        let taken = self.take_in(changes).await;
        if taken.is_ok() {
            let mut position = self.inner.position.lock();
            let upto = position.upto;
            position.own.extend(numbers.filter(|number| *number > upto));
            position.advance();
        }
        taken
    }

    /// Tells every other node that something of what the EHR said is to be forgotten. Whoever calls has forgotten it already.
    pub async fn announce_purge(&self, what: &[Forget]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        for one in what {
            transaction.changed(Noun::Purge, one.to_string());
        }
        transaction.commit().await
    }

    /// Takes in what others changed. Whether there was anything.
    pub(super) async fn take_in_others(&self) -> Result<bool, StoreError> {
        let _one_at_a_time = self.inner.taking_in.lock().await;
        let (upto, own) = {
            let position = self.inner.position.lock();
            (position.upto, position.own.clone())
        };
        let last = self.last_change().await?;
        if last <= upto {
            return Ok(false);
        }
        let expected = usize::try_from(last - upto).unwrap_or(usize::MAX);
        if expected > MANY {
            self.reload_behind().await?;
            return Ok(true);
        }
        let mut seen = 0;
        let mut changes = BTreeSet::new();
        for row in self.read(SINCE, args![upto, i64::try_from(MANY).unwrap_or(i64::MAX)]).await? {
            let mut fields = Fields::new("changes", row);
            let number = fields.int("number")?;
            seen += usize::from(number <= last);
            let word = fields.text("noun")?;
            // A newer version may note nouns that this one does not hold in memory.
            let noun = Noun::EACH.into_iter().find(|noun| noun.word() == word);
            if let (Some(noun), false) = (noun, own.contains(&number)) {
                changes.insert(Change { noun, id: fields.text("id")? });
            }
        }
        if seen < expected {
            // Swept away before this process looked.
            self.reload_behind().await?;
            return Ok(true);
        }
        let any = !changes.is_empty();
        let purges = changes.iter().filter(|change| change.noun == Noun::Purge);
        // What a newer version asks for in words that this one does not know is all the more reason.
        let purges: Vec<_> = purges.map(|change| Forget::parse(&change.id).unwrap_or(Forget::All)).collect();
        if !purges.is_empty() {
            self.forget(&purges).await;
        }
        self.take_in(changes.into_iter().collect()).await?;
        let mut position = self.inner.position.lock();
        position.upto = position.upto.max(last);
        let upto = position.upto;
        position.own.retain(|number| *number > upto);
        position.advance();
        Ok(any)
    }

    /// Loads everything afresh; what was to be forgotten meanwhile is not known one by one.
    async fn reload_behind(&self) -> Result<(), StoreError> {
        self.forget(&[Forget::All]).await;
        self.reload().await
    }

    async fn forget(&self, what: &[Forget]) {
        if let Some(forgets) = self.inner.forgets.get() {
            forgets.forget(what).await;
        }
    }

    /// Everything was loaded as of change `upto` or later.
    pub(super) fn loaded(&self, upto: i64) {
        let mut position = self.inner.position.lock();
        position.upto = position.upto.max(upto);
        let upto = position.upto;
        position.own.retain(|number| *number > upto);
        position.advance();
    }
}

/// The position as the store holds it.
pub(super) type SharedPosition = Mutex<Position>;
