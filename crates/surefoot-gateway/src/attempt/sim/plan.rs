//! What is to happen to a request, decided before anything happens.

use std::time::Duration;

use surefoot_types::{
    Code, Fault, Retry, Usage,
    conversation::{ChatRequest, Dialect, Event, Finish, Logprob, Message, Parameters, Part, TopLogprob},
};

use super::{
    behaviour::{Behaviour, Trouble, When},
    draw::Draw,
    failure::Failure,
    say::{self, Said, Shape},
};

/// After how many pieces the one malformed chunk of a stream comes.
const PIECES_BEFORE_BAD_JSON: usize = 2;
/// After how many pieces the error inside a stream comes.
const PIECES_BEFORE_ERROR: usize = 3;
/// Most words that are told to have been likely in a word's place.
const MOST_LIKELY: u64 = 20;
/// Most characters in a piece, for text without spaces to cut at.
const PIECE: usize = 16;

/// A request to the simulator.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The model that the answer names.
    pub model: &'a str,
    /// The request.
    pub request: &'a ChatRequest,
    /// The simulator's seed.
    pub seed: u64,
    /// How many equal requests came before.
    pub nth: u64,
}

/// What is to happen, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// How many bytes go out at a time; `None`: as many as there are.
    pub drip: Option<usize>,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Nothing, for so long.
    Wait(Duration),
    /// A step of the answer.
    Event(Event),
    /// A status instead of an answer. Only before the first event.
    Fail(Failure),
    /// An error's body under a status of success. Only before the first event.
    Mislabelled(Failure),
    /// An answer with nothing in it. Only before the first event.
    Empty,
    /// A malformed chunk, or a body that cannot be parsed.
    BadJson,
    /// The connection drops.
    Cut,
    /// Silence for ever.
    Stall,
}

impl Step {
    fn is_last(&self) -> bool {
        !matches!(self, Self::Wait(_) | Self::BadJson)
    }
}

/// Decides what happens to a request: nothing but its arguments has a say in it.
pub fn decide(behaviour: &Behaviour, asked: &Asked<'_>) -> Plan {
    let question = asked.request.question();
    let draw = Draw::new(asked.seed, &question);
    let misbehaves = match behaviour.when {
        When::Always => true,
        When::Times(times) => asked.nth < times,
        When::Rate(rate) => draw.fork(asked.nth).unit() < rate,
    };
    let calm;
    let behaviour = if misbehaves {
        behaviour
    } else {
        calm = behaviour.calm();
        &calm
    };
    let mut steps = Vec::with_capacity(8);
    wait(&mut steps, behaviour.first);
    match opening(behaviour) {
        Some(step) => steps.push(step),
        None => speak(&mut steps, behaviour, asked, &question, draw),
    }
    Plan { steps, drip: behaviour.drip }
}

/// What happens instead of an answer.
fn opening(behaviour: &Behaviour) -> Option<Step> {
    let fail = |status, message: String, page| {
        Step::Fail(Failure { status, message, retry_after: behaviour.retry_after, page })
    };
    match behaviour.trouble? {
        Trouble::Fail(429) => Some(fail(429, "Simulated: too many requests.".into(), false)),
        Trouble::Fail(status) => Some(fail(status, format!("Simulated failure with status {status}."), false)),
        Trouble::Page => Some(fail(502, "502 Bad Gateway".into(), true)),
        Trouble::Hang => Some(Step::Stall),
        Trouble::Close => Some(Step::Cut),
        Trouble::ErrorInSuccess => Some(Step::Mislabelled(Failure::new(500, "Simulated error under status 200."))),
        Trouble::Empty => Some(Step::Empty),
        Trouble::Cut(_) | Trouble::CutEvent(_) | Trouble::Stall(_) | Trouble::BadJson | Trouble::ErrorInStream => None,
    }
}

