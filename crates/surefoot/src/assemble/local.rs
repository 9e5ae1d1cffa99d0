//! `local`: the provider that needs no key and no network. `local/extract` answers by quoting the
//! passages it was grounded with; `local/static` embeds with the table inside the program.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use surefoot_dialect::embeddings::Embeddings;
use surefoot_gateway::Resident;
use surefoot_knowledge::{
    cite,
    embed::{Embedder, Kind},
};
use surefoot_types::{
    Code, Fault, Usage,
    conversation::{ChatRequest, Event, Finish},
    document::Hit,
};

const EXTRACT: &str = "extract";
const STATIC: &str = "static";

/// The built-in provider `local`.
pub(super) struct Local {
    embedder: Arc<dyn Embedder>,
}

impl Local {
    pub(super) fn new(embedder: Arc<dyn Embedder>) -> Self {
        Self { embedder }
    }
}

#[async_trait]
impl Resident for Local {
    fn models(&self) -> Vec<String> {
        vec![EXTRACT.into(), STATIC.into()]
    }

    fn knows(&self, model: &str) -> bool {
        [EXTRACT, STATIC].contains(&model)
    }

    async fn chat(
        &self,
        model: &str,
        request: &ChatRequest,
        question: &str,
        hits: &[Hit],
    ) -> Result<BoxStream<'static, Result<Event, Fault>>, Fault> {
        if model != EXTRACT {
            return Err(Fault::new(Code::NotFound, format!("local/{model} does not answer questions"))
                .hint("local/extract quotes documents; local/static embeds texts."));
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
            return Err(
                Fault::new(Code::NotFound, format!("local/{model} does not embed")).hint("local/static embeds texts.")
            );
        }
        let usage =
            Usage { input: texts.iter().map(|text| Usage::estimate(text)).sum(), estimated: true, ..Usage::default() };
        let vectors = self.embedder.embed(texts, Kind::Passage).await?;
        Ok(Embeddings { model: format!("local/{STATIC}"), vectors, usage })
    }
}
