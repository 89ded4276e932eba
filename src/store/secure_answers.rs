//! Secure questions of an account, with the hashes of their answers (D-02).

use crate::domain::identity::Question;
use crate::domain::ids::AccountId;

use super::db::{Fields, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    OF = "SELECT question, hash FROM secure_answers WHERE account = $1 ORDER BY place";
    DELETE = "DELETE FROM secure_answers WHERE account = $1";
    INSERT = "INSERT INTO secure_answers (account, place, question, hash) VALUES ($1, $2, $3, $4)";
}

impl Store {
    /// The account's questions with the hashes (PHC strings) of their answers, in order; empty when it has none.
    pub async fn secure_answers(&self, account: &AccountId) -> Result<Vec<(Question, String)>, StoreError> {
        self.list(OF, args![account], |row| {
            let mut fields = Fields::new("secure_answers", row);
            Ok((fields.word("question")?, fields.text("hash")?))
        })
        .await
    }
}

impl Transaction {
    /// Replaces the account's questions and answers.
    pub async fn set_secure_answers(
        &mut self,
        account: &AccountId,
        answers: &[(Question, String)],
    ) -> Result<(), StoreError> {
        self.run(DELETE, args![account]).await?;
        for (place, (question, hash)) in (0_u32..).zip(answers) {
            self.run(INSERT, args![account, place, word_of(question), hash]).await?;
        }
        Ok(())
    }
}

alone! {
    /// Replaces the account's questions and answers.
    fn set_secure_answers(account: &AccountId, answers: &[(Question, String)]) -> ();
}
