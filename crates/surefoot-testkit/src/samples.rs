//! Things to store.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::json;
use surefoot_types::{
    Citation, Money, Range, Support, Timestamp, Usage,
    audit::AuditDraft,
    budget::{AccountId, Charge, Per, Rates},
    conversation::{Finish, Message, Part, Role},
    document::{Document, Passage, Vectors},
    feedback::{Feedback, FeedbackValue},
    ids::{AttemptId, DocumentId, FeedbackId, KeyId, ResponseId, RunId, TraceId},
    key::{Key, KeySecret, Scope},
    ports::Record,
    replica::Replica,
    response::Response,
    run::{CaseResult, Grade, Rate, Run, Verdict},
    trace::{Attempt, Outcome, Span, Trace},
};

/// The moment of sample number `n`.
pub fn moment(n: u64) -> Timestamp {
    Timestamp::from_second(1_767_268_800).unwrap_or(Timestamp::UNIX_EPOCH) + Duration::from_secs(n)
}

fn bits(n: u64) -> u128 {
    let millis = u128::try_from(moment(n).as_millisecond()).unwrap_or(0);
    (millis << 80) | u128::from(n)
}

/// The id of trace number `n`; ids sort by number.
pub fn trace_id(n: u64) -> TraceId {
    TraceId::from_bits(bits(n))
}

/// Trace number `n`, answered, at a cost of 1,000 nano-dollars.
pub fn trace(n: u64) -> Trace {
    let mut trace = Trace::begun(trace_id(n), moment(n), "openai_chat", "answer");
    trace.outcome = Outcome::Answered;
    trace.function = Some("answer".into());
    trace.question = format!("What is the answer to question {n}?");
    trace.prompt = vec![Message::text(Role::User, trace.question.clone())];
    trace.answer = vec![Part::text(format!("It is {n}. [1]"))];
    trace.finish = Some(Finish::Stop);
    trace.session = Some(format!("session-{}", n % 3));
    trace.usage = Usage { input: 10, output: 5, ..Usage::default() };
    trace.cost = Some(Money::nanos(1_000));
    trace.spans = vec![Span { step: "identify".into(), at_us: 0, took_us: 3, note: String::new() }];
    trace.attempts = vec![Attempt {
        purpose: String::new(),
        chosen: false,
        id: AttemptId::from_bits(bits(n)),
        target: "sim/ok".into(),
        key: None,
        hedged: false,
        at_us: 10,
        took_us: 100,
        first_us: Some(50),
        waited_us: 0,
        usage: Some(trace.usage),
        cost: trace.cost,
        fault: None,
    }];
    trace.citations = vec![Citation {
        mark: 1,
        document: "a.md".into(),
        document_id: None,
        title: "A".into(),
        heading_path: vec!["A".into()],
        start: 0,
        end: 5,
        page: None,
        quote: "It is".into(),
        sentence: format!("It is {n}. [1]"),
        support: Support::Supported,
        score: 1.0,
    }];
    trace
}

/// Trace number `n`, of a user, as a record to keep.
pub fn record(n: u64, user: Option<&str>) -> Record {
    let mut trace = trace(n);
    trace.user = user.map(str::to_owned);
    Record::of(Arc::new(trace))
}

/// A record that is not kept and takes this from accounts.
pub fn charged(n: u64, charges: Vec<Charge>) -> Record {
    Record { kept: false, charges, ..record(n, None) }
}

/// Feedback number `n` on a trace.
pub fn feedback(n: u64, trace_id: TraceId, value: FeedbackValue) -> Feedback {
    Feedback {
        id: FeedbackId::from_bits(bits(n)),
        trace_id,
        span: None,
        session: None,
        user: None,
        at: moment(n),
        metric: "thumbs".into(),
        value,
    }
}

/// A key of this name.
pub fn key(n: u64, name: &str) -> Key {
    Key {
        id: KeyId::from_bits(bits(n)),
        name: name.into(),
        secrets: vec![KeySecret { hash: format!("{n:064x}"), expires: None }],
        tenant: None,
        created: moment(n),
        expires: None,
        revoked: None,
        scope: Scope::default(),
        tags: BTreeMap::new(),
        limits: Rates::default(),
        budget: None,
        keep: None,
    }
}

