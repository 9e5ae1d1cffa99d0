//! What a model id asks the simulator to do: words joined by `+`.

use std::{ops::RangeInclusive, str::FromStr, time::Duration};

use surefoot_types::{Code, Fault};

/// Every word, and what it does.
pub const WORDS: [(&str, &str); 32] = [
    ("ok", "answers in about 300 bytes, made from the question and the seed"),
    ("echo", "repeats the last user message"),
    ("words-40", "answers in so many words"),
    ("json", "answers JSON that fits the requested schema, at its smallest"),
    ("tool", "calls the first tool on offer; once it has the result, answers"),
    ("calls-2", "calls so many of the tools on offer at once, each in its turn"),
    ("cite", "quotes the beginning of each passage in the prompt, with its mark"),
    ("cite-wrong", "cites with altered numbers, and a passage that does not exist"),
    ("think", "reasons before it answers"),
    ("wrong-schema", "JSON, or with `tool` a tool's arguments, that does not fit its schema"),
    ("bad-call", "calls the first tool with arguments that break off"),
    ("refuse", "declines"),
    ("filter", "stops half way, by the provider's filter of contents"),
    ("length", "stops half way, by the token limit"),
    ("no-usage", "tells no token counts"),
    ("first-2s", "waits before the first token"),
    ("gap-25ms", "waits between pieces"),
    ("fail-500", "answers this status, from 400 to 599"),
    ("retry-after-2s", "a failure says when to come back; alone it is a `fail-429`"),
    ("html-502", "answers a proxy's error page in HTML"),
    ("hang", "accepts the request and never answers"),
    ("close", "closes the connection without an answer"),
    ("cut-5", "drops the connection after so many pieces"),
    ("cut-event-3", "drops the connection after so many events of a stream, whatever they tell"),
    ("stall-5", "falls silent after so many pieces"),
    ("bad-json", "a malformed body, or one malformed chunk in a stream"),
    ("error-in-stream", "reports an error after the answer has begun"),
    ("error-200", "an error's body under the status 200"),
    ("empty", "an answer with nothing in it: no choice, no candidate, no words"),
    ("drip-1", "sends so many bytes at a time, whatever they cut through"),
    ("times-2", "misbehaves for the first so many equal requests only"),
    ("rate-0.3", "misbehaves with this probability only"),
];

/// Longest answer of `words-…`.
const MOST_WORDS: usize = 10_000;
/// Most calls of `calls-…`.
const MOST_CALLS: usize = 100;
/// Longest wait of any word.
const LONGEST: Duration = Duration::from_secs(3600);

/// What the simulator does with a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Behaviour {
    /// What it answers.
    pub say: Say,
    /// How many tools it calls at once, where it calls any.
    pub calls: usize,
    /// Whether it reasons first.
    pub think: bool,
    /// Whether JSON or arguments break their schema.
    pub wrong_schema: bool,
    /// Whether arguments break off.
    pub bad_call: bool,
    /// Whether the answer stops half way, by a filter of contents.
    pub filter: bool,
    /// Whether the answer stops half way, by the token limit.
    pub length: bool,
    /// Whether it tells token counts.
    pub usage: bool,
    /// The wait before the first token.
    pub first: Duration,
    /// The wait between two pieces.
    pub gap: Duration,
    /// What goes wrong.
    pub trouble: Option<Trouble>,
    /// How many bytes it sends at a time; `None`: as many as there are.
    pub drip: Option<usize>,
    /// When a failure tells the caller to come back.
    pub retry_after: Option<Duration>,
    /// When it misbehaves.
    pub when: When,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// Some sentences made from the question and the seed.
    Ok,
    /// The last user message.
    Echo,
    /// So many words.
    Words(usize),
    /// JSON that fits the requested schema.
    Json,
    /// A call of the first tool.
    Tool,
    /// A quote of each passage.
    Cite,
    /// Citations that do not hold.
    CiteWrong,
    /// No.
    Refuse,
    /// This text.
    Fixed(String),
}

/// What goes wrong on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// A status, 400 to 599.
    Fail(u16),
    /// A proxy's error page.
    Page,
    /// No answer, ever.
    Hang,
    /// The connection closes without an answer.
    Close,
    /// The connection drops after so many pieces.
    Cut(usize),
    /// The connection drops after so many events of a stream.
    CutEvent(usize),
    /// Silence after so many pieces.
    Stall(usize),
    /// JSON that cannot be parsed.
    BadJson,
    /// An error event after the answer has begun.
    ErrorInStream,
    /// An error's body under the status 200.
    ErrorInSuccess,
    /// An answer with nothing in it.
    Empty,
}