/// What happens in the middle of an answer, and after how many pieces.
fn breach(behaviour: &Behaviour, streamed: bool) -> Option<(usize, Step)> {
    match behaviour.trouble? {
        // A whole answer has one event, in whose middle it drops.
        Trouble::CutEvent(_) if !streamed => Some((usize::MAX, Step::Cut)),
        Trouble::Cut(pieces) => Some((pieces, Step::Cut)),
        Trouble::Stall(pieces) => Some((pieces, Step::Stall)),
        Trouble::BadJson => Some((PIECES_BEFORE_BAD_JSON, Step::BadJson)),
        Trouble::ErrorInStream => {
            let fault = Fault::new(Code::Upstream, "Simulated error in the stream.").retry(Retry::Later(None));
            Some((PIECES_BEFORE_ERROR, Step::Event(Event::Fault { fault })))
        }
        Trouble::CutEvent(_)
        | Trouble::Fail(_)
        | Trouble::Page
        | Trouble::Hang
        | Trouble::Close
        | Trouble::ErrorInSuccess
        | Trouble::Empty => None,
    }
}

/// What an answer used, as it tells it.
fn used(behaviour: &Behaviour, request: &ChatRequest, thought: &str, said: &Said) -> Option<Usage> {
    let reasoning = Usage::estimate(thought);
    behaviour.usage.then(|| Usage {
        input: request.messages.iter().map(tokens).sum(),
        output: Usage::estimate(&said.text) + reasoning,
        reasoning,
        ..Usage::default()
    })
}

/// Reasoning, signed where the dialect signs it.
fn think(steps: &mut Vec<Step>, thought: &str, dialect: Dialect) {
    steps.push(Step::Event(Event::Thinking { text: thought.into() }));
    if matches!(dialect, Dialect::Anthropic | Dialect::Gemini | Dialect::Bedrock) {
        // Base64, as those that sign it give it.
        let signature = "c2ltdWxhdGVk".to_owned();
        steps.push(Step::Event(Event::ThinkingSignature { signature, by: dialect }));
    }
}

/// Drops the connection after so many events.
fn cut_after(steps: &mut Vec<Step>, events: usize) {
    let mut told = steps.iter().enumerate().filter(|(_, step)| matches!(step, Step::Event(_)));
    if let Some((at, _)) = told.nth(events) {
        steps.truncate(at);
        steps.push(Step::Cut);
    }
}

fn speak(steps: &mut Vec<Step>, behaviour: &Behaviour, asked: &Asked<'_>, question: &str, mut draw: Draw) {
    let id = draw.fork(0).next();
    let mut said = say::say(behaviour, asked, question, &mut draw);
    if behaviour.length {
        halve(&mut said, Finish::Length);
    } else if behaviour.filter {
        halve(&mut said, Finish::Refusal);
    }
    // As real ones do, it says and bills no more tokens than the request allows.
    let most = asked.request.parameters.max_tokens.unwrap_or(u64::MAX);
    let thought = if behaviour.think { Usage::beginning(say::THOUGHT, most) } else { "" };
    said.cut(most - Usage::estimate(thought));
    let (dialect, all) = (asked.request.dialect, used(behaviour, asked.request, thought, &said));
    // Anthropic tells the prompt's tokens first; other dialects have no place for them there.
    let begins = all.filter(|_| dialect == Dialect::Anthropic);
    let begins = begins.map(|usage| Usage { output: 0, reasoning: 0, ..usage });
    steps.push(Step::Event(Event::Start { id: format!("sim-{id:016x}"), model: asked.model.into(), usage: begins }));
    if !thought.is_empty() {
        think(steps, thought, dialect);
    }
    if let Shape::Call { id, name } = &said.shape {
        steps.push(Step::Event(Event::ToolCall { index: 0, id: id.clone(), name: name.clone() }));
    }
    let (finish, calls) = (said.finish.clone(), std::mem::take(&mut said.calls));
    let breach = breach(behaviour, asked.request.stream);
    let from = steps.len();
    let goes_on = if asked.request.stream {
        in_pieces(steps, &said, behaviour.gap, breach)
    } else {
        at_once(steps, said, behaviour.gap, breach)
    };
    likelihoods(steps, from, &asked.request.parameters);
    if goes_on {
        for (index, call) in (1..).zip(calls) {
            steps.push(Step::Event(Event::ToolCall { index, id: call.id, name: call.name }));
            steps.push(Step::Event(Event::ToolArguments { index, arguments: call.arguments }));
        }
        steps.push(Step::Event(Event::Finish { finish }));
        steps.extend(all.map(|usage| Step::Event(Event::Usage { usage })));
        steps.push(Step::Event(Event::End));
    }
    if let (Some(Trouble::CutEvent(events)), true) = (behaviour.trouble, asked.request.stream) {
        cut_after(steps, events);
    }
}

