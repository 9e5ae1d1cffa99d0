//! How likely each token was, in OpenAI's shape, which its two dialects share.

use serde::Deserialize;
use serde_json::{Value, json};
use surefoot_types::conversation::{Logprob, TopLogprob};

#[derive(Deserialize)]
pub(crate) struct TokenIn {
    token: String,
    logprob: f64,
    #[serde(default)]
    top_logprobs: Option<Vec<TopIn>>,
}

#[derive(Deserialize)]
struct TopIn {
    token: String,
    logprob: f64,
}

pub(crate) fn read(tokens: Vec<TokenIn>) -> Vec<Logprob> {
    let top = |top: TopIn| TopLogprob { token: top.token, logprob: top.logprob };
    let one = |token: TokenIn| Logprob {
        token: token.token,
        logprob: token.logprob,
        top: token.top_logprobs.unwrap_or_default().into_iter().map(top).collect(),
    };
    tokens.into_iter().map(one).collect()
}

pub(crate) fn write(tokens: &[Logprob]) -> Vec<Value> {
    let one = |token: &str, logprob: f64| json!({"token": token, "logprob": logprob, "bytes": token.as_bytes()});
    let told = |token: &Logprob| {
        let mut out = one(&token.token, token.logprob);
        out["top_logprobs"] = token.top.iter().map(|top| one(&top.token, top.logprob)).collect();
        out
    };
    tokens.iter().map(told).collect()
}
