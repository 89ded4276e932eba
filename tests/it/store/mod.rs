//! What the store promises, on both databases.

mod audit;
mod changes;
mod identity;
mod nouns;
mod oauth;
mod people;
mod provider_registration;
mod registration;
mod relationships;
mod requests;
pub mod samples;
mod sponsorship;
mod statements;
mod writes;

/// Makes one test of each of these functions on each database.
macro_rules! on_both {
    ($($name:ident;)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::databases::Kind::Sqlite).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::databases::Kind::Postgres).await;
            })*
        }
    };
}
pub(crate) use on_both;
