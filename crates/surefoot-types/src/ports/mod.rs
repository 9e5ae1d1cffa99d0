//! What the product asks of storage, in small traits by kind of data. Every backend passes the one
//! suite in `surefoot-testkit`. "Not found" is an `Option`, not an error.

mod archive;
mod books;
mod journal;
mod ledger;
mod library;
mod notebook;
mod responses;
mod vault;

use async_trait::async_trait;

pub use archive::Archive;
pub use books::Books;
pub use journal::{Found, Journal, Record, Search, TraceFilter};
pub use ledger::Ledger;
pub use library::{Change, Library};
pub use notebook::Notebook;
pub use responses::Responses;
pub use vault::{SecretBytes, Vault};

/// A failure of the store itself. Its message names no secret and no SQL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached, or its disk is full.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What is stored cannot be read back.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
    /// The store was written by a newer version.
    #[error("the store was written by a newer Surefoot: {0}")]
    Newer(String),
    /// Something with this name is there already.
    #[error("{0} exists already")]
    Exists(String),
    /// Somebody else changed it between the look and the change.
    #[error("{0} was changed by somebody else meanwhile")]
    Changed(String),
}

impl From<StoreError> for crate::fault::Fault {
    fn from(error: StoreError) -> Self {
        use crate::fault::{Code, Retry};
        let told = error.to_string();
        match error {
            StoreError::Unavailable(_) => Self::new(Code::Unavailable, told)
                .retry(Retry::Later(Some(SOON)))
                .hint("Check the disk, the data folder (`--data`), and Postgres where there is one."),
            StoreError::Changed(_) => Self::new(Code::BadRequest, told).hint("Look at it as it is now, and try again."),
            _ => Self::new(Code::Internal, told).hint("Check the disk and the data folder (`--data`)."),
        }
    }
}

/// When to come back to a store that is away.
const SOON: std::time::Duration = std::time::Duration::from_secs(5);

/// What a port call gives.
pub type Stored<T> = Result<T, StoreError>;

/// A whole store: every port, opened together and closed together.
#[async_trait]
pub trait Store: Archive + Books + Journal + Ledger + Library + Notebook + Responses + Vault {
    /// Whether it can be written.
    ///
    /// # Errors
    /// Why it cannot.
    async fn check(&self) -> Stored<()>;

    /// The seat that this process holds in it: its name as a holder of leases.
    fn holder(&self) -> &str;

    /// Waits until everything that was handed in is where it is safe, and closes it.
    async fn close(&self);
}
