//! Verdicts on texts and pictures.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value};
use surefoot_dialect::moderations::{self, Moderations, ModerationsRequest};
use surefoot_types::{Fault, Retry, Usage, conversation::Part};

use super::Work;
use crate::{
    attempt::presets::{Preset, Side},
    outside::Resident,
    project::{Model, Reach},
};

/// Who judges where the caller names nobody.
const USUAL: &str = "local/moderation";

#[async_trait]
impl Work for ModerationsRequest {
    const WHAT: &'static str = "moderation";
    type Answer = Moderations;

    fn model(&self) -> &str {
        self.model.as_deref().unwrap_or(USUAL)
    }

    fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    fn texts(&mut self) -> Vec<&mut String> {
        let mut texts = Vec::new();
        for part in self.inputs.iter_mut().flatten() {
            if let Part::Text { text } = part {
                texts.push(text);
            }
        }
        texts
    }

    fn counted(&self) -> Vec<&str> {
        let mut texts = Vec::new();
        for part in self.inputs.iter().flatten() {
            if let Part::Text { text } = part {
                texts.push(text.as_str());
            }
        }
        texts
    }

    /// What is masked cannot be found.
    fn stays(&self, model: &Model) -> bool {
        model.targets.iter().all(|target| matches!(target.provider.reach, Reach::Resident))
    }

    fn side(preset: &Preset) -> Option<Side> {
        preset.moderations
    }

    fn body(&self, model: &str) -> Bytes {
        moderations::request_write(self, model)
    }

    fn read(&self, body: &[u8]) -> Result<Moderations, Fault> {
        moderations::answer_read(body, self.inputs.len())
    }

    async fn of_resident(&self, resident: &dyn Resident, model: &str) -> Result<Moderations, Fault> {
        let mut results = Vec::with_capacity(self.inputs.len());
        for parts in &self.inputs {
            let mut said = Vec::with_capacity(parts.len());
            for part in parts {
                let Part::Text { text } = part else {
                    return Err(Fault::bad_request("input", format!("{} does not look at pictures", self.model()))
                        .hint("Name a model of a provider that does.")
                        .retry(Retry::Elsewhere));
                };
                said.push(text.as_str());
            }
            results.push(resident.moderate(model, &said.join("\n")).await?);
        }
        Ok(Moderations { id: String::new(), model: self.model().to_owned(), results })
    }

    fn usage(_: &Moderations) -> Usage {
        Usage::default()
    }

    fn told(answer: &Moderations) -> String {
        let flagged = answer.results.iter().filter(|verdict| verdict.flagged).count();
        format!("{flagged} of {} inputs flagged", answer.results.len())
    }
}
