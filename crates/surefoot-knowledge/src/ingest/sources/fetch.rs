//! Pages over HTTP: from public addresses only, by redirects that are looked at one by one, within bounds.
//!
//! A name is resolved here and the connection goes to the address that was looked at, so that no second answer of
//! a name server can lead elsewhere.

use std::{
    collections::BTreeSet,
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use reqwest::{
    Client, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION},
    redirect::Policy,
};
use surefoot_types::Fault;
use url::Url;

use super::address::{is_forbidden, is_public};
use crate::ingest::{LARGEST, too_large};

/// Until the first byte, and for the whole of it.
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(120);
const AGENT: &str = concat!("surefoot/", env!("CARGO_PKG_VERSION"));

/// Fetches pages.
pub(super) struct Fetcher {
    client: Client,
    intranet: BTreeSet<String>,
}

/// What a server answered.
pub(super) struct Page {
    pub(super) status: StatusCode,
    /// Where it leads, if it leads elsewhere.
    pub(super) leads: Option<Url>,
    pub(super) etag: Option<String>,
    /// Its media type, without parameters.
    pub(super) kind: String,
    pub(super) bytes: Vec<u8>,
}

/// What answers for a name: the system, or a test in its place.
pub(super) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

fn system() -> Lookup {
    Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect()) }))
}

/// Resolves names to public addresses, and those of the intranet to any.
struct Public {
    intranet: BTreeSet<String>,
    lookup: Lookup,
}

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        let any = self.intranet.contains(name.as_str());
        let found = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = found.await?;
            // One private address among public ones is a trick as well.
            match addresses.iter().find(|address| !may_be(address.ip(), any)) {
                Some(_) => Err(refused(name.as_str()).into()),
                None => Ok(Box::new(addresses.into_iter()) as Addrs),
            }
        })
    }
}

fn may_be(address: IpAddr, intranet: bool) -> bool {
    is_public(address) || intranet && !is_forbidden(address)
}

fn refused(host: &str) -> String {
    format!("{host} is not on the public internet: name it under `intranet` if it may be read all the same")
}

impl Fetcher {
    /// Hosts of the intranet may have private addresses.
    pub(super) fn new(intranet: &[String]) -> Result<Self, Fault> {
        Self::with(intranet, system())
    }

    pub(super) fn with(intranet: &[String], lookup: Lookup) -> Result<Self, Fault> {
        let intranet: BTreeSet<String> = intranet.iter().map(|host| host.to_lowercase()).collect();
        let client = Client::builder()
            .user_agent(AGENT)
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            // A proxy would resolve names in our place.
            .no_proxy()
            .dns_resolver(Arc::new(Public { intranet: intranet.clone(), lookup }))
            .build()
            .map_err(|error| Fault::internal(format!("no HTTP client: {error}")))?;
        Ok(Self { client, intranet })
    }

    /// Whether an address may be asked, as far as it tells itself.
    pub(super) fn check(&self, url: &Url) -> Result<(), String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{} is no address of the web", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("its address holds a password".into());
        }
        let host = url.host_str().unwrap_or_default();
        // Written as numbers it is not resolved.
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
        match literal {
            Ok(address) if !may_be(address, self.intranet.contains(host)) => Err(refused(host)),
            _ if host.is_empty() => Err("its address names no host".into()),
            _ => Ok(()),
        }
    }

    /// Gets a page, unless it is still the version that is `known`: then its status is 304. Where it leads elsewhere,
    /// nobody has gone there yet.
    pub(super) async fn get(&self, url: &Url, known: Option<&str>) -> Result<Page, String> {
        self.check(url)?;
        let mut asked = self.client.get(url.clone());
        if let Some(known) = known {
            let is_etag = known.starts_with('"') || known.starts_with("W/");
            asked = asked.header(if is_etag { IF_NONE_MATCH } else { IF_MODIFIED_SINCE }, known);
        }
        let answer = asked.send().await.map_err(|error| cause(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut leads = None;
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            let to = header(&headers, LOCATION).ok_or("it leads elsewhere and does not say where")?;
            leads = Some(url.join(&to).map_err(|error| format!("it leads to '{to}': {error}"))?);
        }
        let etag = header(&headers, ETAG).or_else(|| header(&headers, LAST_MODIFIED));
        let kind = header(&headers, CONTENT_TYPE).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
        let bytes = if leads.is_some() { Vec::new() } else { body(answer).await? };
        Ok(Page { status, leads, etag, kind, bytes })
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The bytes of an answer, as many as a document may have.
pub(super) async fn body(mut answer: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| cause(&error))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() as u64 > LARGEST {
            return Err(too_large());
        }
    }
    Ok(bytes)
}

/// What an error of the client comes from: its own words name only the address.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
