//! A change of the key: what was encrypted by another one, or not at all, is encrypted anew.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::ports::Stored;

use super::{SqliteStore, erase::Scrub, limited, unavailable, writer::Write};

/// Rows of a page.
const PAGE: usize = 200;
/// The tables with encrypted texts, and what else goes with each text.
const TABLES: [(&str, &str, &str, &str); 2] = [
    (
        "SELECT id, body FROM trace_body WHERE id > ? ORDER BY id LIMIT ?",
        "UPDATE trace_body SET body = ? WHERE id = ? AND body = ?",
        "UPDATE trace SET question = '' WHERE id = ?",
        "traces",
    ),
    (
        "SELECT id, body FROM response WHERE id > ? ORDER BY id LIMIT ?",
        "UPDATE response SET body = ? WHERE id = ? AND body = ?",
        "",
        "responses",
    ),
];

impl SqliteStore {
    /// Encrypts by the first key whatever is not, beside whoever uses the store, and leaves nothing else in the file.
    /// Tells of its progress: of what, and how many. How many of each there were.
    ///
    /// # Errors
    /// `Corrupt` where a text is encrypted by a key that is not there. What was encrypted before it stays so.
    pub async fn reseal(&self, progress: &(dyn Fn(&'static str, u64) + Sync)) -> Stored<Vec<(&'static str, u64)>> {
        let mut done = Vec::new();
        for (read, write, also, what) in TABLES {
            let (mut after, mut many) = (Vec::new(), 0);
            loop {
                let rows: Vec<(Vec<u8>, String)> = sqlx::query_as(read)
                    .bind(&after)
                    .bind(limited(PAGE))
                    .fetch_all(&self.readers)
                    .await
                    .map_err(unavailable)?;
                let Some((last, _)) = rows.last() else { break };
                after.clone_from(last);
                let mut changed = Vec::new();
                for (id, body) in rows {
                    if let Some(sealed) = self.options.cipher.resealed(&body)? {
                        changed.push((id, body, sealed));
                    }
                }
                many += changed.len() as u64;
                self.writer.write(Reseal { write, also, changed }).await?;
                progress(what, many);
            }
            done.push((what, many));
        }
        self.writer.alone(Scrub).await?;
        Ok(done)
    }
}

/// Texts take the places of others, where those stand as they were read.
struct Reseal {
    write: &'static str,
    also: &'static str,
    changed: Vec<(Vec<u8>, String, String)>,
}

#[async_trait]
impl Write for Reseal {
    type Done = ();

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<()> {
        for (id, before, sealed) in &self.changed {
            let write = sqlx::query(self.write).bind(sealed).bind(id).bind(before);
            write.execute(&mut *to).await.map_err(unavailable)?;
            if !self.also.is_empty() {
                sqlx::query(self.also).bind(id).execute(&mut *to).await.map_err(unavailable)?;
            }
        }
        Ok(())
    }
}
