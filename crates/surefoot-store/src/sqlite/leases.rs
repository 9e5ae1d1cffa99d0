//! Leases on accounts, and who shares the store.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{
    Clock, Timestamp,
    budget::{Lease, LeaseAsk},
    ports::Stored,
    replica::Replica,
};

use super::{from_json, to_json, unavailable, writer::Write};

/// As milliseconds, at least one.
pub(super) fn millis(lives: Duration) -> i64 {
    i64::try_from(lives.as_millis()).unwrap_or(i64::MAX / 4).clamp(1, i64::MAX / 4)
}

/// A holder's leases change.
pub(super) struct Change {
    pub(super) holder: String,
    pub(super) asks: Vec<LeaseAsk>,
    pub(super) lives: Duration,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Write for Change {
    type Done = Vec<Lease>;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<Vec<Lease>> {
        let now = self.clock.now().as_millisecond();
        expire(to, now).await?;
        sqlx::query("UPDATE lease SET renewed = ?, lives = ? WHERE holder = ?")
            .bind(now)
            .bind(millis(self.lives))
            .bind(&self.holder)
            .execute(&mut *to)
            .await
            .map_err(unavailable)?;
        let mut leases = Vec::with_capacity(self.asks.len());
        for ask in &self.asks {
            leases.push(self.one(to, ask, now).await?);
        }
        Ok(leases)
    }
}

impl Change {
    async fn one(&self, to: &mut SqliteConnection, ask: &LeaseAsk, now: i64) -> Stored<Lease> {
        let (spent, held, others): (i64, i64, i64) = sqlx::query_as(
            "SELECT coalesce((SELECT spent FROM account WHERE id = ?1), 0),
                    coalesce((SELECT amount FROM lease WHERE account = ?1 AND holder = ?2), 0),
                    coalesce((SELECT sum(amount) FROM lease WHERE account = ?1 AND holder <> ?2), 0)",
        )
        .bind(ask.account.as_str())
        .bind(&self.holder)
        .fetch_one(&mut *to)
        .await
        .map_err(unavailable)?;
        let room = ask.limit.saturating_sub(spent).saturating_sub(others);
        let amount = ask.change.of(held, room);
        if amount != held {
            let put = "INSERT OR REPLACE INTO lease (account, holder, amount, renewed, lives) VALUES (?, ?, ?, ?, ?)";
            sqlx::query(put)
                .bind(ask.account.as_str())
                .bind(&self.holder)
                .bind(amount)
                .bind(now)
                .bind(millis(self.lives))
                .execute(to)
                .await
                .map_err(unavailable)?;
        }
        Ok(Lease { account: ask.account.clone(), amount: ask.change.told(held, amount), spent, others })
    }
}

/// Takes away what has run out. A lease renewed at a time that is still to come tells of a clock that went back: it
/// counts as renewed now, so that it neither ends too early nor lives for ever.
async fn expire(to: &mut SqliteConnection, now: i64) -> Stored<()> {
    sqlx::query(
        "UPDATE lease SET renewed = ?1 WHERE renewed > ?1;
         DELETE FROM lease WHERE renewed + lives <= ?1 OR amount <= 0;",
    )
    .bind(now)
    .execute(to)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// All leases of a holder go.
pub(super) struct Release {
    pub(super) holder: String,
}

#[async_trait]
impl Write for Release {
    type Done = ();

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<()> {
        sqlx::query("DELETE FROM lease WHERE holder = ?").bind(&self.holder).execute(to).await.map_err(unavailable)?;
        Ok(())
    }
}

/// Accounts of windows that have long ended go.
pub(super) struct AccountPrune {
    pub(super) before: Timestamp,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Write for AccountPrune {
    type Done = u64;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<u64> {
        expire(to, self.clock.now().as_millisecond()).await?;
        let done = sqlx::query(
            "DELETE FROM account WHERE start <> 0 AND start * 1000 < ? AND id NOT IN (SELECT account FROM lease)",
        )
        .bind(self.before.as_millisecond())
        .execute(to)
        .await;
        Ok(done.map_err(unavailable)?.rows_affected())
    }
}

/// A process says that it is there.
pub(super) struct Beat {
    pub(super) replica: Replica,
    pub(super) lives: Duration,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Write for Beat {
    type Done = Vec<Replica>;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<Vec<Replica>> {
        let now = self.clock.now();
        let replica = Replica { at: now, ..self.replica.clone() };
        sqlx::query("INSERT OR REPLACE INTO replica (holder, at, body) VALUES (?, ?, ?)")
            .bind(&replica.holder)
            .bind(now.as_millisecond())
            .bind(to_json(&replica)?)
            .execute(&mut *to)
            .await
            .map_err(unavailable)?;
        let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM replica WHERE at + ? > ? ORDER BY holder")
            .bind(millis(self.lives))
            .bind(now.as_millisecond())
            .fetch_all(to)
            .await
            .map_err(unavailable)?;
        bodies.iter().map(|body| from_json(body)).collect()
    }
}
