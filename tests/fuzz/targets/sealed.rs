//! What leaves sealed and comes back: page handles, handles in URLs and cookies, form tokens. None opens when it was altered, is
//! somebody else's, or was made for another purpose.

use chartgate::credentials::seal::SealingKey;
use chartgate::domain::ids::AccountId;
use chartgate::domain::random::SeededRandom;
use chartgate::domain::secret::{PlainToken, TokenKind};
use chartgate::web::handles::PageKeys;

use super::generator::Choices;

/// A seed, what is sealed and for whom, and what is done to it.
pub fn run(bytes: &[u8]) {
    // A key for each input: libFuzzer watches what is compared, and so learns what was sealed in an earlier run.
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let key = SealingKey::from_bytes(digest.as_ref().try_into().unwrap());
    let cipher = key.derive("page handles").sealer();
    let mut choices = Choices::new(bytes);
    let random = SeededRandom::new(u64::from(choices.byte()));
    let (plain, binding) = (choices.bytes(80), choices.bytes(20));
    let sealed = cipher.seal(plain, binding, &*random).expect("sealed");
    assert_eq!(cipher.open(&sealed, binding).expect("it opens").as_slice(), plain);

    let spoiled = spoil(&sealed, &mut choices);
    if spoiled != sealed {
        assert!(cipher.open(&spoiled, binding).is_none(), "{spoiled} of {sealed}");
    }
    let other = choices.bytes(20);
    assert!(other == binding || cipher.open(&sealed, other).is_none(), "another's binding");
    assert!(key.derive("web handles").sealer().open(&sealed, binding).is_none(), "another purpose");

    let keys = PageKeys::new(&key);
    let (ana, ben) = (AccountId::parse("ana").unwrap(), AccountId::parse("ben").unwrap());
    let value = String::from_utf8_lossy(plain).into_owned();
    let handle = keys.seal("patient", &ana, &value, &*random);
    assert_eq!(keys.open::<String>("patient", &ana, &handle), Some(value.clone()));
    let spoiled = spoil(&handle, &mut choices);
    let opened = |purpose, account, handle: &str| keys.open::<String>(purpose, account, handle).is_some();
    assert!(spoiled == handle || !opened("patient", &ana, &spoiled));
    assert!(!opened("patient", &ben, &handle) && !opened("encounter", &ana, &handle));
    assert!(keys.open_from_browser::<String>("patient", &handle).is_none());
    let kept = keys.seal_for_browser("recent", &value, &*random);
    assert_eq!(keys.open_from_browser::<String>("recent", &kept), Some(value));
    assert!(!opened("recent", &ana, &kept));

    let cookie = PlainToken::generate(TokenKind::Csrf, &*random);
    let token = keys.form_token(cookie.expose());
    assert!(keys.form_token_is(&token, cookie.expose()));
    let spoiled = spoil(&token, &mut choices);
    assert!(spoiled == token || !keys.form_token_is(&spoiled, cookie.expose()), "{spoiled} of {token}");

    let rest = String::from_utf8_lossy(choices.rest());
    assert!(*rest == *sealed || cipher.open(&rest, binding).is_none(), "{rest}");
    assert!(*rest == *token || !keys.form_token_is(&rest, cookie.expose()), "{rest}");
    let _ = SealingKey::parse(&rest);
    for kind in [TokenKind::Access, TokenKind::Csrf] {
        let _ = PlainToken::presented(kind, &rest);
    }
}

fn spoil(sealed: &str, choices: &mut Choices<'_>) -> String {
    let mut bytes = sealed.as_bytes().to_vec();
    for _ in 0..=choices.below(3) {
        if bytes.is_empty() {
            break;
        }
        let at = choices.below(bytes.len());
        match choices.below(6) {
            0 => bytes[at] = choices.byte(),
            1 => bytes[at] ^= 1 << choices.below(7),
            2 => drop(bytes.remove(at)),
            3 => bytes.insert(at, choices.byte()),
            4 => bytes.truncate(at),
            _ => bytes.push(choices.pick(b"=A \n")),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
