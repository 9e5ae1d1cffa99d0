//! The most that a request can cost: an upper bound, never an estimate.

use jiff::Timestamp;
use serde_json::Value;
use surefoot_types::{
    Money, Price, Usage,
    conversation::{ChatRequest, Message, Part},
    usage::Tier,
};

use crate::project::{Model, Project};

/// Tokens around a message: its role and its borders, generously.
const AROUND_MESSAGE: u64 = 16;
/// Tokens that a provider adds to any request, and to one with tools: Anthropic's own instructions for tools are
/// some hundred.
const AROUND_REQUEST: u64 = 64;
const AROUND_TOOLS: u64 = 1_024;
/// No provider counts a picture for more: OpenAI's dearest are 48,169 tokens (gpt-4o-mini, eight tiles).
const IMAGE: u64 = 50_000;

/// What bounds the cost of a request.
#[derive(Debug, Clone)]
pub(crate) struct Worst {
    prices: Vec<Price>,
    prompt: u64,
    /// How many answers are asked for.
    answers: u64,
}

impl Worst {
    /// The bound for a conversation. Every target that may answer is reckoned with, since only the dearest is safe.
    pub(crate) fn of_chat(project: &Project, model: &Model, request: &ChatRequest, now: Timestamp) -> Self {
        let answers = request.parameters.n.unwrap_or(1);
        Self { prices: prices(project, model, now), prompt: prompt_tokens(request), answers }
    }

    /// The bound for texts that are embedded.
    pub(crate) fn of_texts(project: &Project, model: &Model, texts: &[String], now: Timestamp) -> Self {
        let prompt = texts.iter().map(|text| text.len() as u64 + AROUND_MESSAGE).sum();
        Self { prices: prices(project, model, now), prompt, answers: 0 }
    }

    /// The most that it can cost with answers of at most `output` tokens.
    pub(crate) fn cost(&self, output: u64) -> Money {
        let output = output.saturating_mul(self.answers);
        self.prices.iter().map(|price| dearest(price, self.prompt, output)).max().unwrap_or_default()
    }

    /// The longest answers, of at most `most` tokens each, that `room` pays for.
    pub(crate) fn output_for(&self, room: Money, most: u64) -> u64 {
        let (mut fits, mut too_long) = (0, most.saturating_add(1));
        while too_long - fits > 1 {
            let middle = fits + (too_long - fits) / 2;
            if self.cost(middle) <= room { fits = middle } else { too_long = middle }
        }
        fits
    }
}

fn prices(project: &Project, model: &Model, now: Timestamp) -> Vec<Price> {
    model.targets.iter().filter_map(|target| project.prices.get(&target.name(), now)).cloned().collect()
}

/// The cost if every token were of the dearest kind, at the dearest tier.
fn dearest(price: &Price, prompt: u64, output: u64) -> Money {
    let tiers = price.tiers.keys().map(|tier| Tier::named(tier)).chain([None]);
    // Rates for long prompts may be lower than those below them: a prompt may be as long as either allows.
    let prompts = price.above.iter().map(|above| above.tokens.min(prompt)).chain([prompt]);
    let inputs = prompts.flat_map(|tokens| {
        [
            Usage { input: tokens, ..Usage::default() },
            Usage { cache_read: tokens, ..Usage::default() },
            Usage { cache_write: tokens, ..Usage::default() },
            Usage { cache_write_hour: tokens, ..Usage::default() },
            Usage { audio_input: tokens, ..Usage::default() },
        ]
    });
    let usages = inputs.flat_map(|usage| [Usage { output, ..usage }, Usage { audio_output: output, ..usage }]);
    let usages: Vec<Usage> = usages.collect();
    let costs = tiers.flat_map(|tier| usages.iter().map(move |usage| price.cost(&Usage { tier, ..*usage })));
    costs.max().unwrap_or_default()
}

/// A token stands for at least one byte, so that the bytes of what is sent bound the tokens of its text.
fn prompt_tokens(request: &ChatRequest) -> u64 {
    let messages: u64 = request.messages.iter().map(message_tokens).sum();
    let tools: u64 = request
        .tools
        .iter()
        .map(|tool| {
            let described = tool.name.len() + tool.description.as_ref().map_or(0, String::len);
            described as u64 + bytes(&tool.schema) + members(&tool.extra) + AROUND_MESSAGE
        })
        .sum();
    let around = if request.tools.is_empty() { AROUND_REQUEST } else { AROUND_REQUEST + AROUND_TOOLS };
    let format = request.response_format.as_ref().and_then(|format| serde_json::to_value(format).ok());
    messages + tools + around + format.as_ref().map_or(0, bytes) + members(&request.extra)
}

