//! The books in memory.

use std::{cmp::Reverse, collections::BTreeMap};

use async_trait::async_trait;
use surefoot_types::{
    Timestamp,
    ports::{Books, Stored},
    spend::{By, SpendQuery, SpendRow, Sums, entries, hour},
    trace::Trace,
};

use super::MemoryStore;

/// Sums by hour.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    sums: BTreeMap<(Timestamp, By, String), Sums>,
}

impl Sheets {
    pub(super) fn add(&mut self, trace: &Trace) {
        for entry in entries(trace) {
            let sums = self.sums.entry((hour(trace.at), entry.by, entry.name)).or_default();
            *sums = sums.plus(entry.sums);
        }
    }

    /// Takes a user's rows away. How many there were.
    pub(super) fn erase(&mut self, user: &str) -> u64 {
        let before = self.sums.len();
        self.sums.retain(|(_, by, name), _| *by != By::User || name != user);
        (before - self.sums.len()) as u64
    }

    fn report(&self, query: &SpendQuery) -> Vec<SpendRow> {
        let mut rows: BTreeMap<(Timestamp, &str), Sums> = BTreeMap::new();
        for ((at, by, name), sums) in &self.sums {
            let fits = *by == query.by
                && query.name.as_ref().is_none_or(|only| only == name)
                && *at >= hour(query.since)
                && query.until.is_none_or(|until| *at < hour(until));
            if fits {
                let row = rows.entry((query.step.floor(*at), name)).or_default();
                *row = row.plus(*sums);
            }
        }
        let rows = rows.into_iter().map(|((at, name), sums)| SpendRow { at, name: name.to_owned(), sums });
        let mut rows: Vec<SpendRow> = rows.collect();
        rows.sort_by_key(|row| (row.at, Reverse(row.sums.cost), row.name.clone()));
        rows
    }
}

#[async_trait]
impl Books for MemoryStore {
    async fn spend_list(&self, query: &SpendQuery) -> Stored<Vec<SpendRow>> {
        Ok(self.lock().books.report(query))
    }

    async fn spend_prune(&self, before: Timestamp) -> Stored<u64> {
        let sums = &mut self.lock().books.sums;
        let had = sums.len();
        sums.retain(|(at, _, _), _| *at >= hour(before));
        Ok((had - sums.len()) as u64)
    }
}
