//! Buckets of S3 and of stores that speak as it does: listed and read with requests that are signed.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use reqwest::{
    Client, Request, StatusCode,
    header::{HeaderName, HeaderValue},
    redirect::Policy,
};
use surefoot_types::{Clock, Code, Fault, Retry, Timestamp};
use url::Url;

use super::{
    Bucket, Failed, Fetched, Globs, Item, Listed, Origin,
    fetch::{body, cause},
};
use crate::ingest::{LARGEST, parse::objects, too_large};

/// Objects that are listed.
const OBJECTS: usize = 200_000;
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(300);

pub(super) struct Store<'a> {
    bucket: &'a Bucket,
    globs: Globs,
    clock: &'a dyn Clock,
    client: Client,
}

impl<'a> Store<'a> {
    pub(super) fn new(bucket: &'a Bucket, globs: Globs, clock: &'a dyn Clock) -> Result<Self, Fault> {
        let client = Client::builder().redirect(Policy::none()).connect_timeout(CONNECT).timeout(WHOLE).build();
        let client = client.map_err(|error| Fault::internal(format!("no HTTP client: {error}")))?;
        Ok(Self { bucket, globs, clock, client })
    }

    fn prefix(&self) -> String {
        format!("s3://{}/{}", self.bucket.name, self.bucket.prefix)
    }

    /// The address of the bucket, or of an object in it, with the bucket in its path: every store knows that form.
    fn address(&self, key: &str) -> Result<Url, String> {
        let mut url = Url::parse(&self.bucket.endpoint).map_err(|error| format!("its store's address: {error}"))?;
        let mut path = url.path_segments_mut().map_err(|()| "its store's address has no path")?;
        path.pop_if_empty().push(&self.bucket.name);
        if !key.is_empty() {
            path.extend(key.split('/'));
        }
        drop(path);
        Ok(url)
    }

    async fn ask(&self, url: Url) -> Result<(StatusCode, Vec<u8>), String> {
        let mut request = Request::new(reqwest::Method::GET, url);
        self.sign(&mut request)?;
        let answer = self.client.execute(request).await.map_err(|error| cause(&error))?;
        Ok((answer.status(), body(answer).await?))
    }

    fn sign(&self, request: &mut Request) -> Result<(), String> {
        let Some((id, secret)) = &self.bucket.key else { return Ok(()) };
        let unsigned = |error: &dyn std::error::Error| format!("the request cannot be signed: {error}");
        let mut settings = SigningSettings::default();
        // As S3 has it: the path as it is, and a hash of the body in a header.
        settings.percent_encoding_mode = aws_sigv4::http_request::PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = Credentials::new(id, secret.reveal(), None, None, "surefoot.toml").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.bucket.region)
            .name("s3")
            .time(at(self.clock.now()))
            .settings(settings)
            .build()
            .map_err(|error| unsigned(&error))?;
        let url = request.url().to_string();
        let signable = SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(b""));
        let signable = signable.map_err(|error| unsigned(&error))?;
        let (instructions, _) = sign(signable, &parameters.into()).map_err(|error| unsigned(&error))?.into_parts();
        let (headers, _) = instructions.into_parts();
        for header in headers {
            let name = HeaderName::from_bytes(header.name().as_bytes()).map_err(|error| unsigned(&error))?;
            let mut value = HeaderValue::from_str(header.value()).map_err(|error| unsigned(&error))?;
            value.set_sensitive(header.sensitive());
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }

    async fn listed(&self) -> Result<Listed, String> {
        let mut listed = Listed::default();
        let mut next: Option<String> = None;
        loop {
            let mut url = self.address("")?;
            url.query_pairs_mut().append_pair("list-type", "2").append_pair("prefix", &self.bucket.prefix);
            if let Some(token) = &next {
                url.query_pairs_mut().append_pair("continuation-token", token);
            }
            let (status, answer) = self.ask(url).await?;
            if !status.is_success() {
                return Err(format!("its store answers {status}"));
            }
            let (objects, more) = objects(&answer)?;
            for object in objects {
                let inside =
                    object.key.strip_prefix(&self.bucket.prefix).unwrap_or(&object.key).trim_start_matches('/');
                if object.key.ends_with('/') || !self.globs.take(inside) {
                    continue;
                }
                let path = format!("s3://{}/{}", self.bucket.name, object.key);
                if object.size > LARGEST {
                    listed.failed.push(Failed { path, reason: too_large() });
                } else {
                    listed.items.push(Item { path, place: object.key, etag: Some(object.etag) });
                }
            }
            if listed.items.len() > OBJECTS {
                return Err(format!("it has more than {OBJECTS} objects: name a prefix"));
            }
            next = more;
            if next.is_none() {
                return Ok(listed);
            }
        }
    }
}

/// A moment for the signature; one before 1970 counts as 1970.
fn at(moment: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(moment.as_second()).unwrap_or(0))
}

#[async_trait]
impl Origin for Store<'_> {
    fn name(&self) -> String {
        self.prefix()
    }

    fn owns(&self, path: &str) -> bool {
        path.starts_with(&self.prefix())
    }

    async fn list(&self) -> Result<Listed, Fault> {
        self.listed().await.map_err(|reason| Fault::new(Code::Unavailable, reason).retry(Retry::Later(None)))
    }

    async fn fetch(&self, item: &Item, known: Option<&str>) -> Result<Fetched, String> {
        if known.is_some() && known == item.etag.as_deref() {
            return Ok(Fetched::Same);
        }
        let (status, bytes) = self.ask(self.address(&item.place)?).await?;
        match status {
            StatusCode::NOT_FOUND => Ok(Fetched::Gone),
            status if !status.is_success() => Err(format!("its store answers {status}")),
            _ => {
                let name = item.place.rsplit('/').next().unwrap_or_default().to_owned();
                Ok(Fetched::Bytes { bytes, etag: item.etag.clone(), name })
            }
        }
    }
}
