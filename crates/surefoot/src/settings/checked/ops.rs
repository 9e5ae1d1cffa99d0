//! Limits, budgets, what is recorded and for how long, and the store.

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use surefoot_gateway::project::{Records, Unpriced};
use surefoot_store::{CIPHER_KEY, Cipher, Level};
use surefoot_types::{
    Secret, SystemChance,
    budget::{Budget, Every, Limit, Lives, Per, Rates},
    trace::Keep,
};

use super::{Ground, providers::Wanted};
use crate::settings::{
    mistake::suggest,
    source::At,
    written::{
        ops::{self, Retention as WrittenRetention},
        root::Root,
        server::Rates as WrittenRates,
    },
};

/// How long a lease lives unless the project says otherwise, and the shortest and longest.
const LEASE: Duration = Duration::from_secs(60);
const LEASES: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(3_600)];
/// How long an outage of Postgres may last unless the project says otherwise, and the longest.
const OUTAGE: Duration = Duration::from_secs(3_600);
const LONGEST_OUTAGE: Duration = Duration::from_secs(86_400);
/// Percent of a budget at which a warning is raised.
const WARN_AT: [u8; 2] = [80, 95];
/// Most that a limit may be.
const MOST: i64 = 1_000_000_000_000;
/// Whom one may count by, for suggestions.
const PERS: [&str; 7] = ["all", "key", "tenant", "user", "function", "model", "tag:NAME"];

const UNPRICED: [(&str, Unpriced); 3] =
    [("allow", Unpriced::Allow), ("refuse-in-budget", Unpriced::RefuseInBudget), ("refuse", Unpriced::Refuse)];

/// Where and how surely everything is kept.
#[derive(Debug, Clone)]
pub(crate) struct StoreSettings {
    /// The address of Postgres; absent: the data folder.
    pub(crate) url: Option<Secret>,
    /// How long the leases of a vanished process live.
    pub(crate) lease: Lives,
    /// What a record survives.
    pub(crate) level: Level,
    /// Most pages of the file.
    pub(crate) pages: Option<u32>,
    /// How what was said is encrypted.
    pub(crate) cipher: Cipher,
}

/// How long things are kept; what is absent is kept for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Retention {
    /// Traces with their feedback.
    pub(crate) traces: Option<Duration>,
    /// Eval runs with their cases.
    pub(crate) runs: Option<Duration>,
    /// Sums of what was spent.
    pub(crate) spend: Option<Duration>,
}

