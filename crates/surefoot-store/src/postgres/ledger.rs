//! Keys, accounts and leases. Leases run out by the database's clock.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::{PgConnection, Row};
use surefoot_types::{
    Timestamp,
    budget::{AccountId, AccountState, Lease, LeaseAsk, LeaseChange, Lives, Turn},
    key::Key,
    ports::{Ledger, StoreError, Stored},
    replica::Replica,
};

use super::{CATCH_UP, PostgresStore, account_column, account_start, column, count};
use crate::rows::{from_json, id_bytes, rows, to_json, unavailable};

#[async_trait]
impl Ledger for PostgresStore {
    async fn key_add(&self, key: &Key) -> Stored<()> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        key_changed(&mut transaction).await?;
        key_insert(&mut transaction, key).await?;
        transaction.commit().await.map_err(unavailable)
    }

    async fn key_put(&self, was: &Key, key: &Key) -> Stored<bool> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        // Whoever changes another key waits here until this change is seen.
        key_changed(&mut transaction).await?;
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM key WHERE id = $1")
            .bind(id_bytes(key.id.to_bits()))
            .fetch_optional(&mut *transaction)
            .await
            .map_err(unavailable)?;
        let Some(body) = body else { return Ok(false) };
        if from_json::<Key>(&body)? != *was {
            return Err(StoreError::Changed(format!("the key '{}'", was.name)));
        }
        sqlx::query("UPDATE key SET name = $2, body = $3 WHERE id = $1")
            .bind(id_bytes(key.id.to_bits()))
            .bind(&key.name)
            .bind(to_json(key)?)
            .execute(&mut *transaction)
            .await
            .map_err(|error| taken(error, key))?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(true)
    }

    async fn key_list(&self) -> Stored<Vec<Key>> {
        let bodies = sqlx::query_scalar("SELECT body FROM key ORDER BY number").fetch_all(&self.pool).await;
        let keys = rows(&bodies.map_err(unavailable)?)?;
        self.recollection.note(&keys);
        Ok(keys)
    }

    async fn key_recall(&self) -> Stored<Option<Vec<Key>>> {
        self.recollection.keys()
    }

    async fn key_remove(&self, name: &str) -> Stored<bool> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        key_changed(&mut transaction).await?;
        let done = sqlx::query("DELETE FROM key WHERE name = $1").bind(name).execute(&mut *transaction).await;
        if done.map_err(unavailable)?.rows_affected() == 0 {
            return Ok(false);
        }
        transaction.commit().await.map_err(unavailable)?;
        Ok(true)
    }

    async fn key_version(&self) -> Stored<u64> {
        let version = sqlx::query_scalar("SELECT number FROM key_version").fetch_one(&self.pool).await;
        Ok(count(version.map_err(unavailable)?))
    }

    async fn lease_change(&self, holder: &str, asks: &[LeaseAsk], lives: Lives) -> Stored<Vec<Lease>> {
        self.settled(holder, asks).await?;
        let asked = Instant::now();
        let amounts = asks.iter().map(|ask| match ask.change {
            LeaseChange::By(units) | LeaseChange::To(units) => units,
        });
        let told = sqlx::query_as(
            "SELECT changed, spent, others, turn FROM lease_change($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(holder)
        .bind(lives.limits)
        .bind(lives.money)
        .bind(self.doubt)
        .bind(self.spool.is_empty().then(|| self.spool.id()))
        .bind(asks.iter().map(|ask| account_column(&ask.account)).collect::<Vec<_>>())
        .bind(asks.iter().map(|ask| account_start(&ask.account)).collect::<Vec<_>>())
        .bind(asks.iter().map(|ask| ask.limit).collect::<Vec<_>>())
        .bind(asks.iter().map(|ask| matches!(ask.change, LeaseChange::By(_))).collect::<Vec<_>>())
        .bind(amounts.collect::<Vec<_>>())
        .bind(asks.iter().map(|ask| ask.needed).collect::<Vec<_>>())
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        self.leases_live(holder, asked + lives.money);
        let lease = |(ask, (amount, spent, others, turn)): (&LeaseAsk, (i64, i64, i64, i32))| Lease {
            account: ask.account.clone(),
            amount,
            spent,
            others,
            turn: match turn {
                0 => Turn::Free,
                1 => Turn::Mine,
                _ => Turn::Theirs,
            },
        };
        Ok(asks.iter().zip(told).map(lease).collect())
    }

    async fn lease_wanted(&self, holder: &str) -> Stored<Vec<AccountId>> {
        let wanted: Vec<String> = sqlx::query_scalar(
            "SELECT account FROM lease WHERE holder = $1 AND hashtextextended(account, 0) IN (
                 SELECT account FROM lease_want WHERE holder <> $1 AND seen > clock_timestamp() - interval '1 second')",
        )
        .bind(holder)
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(wanted.into_iter().map(AccountId::from_text).collect())
    }

    async fn lease_release(&self, holder: &str) -> Stored<()> {
        self.catch_up().await;
        let mut connection = self.pool.acquire().await.map_err(unavailable)?;
        leases_delete(&mut connection, holder).await
    }

    async fn account_list(&self, start: &str) -> Stored<Vec<AccountState>> {
        self.catch_up().await;
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT account, coalesce(spent, 0), leased
             FROM account, LATERAL (SELECT lease_others(account, '', $2) AS leased) AS leases
             WHERE starts_with(account, $1) AND (spent IS NOT NULL OR leased > 0) ORDER BY account",
        )
        .bind(column(start))
        .bind(self.doubt)
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        let state = |(account, spent, leased)| AccountState { account: AccountId::from_text(account), spent, leased };
        Ok(rows.into_iter().map(state).collect())
    }

    async fn account_prune(&self, before: Timestamp) -> Stored<u64> {
        self.catch_up().await;
        let gone = sqlx::query_scalar(
            "WITH gone AS (DELETE FROM account WHERE start <> 0 AND start < $1 AND lease_others(account, '', $2) = 0
             RETURNING spent) SELECT count(spent) FROM gone",
        )
        .bind(before.as_second())
        .bind(self.doubt)
        .fetch_one(&self.pool)
        .await
        .map_err(unavailable)?;
        // Seats of processes that will not come back, with the leases that ran out under them.
        for tidy in [
            "DELETE FROM lease USING seat
             WHERE seat.holder = lease.holder AND greatest(until, money_until) < now() - interval '1 day'",
            "DELETE FROM seat WHERE greatest(until, money_until) < now() - interval '1 day'",
            "DELETE FROM lease_want WHERE seen < now() - interval '1 day'",
            "DELETE FROM replica WHERE at < now() - interval '1 day'",
        ] {
            sqlx::query(tidy).execute(&self.pool).await.map_err(unavailable)?;
        }
        Ok(count(gone))
    }

    async fn replica_beat(&self, replica: &Replica, lives: Duration) -> Stored<Vec<Replica>> {
        // A reader beside the insertion would not see it: two statements.
        sqlx::query(
            "WITH clean AS (UPDATE spool SET seen = now(), clean = now() WHERE id = $3)
             INSERT INTO replica VALUES ($1, $2, clock_timestamp())
             ON CONFLICT (holder) DO UPDATE SET body = excluded.body, at = excluded.at",
        )
        .bind(&replica.holder)
        .bind(to_json(replica)?)
        .bind(self.spool.is_empty().then(|| self.spool.id()))
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        let rows = sqlx::query(
            "SELECT body, (extract(epoch FROM at) * 1000000)::bigint AS at FROM replica
             WHERE at + $1 > clock_timestamp() ORDER BY holder",
        )
        .bind(lives)
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        let told = rows.iter().map(|row| {
            let replica: Replica = from_json(row.try_get("body").map_err(unavailable)?)?;
            let at = Timestamp::from_microsecond(row.try_get("at").map_err(unavailable)?);
            Ok(Replica { at: at.map_err(|error| StoreError::Corrupt(error.to_string()))?, ..replica })
        });
        told.collect()
    }
}

