//! What every token comes to, asked from outside, beside what the model says.

use serde_json::Value;

use super::super::signing::verified;
use super::spec::{Grant, Handle, SYSTEM, words};
use super::world::{APPS, PEOPLE, World, pick};

impl World {
    /// The latest tokens, and as many chosen among the others, are as alive as the model says, and say what it says.
    pub(super) async fn check(&mut self, some: usize) {
        let start = self.count;
        let chosen = |list: &[Handle]| -> Vec<Handle> {
            let (old, new) = list.split_at(list.len().saturating_sub(some));
            let older = (0..some.min(old.len())).map(|n| &old[(start * 7 + n * 13) % old.len()]);
            new.iter().chain(older).cloned().collect()
        };
        for token in chosen(&self.model.access) {
            let said = self.introspect(&token).await;
            assert_eq!(
                said["active"],
                self.model.is_live(&token),
                "{token:?} {:?}",
                self.model.grants[token.grant]
            );
            if said["active"] == true {
                let grant = &self.model.grants[token.grant];
                assert_eq!(words(said["scope"].as_str().unwrap()), token.scope);
                assert_eq!(said["client_id"], APPS[grant.app]);
                assert_eq!(said["patient"].is_string(), grant.patient);
                assert_eq!(said["sub"], grant.person.map_or(APPS[SYSTEM], |person| PEOPLE[person]));
            }
        }
        for token in chosen(&self.model.refresh) {
            let said = self.introspect(&token).await;
            assert_eq!(
                said["active"],
                self.model.can_refresh(&token),
                "{token:?} {:?}",
                self.model.grants[token.grant]
            );
        }
        if let Some(token) = pick(&self.model.access, start).map(|at| self.model.access[at].clone()) {
            self.userinfo(&token).await;
        }
        if let Some(token) = self.model.identities.iter().rev().nth(start % 4) {
            self.identity(token).await;
        }
    }

    /// An `id_token` verifies against the published keys for as long as it lives, whatever rotated since.
    async fn identity(&self, token: &Handle) {
        if self.model.now < token.until {
            let Grant { app, person, .. } = &self.model.grants[token.grant];
            let claims = verified(self.node().await, &token.text, APPS[*app]).await;
            assert_eq!(claims["sub"], PEOPLE[person.unwrap()]);
        }
    }

    /// Everything, at the end.
    pub async fn check_all(&mut self) {
        for _ in 0..self.nodes.len() {
            self.count += 1;
            self.check(usize::MAX / 2).await;
        }
    }

    async fn introspect(&self, token: &Handle) -> Value {
        let fields = [("client_id", "auditor"), ("client_secret", "s"), ("token", token.text.as_str())];
        self.node().await.form("/oauth/introspect", &[], &fields).await.ok()
    }

    async fn userinfo(&self, token: &Handle) {
        let bearer = format!("Bearer {}", token.text);
        let answer = self.node().await.get("/oauth/userinfo", &[("authorization", &bearer)]).await;
        let expected = match (self.model.is_live(token), token.scope.contains("openid")) {
            (false, _) => 401,
            (true, false) => 403,
            (true, true) => 200,
        };
        assert_eq!(answer.status.as_u16(), expected, "{token:?}: {}", answer.body);
    }
}