/// The account of a budget of this name for a tenant, in the window that begins at sample moment `n`.
pub fn account(name: &str, tenant: &str, n: u64) -> AccountId {
    AccountId::new(&format!("budget:{name}"), &Per::Tenant, tenant, moment(n))
}

/// Draft number `n` of an event of the audit log.
pub fn audit(n: u64) -> AuditDraft {
    AuditDraft {
        at: moment(n),
        actor: "cli".into(),
        action: "key.create".into(),
        subject: format!("app-{n}"),
        detail: json!({ "tenant": "docs", "limit": 0.1, "a": [1, null, "'é'"] }),
    }
}

/// A process of this name.
pub fn replica(holder: &str) -> Replica {
    Replica {
        holder: holder.into(),
        version: "0.1.0".into(),
        project_version: "00".repeat(32),
        url: Some("http://127.0.0.1:4141".into()),
        at: moment(0),
    }
}

/// Version `n` of a document with a passage for each word of `text`.
pub fn document(n: u64, knowledge: &str, path: &str, text: &str) -> (Document, Vec<Passage>, Vectors) {
    let document = Document {
        id: DocumentId::from_bits(bits(n)),
        knowledge: knowledge.into(),
        path: path.into(),
        title: path.trim_end_matches(".md").into(),
        format: "markdown".into(),
        metadata: BTreeMap::new(),
        etag: None,
        reader: 0,
        hash: format!("{n:064x}"),
        owner: None,
        bytes: text.len() as u64,
        at: moment(n),
        text: text.into(),
    };
    let start = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let passages: Vec<Passage> = text
        .split_whitespace()
        .enumerate()
        .map(|(ordinal, word)| Passage {
            ordinal: u32::try_from(ordinal).unwrap_or(u32::MAX),
            heading_path: vec![document.title.clone()],
            range: Range { start: start(word), end: start(word) + word.len() },
            page: None,
            lead: None,
            text: word.into(),
        })
        .collect();
    let data = passages.iter().flat_map(|passage| [i8::try_from(passage.ordinal).unwrap_or(0), 1, -128, 127]).collect();
    (document, passages, Vectors { embedder: "sample-4".into(), dimensions: 4, data })
}

/// Run number `n` of an eval.
pub fn run(n: u64, eval: &str) -> Run {
    Run {
        id: RunId::from_bits(bits(n)),
        eval: eval.into(),
        subject: "answer".into(),
        dataset: "00".repeat(32),
        started: moment(n),
        finished: None,
        cases: 2,
        overall: Rate { passed: 0, of: 0, value: None, low: 0.0, high: 1.0 },
        errors: 0,
        graders: Vec::new(),
        cost: None,
        gate: None,
        repeats: 1,
        graded_by: String::new(),
        stopped: None,
    }
}

/// A passed case.
pub fn case(id: &str) -> CaseResult {
    CaseResult {
        case_id: id.into(),
        repeat: 0,
        cluster: None,
        input: "question".into(),
        output: "answer".into(),
        trace_id: Some(trace_id(1)),
        verdict: Verdict::Pass,
        grades: vec![Grade::plain("contains", Verdict::Pass, "it does")],
        took_ms: 3,
        cost: Some(Money::nanos(7)),
    }
}

/// Response number `n`, which goes on from `previous`.
pub fn response(n: u64, previous: Option<u64>, user: Option<&str>) -> Response {
    let id = |n| ResponseId::from_bits(ResponseId::first(moment(n)).to_bits() + 7);
    Response {
        id: id(n),
        at: moment(n),
        key: Some("app".into()),
        tenant: None,
        user: user.map(str::to_owned),
        previous: previous.map(id),
        items: vec![json!({"id": "msg_1", "type": "message", "role": "user"})],
        asked: vec![Message::text(Role::User, format!("question {n}"))],
        said: vec![Message::text(Role::Assistant, format!("answer {n}"))],
        body: json!({"id": id(n), "object": "response"}),
    }
}
