//! A variant that has no file.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use serde::Serialize;

/// A place in a prompt that the program fills, an instruction to the template, or a comment, which it leaves out. Each
/// may go over several lines, and take the space about it away (`-`) or keep it (`+`).
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?s)\{\{[-+]?\s*(.*?)\s*[-+]?\}\}|\{%[-+]?\s*(.*?)\s*[-+]?%\}|\{#[-+]?\s*(.*?)\s*[-+]?#\}";
    Regex::new(pattern).expect("the pattern is tested")
});
/// The line of the settings that names the model; what stands below a table's header is the table's.
static MODEL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^model\s*=.*$").expect("the pattern is tested"));
/// The longest prompt that is taken from a model, in letters.
const LONGEST: usize = 40_000;

/// A variant's file in its two parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// The settings between the two `+++` lines, each line with its end.
    pub front: String,
    /// The prompt.
    pub prompt: String,
}

impl Draft {
    /// The whole file.
    pub fn text(&self) -> String {
        format!("+++\n{}+++\n{}", self.front, self.prompt)
    }

    /// What it is known by: from its text alone.
    pub fn name(&self) -> String {
        format!("draft-{}", &blake3::hash(self.text().as_bytes()).to_hex()[..12])
    }

    /// The same settings with another prompt.
    ///
    /// # Errors
    /// When the prompt lacks a place that this one has, or has one that it lacks: a model writes words, and no
    /// templates.
    pub(super) fn with_prompt(&self, prompt: &str) -> Result<Self, String> {
        let prompt = format!("{}\n", prompt.trim());
        if prompt.chars().count() > LONGEST {
            return Err(format!("the prompt is longer than {LONGEST} letters"));
        }
        let (ours, theirs) = (places(&self.prompt), places(&prompt));
        // Nobody misses a comment.
        if let Some(missing) = ours.difference(&theirs).find(|place| !place.starts_with("{#")) {
            return Err(format!("the prompt lacks `{missing}`"));
        }
        if let Some(more) = theirs.difference(&ours).next() {
            return Err(format!("the prompt has `{more}`, which the one before it has not"));
        }
        Ok(Self { front: self.front.clone(), prompt })
    }

    /// The same prompt with demonstrations: questions with the answers that passed. They stand before what the
    /// user says. None where one of them cannot stand in a template.
    pub(super) fn with_examples(&self, shown: &[(&str, &str)]) -> Option<Self> {
        if shown.is_empty() || shown.iter().any(|(question, answer)| [question, answer].iter().any(|t| closes(t))) {
            return None;
        }
        let one = |(question, answer): &(&str, &str)| format!("Question: {question}\nAnswer: {answer}\n");
        let all: Vec<String> = shown.iter().map(one).collect();
        let block = format!("Examples of good answers:\n\n{{% raw %}}{}{{% endraw %}}\n\n", all.join("\n"));
        let starts = |place: &regex::Captures<'_>| {
            let said = place.get(1).map_or("", |said| said.as_str());
            said.starts_with("history(") || (said.starts_with("role(") && said.contains("user"))
        };
        let found = PLACE.captures_iter(&self.prompt).find(starts);
        let at = found.and_then(|found| found.get(0)).map_or(self.prompt.len(), |place| place.start());
        let (before, after) = self.prompt.split_at(at);
        let gap = if before.is_empty() || before.ends_with("\n\n") { "" } else { "\n\n" };
        Some(Self { front: self.front.clone(), prompt: format!("{before}{gap}{block}{after}") })
    }

    /// The same variant with another model, which answers alone. None where it names none at its top.
    pub(super) fn with_model(&self, model: &str) -> Option<Self> {
        let (top, rest) = self.front.split_at(self.front.find("\n[").map_or(self.front.len(), |at| at + 1));
        // A strategy is about the models that it was written for.
        let found = MODEL.find(top).filter(|_| rest.is_empty())?;
        let line = format!("model = {}", serde_json::Value::from(model));
        let front = format!("{}{line}{}", &top[..found.start()], &top[found.end()..]);
        Some(Self { front, prompt: self.prompt.clone() })
    }

    /// The same variant with `cheap` first, which sends a question on to this one's model where a check fails.
    pub(super) fn after(&self, cheap: &str, check: &str) -> Option<Self> {
        let own = MODEL.find(&self.front)?.as_str().split_once('=')?.1.trim().to_owned();
        let cheap = self.with_model(cheap)?;
        let gap = if cheap.front.ends_with('\n') { "" } else { "\n" };
        Some(Self {
            front: format!("{}{gap}\n[cascade]\nthen = [{own}]\n{check}\n", cheap.front),
            prompt: cheap.prompt,
        })
    }
}

/// Whether a text ends the part of a template that is taken as it stands.
fn closes(text: &str) -> bool {
    text.contains("endraw")
}

