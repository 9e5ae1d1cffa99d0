//! `local`: the provider that needs no key and no network. `local/extract` answers by quoting the
//! passages it was grounded with; `local/static` embeds with the table inside the program; `local/rerank` orders
//! documents as a search would; `local/moderation` says what the guards find.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use surefoot_dialect::{
    embeddings::Embeddings,
    moderations::{CATEGORIES, Verdict},
};
use surefoot_gateway::Resident;
use surefoot_guard::{
    injection::{self, Channel},
    personal::{Detector, Options},
    secrets,
};
use surefoot_knowledge::{
    cite,
    embed::{Embedder, Kind},
    search::rank,
};
use surefoot_types::{
    Code, Fault, Usage,
    conversation::{ChatRequest, Event, Finish},
    document::Hit,
};

const EXTRACT: &str = "extract";
const STATIC: &str = "static";
const RERANK: &str = "rerank";
const MODERATION: &str = "moderation";
const MODELS: [&str; 4] = [EXTRACT, STATIC, RERANK, MODERATION];

/// Most documents that are ordered at once.
const MOST: usize = 1_000;

/// From this score on a text is taken for an attempt to instruct the model, as in `[guards.injection]`.
const INJECTION: f32 = 0.5;

/// The built-in provider `local`.
pub(super) struct Local {
    embedder: Arc<dyn Embedder>,
    personal: Detector,
}

impl Local {
    pub(super) fn new(embedder: Arc<dyn Embedder>) -> Result<Self, Fault> {
        Ok(Self { embedder, personal: Detector::new(&Options::default()).map_err(Fault::internal)? })
    }

    /// What the guards find in a text. Of the categories that others judge by they know none: that they were looked
    /// for in no kind of input says so.
    fn verdict(&self, text: &str) -> Verdict {
        let injection = injection::score(text, Channel::User).score;
        let (secret, personal) = (!secrets::find(text).is_empty(), !self.personal.find(text).is_empty());
        let own = [
            ("surefoot/prompt-injection", injection >= INJECTION, f64::from(injection)),
            ("surefoot/secrets", secret, f64::from(u8::from(secret))),
            ("surefoot/personal-data", personal, f64::from(u8::from(personal))),
        ];
        let mut verdict = Verdict { flagged: own.iter().any(|(_, held, _)| *held), ..Verdict::default() };
        let unknown = CATEGORIES.iter().map(|&name| (name, false, 0.0, false));
        for (name, held, score, looked) in own.into_iter().map(|(n, h, s)| (n, h, s, true)).chain(unknown) {
            verdict.categories.insert(name.into(), Some(held));
            verdict.category_scores.insert(name.into(), score);
            let kinds = if looked { vec!["text".to_owned()] } else { Vec::new() };
            verdict.category_applied_input_types.insert(name.into(), kinds);
        }
        verdict
    }
}

fn lacking(model: &str, what: &str) -> Fault {
    Fault::new(Code::NotFound, format!("local/{model} does not {what}")).hint(
        "local/extract quotes documents; local/static embeds texts; local/rerank orders documents; local/moderation \
         judges texts by the guards.",
    )
}

#[async_trait]
impl Resident for Local {
    fn models(&self) -> Vec<String> {
        MODELS.map(String::from).into()
    }

    fn knows(&self, model: &str) -> bool {
        MODELS.contains(&model)
    }

    async fn chat(
        &self,
        model: &str,
        request: &ChatRequest,
        question: &str,
        hits: &[Hit],
    ) -> Result<BoxStream<'static, Result<Event, Fault>>, Fault> {
        if model != EXTRACT {
            return Err(lacking(model, "answer questions"));
        }
        let text = cite::extract(question, hits).text();
        let asked: u64 = request.messages.iter().map(|message| Usage::estimate(&message.words())).sum();
        let usage = Usage { input: asked, output: Usage::estimate(&text), estimated: true, ..Usage::default() };
        let mut events = vec![Event::Start { id: "local".into(), model: format!("local/{EXTRACT}"), usage: None }];
        events.extend(text.split_inclusive("\n\n").map(|line| Event::Text { text: line.to_owned() }));
        events.extend([Event::Finish { finish: Finish::Stop }, Event::Usage { usage }, Event::End]);
        Ok(stream::iter(events.into_iter().map(Ok)).boxed())
    }

    async fn embed(&self, model: &str, texts: &[String]) -> Result<Embeddings, Fault> {
        if model != STATIC {
            return Err(lacking(model, "embed"));
        }
        let usage =
            Usage { input: texts.iter().map(|text| Usage::estimate(text)).sum(), estimated: true, ..Usage::default() };
        let vectors = self.embedder.embed(texts, Kind::Passage).await?;
        Ok(Embeddings { model: format!("local/{STATIC}"), vectors, usage })
    }

    async fn rerank(&self, model: &str, query: &str, documents: &[String]) -> Result<Vec<f64>, Fault> {
        if model != RERANK {
            return Err(lacking(model, "order documents"));
        }
        if documents.len() > MOST {
            let told = format!("local/{RERANK} orders at most {MOST} documents at once");
            return Err(Fault::bad_request("documents", told).hint("Send fewer, or search them as knowledge."));
        }
        rank(query, documents, self.embedder.as_ref()).await
    }

    async fn moderate(&self, model: &str, text: &str) -> Result<Verdict, Fault> {
        if model == MODERATION { Ok(self.verdict(text)) } else { Err(lacking(model, "judge texts")) }
    }
}