/// Which requests it misbehaves for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// All of them.
    Always,
    /// The first so many equal ones.
    Times(u64),
    /// This share of them, 0 to 1.
    Rate(f64),
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            say: Say::Ok,
            calls: 1,
            think: false,
            wrong_schema: false,
            bad_call: false,
            filter: false,
            length: false,
            usage: true,
            first: Duration::ZERO,
            gap: Duration::ZERO,
            trouble: None,
            drip: None,
            retry_after: None,
            when: When::Always,
        }
    }
}

impl Behaviour {
    /// Reads a model id.
    ///
    /// # Errors
    /// `not_found`, naming all words, for a word that there is not; `bad_request` for words that
    /// contradict each other.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut draft = Draft::default();
        for word in text.split('+') {
            let read = read(word).ok_or_else(|| unknown(word))?;
            if !draft.take(read) {
                return Err(Fault::bad_request("model", format!("In '{text}', '{word}' contradicts an earlier word."))
                    .hint("Ask for one answer, one failure and one wait of each kind."));
            }
        }
        Ok(draft.settle())
    }

    /// A behaviour that gives this answer and nothing else.
    pub fn fixed(answer: impl Into<String>) -> Self {
        Self { say: Say::Fixed(answer.into()), ..Self::default() }
    }

    /// Whether it treats equal requests differently, so that they have to be counted.
    pub fn counts(&self) -> bool {
        self.when != When::Always
    }

    /// The same without its misbehaviour.
    pub(super) fn calm(&self) -> Self {
        let say = match &self.say {
            Say::Refuse => Say::Ok,
            Say::CiteWrong => Say::Cite,
            other => other.clone(),
        };
        Self { say, wrong_schema: false, bad_call: false, filter: false, length: false, trouble: None, ..self.clone() }
    }

    fn misbehaves(&self) -> bool {
        self.trouble.is_some()
            || self.wrong_schema
            || self.bad_call
            || self.filter
            || self.length
            || matches!(self.say, Say::Refuse | Say::CiteWrong)
    }
}

/// One word.
#[derive(Debug, Clone)]
enum Word {
    Nothing,
    Say(Say),
    Calls(usize),
    Trouble(Trouble),
    Think,
    WrongSchema,
    BadCall,
    Filter,
    Length,
    Drip(usize),
    NoUsage,
    First(Duration),
    Gap(Duration),
    RetryAfter(Duration),
    When(When),
}

/// What has been asked for so far.
#[derive(Debug, Default)]
struct Draft {
    say: Option<Say>,
    calls: Option<usize>,
    trouble: Option<Trouble>,
    think: bool,
    wrong_schema: bool,
    bad_call: bool,
    filter: bool,
    length: bool,
    no_usage: bool,
    drip: Option<usize>,
    first: Option<Duration>,
    gap: Option<Duration>,
    retry_after: Option<Duration>,
    when: Option<When>,
}

impl Draft {
    /// Takes a word; false when its place is taken.
    fn take(&mut self, word: Word) -> bool {
        fn put<T>(slot: &mut Option<T>, value: T) -> bool {
            slot.replace(value).is_none()
        }
        fn set(said: &mut bool) -> bool {
            !std::mem::replace(said, true)
        }
        match word {
            Word::Nothing => true,
            Word::Say(say) => put(&mut self.say, say),
            Word::Calls(calls) => put(&mut self.calls, calls),
            Word::Trouble(trouble) => put(&mut self.trouble, trouble),
            Word::First(wait) => put(&mut self.first, wait),
            Word::Gap(wait) => put(&mut self.gap, wait),
            Word::RetryAfter(wait) => put(&mut self.retry_after, wait),
            Word::When(when) => put(&mut self.when, when),
            Word::Drip(bytes) => put(&mut self.drip, bytes),
            Word::Think => set(&mut self.think),
            Word::WrongSchema => set(&mut self.wrong_schema),
            Word::BadCall => set(&mut self.bad_call),
            Word::Filter => set(&mut self.filter),
            Word::Length => set(&mut self.length),
            Word::NoUsage => set(&mut self.no_usage),
        }
    }

