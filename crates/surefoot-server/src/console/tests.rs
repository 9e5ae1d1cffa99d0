//! The pages, rendered: what outsiders wrote stays text, and every state has its page.

use askama::Template;
use surefoot_gateway::Added;
use surefoot_types::{
    Citation, Code, Fault, Support, Timestamp,
    conversation::{Message, Part, Role},
    run::{CaseResult, Gate, Grade, GraderSummary, Rate, Run, Verdict},
    trace::{Attempt, Outcome, Span, Trace},
};

use super::{ask, evals, marks::pieces, page::Frame, traces};
use crate::doors::TraceQuery;

/// Text as a hostile model, document or caller might write it.
const HOSTILE: &str = r#"<script>alert(1)</script><img src=x onerror="alert(1)">' [1] {{ 7 * 7 }}"#;

fn frame(here: &'static str) -> Frame {
    Frame { here, notice: Some(HOSTILE.into()) }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_767_268_800).unwrap()
}

fn citation(mark: u32, support: Support) -> Citation {
    Citation {
        mark,
        document: HOSTILE.into(),
        document_id: Some("doc_01jd8n6y4vq0t2x5w9zk3m7c1f".parse().unwrap()),
        title: HOSTILE.into(),
        heading_path: vec![HOSTILE.into()],
        start: 3,
        end: 9,
        page: None,
        quote: HOSTILE.into(),
        sentence: HOSTILE.into(),
        support,
        score: 1.0,
    }
}

fn trace() -> Trace {
    let id = "tr_01jd8n6y4vq0t2x5w9zk3m7c1f".parse().unwrap();
    let mut trace = Trace::begun(id, now(), "openai_chat", HOSTILE);
    trace.question = HOSTILE.into();
    trace.took_us = 1_000;
    trace.outcome = Outcome::Answered;
    trace.session = Some("a&b=c".into());
    trace.prompt = vec![Message::text(Role::User, HOSTILE)];
    trace.answer = vec![Part::Text { text: HOSTILE.into() }];
    trace.spans = vec![Span { step: "identify".into(), at_us: 0, took_us: 250, note: HOSTILE.into() }];
    trace.attempts = vec![Attempt {
        id: "at_01jd8n6y4vq0t2x5w9zk3m7c1f".parse().unwrap(),
        target: HOSTILE.into(),
        at_us: 250,
        took_us: 750,
        first_us: Some(300),
        waited_us: 0,
        usage: None,
        cost: None,
        fault: Some(Fault::new(Code::Upstream, HOSTILE)),
    }];
    trace.citations = vec![citation(1, Support::Unsupported), citation(1, Support::Quoted)];
    trace.dropped = vec![HOSTILE.into()];
    trace
}

fn run() -> Run {
    let rate = Rate { passed: 9, of: 10, value: Some(0.9), low: 0.6, high: 0.98 };
    Run {
        id: "run_01jd8n6y4vq0t2x5w9zk3m7c1f".parse().unwrap(),
        eval: HOSTILE.into(),
        subject: HOSTILE.into(),
        dataset: "d".into(),
        started: now(),
        finished: None,
        cases: 10,
        overall: rate,
        errors: 0,
        graders: vec![GraderSummary { grader: HOSTILE.into(), rate, errors: 0, undefined: 0 }],
        cost: None,
        gate: Some(Gate { open: false, reason: HOSTILE.into() }),
        repeats: 1,
        graded_by: String::new(),
        stopped: None,
    }
}

fn case() -> CaseResult {
    CaseResult {
        case_id: HOSTILE.into(),
        repeat: 0,
        cluster: None,
        input: HOSTILE.into(),
        output: HOSTILE.into(),
        trace_id: Some(trace().id),
        verdict: Verdict::Fail,
        grades: vec![Grade::plain(HOSTILE, Verdict::Fail, HOSTILE)],
        took_ms: 5,
        cost: None,
    }
}

fn asked(end: Option<ask::End>) -> ask::Ask {
    let groups = vec![ask::Group { label: "From your documents", names: vec!["answer".into(), HOSTILE.into()] }];
    let address = "http://localhost:4141/v1".into();
    ask::Ask { frame: frame("ask"), groups, chosen: "answer".into(), question: HOSTILE.into(), end, address }
}

