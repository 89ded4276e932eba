//! Statements, arguments and rows, the same for both databases.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, PgConnection, Row as _, SqliteConnection, TypeInfo as _, ValueRef as _};

use crate::domain::clock::Timestamp;
use crate::domain::ids::{
    AccessRequestId, AccountId, AuthorizationId, ClientId, FactorId, FhirId, GrantId, InitialTokenId,
    InvitationId, NoticeId, Npi, PracticeId, ProviderRegistrationId, RequestId, SponsorshipId, UploadId,
};
use crate::domain::secret::TokenHash;

use super::StoreError;

/// A statement whose text is fixed when the program is compiled, and which both databases understand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sql(pub(super) &'static str);

/// Declares a file's statements, and `ALL` of them for the test that prepares each on both databases.
macro_rules! statements {
    ($($name:ident = $text:expr;)*) => {
        $(const $name: $crate::store::db::Sql = $crate::store::db::Sql($text);)*
        pub(super) const ALL: &[$crate::store::db::Sql] = &[$($name),*];
    };
}

/// An argument of a statement.
#[derive(Debug)]
pub(super) enum Arg {
    Text(Option<String>),
    Int(Option<i64>),
}

macro_rules! text_args {
    ($($type:ty),*) => {$(
        impl From<&$type> for Arg {
            fn from(value: &$type) -> Self {
                Self::Text(Some(value.as_str().to_owned()))
            }
        }
        impl From<Option<&$type>> for Arg {
            fn from(value: Option<&$type>) -> Self {
                Self::Text(value.map(|value| value.as_str().to_owned()))
            }
        }
    )*};
}
text_args!(
    AccessRequestId,
    AccountId,
    AuthorizationId,
    FactorId,
    ClientId,
    FhirId,
    GrantId,
    InitialTokenId,
    NoticeId,
    InvitationId,
    Npi,
    PracticeId,
    ProviderRegistrationId,
    RequestId,
    SponsorshipId,
    String,
    UploadId
);

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}
impl From<Option<&str>> for Arg {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}
impl From<Option<String>> for Arg {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}
impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}
impl From<&TokenHash> for Arg {
    fn from(value: &TokenHash) -> Self {
        Self::Text(Some(value.to_hex()))
    }
}
impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}
impl From<u32> for Arg {
    fn from(value: u32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}
impl From<bool> for Arg {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}
impl From<Timestamp> for Arg {
    fn from(value: Timestamp) -> Self {
        Self::Int(Some(value.as_millis()))
    }
}
impl From<Option<Timestamp>> for Arg {
    fn from(value: Option<Timestamp>) -> Self {
        Self::Int(value.map(Timestamp::as_millis))
    }
}

/// `args![a, b]`: arguments in the order of `$1`, `$2`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::db::Arg::from($value)),*] };
}

/// A value as it came from the database.
#[derive(Debug)]
pub(super) enum Cell {
    Null,
    Text(String),
    Int(i64),
}

/// A row as it came from the database.
pub(super) type Row = Vec<Cell>;

/// Runs one statement and takes in all its rows and the number of rows it changed.
macro_rules! run_on {
    ($name:ident, $connection:ty, $read:ident) => {
        pub(super) async fn $name(
            connection: &mut $connection,
            sql: Sql,
            args: Vec<Arg>,
        ) -> Result<(Vec<Row>, u64), sqlx::Error> {
            use futures_util::TryStreamExt as _;
            let mut query = sqlx::query(sql.0);
            for arg in args {
                query = match arg {
                    Arg::Text(value) => query.bind(value),
                    Arg::Int(value) => query.bind(value),
                };
            }
            let (mut rows, mut changed) = (Vec::new(), 0);
            // `fetch_many` is the only call that gives rows and the count of a RETURNING statement alike.
            #[expect(deprecated, reason = "deprecated for several statements in one text; this is one")]
            let mut results = query.fetch_many(connection);
            while let Some(result) = results.try_next().await? {
                match result {
                    sqlx::Either::Left(done) => changed += done.rows_affected(),
                    sqlx::Either::Right(row) => rows.push($read(&row)?),
                }
            }
            Ok((rows, changed))
        }
    };
}
run_on!(run_sqlite, SqliteConnection, read_sqlite);
run_on!(run_postgres, PgConnection, read_postgres);

fn read_sqlite(row: &SqliteRow) -> Result<Row, sqlx::Error> {
    (0..row.len())
        .map(|at| {
            let value = row.try_get_raw(at)?;
            if value.is_null() {
                return Ok(Cell::Null);
            }
            // SQLite types values, not columns.
            if value.type_info().name() == "INTEGER" {
                row.try_get(at).map(Cell::Int)
            } else {
                row.try_get(at).map(Cell::Text)
            }
        })
        .collect()
}

