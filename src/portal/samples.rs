//! Renders every template with sample data, and holds the result to what every page owes its readers. With `PORTAL_PAGES=DIR` the
//! pages are written there as well, to be looked at.

use std::collections::HashSet;

use scraper::{ElementRef, Html, Selector};

use super::{
    account_apps, developers, family, gallery, help, home, hospital, identity, invitations, my_staff,
    notices, open, register, requests, saved, search, sign_in, staff, vendors,
};
use crate::domain::account::{Account, AccountKind, AccountState, StaffRole};
use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, Npi};
use crate::domain::language::Language;
use crate::web::page::Chrome;
use crate::web::problem::{self, Problem};

fn account(kind: AccountKind, name: &str) -> Account {
    Account {
        id: AccountId::parse("sample").unwrap(),
        kind,
        email: "ana.ellis@northside.example".into(),
        name: name.into(),
        phone: Some("(555) 010-0111".into()),
        state: AccountState::Active,
        created_at: Timestamp::from_millis(0),
    }
}

fn every_page() -> Vec<(String, String)> {
    let provider = AccountKind::Provider { npi: Npi::parse("1234567893").unwrap() };
    let ana = account(provider.clone(), "Dr. Ana Ellis");
    let rosa = account(AccountKind::Guardian { patients: vec![] }, "Rosa Torres");
    let kim = account(AccountKind::Staff { role: StaffRole::Provisioning }, "Kim Novak");
    let clinician = Chrome::sample("Patients", Some(&ana), "/");
    let mut all = sign_in::samples(&Chrome::sample("Sign in", None, "/sign-in"));
    all.extend(register::samples(&Chrome::sample("Register as a provider", None, "/register")));
    all.extend(identity::samples(&Chrome::sample("Your account", None, "/account")));
    all.extend(home::samples(&clinician));
    all.extend(my_staff::samples(&clinician));
    all.extend(search::samples(&clinician));
    all.extend(requests::samples(&clinician));
    all.extend(notices::samples(&clinician));
    all.extend(hospital::samples(&clinician));
    all.extend(saved::samples(&clinician));
    all.extend(open::samples(&clinician));
    all.extend(gallery::samples(&clinician));
    all.extend(account_apps::samples(&clinician));
    all.extend(help::samples(&Chrome::sample("Help", Some(&ana), "/help")));
    all.extend(developers::samples(&Chrome::sample("For developers", None, "/developers")));
    all.extend(invitations::samples(&clinician));
    all.extend(staff::samples(&kim, &ana));
    all.extend(vendors::samples());
    let chrome = |title| Chrome::sample(title, Some(&ana), "/");
    let unreachable = Problem::HospitalUnreachable { retry_after: None };
    all.push(("problem-not-found", problem::sample(&Problem::NotFound, chrome("This page is not here"))));
    all.push(("problem-ehr", problem::sample(&unreachable, chrome("The hospital does not answer"))));
    let spanish = Chrome::sample_in(Language::Es, "problem-hospital", Some(&rosa), "/");
    all.push(("problem-ehr-es", problem::sample(&unreachable, spanish)));
    let mut all: Vec<(String, String)> =
        all.into_iter().map(|(name, html)| (name.to_owned(), html)).collect();
    all.extend(family::samples(&rosa));
    all
}

fn select<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

#[test]
fn every_template_renders_and_keeps_the_rules_of_pages() {
    for (name, html) in every_page() {
        if let Ok(folder) = std::env::var("PORTAL_PAGES") {
            std::fs::write(format!("{folder}/{name}.html"), &html).unwrap();
        }
        assert!(!html.contains("Unknown localization"), "{name}: a sentence is missing");
        let part = name.starts_with("part-");
        let page = if part { Html::parse_fragment(&html) } else { Html::parse_document(&html) };
        assert!(
            select(&page, "[style], style, script:not([src]), [onclick], [onload]").is_empty(),
            "{name}: inline"
        );
        let mut ids = HashSet::new();
        for element in select(&page, "[id]") {
            assert!(
                ids.insert(element.attr("id").unwrap().to_owned()),
                "{name}: id {:?} twice",
                element.attr("id")
            );
        }
        for control in select(&page, "input:not([type=hidden]), select, textarea") {
            let id = control.attr("id").unwrap_or_default();
            assert_eq!(select(&page, &format!("label[for='{id}']")).len(), 1, "{name}: label of {id}");
        }
        for form in select(&page, "form[method=post]") {
            assert!(
                form.select(&Selector::parse("input[name=csrf]").unwrap()).next().is_some(),
                "{name}: form token"
            );
        }
        for described in select(&page, "[aria-describedby], [aria-labelledby]") {
            let named =
                described.attr("aria-describedby").into_iter().chain(described.attr("aria-labelledby"));
            for id in named.flat_map(str::split_whitespace) {
                assert!(ids.contains(id), "{name}: refers to {id}, which is not there");
            }
        }
        if !part {
            assert_eq!(select(&page, "h1").len(), 1, "{name}: one main heading");
            assert_eq!(select(&page, "main#main").len(), 1, "{name}: main");
            assert_eq!(select(&page, "html[lang]").len(), 1, "{name}: language");
            assert!(select(&page, "a[href='#main']").len() == 1, "{name}: skip link");
            assert!(html.contains("mailto:"), "{name}: S-80, whom to ask");
        }
    }
}
