//! Where the database is: one server, or several of which one takes writes.

use std::{
    str::FromStr,
    sync::atomic::{AtomicUsize, Ordering},
};

use sqlx::{ConnectOptions, PgConnection, PgPool, postgres::PgConnectOptions};
use surefoot_types::ports::{StoreError, Stored};
use tokio::time::{interval, timeout};

use super::CONNECT;
use crate::rows::unavailable;

/// How often it is looked whether the server that takes writes still does, where there are several.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum NotReached {
    /// Nobody answers there, or somebody who is about to come or to go, or who does not take writes.
    Away(StoreError),
    /// Somebody does, and will not have it: a wrong password, certificate or name does not mend itself.
    Refused(StoreError),
}

impl From<NotReached> for StoreError {
    fn from((NotReached::Away(error) | NotReached::Refused(error)): NotReached) -> Self {
        error
    }
}

/// The servers that an address names.
#[derive(Debug)]
pub(super) struct Address {
    servers: Vec<PgConnectOptions>,
    /// Whether a server that takes no writes, as a standby, is passed by: always where there are several.
    is_picky: bool,
    /// The one that was reached last.
    latest: AtomicUsize,
}

impl Address {
    /// Reads `postgres://user:password@host:port,host:port/database?…`, as libpq does; lists of `host` and `port`
    /// may stand behind the `?` too.
    ///
    /// # Errors
    /// `Unavailable` where it is no address, or asks for a server that takes no writes. It may hold a password: the
    /// reason is told without it.
    pub(super) fn parse(url: &str) -> Stored<Self> {
        let server = |one: &String| {
            let options = PgConnectOptions::from_str(one).map_err(|_| no_address())?;
            let timeouts = [("statement_timeout", "60s"), ("idle_in_transaction_session_timeout", "60s")];
            Ok(options.application_name("surefoot").options(timeouts).disable_statement_logging())
        };
        let (servers, is_picky) = split(url)?;
        let servers = servers.iter().map(server).collect::<Stored<_>>()?;
        Ok(Self { servers, is_picky, latest: AtomicUsize::new(0) })
    }

    /// The server that was reached last; the first one before any was.
    pub(super) fn latest(&self) -> PgConnectOptions {
        self.servers[self.latest.load(Ordering::Relaxed)].clone()
    }

    /// Connects to the server, or to the one of several that takes writes: first the one that did last.
    pub(super) async fn reach(&self) -> Result<PgConnection, NotReached> {
        let latest = self.latest.load(Ordering::Relaxed);
        let mut away = no_address();
        for at in (0..self.servers.len()).map(|n| (latest + n) % self.servers.len()) {
            match self.reach_one(&self.servers[at]).await {
                Ok(connection) => {
                    self.latest.store(at, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(NotReached::Away(error)) => away = error,
                refused => return refused,
            }
        }
        Err(NotReached::Away(away))
    }

    async fn reach_one(&self, server: &PgConnectOptions) -> Result<PgConnection, NotReached> {
        let mut connection = match timeout(CONNECT, server.connect()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) if is_away(&error) => return Err(NotReached::Away(unavailable(error))),
            Ok(Err(error)) => return Err(NotReached::Refused(unavailable(error))),
            Err(_) => return Err(NotReached::Away(silent())),
        };
        if self.is_picky {
            takes_writes(&mut connection).await.map_err(NotReached::Away)?;
        }
        Ok(connection)
    }

    /// Keeps a pool's new connections going to the server that takes writes, for as long as it is polled. With one
    /// server there is nothing to do.
    pub(super) async fn follow(&self, pool: &PgPool) {
        if self.servers.len() < 2 {
            return;
        }
        let mut connection = None;
        let mut ticks = interval(LOOK);
        loop {
            ticks.tick().await;
            let writes = match &mut connection {
                Some(known) => takes_writes(known).await.is_ok(),
                None => false,
            };
            if !writes {
                // What is left of it is not to be trusted.
                connection = self.reach().await.ok();
                if connection.is_some() {
                    pool.set_connect_options(self.latest());
                }
            }
        }
    }
}

/// Whether a server takes writes: a standby does not.
async fn takes_writes(connection: &mut PgConnection) -> Stored<()> {
    let asked = "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'";
    match timeout(CONNECT, sqlx::query_scalar(asked).fetch_one(connection)).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(StoreError::Unavailable("none of the servers takes writes".into())),
        Ok(Err(error)) => Err(unavailable(error)),
        Err(_) => Err(silent()),
    }
}

fn silent() -> StoreError {
    StoreError::Unavailable("Postgres does not answer".into())
}

fn no_address() -> StoreError {
    StoreError::Unavailable("it is not an address like postgres://user@host/database".into())
}

fn is_away(error: &sqlx::Error) -> bool {
    match error {
        // What is not a certificate, or one that nobody vouches for, comes as invalid data.
        sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::InvalidData,
        // Starting, stopping, or with no connection left (classes 57P and 53).
        sqlx::Error::Database(told) => {
            told.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("53"))
        }
        _ => false,
    }
}