fn read_postgres(row: &PgRow) -> Result<Row, sqlx::Error> {
    row.columns()
        .iter()
        .enumerate()
        .map(|(at, column)| match column.type_info().name() {
            "INT8" => row.try_get::<Option<i64>, _>(at).map(|v| v.map_or(Cell::Null, Cell::Int)),
            "INT4" => {
                row.try_get::<Option<i32>, _>(at).map(|v| v.map_or(Cell::Null, |v| Cell::Int(i64::from(v))))
            }
            // VOID: what pg_notify returns.
            "VOID" => Ok(Cell::Null),
            _ => row.try_get::<Option<String>, _>(at).map(|v| v.map_or(Cell::Null, Cell::Text)),
        })
        .collect()
}

/// Reads a row's values in order. A value of another form is an error that names the column and not the value.
pub(super) struct Fields {
    noun: &'static str,
    cells: std::vec::IntoIter<Cell>,
}

impl Fields {
    pub(super) fn new(noun: &'static str, row: Row) -> Self {
        Self { noun, cells: row.into_iter() }
    }

    pub(super) fn corrupt(&self, field: &'static str) -> StoreError {
        StoreError::Corrupt { noun: self.noun, field }
    }

    pub(super) fn maybe_text(&mut self, field: &'static str) -> Result<Option<String>, StoreError> {
        match self.cells.next() {
            Some(Cell::Text(text)) => Ok(Some(text)),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.corrupt(field)),
        }
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<String, StoreError> {
        self.maybe_text(field)?.ok_or_else(|| self.corrupt(field))
    }

    /// Text that is parsed into an identifier.
    pub(super) fn id<T: std::str::FromStr>(&mut self, field: &'static str) -> Result<T, StoreError> {
        self.text(field)?.parse().map_err(|_| self.corrupt(field))
    }

    pub(super) fn maybe_id<T: std::str::FromStr>(
        &mut self,
        field: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.maybe_text(field)?.map(|text| text.parse().map_err(|_| self.corrupt(field))).transpose()
    }

    pub(super) fn hash(&mut self, field: &'static str) -> Result<TokenHash, StoreError> {
        TokenHash::from_hex(&self.text(field)?).ok_or_else(|| self.corrupt(field))
    }

    pub(super) fn maybe_hash(&mut self, field: &'static str) -> Result<Option<TokenHash>, StoreError> {
        let Some(text) = self.maybe_text(field)? else { return Ok(None) };
        TokenHash::from_hex(&text).map(Some).ok_or_else(|| self.corrupt(field))
    }

    /// Text that holds JSON.
    pub(super) fn json<T: serde::de::DeserializeOwned>(
        &mut self,
        field: &'static str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(field)?).map_err(|_| self.corrupt(field))
    }

    /// Text that holds the word of an enum as serde names it.
    pub(super) fn word<T: serde::de::DeserializeOwned>(
        &mut self,
        field: &'static str,
    ) -> Result<T, StoreError> {
        let text = self.text(field)?;
        serde_json::from_value(serde_json::Value::String(text)).map_err(|_| self.corrupt(field))
    }

    pub(super) fn maybe_int(&mut self, field: &'static str) -> Result<Option<i64>, StoreError> {
        match self.cells.next() {
            Some(Cell::Int(value)) => Ok(Some(value)),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.corrupt(field)),
        }
    }

    pub(super) fn int(&mut self, field: &'static str) -> Result<i64, StoreError> {
        self.maybe_int(field)?.ok_or_else(|| self.corrupt(field))
    }

    /// An integer that must fit a smaller or unsigned type.
    pub(super) fn number<T: TryFrom<i64>>(&mut self, field: &'static str) -> Result<T, StoreError> {
        T::try_from(self.int(field)?).map_err(|_| self.corrupt(field))
    }

    pub(super) fn flag(&mut self, field: &'static str) -> Result<bool, StoreError> {
        Ok(self.int(field)? != 0)
    }

    pub(super) fn time(&mut self, field: &'static str) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(self.int(field)?))
    }

    pub(super) fn maybe_time(&mut self, field: &'static str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_int(field)?.map(Timestamp::from_millis))
    }
}

/// The word of an enum as serde names it, for storage.
pub(super) fn word_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        // Not reached: only field-less enums come here. A word that reads back as corrupt is the safe answer.
        _ => String::new(),
    }
}

/// JSON for storage.
pub(super) fn json_of(noun: &'static str, value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt { noun, field: "json" })
}
