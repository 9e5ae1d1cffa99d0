//! What models can do: built in, and as the project says.

use surefoot_types::{Capabilities, CapabilityBook};

use super::{BUILT_IN, Ground, providers::vendor};
use crate::settings::{
    capabilities,
    source::At,
    written::{capability::Capability as Written, root::Root},
};

impl Ground<'_> {
    /// What is known of vendors' models at their own address, then the project's own rows.
    pub(super) fn capabilities(&self, root: &Root) -> CapabilityBook {
        let mut book = CapabilityBook::default();
        for written in &root.providers {
            if let Some(vendor) = vendor(written) {
                capabilities::add(&mut book, &written.name.value, vendor);
            }
        }
        for written in &root.capabilities {
            let provider = written.target.value.split_once('/').map(|(provider, _)| provider);
            let declared = |name: &str| root.providers.iter().any(|one| one.name.value == name);
            if !provider.is_some_and(|name| declared(name) || BUILT_IN.contains(&name)) {
                let message = format!("what '{}' can do is said of no provider's model", written.target.value);
                let hint = "Write the table's name like `[capabilities.\"openai/gpt-4o-mini\"]`, with a provider of \
                            this project.";
                self.mistakes.add(&written.target.place, message, hint.to_owned());
            }
            book.add(written.target.value.clone(), self.capability(written));
        }
        book
    }

    fn capability(&self, written: &Written) -> Capabilities {
        let tokens = |name: &str, written: &Option<At<i64>>| {
            self.within(name, written.as_ref(), 1..=i64::MAX).and_then(|tokens| u64::try_from(tokens).ok())
        };
        let yes = |written: &Option<At<bool>>| written.as_ref().map(|written| written.value);
        Capabilities {
            context: tokens("context", &written.context),
            output: tokens("output", &written.output),
            tools: yes(&written.tools),
            schema: yes(&written.schema),
            vision: yes(&written.vision),
            reasoning: yes(&written.reasoning),
        }
    }
}
