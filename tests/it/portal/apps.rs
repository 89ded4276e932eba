//! The gallery of apps, and the page on which users see and disconnect theirs.

use std::time::Duration;

use chartgate::domain::client::{
    AccessToken, Authorization, Client, ClientAuth, ClientDetails, ClientKind, ClientState, LaunchContext,
    LaunchIntent, Principal,
};
use chartgate::domain::clock::Clock as _;
use chartgate::domain::ids::{AccountId, AuthorizationId, ClientId};
use chartgate::domain::secret::{PlainToken, TokenHash, TokenKind};
use chartgate::store::consents::Consent;
use http::StatusCode;

use super::world::World;

fn client(id: &str, name: &str) -> Client {
    Client {
        id: ClientId::parse(id).unwrap(),
        name: name.to_owned(),
        kind: ClientKind::Public,
        auth: ClientAuth::None,
        redirect_uris: vec![format!("https://{id}.example/cb")],
        launch_uri: Some(format!("https://{id}.example/launch?tenant=7")),
        scope: "launch patient/Observation.rs offline_access".to_owned(),
        practice: None,
        trusted: false,
        state: ClientState::Active,
        details: ClientDetails {
            organization: Some("Brightgrow Inc.".to_owned()),
            purpose: Some("Plots growth.".to_owned()),
            intents: vec![LaunchIntent { value: "plot-growth".into(), label: "Plot growth".into() }],
            ..ClientDetails::default()
        },
        created_at: chartgate::domain::clock::Timestamp::from_millis(0),
    }
}

async fn account_of(world: &World, name: &str) -> AccountId {
    world.store.account_by_email(&format!("{name}@example.org")).await.unwrap().unwrap().id
}

