//! Statements over any number of rows.

use sqlx::{Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};
use surefoot_types::ports::Stored;

use super::unavailable;

/// The numbers of rows for which there are statements. Any number is a sum of a few of them, and SQLite is given
/// few statements, each of them prepared once.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// A query that is being bound.
pub(super) type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

/// One statement for each number of rows.
#[derive(Debug)]
pub(super) struct Many([String; SIZES.len()]);

impl Many {
    /// `head`, then a row of `columns` values for each row, then `tail`.
    pub(super) fn new(head: &str, columns: usize, tail: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(", "));
        Self(SIZES.map(|size| format!("{head} VALUES {} {tail}", vec![row.as_str(); size].join(", "))))
    }

    /// Carries it out for all rows, each bound by `bind`. How many rows it changed.
    pub(super) async fn execute<'q, T>(
        &'static self,
        to: &mut SqliteConnection,
        rows: &'q [T],
        bind: impl Fn(Bound<'q>, &'q T) -> Bound<'q>,
    ) -> Stored<usize> {
        let (mut rest, mut changed) = (rows, 0);
        for (size, statement) in SIZES.iter().zip(&self.0) {
            while rest.len() >= *size {
                let (these, others) = rest.split_at(*size);
                let query = these.iter().fold(sqlx::query(statement.as_str()), &bind);
                changed += query.execute(&mut *to).await.map_err(unavailable)?.rows_affected();
                rest = others;
            }
        }
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }
}