impl PostgresStore {
    /// Waits for charges that are still on their way, and refuses what would be wrong while there are some: to set a
    /// lease, and to begin anew where those of this seat have run out or are its predecessor's.
    async fn settled(&self, holder: &str, asks: &[LeaseAsk]) -> Stored<()> {
        let ours = holder == self.seat.holder();
        let sets = asks.iter().any(|ask| ask.account.is_money() && matches!(ask.change, LeaseChange::To(_)));
        let free = !ours || self.drain.took_over(CATCH_UP).await;
        if free && (self.catch_up().await || !(sets || ours && self.leases_ended())) {
            return Ok(());
        }
        let waiting = self.spool.waiting();
        Err(StoreError::Unavailable(format!("{waiting} records are still to be moved from the spool to Postgres")))
    }

    /// Whether this seat's leases of budgets may have run out by now.
    fn leases_ended(&self) -> bool {
        self.leased_until.lock().is_ok_and(|until| until.is_none_or(|until| until <= Instant::now()))
    }

    /// Notes until when this seat's leases of budgets surely live.
    fn leases_live(&self, holder: &str, until: Instant) {
        if holder == self.seat.holder()
            && let Ok(mut known) = self.leased_until.lock()
        {
            *known = Some(until);
        }
    }
}

pub(crate) async fn key_insert(to: &mut PgConnection, key: &Key) -> Stored<()> {
    sqlx::query("INSERT INTO key (id, name, body) VALUES ($1, $2, $3)")
        .bind(id_bytes(key.id.to_bits()))
        .bind(&key.name)
        .bind(to_json(key)?)
        .execute(to)
        .await
        .map(|_| ())
        .map_err(|error| taken(error, key))
}

pub(super) async fn leases_delete(to: &mut PgConnection, holder: &str) -> Stored<()> {
    let done = sqlx::query("DELETE FROM lease WHERE holder = $1").bind(holder).execute(to).await;
    done.map(|_| ()).map_err(unavailable)
}

/// Draws a new version. Its row's lock is held to the end, so that changes are seen in order.
async fn key_changed(to: &mut PgConnection) -> Stored<()> {
    let done = sqlx::query("UPDATE key_version SET number = number + 1").execute(to).await;
    done.map(|_| ()).map_err(unavailable)
}

fn taken(error: sqlx::Error, key: &Key) -> StoreError {
    match error.as_database_error().map(|error| error.is_unique_violation()) {
        Some(true) => StoreError::Exists(format!("a key named '{}'", key.name)),
        _ => unavailable(error),
    }
}
