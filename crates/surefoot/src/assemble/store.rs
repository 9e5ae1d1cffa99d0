//! The store that the settings name.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use surefoot_store::{Options, PostgresOptions, PostgresStore, SqliteStore};
use surefoot_types::{Fault, ports::Store};

use crate::settings::StoreSettings;

/// Opens the store: Postgres where the project names one, else the file in the folder `data`.
pub(crate) async fn open(settings: &StoreSettings, data: &Path) -> Result<Arc<dyn Store>, Fault> {
    if settings.url.is_some() {
        Ok(Arc::new(open_postgres(settings, data, false).await?))
    } else {
        Ok(Arc::new(open_file(settings, data).await?))
    }
}

/// Opens the store for a server, which begins without Postgres where that is away.
pub(crate) async fn open_to_serve(settings: &StoreSettings, data: &Path) -> Result<Arc<dyn Store>, Fault> {
    if settings.url.is_none() {
        return open(settings, data).await;
    }
    Ok(Arc::new(open_postgres(settings, data, true).await?))
}

/// Opens Postgres; records wait for it in the folder `data`. `without` says whether to begin while it is away.
///
/// # Errors
/// When the project names none, or it cannot be opened.
pub(crate) async fn open_postgres(
    settings: &StoreSettings,
    data: &Path,
    without: bool,
) -> Result<PostgresStore, Fault> {
    let Some(url) = &settings.url else {
        return Err(Fault::bad_request("store", "the project names no Postgres")
            .hint("Write `url = \"env:DATABASE_URL\"` under [store] in surefoot.toml."));
    };
    let options = PostgresOptions { without, ..PostgresOptions::new(options(settings, data)) };
    Ok(PostgresStore::open(url.reveal(), &options).await?)
}

/// Opens the file in the folder `data`.
pub(crate) async fn open_file(settings: &StoreSettings, data: &Path) -> Result<SqliteStore, Fault> {
    Ok(SqliteStore::open(&file(data), options(settings, data)).await?)
}

fn options(settings: &StoreSettings, data: &Path) -> Options {
    let (level, pages, cipher) = (settings.level, settings.pages, settings.cipher.clone());
    Options { level, pages, cipher, ..Options::new(data.join("seats")) }
}

/// The file of the embedded store.
pub(crate) fn file(data: &Path) -> PathBuf {
    data.join("surefoot.db")
}
