//! The store that the settings name.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use surefoot_store::{Options, SqliteStore};
use surefoot_types::{Fault, ports::Store};

use crate::settings::StoreSettings;

/// Opens the store: Postgres where the project names one, else the file in the folder `data`.
pub(crate) async fn open(settings: &StoreSettings, data: &Path) -> Result<Arc<dyn Store>, Fault> {
    Ok(Arc::new(open_file(settings, data).await?))
}

/// Opens the file in the folder `data`.
pub(crate) async fn open_file(settings: &StoreSettings, data: &Path) -> Result<SqliteStore, Fault> {
    let options = Options { level: settings.level, pages: settings.pages, ..Options::new(data.join("seats")) };
    Ok(SqliteStore::open(&file(data), options).await?)
}

/// The file of the embedded store.
pub(crate) fn file(data: &Path) -> PathBuf {
    data.join("surefoot.db")
}
