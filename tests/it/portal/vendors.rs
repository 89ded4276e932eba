//! The vendors' pages and staff's, without a browser: what each form does, and that nothing gets through the wrong way.

use chartgate::domain::client::ClientState;
use chartgate::domain::ids::ClientId;
use http::StatusCode;

use super::world::{Answer, Jar, World};

const FORM: &[(&str, &str)] = &[
    ("client_name", "Growth <b>Charts</b>"),
    ("purpose", "Growth."),
    ("contacts", "dev@growth.example"),
    ("kind", "secret"),
    ("redirect_uris", "https://growth.example/cb"),
    ("scope", "launch/patient openid offline_access patient/*.rs"),
];

fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<_> = FORM.iter().copied().filter(|(n, _)| *n != name).collect();
    fields.push((name, value));
    fields
}

/// The text of the element with this id.
fn text(page: &Answer, id: &str) -> String {
    let html = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse(&format!("#{id}")).unwrap();
    let found = html.select(&selector).next();
    found.unwrap_or_else(|| panic!("no {id} in {}", page.body)).text().collect()
}

async fn register(world: &World, jar: &mut Jar) -> (ClientId, String) {
    let page = world.submit(jar, "/developers/register", "/developers/register", FORM).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    (ClientId::parse(&text(&page, "client-id")).unwrap(), text(&page, "registration-token"))
}