fn message_tokens(message: &Message) -> u64 {
    message.parts.iter().map(part_tokens).sum::<u64>() + members(&message.extra) + AROUND_MESSAGE
}

fn part_tokens(part: &Part) -> u64 {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    match part {
        Part::Text { text } | Part::Refusal { text } => text.len() as u64,
        Part::Thinking { text, signature, redacted, .. } => (text.len() + length(signature) + length(redacted)) as u64,
        Part::ToolCall { id, name, arguments } => (id.len() + name.len() + arguments.len()) as u64 + AROUND_MESSAGE,
        Part::ToolResult { id, content, .. } => {
            content.iter().map(part_tokens).sum::<u64>() + id.len() as u64 + AROUND_MESSAGE
        }
        Part::Image { .. } => IMAGE,
        // A file or sound: as bytes, and as a picture besides.
        Part::File { url, .. } => url.len() as u64 + IMAGE,
        Part::Other { value, .. } => bytes(value) + IMAGE,
    }
}

fn members(map: &serde_json::Map<String, Value>) -> u64 {
    map.iter().map(|(name, value)| name.len() as u64 + bytes(value)).sum()
}

fn bytes(value: &Value) -> u64 {
    value.to_string().len() as u64
}

#[cfg(test)]
mod tests {
    use surefoot_types::{
        conversation::{Role, Tool},
        price::{Above, Rates},
    };

    use super::*;

    fn dollars(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn worst(price: Price, request: &ChatRequest) -> Worst {
        Worst { prices: vec![price], prompt: prompt_tokens(request), answers: 1 }
    }

    #[test]
    fn every_byte_may_be_a_token_and_every_token_of_the_dearest_kind() {
        let rates = Rates {
            input: dollars("1"),
            output: dollars("10"),
            cache_read: Some(dollars("0.10")),
            cache_write_hour: Some(dollars("2")),
            audio_output: Some(dollars("20")),
            ..Rates::default()
        };
        let request = ChatRequest::ask("m", "x".repeat(1_000));
        let prompt = 1_000 + AROUND_MESSAGE + AROUND_REQUEST;
        let nanos = |tokens: u64, millionth: u64| i64::try_from(tokens * millionth).unwrap();
        let bound = worst(Price::of(rates), &request).cost(100).as_nanos();
        assert_eq!(bound, nanos(prompt, 2_000) + nanos(100, 20_000));
        let tiered = Price { tiers: [("priority".into(), 175), ("batch".into(), 50)].into(), ..Price::of(rates) };
        assert_eq!(worst(tiered, &request).cost(100).as_nanos(), bound * 175 / 100);
        // A long prompt is not cheaper than a short one may be.
        let above = Above { tokens: 500, rates: Rates { input: dollars("0.10"), ..Rates::default() } };
        let falling = Price { above: vec![above], ..Price::of(Rates { input: dollars("1"), ..Rates::default() }) };
        assert_eq!(worst(falling, &request).cost(0).as_nanos(), nanos(500, 1_000));
    }

    #[test]
    fn nothing_that_is_sent_is_left_out() {
        let bare = prompt_tokens(&ChatRequest::ask("m", "hi"));
        let more = |change: &dyn Fn(&mut ChatRequest)| {
            let mut request = ChatRequest::ask("m", "hi");
            change(&mut request);
            prompt_tokens(&request) - bare
        };
        let image = Part::Image { url: "https://example.com/a.png".into(), detail: None };
        assert_eq!(more(&|request| request.messages[0].parts.push(image.clone())), IMAGE);
        assert_eq!(more(&|request| request.messages.push(Message::text(Role::User, "four"))), 4 + AROUND_MESSAGE);
        let tool = || Tool {
            name: "search".into(),
            description: Some("Searches.".into()),
            schema: serde_json::json!({"type": "object"}),
            strict: None,
            extra: serde_json::Map::new(),
        };
        assert!(more(&|request| request.tools.push(tool())) > AROUND_TOOLS + 30);
        assert_eq!(more(&|request| drop(request.extra.insert("prediction".into(), "abc".into()))), 15);
    }

    #[test]
    fn how_long_an_answer_may_be_for_what_is_left() {
        let price = Price::of(Rates { output: dollars("10"), ..Rates::default() });
        let mut worst = worst(price, &ChatRequest::ask("m", "hi"));
        assert_eq!(worst.output_for(Money::nanos(1_000_000), 4_096), 100);
        assert_eq!(worst.output_for(Money::nanos(1_000_000_000), 4_096), 4_096);
        assert_eq!(worst.output_for(Money::ZERO, 4_096), 0);
        worst.answers = 4;
        assert_eq!(worst.output_for(Money::nanos(1_000_000), 4_096), 25);
    }
}
