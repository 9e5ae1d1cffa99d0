//! Curated cases as files to tune models by: questions with the answer that they should have had, or with the one
//! that is preferred beside the one that is not.

use serde_json::{Value, json};
use surefoot_types::conversation::Message;

use super::{Case, CaseInput, Dataset, dataset::role_name, harvest::Scrub};

/// What a file for tuning has on each line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A conversation that ends with the good answer: OpenAI's chat format, which most others take too.
    Openai,
    /// A question with a preferred and a non-preferred answer: OpenAI's format for direct preference optimisation.
    Preference,
}

/// The lines, and the cases that say too little for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuning {
    /// JSONL.
    pub lines: String,
    /// Lines in it.
    pub cases: usize,
    /// Ids of the cases that were left out.
    pub left_out: Vec<String>,
}

/// The cases of a dataset as `form` has them. The good answer is `expect` where it is a text, which is what a
/// correction becomes, otherwise an `output` that people passed (`human`); the other one is an `output` that differs
/// from `expect` and that people did not pass. `system` is said before each question.
pub fn tuning(dataset: &Dataset, form: Form, system: Option<&str>, scrub: &dyn Scrub) -> Tuning {
    let mut told = Tuning { lines: String::new(), cases: 0, left_out: Vec::new() };
    for case in dataset.cases() {
        match line(case, form, system, scrub) {
            Some(line) => {
                told.lines += &(line.to_string() + "\n");
                told.cases += 1;
            }
            None => told.left_out.push(case.id.clone()),
        }
    }
    told
}

fn line(case: &Case, form: Form, system: Option<&str>, scrub: &dyn Scrub) -> Option<Value> {
    let text = |field: &str| case.expect.get(field).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let passed = text("human") == Some("pass");
    let said = |role: &str, text: &str| json!({ "role": role, "content": scrub.scrub(text) });
    let mut messages: Vec<Value> =
        system.map(|system| json!({ "role": "system", "content": system })).into_iter().collect();
    messages.extend(match &case.input {
        CaseInput::Messages(all) => all.iter().map(|one: &Message| said(role_name(one.role), &one.words())).collect(),
        asked => vec![said("user", &asked.to_string())],
    });
    let good = text("expect").or_else(|| text("output").filter(|_| passed))?;
    match form {
        Form::Openai => {
            messages.push(said("assistant", good));
            Some(json!({ "messages": messages }))
        }
        Form::Preference => {
            let bad = text("output").filter(|output| !passed && *output != good)?;
            Some(json!({
                "input": { "messages": messages, "tools": [], "parallel_tool_calls": true },
                "preferred_output": [said("assistant", good)],
                "non_preferred_output": [said("assistant", bad)],
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stars;

    impl Scrub for Stars {
        fn scrub(&self, text: &str) -> String {
            text.replace("Jane", "*")
        }
    }

    fn dataset() -> Dataset {
        let lines = [
            json!({"id": "corrected", "input": "Is Jane in?", "expect": "Yes, Jane is.", "output": "No.", "human": "fail"}),
            json!({"id": "passed", "input": "And Jim?", "output": "He is.", "human": "pass"}),
            json!({"id": "talk", "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Open?"}], "expect": "Yes.", "output": "Yes."}),
            json!({"id": "unsaid", "input": "Why?", "output": "Because.", "human": "fail"}),
        ];
        let text: String = lines.iter().map(|line| line.to_string() + "\n").collect();
        Dataset::parse("d.jsonl", text.as_bytes()).unwrap()
    }

    fn values(told: &Tuning) -> Vec<Value> {
        told.lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_conversation_ends_with_the_good_answer() {
        let told = tuning(&dataset(), Form::Openai, Some("Be kind."), &Stars);
        assert_eq!((told.cases, &told.left_out[..]), (3, &["unsaid".to_owned()][..]));
        let lines = values(&told);
        assert_eq!(
            lines[0]["messages"],
            json!([
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Is * in?"},
                {"role": "assistant", "content": "Yes, * is."},
            ])
        );
        assert_eq!(lines[1]["messages"][2]["content"], "He is.");
        assert_eq!(lines[2]["messages"].as_array().unwrap().len(), 5);
    }

    #[test]
    fn a_preference_needs_two_answers() {
        let told = tuning(&dataset(), Form::Preference, None, &Stars);
        assert_eq!(told.left_out, ["passed", "talk", "unsaid"]);
        let line = &values(&told)[0];
        assert_eq!(line["preferred_output"], json!([{"role": "assistant", "content": "Yes, * is."}]));
        assert_eq!(line["non_preferred_output"][0]["content"], "No.");
        assert_eq!(line["input"]["messages"][0]["content"], "Is * in?");
    }
}