/// The places of a prompt, without the space in them.
fn places(prompt: &str) -> BTreeSet<String> {
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\'', "\"");
    let one = |found: regex::Captures<'_>| match [1, 2, 3].map(|group| found.get(group)) {
        [Some(place), ..] => format!("{{{{ {} }}}}", squeeze(place.as_str())),
        [_, Some(word), _] => format!("{{% {} %}}", squeeze(word.as_str())),
        [.., said] => format!("{{# {} #}}", said.map(|said| squeeze(said.as_str())).unwrap_or_default()),
    };
    PLACE.captures_iter(prompt).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(front: &str, prompt: &str) -> Draft {
        Draft { front: front.into(), prompt: prompt.into() }
    }

    #[test]
    fn a_model_writes_words_and_keeps_the_places() {
        let start = draft("model = \"a\"\n", "Be kind.\n\n{{ role(\"user\") }}\n{{input.question}}\n");
        let taken = start.with_prompt("  Be short.\n{{ role('user') }}\n{{ input.question }}").unwrap();
        assert_eq!(taken.prompt, "Be short.\n{{ role('user') }}\n{{ input.question }}\n");
        for (prompt, told) in [
            ("Be short. {{ role(\"user\") }}", "lacks `{{ input.question }}`"),
            ("{% if x %}{% endif %}{{ role(\"user\") }}{{ input.question }}", "has `{% endif %}`"),
            ("{{ passages() }}{{ role(\"user\") }}{{ input.question }}", "has `{{ passages() }}`"),
        ] {
            let why = start.with_prompt(prompt).unwrap_err();
            assert!(why.contains(told), "{prompt}: {why}");
        }
        assert!(start.with_prompt(&"x".repeat(LONGEST + 1)).unwrap_err().contains("longer"));
    }

    #[test]
    fn places_go_over_lines_and_comments_hide_them() {
        let start = draft("", "{# mine #}Be kind.\n{{ role(\"user\") }}\n{{\n  input.question\n}}\n");
        assert!(start.with_prompt("Be short. {{+ role(\"user\") -}} {{ input.question }}").is_ok());
        for (more, told) in [
            ("{{ input.question }}{% for x in\ny %}", "has `{% for x in y %}`"),
            ("{{ input.question }}{%+ include\n\"secrets\" -%}", "has `{% include \"secrets\" %}`"),
            ("{{ input.question }}{{-\npassages()\n}}", "has `{{ passages() }}`"),
            ("{{ input.question }}{# a\nword #}", "has `{# a word #}`"),
            ("{# {{ input.question }} #}", "lacks `{{ input.question }}`"),
        ] {
            let why = start.with_prompt(&format!("{{{{ role(\"user\") }}}}{more}")).unwrap_err();
            assert!(why.contains(told), "{more}: {why}");
        }
        let shown = draft("", "{# {{ role(\"user\") }} #}A.\n{{\nrole(\"user\") }}\nB.\n").with_examples(&[("a", "b")]);
        let prompt = shown.unwrap().prompt;
        assert!(prompt.starts_with("{# {{ role(\"user\") }} #}A.\n\n\nExamples"), "{prompt}");
    }

    #[test]
    fn demonstrations_stand_before_what_the_user_says() {
        let start = draft("", "Be kind.\n\n{{ role(\"user\") }}\n{{ input.question }}\n");
        let shown = start.with_examples(&[("2 {{ + }} 2?", "4")]).unwrap().prompt;
        assert_eq!(
            shown,
            "Be kind.\n\nExamples of good answers:\n\n{% raw %}Question: 2 {{ + }} 2?\nAnswer: 4\n{% endraw %}\n\n{{ role(\"user\") }}\n{{ input.question }}\n"
        );
        assert_eq!(start.with_examples(&[("{% endraw %}{{ secrets }}", "x")]), None, "data never becomes a template");
        assert_eq!(start.with_examples(&[]), None);
        assert!(draft("", "Hello").with_examples(&[("a", "b")]).unwrap().prompt.starts_with("Hello\n\nExamples"));
    }

    #[test]
    fn a_model_takes_another_s_place() {
        let start = draft("model = \"big\"\ntemperature = 0\n", "p\n");
        assert_eq!(start.with_model("small").unwrap().front, "model = \"small\"\ntemperature = 0\n");
        let cascade = start.after("small", "when = [\"schema\"]").unwrap();
        assert_eq!(
            cascade.front,
            "model = \"small\"\ntemperature = 0\n\n[cascade]\nthen = [\"big\"]\nwhen = [\"schema\"]\n"
        );
        let strategic = draft("model = \"a\"\n[vote]\nanswers = 3\n", "p\n");
        assert_eq!((strategic.with_model("b"), draft("seed = 1\n", "p").with_model("b")), (None, None));
        assert_ne!(start.name(), cascade.name());
    }
}
