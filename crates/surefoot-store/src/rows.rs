//! What every backend's rows have in common: JSON, ids, and what an error means.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::migrate::MigrateError;
use surefoot_types::{
    ids::DocumentId,
    ports::{SecretBytes, StoreError, Stored},
};

pub(crate) fn to_json(value: &impl Serialize) -> Stored<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(format!("it cannot be written: {error}")))
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Stored<T> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

pub(crate) fn rows<T: DeserializeOwned>(texts: &[String]) -> Stored<Vec<T>> {
    texts.iter().map(|text| from_json(text)).collect()
}

pub(crate) fn id_bytes(bits: u128) -> Vec<u8> {
    bits.to_be_bytes().to_vec()
}

/// How far the time in a trace's id may be from the trace's own, in milliseconds: the id is made as the request comes.
pub(crate) const APART: i64 = 60_000;

/// The first id of a moment, in milliseconds since 1970.
pub(crate) fn first_id(millisecond: i64) -> Vec<u8> {
    id_bytes(u128::try_from(millisecond).unwrap_or(0) << 80)
}

pub(crate) fn bits(bytes: &[u8]) -> Stored<u128> {
    let bytes = bytes.try_into().map_err(|_| StoreError::Corrupt("an id is not 16 bytes long".into()))?;
    Ok(u128::from_be_bytes(bytes))
}

pub(crate) fn document_id(bytes: &[u8]) -> Stored<DocumentId> {
    bits(bytes).map(DocumentId::from_bits)
}

pub(crate) fn secret(bytes: Vec<u8>) -> Stored<SecretBytes> {
    bytes.try_into().map_err(|_| StoreError::Corrupt("a secret is not 32 bytes long".into()))
}

pub(crate) fn limited(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn not_migrated(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::Newer(format!("it has table version {version}")),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => unavailable(error),
        other => StoreError::Corrupt(other.to_string()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(crate) fn unavailable(error: sqlx::Error) -> StoreError {
    match &error {
        // The database's own words, such as "database or disk is full"; never the statement.
        sqlx::Error::Database(told) if is_about_data(told.code().as_deref()) => {
            StoreError::Corrupt(told.message().to_owned())
        }
        sqlx::Error::Database(told) => StoreError::Unavailable(told.message().to_owned()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt(error.to_string()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// Whether Postgres refuses what it was given (classes 22, 23 and 54 of its codes), rather than to work at all.
fn is_about_data(code: Option<&str>) -> bool {
    code.is_some_and(|code| code.len() == 5 && ["22", "23", "54"].contains(&&code[..2]))
}