/// The answer piece by piece; false when it ends in its middle.
fn in_pieces(steps: &mut Vec<Step>, said: &Said, gap: Duration, mut breach: Option<(usize, Step)>) -> bool {
    let pieces = pieces(&said.text);
    for at in 0..=pieces.len() {
        let due = |(after, _): &mut (usize, Step)| *after == at || at == pieces.len();
        if let Some((_, step)) = breach.take_if(due) {
            let last = step.is_last();
            steps.push(step);
            if last {
                return false;
            }
        }
        let Some(piece) = pieces.get(at) else { break };
        if at > 0 {
            wait(steps, gap);
        }
        steps.push(Step::Event(said.shape.event((*piece).to_owned())));
    }
    true
}

/// The whole answer, in the time that its pieces would have taken; false when it ends in its middle.
fn at_once(steps: &mut Vec<Step>, mut said: Said, gap: Duration, breach: Option<(usize, Step)>) -> bool {
    let last = breach.as_ref().filter(|(_, step)| step.is_last()).map(|(after, _)| *after);
    if last.is_some() || !gap.is_zero() {
        let pieces = pieces(&said.text);
        let spoken = last.map_or(pieces.len(), |after| after.min(pieces.len()));
        let bytes = pieces[..spoken].iter().map(|piece| piece.len()).sum();
        wait(steps, gap.saturating_mul(u32::try_from(spoken.saturating_sub(1)).unwrap_or(u32::MAX)));
        said.text.truncate(bytes);
    }
    steps.push(Step::Event(said.shape.event(said.text)));
    steps.extend(breach.map(|(_, step)| step));
    last.is_none()
}

/// Tells of each text from this step on how likely its words were, where that is asked for.
fn likelihoods(steps: &mut Vec<Step>, from: usize, wanted: &Parameters) {
    if wanted.logprobs != Some(true) {
        return;
    }
    for step in steps.split_off(from) {
        let tokens = match &step {
            Step::Event(Event::Text { text }) => {
                pieces(text).into_iter().map(|word| likelihood(word, wanted)).collect()
            }
            _ => Vec::new(),
        };
        steps.push(step);
        if !tokens.is_empty() {
            steps.push(Step::Event(Event::Logprobs { tokens }));
        }
    }
}

/// The longer a word the less likely, and each that might have stood in its place less still.
fn likelihood(word: &str, wanted: &Parameters) -> Logprob {
    let logprob = -0.0625 * word.len() as f64;
    let top = (0..wanted.top_logprobs.unwrap_or(0).min(MOST_LIKELY)).map(|nth| TopLogprob {
        token: if nth == 0 { word.to_owned() } else { format!("{word}{nth}") },
        logprob: logprob - nth as f64,
    });
    Logprob { token: word.to_owned(), logprob, top: top.collect() }
}

fn wait(steps: &mut Vec<Step>, wait: Duration) {
    if !wait.is_zero() {
        steps.push(Step::Wait(wait));
    }
}

/// Words with the space behind them; a text without spaces in short runs. Joined they are the text.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for mut word in text.split_inclusive(' ') {
        while let Some((at, _)) = word.char_indices().nth(PIECE) {
            let (head, rest) = word.split_at(at);
            pieces.push(head);
            word = rest;
        }
        pieces.push(word);
    }
    pieces
}

fn halve(said: &mut Said, finish: Finish) {
    let pieces = pieces(&said.text);
    let bytes = pieces[..pieces.len().div_ceil(2)].iter().map(|piece| piece.len()).sum();
    said.text.truncate(bytes);
    said.finish = finish;
}

/// About how many tokens a message has.
fn tokens(message: &Message) -> u64 {
    fn of(parts: &[Part]) -> u64 {
        parts
            .iter()
            .map(|part| match part {
                Part::Text { text } | Part::Refusal { text } | Part::Thinking { text, .. } => Usage::estimate(text),
                Part::ToolCall { name, arguments, .. } => Usage::estimate(name) + Usage::estimate(arguments),
                Part::ToolResult { content, .. } => of(content),
                Part::Image { .. } | Part::File { .. } | Part::Other { .. } => 0,
            })
            .sum()
    }
    of(&message.parts)
}
