//! Examples in a prompt: answers that were good, to questions like the one that is asked. Chosen from a snapshot that is
//! made beside the path.

use std::{collections::BTreeMap, sync::Arc};

use surefoot_types::ids::TraceId;

use crate::{attempt::Upstream, likeness::cosine, project::Function};

/// Of two examples that are alike, the second tells little more: so much of its likeness to those before it is taken off.
const SAME_AGAIN: f64 = 0.5;
/// Least likeness to the question: what is less like it shows nothing.
const LEAST: f64 = 0.2;
/// From this likeness on it is the same question, whose answer would be given away.
const SAME: f64 = 0.995;

/// A good answer, with what was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Where it is from.
    pub trace_id: TraceId,
    /// Whose it is: others are not shown it.
    pub tenant: Option<String>,
    /// What was asked, without personal data.
    pub question: String,
    /// The answer, or what it should have been; without personal data.
    pub answer: String,
    /// The question's vector, of `local/static`.
    pub vector: Vec<f32>,
}

/// Good answers by function.
pub type Shelves = BTreeMap<String, Arc<Vec<Example>>>;

/// The examples for a question, as a prompt shows them; empty where there are none like it.
pub(crate) async fn block(
    upstream: &Upstream,
    shelves: &Shelves,
    function: &Function,
    tenant: Option<&str>,
    question: &str,
) -> String {
    let Some(rules) = &function.examples else { return String::new() };
    let Some(shelf) = shelves.get(&function.name).filter(|shelf| !shelf.is_empty()) else { return String::new() };
    let Some(embedder) = upstream.resident("local") else { return String::new() };
    let embedded = embedder.embed("static", std::slice::from_ref(&question.to_owned())).await;
    let Some(vector) = embedded.ok().and_then(|mut embedded| embedded.vectors.pop()) else { return String::new() };
    let own = shelf.iter().filter(|example| example.tenant.as_deref() == tenant);
    shown(&chosen(own, question, &vector, rules.count))
}

/// The most alike first, less so where one before it is alike too.
fn chosen<'a>(
    all: impl Iterator<Item = &'a Example>,
    question: &str,
    vector: &[f32],
    count: usize,
) -> Vec<&'a Example> {
    let scored = all.map(|example| (cosine(&example.vector, vector), example));
    let fits = |(score, example): &(f64, &Example)| {
        (LEAST..SAME).contains(score) && example.question.trim() != question.trim()
    };
    let mut left: Vec<(f64, &Example)> = scored.filter(fits).collect();
    let mut taken: Vec<&Example> = Vec::new();
    while taken.len() < count {
        let worth = |(score, example): &(f64, &Example)| {
            let again = taken.iter().map(|other| cosine(&other.vector, &example.vector)).fold(0.0, f64::max);
            score - SAME_AGAIN * again
        };
        let Some((at, _)) = left.iter().map(worth).enumerate().max_by(|one, other| one.1.total_cmp(&other.1)) else {
            break;
        };
        taken.push(left.swap_remove(at).1);
    }
    taken
}

/// As a prompt shows them.
fn shown(examples: &[&Example]) -> String {
    let one = |(at, example): (usize, &&Example)| {
        format!("Example {}\nQuestion: {}\nAnswer: {}", at + 1, example.question.trim(), example.answer.trim())
    };
    examples.iter().enumerate().map(one).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(n: u128, question: &str, vector: [f32; 3]) -> Example {
        Example {
            trace_id: TraceId::from_bits(n),
            tenant: None,
            question: question.into(),
            answer: format!("answer {n}"),
            vector: vector.to_vec(),
        }
    }

    #[test]
    fn the_most_alike_and_not_twice_the_same() {
        let all = [
            example(1, "near", [0.9, 0.3, 0.0]),
            example(2, "nearly the same as near", [0.9, 0.31, 0.0]),
            example(3, "near too, elsewhere", [0.8, 0.0, 0.5]),
            example(4, "far", [0.0, 0.0, 1.0]),
            example(5, "the question", [0.9, 0.1, 0.1]),
            example(6, "other words for it", [1.0, 0.0, 0.001]),
        ];
        let ids = |count| {
            let found = chosen(all.iter(), " the question", &[1.0, 0.0, 0.0], count);
            found.iter().map(|one| one.trace_id.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(ids(1), [1]);
        assert_eq!(ids(2), [1, 3], "the second tells something else");
        assert_eq!(ids(9), [1, 3, 2], "neither what is far, nor the question itself");
        assert_eq!(shown(&[&all[0]]), "Example 1\nQuestion: near\nAnswer: answer 1");
    }
}