fn end(fault: Option<String>) -> ask::End {
    let citations = vec![citation(1, Support::Quoted)];
    let trace = trace().id.to_string();
    ask::End { answer: pieces(HOSTILE, &citations), citations, verdict: None, fault, trace }
}

fn list(rows: &[Trace], query: TraceQuery) -> traces::List {
    traces::List {
        frame: frame("traces"),
        unfiltered: query.text.is_none(),
        newest: traces::page_address(&query, None),
        next: Some(traces::page_address(&query, Some("tr_1"))),
        query,
        outcomes: ["answered", "failed", "cancelled"],
        rows: rows.iter().map(Trace::summary).collect(),
        address: "http://localhost:4141/v1".into(),
    }
}

#[test]
fn what_outsiders_wrote_stays_text() {
    let query = TraceQuery { text: Some(HOSTILE.into()), ..TraceQuery::default() };
    let pages = [
        asked(Some(end(None))).render(),
        asked(Some(end(Some(HOSTILE.into())))).render(),
        list(&[trace()], query).render(),
        traces::one(frame("traces"), trace(), Vec::new()).render(),
        evals::List { frame: frame("evals"), runs: vec![run()] }.render(),
        evals::One { frame: frame("evals"), run: run(), cases: vec![case()] }.render(),
    ];
    for page in pages.map(Result::unwrap) {
        for sign in ["<script>", "<img src=x", "onerror=\"", "7*7=49"] {
            assert!(!page.contains(sign), "{sign} in {page}");
        }
        assert!(page.contains("&#60;script&#62;"), "{page}");
        assert!(!page.contains(" style="), "the policy allows no style in a page");
    }
}

#[test]
fn a_mark_leads_to_its_first_citation_and_says_whether_all_hold() {
    let page = traces::one(frame("traces"), trace(), Vec::new()).render().unwrap();
    assert!(page.contains(r##"class="cite fails" href="#cite-1""##), "{page}");
    assert_eq!(page.matches(r#"id="cite-1""#).count(), 1);
    let place = "/documents/doc_01jd8n6y4vq0t2x5w9zk3m7c1f?start=3&amp;end=9#cited";
    assert_eq!(page.matches(place).count(), 2);
    assert!(page.contains("/traces?session=a%26b%3Dc"), "{page}");
}

#[test]
fn every_state_has_its_page() {
    let empty = list(&[], TraceQuery::default()).render().unwrap();
    assert!(empty.contains("No traces yet.") && empty.contains("http://localhost:4141/v1"));
    let none = list(&[], TraceQuery { text: Some("x".into()), ..TraceQuery::default() }).render().unwrap();
    assert!(none.contains("No trace fits."));
    assert!(evals::List { frame: frame("evals"), runs: Vec::new() }.render().unwrap().contains("surefoot eval"));
    assert!(asked(None).render().unwrap().contains(r#"id="result" aria-live="polite" aria-label="Answer" hidden"#));
    let nothing = ask::Ask { groups: Vec::new(), ..asked(None) };
    assert!(nothing.render().unwrap().contains("There is nothing to ask yet."));
}

#[test]
fn pages_keep_the_filter() {
    let query = TraceQuery { text: Some("a&b".into()), session: Some(String::new()), ..TraceQuery::default() };
    assert_eq!(traces::page_address(&query, Some("tr_1")), "/traces?before=tr%5F1&text=a%26b");
    assert_eq!(traces::page_address(&TraceQuery::default(), None), "/traces");
}

#[test]
fn what_is_said_of_an_answer_as_a_whole() {
    let added = |abstained, citations| Added { abstained, citations, ..Added::new(trace().id) };
    for (added, expected) in [
        (added(None, None), None),
        (added(Some(false), Some(vec![citation(1, Support::Quoted)])), None),
        (added(Some(false), Some(Vec::new())), Some("This answer cites no document.")),
        (added(Some(true), Some(Vec::new())), Some("The documents do not answer this.")),
    ] {
        assert_eq!(ask::verdict(&added), expected);
    }
}

#[test]
fn the_script_says_what_the_page_says() {
    let script = include_str!("../../assets/ask.js");
    for told in ["The documents do not answer this.", "This answer cites no document.", "✓ quoted", "✕ not supported"]
    {
        assert!(script.contains(told), "{told}");
    }
}
