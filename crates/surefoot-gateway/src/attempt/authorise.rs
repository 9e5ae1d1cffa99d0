//! Shows an API what opens it: a key, a token that somebody renews, or a signature.

use std::{
    collections::BTreeMap,
    path::Path,
    process::Stdio,
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use reqwest::{
    Request,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use surefoot_types::{Code, Fault, Retry, Secret, Timestamp};
use tokio::{
    process::Command,
    sync::Mutex,
    time::{Instant, timeout},
};

use super::presets::Auth;
use crate::api::{Api, Aws, Credential, Opens};

/// How long a token from a file or a program is used before it is asked for anew. Google's and Azure's live for an
/// hour, and their programs hand out a new one some minutes before the old one ends.
const FRESH: Duration = Duration::from_secs(60);
/// How long a program may take to print a token.
const PATIENCE: Duration = Duration::from_secs(30);
/// AWS's name of the service that requests are signed for.
const SERVICE: &str = "bedrock";

/// Tokens that were asked for, by where they are from.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<BTreeMap<String, (Secret, Instant)>>);

impl Tokens {
    /// Adds to a request what opens the API. `bearer`: a key is shown as a bearer's, whatever the API says.
    pub(super) async fn authorise(
        &self,
        request: &mut Request,
        api: &Api,
        key: Option<&Credential>,
        bearer: bool,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let Some(key) = key else { return Ok(()) };
        let auth = if bearer { Auth::Bearer } else { api.preset.auth };
        match &key.opens {
            Opens::Aws(account) => signed(request, api, account, now),
            Opens::Key(secret) => shown(request, auth, secret),
            Opens::File(_) | Opens::Command(_) => {
                let auth = if matches!(auth, Auth::HeaderOrBearer(_)) { Auth::Bearer } else { auth };
                shown(request, auth, &self.token(key).await?)
            }
        }
    }

    /// Forgets a token that was refused, so that the next try asks for another.
    pub(super) async fn forget(&self, key: &Credential) {
        self.0.lock().await.remove(&key.id);
    }

    /// A token. Held locked while it is asked for, so that one program runs and not one for each request.
    async fn token(&self, key: &Credential) -> Result<Secret, Fault> {
        let mut held = self.0.lock().await;
        if let Some((token, since)) = held.get(&key.id)
            && since.elapsed() < FRESH
        {
            return Ok(token.clone());
        }
        let read = match &key.opens {
            Opens::File(path) => read(path).await,
            Opens::Command(words) => printed(words).await,
            Opens::Key(_) | Opens::Aws(_) => Err("is no token".into()),
        };
        let token = read.and_then(|text| match text.trim() {
            "" => Err("gives nothing".to_owned()),
            token => Ok(Secret::new(token)),
        });
        match token {
            Ok(token) => {
                held.insert(key.id.clone(), (token.clone(), Instant::now()));
                Ok(token)
            }
            Err(why) => Err(Fault::new(Code::Upstream, format!("the provider's key {} {why}", key.id))
                .hint("Run it by hand, or look at the file, as the user that Surefoot runs as.")
                .retry(Retry::Elsewhere)),
        }
    }
}

async fn read(path: &Path) -> Result<String, String> {
    tokio::fs::read_to_string(path).await.map_err(|error| format!("cannot be read: {error}"))
}

/// What a program prints. Its words are never shown: they may hold a secret.
async fn printed(words: &[String]) -> Result<String, String> {
    let Some((program, arguments)) = words.split_first() else { return Err("names no program".into()) };
    let run = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = match timeout(PATIENCE, run).await {
        Err(_) => return Err(format!("did not print a token within {} s", PATIENCE.as_secs())),
        Ok(Err(error)) => return Err(format!("cannot be run: {error}")),
        Ok(Ok(output)) => output,
    };
    if !output.status.success() {
        return Err(format!("failed with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| "does not print text".into())
}

fn shown(request: &mut Request, auth: Auth, secret: &Secret) -> Result<(), Fault> {
    let (name, text) = match auth {
        Auth::Bearer | Auth::Token | Auth::Signed => (AUTHORIZATION, format!("Bearer {}", secret.reveal())),
        Auth::Header(name) | Auth::HeaderOrBearer(name) => (HeaderName::from_static(name), secret.reveal().to_owned()),
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        Fault::new(Code::Upstream, "the provider's key cannot stand in a header").retry(Retry::Elsewhere)
    })?;
    value.set_sensitive(true);
    request.headers_mut().insert(name, value);
    Ok(())
}

/// Signs a request with AWS's signature, version 4: its address, its host and its body.
fn signed(request: &mut Request, api: &Api, account: &Aws, now: Timestamp) -> Result<(), Fault> {
    let broken = |what: &str| Fault::internal(format!("a request cannot be signed: {what}"));
    let session = account.session.as_ref().map(|session| session.reveal().to_owned());
    let identity = Credentials::new(&account.id, account.secret.reveal(), session, None, "surefoot").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(api.region.as_deref().unwrap_or_default())
        .name(SERVICE)
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default()))
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| broken(&error.to_string()))?
        .into();
    let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
    let url = request.url().as_str();
    let signable = SignableRequest::new(request.method().as_str(), url, std::iter::empty(), SignableBody::Bytes(body))
        .map_err(|error| broken(&error.to_string()))?;
    let (made, _) = sign(signable, &parameters).map_err(|error| broken(&error.to_string()))?.into_parts();
    let (added, _) = made.into_parts();
    for header in added {
        let mut value = HeaderValue::from_str(header.value()).map_err(|error| broken(&error.to_string()))?;
        value.set_sensitive(header.sensitive());
        request.headers_mut().insert(HeaderName::from_static(header.name()), value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::attempt::presets;

    fn request(url: &str) -> Request {
        let client = reqwest::Client::new();
        client.post(url).body("{}").build().unwrap()
    }

    fn key(opens: Opens) -> Credential {
        Credential { id: "env:KEY".into(), opens }
    }

    #[tokio::test]
    async fn keys_and_tokens_are_shown_as_each_api_wants_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "from-a-file\n").unwrap();
        let print = || Opens::Command(vec!["printf".into(), "printed".into()]);
        for (kind, opens, bearer, name, expected) in [
            ("openai", Opens::Key(Secret::new("k")), false, "authorization", "Bearer k"),
            ("anthropic", Opens::Key(Secret::new("k")), false, "x-api-key", "k"),
            ("gemini", Opens::Key(Secret::new("k")), false, "x-goog-api-key", "k"),
            ("gemini", Opens::Key(Secret::new("k")), true, "authorization", "Bearer k"),
            ("azure", Opens::Key(Secret::new("k")), false, "api-key", "k"),
            ("azure", print(), false, "authorization", "Bearer printed"),
            ("vertex", Opens::File(file.clone()), false, "authorization", "Bearer from-a-file"),
            ("bedrock", Opens::Key(Secret::new("k")), false, "authorization", "Bearer k"),
        ] {
            let api = Api::new(presets::find(kind, None).unwrap(), "http://localhost");
            let mut request = request("http://localhost/x");
            let tokens = Tokens::default();
            tokens.authorise(&mut request, &api, Some(&key(opens)), bearer, Timestamp::UNIX_EPOCH).await.unwrap();
            assert_eq!(request.headers()[name], expected, "{kind}");
        }
    }

    #[tokio::test]
    async fn a_token_that_was_refused_is_asked_for_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let (tokens, key) = (Tokens::default(), key(Opens::File(file.clone())));
        let told = tokens.token(&key).await.unwrap_err();
        assert!(told.message.contains("env:KEY") && told.retry == Retry::Elsewhere, "{told:?}");
        std::fs::write(&file, "one").unwrap();
        assert_eq!(tokens.token(&key).await.unwrap().reveal(), "one");
        std::fs::write(&file, "two").unwrap();
        assert_eq!(tokens.token(&key).await.unwrap().reveal(), "one", "it is fresh");
        tokens.forget(&key).await;
        assert_eq!(tokens.token(&key).await.unwrap().reveal(), "two");
    }

    #[tokio::test]
    async fn a_program_that_prints_nothing_opens_nothing() {
        let failing = || vec!["false".to_owned()];
        let missing = || vec!["no-such-program-anywhere".to_owned()];
        for (words, expected) in
            [(failing(), "failed"), (missing(), "cannot be run"), (vec!["true".into()], "gives nothing")]
        {
            let told = Tokens::default().token(&key(Opens::Command(words))).await.unwrap_err();
            assert!(told.message.contains(expected), "{told:?}");
        }
    }

    /// The signature, reckoned a second time by the steps of AWS's document.
    #[tokio::test]
    async fn a_signature_is_the_one_that_aws_reckons() {
        let url = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/a.b-v1%3A0/converse";
        let preset = presets::find("bedrock", None).unwrap();
        let api = Api { region: Some("eu-central-1".into()), ..Api::new(preset, "") };
        let account = Aws { id: "AKID".into(), secret: Secret::new("secret"), session: Some(Secret::new("session")) };
        let mut request = request(url);
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let opens = key(Opens::Aws(account));
        Tokens::default().authorise(&mut request, &api, Some(&opens), false, now).await.unwrap();
        let signed = "host;x-amz-date;x-amz-security-token";
        let canonical = format!(
            "POST\n/model/a.b-v1%253A0/converse\n\nhost:bedrock-runtime.eu-central-1.amazonaws.com\n\
             x-amz-date:20261124T120000Z\nx-amz-security-token:session\n\n{signed}\n{}",
            hex(&Sha256::digest("{}"))
        );
        let scope = "20261124/eu-central-1/bedrock/aws4_request";
        let to_sign = format!("AWS4-HMAC-SHA256\n20261124T120000Z\n{scope}\n{}", hex(&Sha256::digest(&canonical)));
        let steps = ["20261124", "eu-central-1", "bedrock", "aws4_request", &to_sign];
        let signature = steps.iter().fold(b"AWS4secret".to_vec(), |key, step| hmac(&key, step.as_bytes()));
        let expected =
            format!("AWS4-HMAC-SHA256 Credential=AKID/{scope}, SignedHeaders={signed}, Signature={}", hex(&signature));
        assert_eq!(request.headers()["authorization"], expected.as_str());
        assert_eq!(request.headers()["x-amz-security-token"], "session");
    }

    fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
        let padded = |with: u8| {
            let mut block = [with; 64];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            block
        };
        let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
        Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
