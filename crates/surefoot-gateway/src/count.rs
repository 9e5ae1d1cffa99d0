//! How many tokens a request would put into a model: asked of the provider where it has a door for that, else an
//! estimate that says so. Nothing is answered and nothing is paid; it counts as a request all the same.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value, json};
use surefoot_dialect as dialect;
use surefoot_types::{Fault, Retry, conversation::Dialect};
use tokio::time::timeout;

use crate::{
    accounts::{Counted, Hold, Used},
    api::Api,
    attempt::{
        Sent, anthropic_headers, cut,
        presets::{self, Paths},
    },
    call::Call,
    gateway::{Gateway, Inner},
    ground::{Grounded, ground},
    identify::{Admitted, identify, limit},
    project::{Project, Reach, Target},
    record::{Tale, estimate_request},
    resolve::resolve,
    screen::screen,
    under_way::Walker,
};

/// How long a provider may take to count.
const LONGEST: Duration = Duration::from_secs(10);
/// What Anthropic takes where it counts; it refuses all else.
const ANTHROPIC: [&str; 9] = [
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "cache_control",
    "context_management",
    "output_config",
];

/// How many tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// That many.
    pub count: u64,
    /// Whether nobody counted: an estimate from the length of what is said.
    pub estimated: bool,
}

impl Gateway {
    /// Counts the tokens of what the call would send to the first of its targets.
    ///
    /// # Errors
    /// Where the caller may not, the name leads nowhere, or the provider finds the request wrong.
    pub async fn count(&self, call: &Call) -> Result<Tokens, Fault> {
        let _walker = Walker::new(self);
        let (parts, accounts) = (&self.inner.parts, &self.inner.accounts);
        let project = self.project();
        let now = parts.clock.now();
        let admitted = identify(&project, &parts.minted_keys.load(), &call.caller, now)?;
        let mut tale = Tale::begin(call, project.records, parts.clock.as_ref());
        tale.admitted(admitted.as_ref());
        let counted = Counted::of(&project, admitted.as_ref(), tale.trace(), now);
        let mut hold = Hold::default();
        let limited = limit(accounts, &counted, &mut hold).await;
        let told = match limited {
            Ok(()) => self.count_admitted(&project, call, admitted.as_ref(), &mut tale).await,
            Err(fault) => Err(fault),
        };
        // No record tells of it: it is counted here and now.
        accounts.recorded(&hold.settle(Used::default()), false);
        told
    }

    async fn count_admitted(
        &self,
        project: &Project,
        call: &Call,
        admitted: Option<&Admitted>,
        tale: &mut Tale,
    ) -> Result<Tokens, Fault> {
        let Inner { parts, upstream, marker, .. } = &*self.inner;
        let _place = upstream.lines.enter(&project.load).await?;
        let shares = parts.shares.load();
        let plan = resolve(project, upstream, admitted, &call.chat, tale.drawing(&shares))?;
        let grounded = ground(project, &plan, call, admitted, parts, upstream, marker).await?;
        // Who counts is sent no more than who answers.
        let grounded = screen(plan.guards(project), marker, &call.chat.messages, grounded)?.grounded;
        let told = match plan.model.targets.first() {
            Some(target) => self.count_asked(call, target, &grounded).await?,
            None => None,
        };
        Ok(match told {
            Some(count) => Tokens { count, estimated: false },
            None => Tokens { count: estimate_request(&grounded.request), estimated: true },
        })
    }

    /// What the provider counts; none where it has no door for it, or does not answer.
    async fn count_asked(&self, call: &Call, target: &Target, grounded: &Grounded) -> Result<Option<u64>, Fault> {
        let Reach::Http(api) = &target.provider.reach else { return Ok(None) };
        let Some((url, body)) = question(api, grounded, &target.model) else { return Ok(None) };
        let mut headers = HeaderMap::new();
        if api.dialect() == Dialect::Anthropic {
            anthropic_headers(&mut headers, &call.context.headers);
        }
        let asked = async {
            let sent = Sent { api, key: target.provider.keys().first(), url, bearer: false, headers, body };
            let response = self.inner.upstream.send(sent).await?;
            response.json::<Value>().await.map_err(|_| cut())
        };
        match timeout(LONGEST, asked).await {
            Ok(Ok(told)) => Ok(told.get("input_tokens").or_else(|| told.get("totalTokens")).and_then(Value::as_u64)),
            Ok(Err(fault)) if fault.retry == Retry::Never => Err(fault),
            Ok(Err(_)) | Err(_) => Ok(None),
        }
    }
}

/// Where a provider counts, and what it is asked there. Vertex, which has other addresses, is not asked.
fn question(api: &Api, grounded: &Grounded, model: &str) -> Option<(String, Bytes)> {
    let target = api.dialect();
    if !matches!(target, Dialect::Anthropic | Dialect::Gemini) || api.preset.paths != Paths::Plain {
        return None;
    }
    let chat = presets::chat(api, model, false);
    let written = dialect::request_write(target, &grounded.request, model).body;
    let mut body: Map<String, Value> = serde_json::from_slice(&written).ok()?;
    let (url, body) = if target == Dialect::Anthropic {
        body.retain(|name, _| ANTHROPIC.contains(&name.as_str()));
        (format!("{chat}/count_tokens"), Value::Object(body))
    } else {
        body.insert("model".into(), format!("models/{model}").into());
        let url = chat.strip_suffix(":generateContent")?;
        (format!("{url}:countTokens"), json!({"generateContentRequest": body}))
    };
    Some((url, body.to_string().into()))
}