/// An address for each server that an address names, and whether one that takes no writes is to be passed by.
fn split(url: &str) -> Stored<(Vec<String>, bool)> {
    let (scheme, rest) = url.split_once("://").ok_or_else(no_address)?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = place.split_once('/').map_or((place, String::new()), |(a, path)| (a, format!("/{path}")));
    let (login, hosts) = authority.rsplit_once('@').map_or(("", authority), |(login, hosts)| (login, hosts));
    let login = if login.is_empty() { String::new() } else { format!("{login}@") };
    let (mut listed, mut ports, mut others, mut is_picky) = (None, None, Vec::new(), false);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("host", told)) => listed = Some(list(told)),
            Some(("port", told)) => ports = Some(list(told)),
            Some(("target_session_attrs", told)) => match told {
                // Surefoot writes: of several servers only one that takes writes is of use.
                "any" => {}
                "read-write" | "primary" => is_picky = true,
                _ => {
                    let why = format!("`target_session_attrs={told}` does not find a server that takes writes");
                    return Err(StoreError::Unavailable(why));
                }
            },
            told => {
                told.map_or(Ok(()), |(name, value)| readable(name, value))?;
                others.push(pair.to_owned());
            }
        }
    }
    let places: Vec<(String, Option<String>)> = match listed {
        Some(listed) => listed.into_iter().map(|host| ("localhost".to_owned(), Some(host))).collect(),
        None => list(hosts).into_iter().map(|host| (host, None)).collect(),
    };
    let one = |(at, (host, listed)): (usize, (String, Option<String>))| {
        let mut query = others.clone();
        query.extend(listed.map(|host| format!("host={host}")));
        let port = ports.as_ref().and_then(|ports: &Vec<String>| ports.get(at).or(ports.first()));
        query.extend(port.map(|port| format!("port={port}")));
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{scheme}://{login}{host}{path}{mark}{}", query.join("&"))
    };
    let is_picky = is_picky || places.len() > 1;
    Ok((places.into_iter().enumerate().map(one).collect(), is_picky))
}

/// A file that is named and cannot be read is no server that is away.
fn readable(name: &str, value: &str) -> Stored<()> {
    let names_file =
        name.starts_with("ssl") && (name.ends_with("cert") || name.ends_with("key") || name.ends_with("ca"));
    // What is written with escapes, or is no path at all, is read where it is used.
    if !names_file || value.contains('%') || value.contains("BEGIN") {
        return Ok(());
    }
    let read = std::fs::read(value).map(drop);
    read.map_err(|error| StoreError::Unavailable(format!("`{name}` cannot be read: {value}: {error}")))
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_or_several_in_one() {
        for (url, servers) in [
            ("postgres://u:p@h/d", &["postgres://u:p@h/d"][..]),
            ("postgres://h", &["postgres://h"]),
            ("postgresql://u@h:5/d?sslmode=require", &["postgresql://u@h:5/d?sslmode=require"]),
            (
                "postgres://u:a,b%40@h:1,i:2,[::1]:3/d?sslmode=disable&target_session_attrs=read-write",
                &[
                    "postgres://u:a,b%40@h:1/d?sslmode=disable",
                    "postgres://u:a,b%40@i:2/d?sslmode=disable",
                    "postgres://u:a,b%40@[::1]:3/d?sslmode=disable",
                ],
            ),
            ("postgres://u@x/d?host=/a,/b", &["postgres://u@localhost/d?host=/a", "postgres://u@localhost/d?host=/b"]),
            (
                "postgres:///d?host=a,b&port=1,2",
                &["postgres://localhost/d?host=a&port=1", "postgres://localhost/d?host=b&port=2"],
            ),
            (
                "postgres:///d?host=a,b&port=7",
                &["postgres://localhost/d?host=a&port=7", "postgres://localhost/d?host=b&port=7"],
            ),
        ] {
            let (told, is_picky) = split(url).unwrap();
            assert_eq!(told, servers, "{url}");
            assert_eq!(is_picky, servers.len() > 1, "{url}");
            assert_eq!(Address::parse(url).unwrap().servers.len(), servers.len());
        }
    }

    #[test]
    fn one_server_may_be_asked_to_take_writes_too() {
        assert!(split("postgres://h/d?target_session_attrs=read-write").unwrap().1);
        assert!(!split("postgres://h/d?target_session_attrs=any").unwrap().1);
    }

    #[test]
    fn what_is_no_address_is_told_without_its_secrets() {
        for (url, why) in [
            ("nonsense hush", "postgres://"),
            ("postgres://u:hush@h:notaport/d", "postgres://"),
            ("postgres://u:hush@h,i/d?target_session_attrs=read-only", "takes writes"),
            ("postgres://u:hush@h/d?sslrootcert=/nowhere.pem", "`sslrootcert` cannot be read: /nowhere.pem"),
        ] {
            let told = Address::parse(url).unwrap_err().to_string();
            assert!(told.contains(why) && !told.contains("hush"), "{told}");
        }
    }
}
