//! docs/conformance.md: a summary, then a table for each client.

use std::fmt::Write;

use anyhow::Context;
use serde_json::Value;

/// What a program says on one line.
pub(super) struct Outcome {
    client: String,
    version: Option<String>,
    feature: String,
    behind: String,
    outcome: String,
    reason: String,
}

impl Outcome {
    /// Reads a line of JSON.
    ///
    /// # Errors
    /// When it is none, or names no client.
    pub(super) fn read(line: &str) -> anyhow::Result<Self> {
        let told: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        anyhow::ensure!(!text("client").is_empty(), "no client in {line}");
        Ok(Self {
            client: text("client"),
            version: told["version"].as_str().map(str::to_owned),
            feature: text("feature"),
            behind: text("behind"),
            outcome: text("outcome"),
            reason: text("reason"),
        })
    }

    /// What is told of a program that did not come to its end.
    pub(super) fn broken_off(reason: String) -> Self {
        let text = String::new;
        let (feature, behind, outcome) = ("everything after".to_owned(), "the program".to_owned(), "fail".to_owned());
        Self { client: text(), version: None, feature, behind, outcome, reason }
    }

    /// Whether it is of a check that failed.
    pub(super) fn failed(&self) -> bool {
        self.outcome == "fail"
    }
}

/// All outcomes, in the order in which they came.
pub(super) struct Report {
    clients: Vec<Client>,
}

struct Client {
    name: String,
    version: String,
    outcomes: Vec<Outcome>,
}

impl Report {
    /// Sorts outcomes by client. The first of each tells its version.
    pub(super) fn new(outcomes: Vec<Outcome>) -> Self {
        let mut clients: Vec<Client> = Vec::new();
        for outcome in outcomes {
            if let Some(version) = outcome.version.clone() {
                clients.push(Client { name: outcome.client, version, outcomes: Vec::new() });
            } else if let Some(client) = clients.last_mut() {
                client.outcomes.push(outcome);
            }
        }
        Self { clients }
    }

    /// How many checks failed.
    pub(super) fn failed(&self) -> usize {
        self.clients.iter().map(|client| client.count("fail")).sum()
    }

    /// The document.
    pub(super) fn markdown(&self) -> String {
        let mut text = String::from(HEAD);
        for client in &self.clients {
            let Client { name, version, .. } = client;
            let (pass, told, fail) = (client.count("pass"), client.count("told"), client.count("fail"));
            let _ = writeln!(text, "| {name} | {version} | {pass} | {told} | {fail} |");
        }
        self.clients.iter().for_each(|client| client.section(&mut text));
        text
    }
}

impl Client {
    fn count(&self, outcome: &str) -> usize {
        self.outcomes.iter().filter(|one| one.outcome == outcome).count()
    }

    fn section(&self, text: &mut String) {
        let columns = unique(self.outcomes.iter().map(|one| one.behind.as_str()));
        let _ = writeln!(text, "\n## {} {}\n", self.name, self.version);
        let _ = writeln!(text, "| | {} |\n|---|{}", columns.join(" | "), "---|".repeat(columns.len()));
        for feature in unique(self.outcomes.iter().map(|one| one.feature.as_str())) {
            let cells: Vec<&str> = columns.iter().map(|behind| self.cell(feature, behind)).collect();
            let _ = writeln!(text, "| {feature} | {} |", cells.join(" | "));
        }
        let reasons = self.reasons();
        if !reasons.is_empty() {
            let _ = write!(text, "\n{reasons}");
        }
    }

    fn cell(&self, feature: &str, behind: &str) -> &'static str {
        match self.outcomes.iter().find(|one| one.feature == feature && one.behind == behind) {
            Some(one) if one.outcome == "pass" => "yes",
            Some(one) if one.outcome == "told" => "told",
            Some(_) => "**no**",
            None => "",
        }
    }

    /// Equal reasons of one feature once, with where they came from.
    fn reasons(&self) -> String {
        let with_reason = || self.outcomes.iter().filter(|one| !one.reason.is_empty());
        let mut text = String::new();
        for (feature, reason) in unique(with_reason().map(|one| (one.feature.as_str(), one.reason.as_str()))) {
            let before = with_reason().filter(|one| one.feature == feature && one.reason == reason);
            let before: Vec<&str> = before.map(|one| one.behind.as_str()).collect();
            let _ = writeln!(text, "- {feature}, {}: {}", before.join(", "), on_one_line(reason));
        }
        text
    }
}

fn unique<T: PartialEq + Copy>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.fold(Vec::new(), |mut seen, one| {
        if !seen.contains(&one) {
            seen.push(one);
        }
        seen
    })
}

fn on_one_line(reason: &str) -> String {
    reason.split_whitespace().collect::<Vec<_>>().join(" ").replace('<', "&lt;")
}

const HEAD: &str = "\
# Conformance

Made by `cargo xtask conformance`, which installs unmodified clients and runs them against a Surefoot: only the address, the key and
the model's name are Surefoot's. Before each dialect that providers speak (the columns) stands the simulator over real HTTP, and each
check looks at what the client made of the answer and at what reached the provider.

- **yes**: it works. An error has the client's own type, a broken stream is never taken for a whole one, and a stream that is
  given up is cancelled at the provider.
- **told**: the provider's API has no such field. Surefoot says so in `x-surefoot-dropped` and on the trace, or refuses the request.
- **no**: it does not work, for the reason below the table.

A feature that is not in a client's table was not tried with it, most often because the client has no words for it.

| client | version | yes | told | no |
|---|---|---|---|---|
";
