//! Every statement is one that both databases understand.

use sqlx::{Connection as _, Executor as _};

use crate::support::databases::{Database, Kind};

#[tokio::test]
async fn each_statement_is_prepared_by_sqlite() {
    let database = Database::new(Kind::Sqlite).await;
    let mut connection = sqlx::SqliteConnection::connect(&database.url).await.unwrap();
    for (file, sql) in chartgate::store::statements() {
        if let Err(error) = connection.prepare(sqlx::SqlSafeStr::into_sql_str(sql)).await {
            panic!("{file}: {sql}: {error}");
        }
    }
}

#[tokio::test]
async fn each_statement_is_prepared_by_postgres() {
    let database = Database::new(Kind::Postgres).await;
    let mut connection = sqlx::PgConnection::connect(&database.url).await.unwrap();
    for (file, sql) in chartgate::store::statements() {
        if let Err(error) = connection.prepare(sqlx::SqlSafeStr::into_sql_str(sql)).await {
            panic!("{file}: {sql}: {error}");
        }
    }
}

/// The list that the two tests above go through leaves out no file, and no SQL hides outside it.
#[test]
fn the_list_of_statements_is_complete() {
    let listed: std::collections::BTreeSet<&str> =
        chartgate::store::statements().into_iter().map(|(file, _)| file).collect();
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store");
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        // Those two files hold what only one database has.
        if matches!(file.as_str(), "sqlite" | "postgres") {
            continue;
        }
        assert_eq!(
            text.contains("\nstatements! {"),
            listed.contains(file.as_str()),
            "{file} declares statements but is not listed in store::statements, or the reverse"
        );
        if file != "db" {
            assert!(!text.contains("sqlx::query"), "{file} runs SQL that is not declared");
        }
    }
}