impl Ground<'_> {
    /// The limits.
    pub(super) fn limits(&self, written: &[ops::Limit]) -> Vec<Limit> {
        let limits = written.iter().map(|one| {
            self.name("limit", &one.name);
            let rates = self.rates(&one.rates);
            if one.rates.requests.is_none() && one.rates.tokens.is_none() && one.rates.concurrent.is_none() {
                let message = format!("the limit '{}' limits nothing", one.name.value);
                let hint = "Add `requests = 60`, `tokens = 100000` or `concurrent = 8`.";
                self.mistakes.add(&one.name.place, message, hint.to_owned());
            }
            Limit { name: one.name.value.clone(), per: self.per(one.per.as_ref()), rates }
        });
        limits.collect()
    }

    /// The budgets that can be meant.
    pub(super) fn budgets(&self, written: &[ops::Budget]) -> Vec<Budget> {
        let budgets = written.iter().filter_map(|one| {
            self.name("budget", &one.name);
            let per = self.per(one.per.as_ref());
            let every = self.choice("every", one.every.as_ref(), &Every::NAMES);
            let limit = one.usd.as_ref().and_then(|digits| self.money(digits));
            let hard = self.choice("on_exceed", one.on_exceed.as_ref(), &[("refuse", true), ("warn", false)]);
            let warn_at = self.warn_at(one.warn_at.as_deref());
            let (name, hard) = (one.name.value.clone(), hard.unwrap_or(true));
            Some(Budget { name, per, every: every?, limit: limit?, hard, warn_at })
        });
        budgets.collect()
    }

    fn warn_at(&self, written: Option<&[At<i64>]>) -> Vec<u8> {
        let Some(written) = written else { return WARN_AT.to_vec() };
        let percents = written.iter().filter_map(|one| self.within("warn_at", Some(one), 1..=100));
        let mut percents: Vec<u8> = percents.filter_map(|percent| u8::try_from(percent).ok()).collect();
        percents.sort_unstable();
        percents.dedup();
        percents
    }

    fn per(&self, written: Option<&At<String>>) -> Per {
        let Some(written) = written else { return Per::All };
        written.value.parse().unwrap_or_else(|_| {
            let message = format!("'per' cannot be '{}'", written.value);
            self.mistakes.add(&written.place, message, suggest(&written.value, PERS, "It may be"));
            Per::All
        })
    }

    /// Most requests and tokens a minute, and most requests at once.
    pub(super) fn rates(&self, written: &WrittenRates) -> Rates {
        let count = |what, written: &Option<At<i64>>| {
            self.within(what, written.as_ref(), 1..=MOST).and_then(|count| u64::try_from(count).ok())
        };
        Rates {
            requests: count("requests", &written.requests),
            tokens: count("tokens", &written.tokens),
            concurrent: count("concurrent", &written.concurrent),
        }
    }

    /// What is kept of requests.
    pub(super) fn records(&self, written: &ops::Records) -> Records {
        let otherwise = Records::default();
        let when_full = self.choice("when_full", written.when_full.as_ref(), &[("stop", false), ("serve", true)]);
        Records {
            keep: self.keep(written.keep.as_ref()).unwrap_or(otherwise.keep),
            sample: self.within("sample", written.sample.as_ref(), 0.0..=1.0).unwrap_or(otherwise.sample),
            serve_unrecorded: when_full.unwrap_or(otherwise.serve_unrecorded),
        }
    }

    /// How much is kept.
    pub(super) fn keep(&self, written: Option<&At<String>>) -> Option<Keep> {
        self.choice("keep", written, &Keep::NAMES)
    }

    /// What to do with a model whose price is not known.
    pub(super) fn unpriced(&self, written: Option<&At<String>>) -> Unpriced {
        self.choice("unpriced", written, &UNPRICED).unwrap_or_default()
    }

    /// How long things are kept.
    pub(super) fn retention(&self, written: &WrittenRetention) -> Retention {
        let days = |written: &Option<At<String>>| written.as_ref().and_then(|written| self.days(written));
        Retention { traces: days(&written.traces), runs: days(&written.runs), spend: days(&written.spend) }
    }

    /// Where everything is kept.
    pub(super) fn store(&self, root: &Root) -> StoreSettings {
        StoreSettings {
            url: root.store.url.as_ref().and_then(|url| self.database(url)),
            lease: self.lives(root),
            level: self.choice("level", root.records.level.as_ref(), &Level::NAMES).unwrap_or_default(),
            pages: None,
            cipher: self.cipher(root.store.encryption_key.as_deref().unwrap_or_default()),
        }
    }

    /// How long leases live. A file is not away while its process is there: what a vanished one held of a budget is
    /// free again as soon as what it held of a limit.
    fn lives(&self, root: &Root) -> Lives {
        let limits = root.store.lease.as_ref().and_then(|lease| self.lease(lease)).unwrap_or(LEASE);
        let outage = root.store.outage.as_ref().and_then(|outage| self.outage(outage, limits));
        let money = if root.store.url.is_some() { outage.unwrap_or(OUTAGE.max(limits)) } else { limits };
        Lives { limits, money }
    }

    fn outage(&self, written: &At<String>, lease: Duration) -> Option<Duration> {
        let outage = self.duration(written)?;
        if (lease..=LONGEST_OUTAGE).contains(&outage) {
            return Some(outage);
        }
        let message = format!("'outage' cannot be '{}'", written.value);
        self.mistakes.add(&written.place, message, "It goes from what `lease` says to 1d.".to_owned());
        None
    }

    fn lease(&self, written: &At<String>) -> Option<Duration> {
        let lease = self.duration(written)?;
        if (LEASES[0]..=LEASES[1]).contains(&lease) {
            return Some(lease);
        }
        let message = format!("'lease' cannot be '{}'", written.value);
        self.mistakes.add(&written.place, message, "It goes from 10s to 1h.".to_owned());
        None
    }

    fn cipher(&self, written: &[At<String>]) -> Cipher {
        let keys: Vec<_> = written.iter().filter_map(|one| self.encryption_key(one)).collect();
        Cipher::new(&keys, Arc::new(SystemChance))
    }

    fn encryption_key(&self, written: &At<String>) -> Option<[u8; CIPHER_KEY]> {
        let secret = self.secret(written, Wanted::Needed)?;
        let text = secret.reveal();
        let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
        let digits: Option<Vec<u8>> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
        let bytes = digits.filter(|_| text.len() == 2 * CIPHER_KEY).or_else(|| BASE64_STANDARD.decode(text).ok());
        let key = bytes.and_then(|bytes| bytes.try_into().ok());
        if key.is_none() {
            let message = format!("what '{}' names is no key of {CIPHER_KEY} bytes", written.value);
            self.mistakes.add(&written.place, message, "Make one: `openssl rand -base64 32`.".to_owned());
        }
        key
    }

    fn database(&self, written: &At<String>) -> Option<Secret> {
        let url = self.secret(written, Wanted::Needed)?;
        let postgres = ["postgres://", "postgresql://"].iter().any(|scheme| url.reveal().starts_with(scheme));
        if postgres {
            return Some(url);
        }
        let message = format!("what '{}' names is not the address of a Postgres", written.value);
        let hint = "It looks like `postgres://USER:PASSWORD@HOST:5432/DATABASE`.";
        self.mistakes.add(&written.place, message, hint.to_owned());
        None
    }
}
