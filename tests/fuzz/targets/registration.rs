//! Client metadata (RFC 7591): what passes is what may be shown to users and redirected to, and passes again as it is.

use chartgate::accounts::registration::Metadata;
use chartgate::domain::client::ClientKind;
use chartgate::fhir::scope::ScopeSet;
use chartgate::oauth::redirect::may_be_registered;
use chartgate::oauth::register_json;
use serde_json::{Map, Value};

pub fn run(bytes: &[u8]) {
    let Ok(sent) = serde_json::from_slice::<Map<String, Value>>(bytes) else { return };
    let metadata = match register_json::parse(&sent) {
        Ok(metadata) => metadata,
        Err(refusal) => return plain(refusal.description.as_deref().unwrap_or_default(), 400),
    };
    let metadata = match metadata.checked() {
        Ok(metadata) => metadata,
        Err(wrong) => return wrong.iter().for_each(|wrong| plain(wrong.message, 400)),
    };
    assert!((1..=100).contains(&metadata.name.chars().count()));
    for text in lines(&metadata) {
        assert!(!text.chars().any(char::is_control), "{text:?} in {sent:?}");
    }
    for uri in &metadata.redirect_uris {
        assert!(may_be_registered(uri), "{uri:?}");
    }
    assert!(metadata.kind == ClientKind::Backend || !metadata.redirect_uris.is_empty(), "{sent:?}");
    let pages = [
        &metadata.client_uri,
        &metadata.logo_uri,
        &metadata.tos_uri,
        &metadata.policy_uri,
        &metadata.launch_uri,
    ];
    for page in pages.into_iter().flatten() {
        let url: url::Url = page.parse().expect("a URL");
        assert!(matches!(url.scheme(), "http" | "https"), "{page:?}");
    }
    let scopes = ScopeSet::parse(&metadata.scope);
    assert!(!scopes.is_empty(), "{:?}", metadata.scope);
}

fn lines(metadata: &Metadata) -> impl Iterator<Item = &str> {
    let one = [&metadata.organization, &metadata.software_id, &metadata.software_version, &metadata.practice];
    let many = [&metadata.redirect_uris, &metadata.contacts, &metadata.post_logout_redirect_uris];
    let one = one.into_iter().flatten().map(String::as_str);
    one.chain(many.into_iter().flatten().map(String::as_str)).chain([metadata.name.as_str()])
}

/// A sentence of ours, in ASCII as OAuth asks (RFC 6749 5.2), and short.
fn plain(text: &str, most: usize) {
    let allowed = |byte: u8| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(text.len() <= most && text.bytes().all(allowed), "{text:?}");
}
