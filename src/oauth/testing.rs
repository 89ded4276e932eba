//! Sample values for the unit tests of this module.

use crate::domain::client::{Client, ClientAuth, ClientKind, ClientState};
use crate::domain::clock::Timestamp;
use crate::domain::ids::ClientId;

/// A public client that may ask for everything.
pub fn client(id: &str) -> Client {
    Client {
        id: ClientId::parse(id).unwrap(),
        name: "Sample App".to_owned(),
        kind: ClientKind::Public,
        auth: ClientAuth::None,
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        launch_uri: Some("https://app.example/launch".to_owned()),
        scope: "launch launch/patient launch/encounter openid fhirUser profile offline_access online_access \
                patient/*.rs user/*.rs"
            .to_owned(),
        practice: None,
        trusted: false,
        state: ClientState::Active,
        created_at: Timestamp::from_millis(0),
    }
}
