//! What hospital staff work with (S-06): accounts, practices, apps, the audit log, the state of the system.

mod account;
mod accounts;
mod audit;
mod client;
mod clients;
mod disclosures;
mod explain;
mod health;
mod mail;
mod practices;
mod registration_tokens;
mod registrations;
mod requests;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};

use super::Portal;

/// The staff pages.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/staff", get(async || Redirect::to("/staff/accounts")))
        .route("/staff/registrations", get(registrations::queue))
        .route("/staff/registrations/{id}", get(registrations::show))
        .route("/staff/registrations/{id}/approve", post(registrations::approve).get(registrations::show))
        .route("/staff/registrations/{id}/refuse", post(registrations::refuse).get(registrations::show))
        .route(
            "/staff/registrations/{id}/documents/{kind}",
            post(registrations::decide).get(registrations::back),
        )
        .route("/staff/registrations/{id}/documents/{kind}/{upload}", get(registrations::file))
        .route("/staff/accounts", get(accounts::list))
        .route("/staff/accounts/{id}", get(account::show))
        .route("/staff/accounts/{id}/suspend", get(account::ask_suspend).post(account::suspend))
        .route("/staff/accounts/{id}/reactivate", post(account::reactivate).get(account::show))
        .route("/staff/accounts/{id}/explain", post(explain::explain).get(account::show))
        .route("/staff/practices", get(practices::list))
        .route("/staff/practices/{id}", get(practices::show))
        .route("/staff/clients", get(clients::list))
        .route("/staff/clients/{id}", get(client::show))
        .route("/staff/clients/{id}/remove", get(client::ask_remove).post(client::remove))
        .route("/staff/clients/{id}/{decision}", post(client::decide).get(client::back))
        .route("/staff/registration-tokens", get(registration_tokens::list).post(registration_tokens::add))
        .route(
            "/staff/registration-tokens/{id}/revoke",
            post(registration_tokens::revoke).get(async || Redirect::to("/staff/registration-tokens")),
        )
        .route("/staff/audit", get(audit::latest))
        .route("/staff/audit/patient", post(audit::of_patient).get(audit::latest))
        .route("/staff/audit/disclosures", get(disclosures::show).post(disclosures::report))
        .route("/staff/requests", get(requests::queue))
        .route("/staff/requests/{id}", get(requests::show))
        .route("/staff/requests/{id}/{decision}", post(requests::decide).get(requests::back))
        .route("/staff/mail", get(mail::show).post(mail::again))
        .route("/staff/health", get(health::show))
        .route("/staff/health/forget", get(health::ask_purge).post(health::review_purge))
        .route("/staff/health/forget/confirm", post(health::confirm_purge).get(health::ask_purge))
}

#[cfg(test)]
pub fn samples(
    staff: &crate::domain::account::Account,
    provider: &crate::domain::account::Account,
) -> Vec<(&'static str, String)> {
    use crate::web::page::Chrome;
    let chrome = |title: &str, path: &str| Chrome::sample(title, Some(staff), path);
    let mut all = accounts::samples(&chrome("Accounts", "/staff/accounts"));
    all.extend(account::samples(&chrome("Accounts", "/staff/accounts"), provider));
    all.extend(explain::samples(&chrome("Accounts", "/staff/accounts"), provider));
    all.extend(practices::samples(&chrome("Practices", "/staff/practices")));
    all.extend(clients::samples(&chrome("Apps and systems", "/staff/clients")));
    all.extend(client::samples(&chrome("Apps and systems", "/staff/clients/growth")));
    all.extend(registrations::samples(&chrome("Registrations", "/staff/registrations")));
    all.extend(registration_tokens::samples(&chrome("Registration tokens", "/staff/registration-tokens")));
    all.extend(audit::samples(&chrome("Audit log", "/staff/audit")));
    all.extend(disclosures::samples(&chrome("Disclosures", "/staff/audit")));
    all.extend(requests::samples(&chrome("Requests", "/staff/requests"), provider));
    all.extend(mail::samples(&chrome("Mail", "/staff/mail")));
    all.extend(health::samples(&chrome("System", "/staff/health")));
    all
}
