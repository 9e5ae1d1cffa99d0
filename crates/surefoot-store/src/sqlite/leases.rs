//! Leases on accounts, and who shares the store.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::SqliteConnection;
use surefoot_types::{
    Clock, Timestamp,
    budget::{AccountId, Lease, LeaseAsk, LeaseChange, Lives, Turn},
    erasure::user_hash,
    ports::Stored,
    replica::Replica,
};

use super::{from_json, to_json, unavailable, writer::Write};

/// Whoever waits for an account and does not ask again within so many milliseconds has left its line.
pub(super) const LINE: i64 = 1_000;

/// What stands for an account where its name must not.
pub(super) fn hashed(account: &AccountId) -> String {
    user_hash(account.as_str())
}

/// As milliseconds, at least one.
pub(super) fn millis(lives: Duration) -> i64 {
    i64::try_from(lives.as_millis()).unwrap_or(i64::MAX / 4).clamp(1, i64::MAX / 4)
}

/// A holder's leases change.
pub(super) struct Change {
    pub(super) holder: String,
    pub(super) asks: Vec<LeaseAsk>,
    pub(super) lives: Lives,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Write for Change {
    type Done = Vec<Lease>;

    async fn apply(&self, to: &mut SqliteConnection) -> Stored<Vec<Lease>> {
        let now = self.clock.now().as_millisecond();
        expire(to, now).await?;
        sqlx::query(
            "UPDATE lease SET renewed = ?, lives = CASE WHEN account LIKE 'budget:%' THEN ? ELSE ? END WHERE holder = ?",
        )
            .bind(now)
            .bind(millis(self.lives.money))
            .bind(millis(self.lives.limits))
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
        let turn = self.turn(to, &ask.account, now).await?;
        let waits = turn == Turn::Theirs && matches!(ask.change, LeaseChange::By(more) if more > 0);
        let amount = if waits { held } else { ask.change.of(held, room) };
        if amount != held {
            let put = "INSERT OR REPLACE INTO lease (account, holder, amount, renewed, lives) VALUES (?, ?, ?, ?, ?)";
            sqlx::query(put)
                .bind(ask.account.as_str())
                .bind(&self.holder)
                .bind(amount)
                .bind(now)
                .bind(millis(self.lives.of(&ask.account)))
                .execute(&mut *to)
                .await
                .map_err(unavailable)?;
        }
        self.line_up(to, &ask.account, ask.needed > (amount - held).max(0), now).await?;
        Ok(Lease { account: ask.account.clone(), amount: ask.change.told(held, amount), spent, others, turn })
    }

    /// Whose turn it is to be given something of an account.
    async fn turn(&self, to: &mut SqliteConnection, account: &AccountId, now: i64) -> Stored<Turn> {
        let line: Vec<String> =
            sqlx::query_scalar("SELECT holder FROM lease_want WHERE account = ? AND seen > ? ORDER BY since, holder")
                .bind(hashed(account))
                .bind(now - LINE)
                .fetch_all(to)
                .await
                .map_err(unavailable)?;
        let others = line.iter().any(|holder| *holder != self.holder);
        Ok(match line.first() {
            _ if !others => Turn::Free,
            Some(first) if *first == self.holder => Turn::Mine,
            _ => Turn::Theirs,
        })
    }

    /// Keeps this holder's place in an account's line, or leaves it.
    async fn line_up(&self, to: &mut SqliteConnection, account: &AccountId, unmet: bool, now: i64) -> Stored<()> {
        let change = if unmet {
            "INSERT INTO lease_want (account, holder, since, seen) VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO UPDATE
             SET since = CASE WHEN seen > ?3 - ?4 THEN since ELSE ?3 END, seen = ?3"
        } else {
            "DELETE FROM lease_want WHERE account = ?1 AND (holder = ?2 OR seen <= ?3 - ?4)"
        };
        let done = sqlx::query(change).bind(hashed(account)).bind(&self.holder).bind(now).bind(LINE).execute(to).await;
        done.map(|_| ()).map_err(unavailable)
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