#[tokio::test]
async fn row_352_the_gallery_launches_a_registered_app_for_its_user_alone() {
    let world = World::new().await;
    world.store.insert_client(&client("growth", "Growth Chart")).await.unwrap();
    world.store.insert_client(&Client { launch_uri: None, ..client("alone", "Standalone") }).await.unwrap();
    world
        .store
        .insert_client(&Client { state: ClientState::Pending, ..client("new", "Pending") })
        .await
        .unwrap();
    let mut jar = world.sign_in("ana").await;
    let page = world.get(&mut jar, "/gallery").await;
    for words in ["Growth Chart", "By Brightgrow Inc.", "Plots growth.", "Test results", "Plot growth"] {
        assert!(page.body.contains(words), "{words}");
    }
    assert!(!page.body.contains("Standalone") && !page.body.contains("Pending"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://growth.example"), "{policy}");

    let fields = [("app", "growth"), ("intent", "plot-growth")];
    let answer = world.submit(&mut jar, "/gallery", "/gallery/open", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let place = url::Url::parse(answer.header("location")).unwrap();
    assert!(place.as_str().starts_with("https://growth.example/launch?tenant=7&"), "its own query is kept");
    let value = |name: &str| place.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
    assert_eq!(value("iss").as_deref(), Some("https://gate.example/fhir/r4"));
    let handle = PlainToken::presented(TokenKind::Launch, &value("launch").unwrap()).unwrap();
    let launch = world.store.take_launch(&handle.hash()).await.unwrap().unwrap();
    assert_eq!((launch.client.as_str(), &launch.account), ("growth", &account_of(&world, "ana").await));
    assert_eq!(launch.context.intent.as_deref(), Some("plot-growth"), "row 194");
    assert_eq!(launch.context.patient, None, "opened without a patient");
    assert!(!launch.context.need_patient_banner);

    for bad in ["alone", "new", "nobody", "../x"] {
        let answer = world.submit(&mut jar, "/gallery", "/gallery/open", &[("app", bad)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{bad}");
    }
    let made_up = [("app", "growth"), ("intent", "launch-missiles")];
    let answer = world.submit(&mut jar, "/gallery", "/gallery/open", &made_up).await;
    let place = url::Url::parse(answer.header("location")).unwrap();
    let handle = place.query_pairs().find(|(n, _)| n == "launch").unwrap().1.into_owned();
    let launch = world.store.take_launch(&TokenHash::of(&handle)).await.unwrap().unwrap();
    assert_eq!(launch.context.intent, None, "only what was agreed on with the vendor");
    let strange = [("app", "growth"), ("patient", "another user\u{2019}s handle")];
    let answer = world.submit(&mut jar, "/gallery", "/gallery/open", &strange).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

/// A live token of `app` for ana, until `session` ends if one is given.
async fn token(world: &World, app: &str, id: &str, session: Option<TokenHash>) -> TokenHash {
    let account = account_of(world, "ana").await;
    let now = world.clock.now();
    let authorization = Authorization {
        id: AuthorizationId::parse(id).unwrap(),
        client: ClientId::parse(app).unwrap(),
        principal: Principal::Account(account),
        scope: "openid user/Observation.rs".to_owned(),
        context: LaunchContext::default(),
        nonce: None,
        authenticated_at: now,
        session,
        created_at: now,
        revoked_at: None,
    };
    world.store.insert_authorization(&authorization).await.unwrap();
    let hash = TokenHash::of(&format!("cga_{id}"));
    let token = AccessToken {
        hash,
        authorization: authorization.id,
        scope: authorization.scope,
        issued_at: now,
        bound_to: None,
        expires_at: now.plus(Duration::from_hours(1)),
    };
    world.store.insert_access_token(&token).await.unwrap();
    hash
}

async fn lives(world: &World, hash: &TokenHash) -> bool {
    world.store.subject_of(hash).await.unwrap().is_some()
}

#[tokio::test]
async fn a_user_sees_the_apps_and_disconnects_one_from_its_next_request_on() {
    let world = World::new().await;
    world.store.insert_client(&client("growth", "Growth Chart")).await.unwrap();
    world.store.insert_client(&client("desk", "Referral Desk")).await.unwrap();
    let some = Some(TokenHash::of("some session"));
    let first = token(&world, "growth", "a1", None).await;
    let second = token(&world, "growth", "a2", some).await;
    let other = token(&world, "desk", "a3", some).await;
    let ana = account_of(&world, "ana").await;
    let consent = Consent { scope: "user/Observation.rs".into(), offered: "user/Observation.rs".into() };
    let growth = ClientId::parse("growth").unwrap();
    world.store.remember_consent(&ana, &growth, &consent).await.unwrap();

    let mut jar = world.sign_in("ana").await;
    let page = world.get(&mut jar, "/account/apps").await;
    for words in
        ["Growth Chart", "Referral Desk", "By Brightgrow Inc.", "Test results", "Also when you are away"]
    {
        assert!(page.body.contains(words), "{words}");
    }
    assert!(page.body.contains("While you are signed in"));
    let ask = world.get(&mut jar, "/account/apps/growth/disconnect").await;
    assert!(ask.body.contains("Disconnect Growth Chart?") && lives(&world, &first).await, "asked, not done");
    let path = "/account/apps/growth/disconnect";
    let done = world.submit(&mut jar, path, path, &[]).await;
    assert_eq!(
        (done.status, done.header("location")),
        (StatusCode::SEE_OTHER, "/account/apps?disconnected=growth")
    );
    assert!(!lives(&world, &first).await && !lives(&world, &second).await, "the next request");
    assert!(lives(&world, &other).await);
    assert_eq!(world.store.consent(&ana, &growth).await.unwrap(), None, "it asks anew");
    let page = world.get(&mut jar, "/account/apps?disconnected=growth").await;
    assert!(page.body.contains("Growth Chart is disconnected") && !page.body.contains("growth/disconnect"));
    assert!(world.log.whats().contains(&"disconnect".to_owned()));

    let stranger = &mut world.sign_in("jo").await;
    assert!(!world.get(stranger, "/account/apps").await.body.contains("Referral Desk"), "each their own");
    world.submit(stranger, "/help", "/account/apps/desk/disconnect", &[]).await;
    assert!(lives(&world, &other).await);
}

#[tokio::test]
async fn a_remembered_choice_can_be_forgotten() {
    let world = World::new().await;
    world.store.insert_client(&client("growth", "Growth Chart")).await.unwrap();
    let (ana, growth) = (account_of(&world, "ana").await, ClientId::parse("growth").unwrap());
    let consent = Consent { scope: "openid".into(), offered: "openid".into() };
    world.store.remember_consent(&ana, &growth, &consent).await.unwrap();
    let mut jar = world.sign_in("ana").await;
    assert!(world.get(&mut jar, "/account/apps").await.body.contains("Apps that need not ask you"));
    let path = "/account/apps/growth/ask-again";
    let done = world.submit(&mut jar, "/account/apps", path, &[]).await;
    assert_eq!(done.header("location"), "/account/apps?asks=growth");
    assert_eq!(world.store.consent(&ana, &growth).await.unwrap(), None);
    let without = world.post(&mut jar, path, &[]).await;
    assert_ne!(without.status, StatusCode::SEE_OTHER, "not without the form's token");
}

#[tokio::test]
async fn row_100_signing_out_of_the_portal_ends_what_came_of_that_session() {
    let world = World::new().await;
    world.store.insert_client(&client("growth", "Growth Chart")).await.unwrap();
    let mut jar = world.sign_in("ana").await;
    let cookie = jar.value("__Host-chartgate").unwrap();
    let session = PlainToken::presented(TokenKind::Session, cookie).unwrap().hash();
    let offline = token(&world, "growth", "a1", None).await;
    let online = token(&world, "growth", "a2", Some(session)).await;
    world.submit(&mut jar, "/help", "/sign-out", &[]).await;
    assert!(!lives(&world, &online).await && lives(&world, &offline).await);
}