    fn settle(self) -> Behaviour {
        let otherwise = match (self.bad_call || self.calls.is_some(), self.wrong_schema) {
            (true, _) => Say::Tool,
            (false, true) => Say::Json,
            (false, false) => Say::Ok,
        };
        let mut behaviour = Behaviour {
            say: self.say.unwrap_or(otherwise),
            calls: self.calls.unwrap_or(1),
            think: self.think,
            wrong_schema: self.wrong_schema,
            bad_call: self.bad_call,
            filter: self.filter,
            length: self.length,
            usage: !self.no_usage,
            first: self.first.unwrap_or_default(),
            gap: self.gap.unwrap_or_default(),
            trouble: self.trouble,
            drip: self.drip,
            retry_after: self.retry_after,
            when: self.when.unwrap_or(When::Always),
        };
        // `retry-after-2s` and `rate-0.3` mean something by themselves.
        if behaviour.trouble.is_none() && behaviour.retry_after.is_some() {
            behaviour.trouble = Some(Trouble::Fail(429));
        }
        if behaviour.counts() && !behaviour.misbehaves() {
            behaviour.trouble = Some(Trouble::Fail(500));
        }
        behaviour
    }
}

fn read(word: &str) -> Option<Word> {
    Some(match word {
        "ok" => Word::Nothing,
        "echo" => Word::Say(Say::Echo),
        "json" => Word::Say(Say::Json),
        "tool" => Word::Say(Say::Tool),
        "cite" => Word::Say(Say::Cite),
        "cite-wrong" => Word::Say(Say::CiteWrong),
        "refuse" => Word::Say(Say::Refuse),
        "think" => Word::Think,
        "wrong-schema" => Word::WrongSchema,
        "bad-call" => Word::BadCall,
        "filter" => Word::Filter,
        "length" => Word::Length,
        "no-usage" => Word::NoUsage,
        "html-502" => Word::Trouble(Trouble::Page),
        "hang" => Word::Trouble(Trouble::Hang),
        "close" => Word::Trouble(Trouble::Close),
        "bad-json" => Word::Trouble(Trouble::BadJson),
        "error-in-stream" => Word::Trouble(Trouble::ErrorInStream),
        "error-200" => Word::Trouble(Trouble::ErrorInSuccess),
        "empty" => Word::Trouble(Trouble::Empty),
        _ => return read_numbered(word),
    })
}

fn read_numbered(word: &str) -> Option<Word> {
    let (name, number) = word.rsplit_once('-')?;
    Some(match name {
        "words" => Word::Say(Say::Words(within(number, 1..=MOST_WORDS)?)),
        "calls" => Word::Calls(within(number, 1..=MOST_CALLS)?),
        "first" => Word::First(wait(number)?),
        "gap" => Word::Gap(wait(number)?),
        "retry-after" => Word::RetryAfter(wait(number)?),
        "fail" => Word::Trouble(Trouble::Fail(within(number, 400..=599)?)),
        "cut" => Word::Trouble(Trouble::Cut(within(number, 0..=MOST_WORDS)?)),
        "cut-event" => Word::Trouble(Trouble::CutEvent(within(number, 0..=MOST_WORDS)?)),
        "drip" => Word::Drip(within(number, 1..=MOST_WORDS)?),
        "stall" => Word::Trouble(Trouble::Stall(within(number, 0..=MOST_WORDS)?)),
        "times" => Word::When(When::Times(within(number, 0..=u64::MAX)?)),
        "rate" => Word::When(When::Rate(within(number, 0.0..=1.0)?)),
        _ => return None,
    })
}

fn within<N: FromStr + PartialOrd>(text: &str, range: RangeInclusive<N>) -> Option<N> {
    text.parse().ok().filter(|number| range.contains(number))
}

/// `25ms`, `2s`, `1.5s`.
fn wait(text: &str) -> Option<Duration> {
    let wait = match text.strip_suffix("ms") {
        Some(millis) => Duration::from_millis(millis.parse().ok()?),
        None => Duration::try_from_secs_f64(text.strip_suffix('s')?.parse().ok()?).ok()?,
    };
    (wait <= LONGEST).then_some(wait)
}

fn unknown(word: &str) -> Fault {
    let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
    Fault::new(Code::NotFound, format!("The simulator does not know the word '{word}'."))
        .hint(format!("A model of the simulator is made of these, joined by '+': {}.", words.join(", ")))
}