#[tokio::test]
async fn a_form_with_errors_keeps_what_was_typed_and_says_each_at_its_field() {
    let world = World::new().await;
    let mut jar = Jar::default();
    for (name, value) in [
        ("client_name", ""),
        ("purpose", ""),
        ("contacts", "nobody"),
        ("kind", ""),
        ("redirect_uris", "http://growth.example/"),
        ("scope", "x"),
        ("launch_uri", "x"),
        ("policy_uri", "javascript:alert(1)"),
    ] {
        let page =
            world.submit(&mut jar, "/developers/register", "/developers/register", &with(name, value)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(page.body.contains(&format!("href=\"#{name}\"")), "{name}: the summary leads there");
        assert!(page.body.contains(&format!("id=\"{name}-error\"")), "{name}: said at the field");
        if name != "purpose" {
            assert!(page.body.contains(">Growth.<"), "{name}: what was typed is kept");
        }
        assert!(!page.body.contains("<b>"), "{name}");
    }
    assert!(world.store.clients().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_vendor_comes_back_with_its_token_alone_and_only_to_its_app() {
    let world = World::new().await;
    let (id, token) = register(&world, &mut Jar::default()).await;
    let (other, _) = register(&world, &mut Jar::default()).await;
    let mut jar = Jar::default();
    assert_eq!(world.get(&mut jar, "/developers/apps/mine").await.header("location"), "/developers/apps");
    for (client, secret) in
        [(id.as_str(), "cgm_x"), (other.as_str(), token.as_str()), ("", ""), (id.as_str(), "")]
    {
        let fields = [("client_id", client), ("token", secret)];
        let page = world.submit(&mut jar, "/developers/apps", "/developers/apps", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(secret.len() < 10 || !page.body.contains(secret), "the token is not repeated");
    }
    let fields = [("client_id", id.as_str()), ("token", token.as_str())];
    let entered = world.submit(&mut jar, "/developers/apps", "/developers/apps", &fields).await;
    assert_eq!(
        (entered.status, entered.header("location")),
        (StatusCode::SEE_OTHER, "/developers/apps/mine")
    );
    let cookie = entered.header("set-cookie").to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains(&token),
        "{cookie}"
    );
    let page = world.get(&mut jar, "/developers/apps/mine").await;
    assert!(page.body.contains("Waits for approval") && page.body.contains(id.as_str()));
    world.clock.advance(std::time::Duration::from_hours(2));
    assert_eq!(world.get(&mut jar, "/developers/apps/mine").await.status, StatusCode::SEE_OTHER, "two hours");
}

#[tokio::test]
async fn staff_decide_and_the_vendor_reads_why() {
    let world = World::new().await;
    let mut vendor = Jar::default();
    let (id, _) = register(&world, &mut vendor).await;
    let mut kim = world.sign_in("kim").await;
    let here = format!("/staff/clients/{id}");
    let queue = world.get(&mut kim, "/staff/clients").await;
    assert!(queue.body.contains(&here) && queue.body.contains("Waiting for a decision: 1"));
    let go = async |kim: &mut Jar, what: &str, fields: &[(&str, &str)]| {
        world.submit(kim, &here, &format!("{here}/{what}"), fields).await
    };
    let silent = go(&mut kim, "refuse", &[("revision", "0"), ("reason", "")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.body.contains("reason-error"));
    let nothing = go(&mut kim, "approve", &[("revision", "0")]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY, "without a scope");
    let stale = go(&mut kim, "approve", &[("revision", "7"), ("scope", "patient/*.rs")]).await;
    assert!(stale.body.contains("changed meanwhile"), "{}", stale.body);
    let fapi =
        go(&mut kim, "approve", &[("revision", "0"), ("scope", "patient/*.rs"), ("fapi", "yes")]).await;
    assert_eq!(fapi.status, StatusCode::UNPROCESSABLE_ENTITY, "it has a secret");
    assert_eq!(go(&mut kim, "nonsense", &[]).await.status, StatusCode::NOT_FOUND);

    let fields = [("revision", "0"), ("scope", "patient/*.rs"), ("scope", "openid"), ("bound_tokens", "yes")];
    assert_eq!(go(&mut kim, "approve", &fields).await.header("location"), "/staff/clients");
    let client = world.store.client(&id).unwrap();
    assert_eq!((client.state, client.scope.as_str()), (ClientState::Active, "openid patient/*.rs"));
    assert!(client.details.security.requires_bound_tokens());
    let twice = go(&mut kim, "approve", &fields).await;
    assert!(twice.body.contains("does not wait"), "{}", twice.body);

    go(&mut kim, "suspend", &[("reason", "Too <many> requests.")]).await;
    let page = world.get(&mut vendor, "/developers/apps/mine").await;
    assert!(
        page.body.contains("Suspended") && page.body.contains("Too &#60;many&#62; requests."),
        "{}",
        page.body
    );
    let locked = world.submit(&mut vendor, "/developers/apps/mine", "/developers/apps/mine/edit", FORM).await;
    assert_eq!(locked.status, StatusCode::UNPROCESSABLE_ENTITY);
    let renewed = go(&mut kim, "token", &[]).await;
    assert!(renewed.body.contains("cgm_"));
    let ended = world.get(&mut vendor, "/developers/apps/mine").await;
    assert_eq!(ended.header("location"), "/developers/apps", "the old token ended, and what came of it");
    let removed = go(&mut kim, "remove", &[]).await;
    assert_eq!(removed.header("location"), "/staff/clients");
    assert!(world.store.client(&id).is_none());
    assert_eq!(world.get(&mut kim, &here).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_vendor_changes_its_secret_and_deletes_its_app() {
    let world = World::new().await;
    let mut vendor = Jar::default();
    let (id, _) = register(&world, &mut vendor).await;
    let before = world.store.client(&id).unwrap().auth.clone();
    let page = "/developers/apps/mine";
    let new = world.submit(&mut vendor, page, "/developers/apps/mine/secret", &[]).await;
    assert!(text(&new, "client-secret").starts_with("cgk_"));
    assert_ne!(world.store.client(&id).unwrap().auth, before);
    let edited = with("client_name", "Growth Charts 2");
    let saved = world.submit(&mut vendor, page, "/developers/apps/mine/edit", &edited).await;
    assert_eq!(saved.header("location"), page);
    assert_eq!(world.store.client(&id).unwrap().name, "Growth Charts 2");
    let forged = world.post(&mut vendor, "/developers/apps/mine/delete", &[("csrf", "x")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let gone = world.submit(&mut vendor, page, "/developers/apps/mine/delete", &[]).await;
    assert_eq!(gone.header("location"), "/developers/apps");
    assert!(world.store.client(&id).is_none());
}
