//! Statements over any number of rows.
//!
//! Every statement that sqlx hands to SQLite costs switches between threads, as much as SQLite needs to insert several
//! rows. So rows go in together, and all that belongs to a row in one go.

use sqlx::{Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};

/// The numbers of rows for which there are statements. Any number is a sum of a few of them, so that each statement is
/// prepared once.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// A query that is being bound.
pub(super) type Bound = Query<'static, Sqlite, SqliteArguments>;

/// Binds a row's values.
type Bind<'b, T> = dyn Fn(Bound, &T) -> Bound + Sync + 'b;

/// What is inserted for each row: `head`, then a row of values for each, then `tail`.
pub(super) struct Insert {
    pub(super) head: String,
    pub(super) columns: usize,
    pub(super) tail: String,
}

impl Insert {
    pub(super) fn new(head: impl Into<String>, columns: usize, tail: impl Into<String>) -> Self {
        Self { head: head.into(), columns, tail: tail.into() }
    }

    fn of(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns].join(", "));
        format!("{} VALUES {} {}", self.head, vec![row.as_str(); rows].join(", "), self.tail)
    }
}

/// One or more statements that are carried out together, for each number of rows.
pub(super) struct Many([String; SIZES.len()]);

impl Many {
    pub(super) fn new(inserts: &[Insert]) -> Self {
        Self(SIZES.map(|size| inserts.iter().map(|insert| insert.of(size)).collect::<Vec<_>>().join("; ")))
    }

    /// Carries them out for all rows. Each of `binds` binds a row's values to one of the statements.
    pub(super) async fn execute<T>(
        &'static self,
        to: &mut SqliteConnection,
        rows: &[T],
        binds: &[&Bind<'_, T>],
    ) -> Result<(), sqlx::Error> {
        let mut rest = rows;
        for (size, statements) in SIZES.iter().zip(&self.0) {
            while let Some((these, others)) = rest.split_at_checked(*size) {
                let all = binds.iter().flat_map(|bind| these.iter().map(move |row| (bind, row)));
                let query = all.fold(sqlx::query(statements.as_str()), |query, (bind, row)| bind(query, row));
                query.execute(&mut *to).await?;
                rest = others;
            }
        }
        Ok(())
    }
}
