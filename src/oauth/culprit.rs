//! Whose request is under way, as far as it has told: beside the request, so that an endpoint need not carry it through every
//! step only for the case that the last one refuses.

use std::cell::RefCell;

use crate::accounts::failures::Whose;
use crate::domain::client::{Client, ClientAuth};
use crate::domain::ids::ClientId;
use crate::domain::secret::TokenHash;

use super::params::Params;

tokio::task_local! {
    static CULPRIT: RefCell<Option<Whose>>;
}

/// Runs `future` and says whose request it was.
pub async fn watch<F: Future>(future: F) -> (F::Output, Option<Whose>) {
    let watched = async {
        let out = future.await;
        (out, CULPRIT.with(RefCell::take))
    };
    CULPRIT.scope(RefCell::new(None), watched).await
}

fn set(whose: Whose) {
    // Outside of `watch` there is nobody to tell.
    let _ = CULPRIT.try_with(|culprit| culprit.replace(Some(whose)));
}

/// The request names this client. Anybody can.
pub fn named(id: &ClientId) {
    set(Whose::Client { id: id.clone(), proven: false });
}

/// The request's form names a client, if it does.
pub fn named_in(form: &Params) {
    if let Some(id) = form.get("client_id").and_then(|id| ClientId::parse(id).ok()) {
        named(&id);
    }
}

/// The request is from this client, which proved it if it has a secret or key.
pub fn authenticated(client: &Client) {
    set(Whose::Client { id: client.id.clone(), proven: client.auth != ClientAuth::None });
}

/// The request holds this access token.
pub fn holds(token: &TokenHash) {
    set(Whose::Token(*token));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::testing;

    #[tokio::test]
    async fn the_latest_word_holds_and_each_request_has_its_own() {
        let client = testing::client("app");
        let said = watch(async {
            named(&ClientId::parse("other").unwrap());
            let ((), inner) = watch(async { holds(&TokenHash::of("t")) }).await;
            assert_eq!(inner, Some(Whose::Token(TokenHash::of("t"))));
            authenticated(&client);
        });
        assert_eq!(
            said.await.1,
            Some(Whose::Client { id: client.id.clone(), proven: false }),
            "a public client proves nothing"
        );
        named(&client.id);
        assert_eq!(watch(async {}).await.1, None);
    }
}
