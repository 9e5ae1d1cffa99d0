//! The pages, rendered: what outsiders wrote stays text, and every state has its page.

use askama::Template;
use surefoot_gateway::Added;
use surefoot_types::{
    Citation, Code, Fault, Money, Price, PriceBook, Support, Timestamp, Usage,
    audit::{AuditDraft, AuditEvent},
    budget::{Every, Per, Rates},
    conversation::{Message, Part, Role},
    ids::KeyId,
    key::{Key, KeyBudget, KeySecret, Scope},
    run::{CaseResult, Gate, Grade, GraderSummary, Rate, Run, Verdict},
    spend::{SpendRow, Sums},
    trace::{Attempt, Keep, Outcome, Span, Trace},
};

use super::{ask, audit, budgets, evals, keys, marks::pieces, page::Frame, spend, trace as trace_page, traces};
use crate::{
    doors::{TraceQuery, audit::verify::Verified, budgets::BudgetState, keys as key_doors},
    json::Dollars,
};

/// Text as a hostile model, document or caller might write it.
const HOSTILE: &str = r#"<script>alert(1)</script><img src=x onerror="alert(1)">' [1] {{ 7 * 7 }}"#;

fn frame(here: &'static str) -> Frame {
    Frame::of(here, |_, _| true, Some(HOSTILE.into()))
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
        purpose: String::new(),
        chosen: false,
        id: "at_01jd8n6y4vq0t2x5w9zk3m7c1f".parse().unwrap(),
        target: HOSTILE.into(),
        key: None,
        hedged: false,
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
    let choices = vec![ask::Choices { label: "From your documents", names: vec!["answer".into(), HOSTILE.into()] }];
    let address = "http://localhost:4141/v1".into();
    ask::Ask { frame: frame("/ask"), choices, chosen: "answer".into(), question: HOSTILE.into(), end, address }
}

fn end(fault: Option<String>) -> ask::End {
    let citations = vec![citation(1, Support::Quoted)];
    let trace = trace().id.to_string();
    ask::End { answer: pieces(HOSTILE, &citations), citations, verdict: None, fault, trace }
}

fn list(rows: &[Trace], query: TraceQuery) -> traces::List {
    traces::List {
        frame: frame("/traces"),
        next: Some(traces::page_address(&query, Some("tr_1"))),
        query,
        rows: rows.iter().map(Trace::summary).collect(),
        searched_to: None,
        address: "http://localhost:4141/v1".into(),
    }
}

fn costs() -> Vec<trace_page::Cost> {
    let mut trace = trace();
    trace.attempts[0].usage = Some(Usage { input: 1_000, output: 10, ..Usage::default() });
    let mut prices = PriceBook::default();
    let rates = surefoot_types::price::Rates { input: Money::nanos(2_000_000_000), ..Default::default() };
    prices.add(HOSTILE, Price::of(rates));
    trace.attempts[0].cost = Some(Money::nanos(2_000_000));
    trace_page::costs(&prices, &trace)
}

fn keys_page() -> keys::Page {
    let key = Key {
        id: KeyId::from_bits(1),
        name: HOSTILE.into(),
        secrets: vec![KeySecret { hash: HOSTILE.into(), expires: Some(now()) }],
        tenant: Some(HOSTILE.into()),
        created: now(),
        expires: Some(now()),
        revoked: None,
        scope: Scope { functions: Some(vec![HOSTILE.into()]), models: Some(Vec::new()), ..Scope::default() },
        tags: Default::default(),
        limits: Rates { requests: Some(1_000), ..Rates::default() },
        budget: Some(KeyBudget { limit: Money::nanos(1), every: Every::Total }),
        keep: None,
    };
    let view = key_doors::KeyView::new(&key_doors::Found::Ledger(key), Timestamp::UNIX_EPOCH);
    keys::Page {
        frame: frame("/keys"),
        keys: vec![view.clone()],
        made: Some(key_doors::KeyWithSecret { secret: HOSTILE.into(), key: view }),
        wrong: Some(HOSTILE.into()),
        form: keys::KeyForm { name: HOSTILE.into(), models: HOSTILE.into(), ..keys::KeyForm::default() },
        address: HOSTILE.into(),
    }
}

fn spend_page() -> spend::Page {
    let sums = Sums { requests: 3, unpriced: 1, cost: Money::nanos(5), ..Sums::default() };
    let row = |name: &str| SpendRow { at: Timestamp::UNIX_EPOCH, name: name.into(), sums };
    let choice = spend::Choice { by: "tag".into(), tag: HOSTILE.into(), name: HOSTILE.into(), days: 30 };
    let days = spend::days(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, vec![row("")]);
    let csv = ["/api/spend".to_owned(), "/api/spend".to_owned()];
    spend::Page { frame: frame("/spend"), choice, total: sums, days, rows: vec![row(HOSTILE)], more: 3, csv }
}

fn budgets_page() -> budgets::Page {
    let usd = |nanos| Dollars(Money::nanos(nanos));
    let state = BudgetState {
        budget: Some(HOSTILE.into()),
        per: Per::Tag(HOSTILE.into()),
        subject: HOSTILE.into(),
        every: Every::Day,
        hard: true,
        limit_usd: usd(100),
        spent_usd: usd(90),
        held_usd: usd(20),
        left_usd: usd(0),
        since: now(),
        until: Some(now()),
    };
    budgets::Page { frame: frame("/budgets"), states: vec![state] }
}

fn audit_page(broken: Option<&str>) -> audit::Page {
    let draft = AuditDraft {
        at: now(),
        actor: HOSTILE.into(),
        action: HOSTILE.into(),
        subject: HOSTILE.into(),
        detail: HOSTILE.into(),
    };
    let event = AuditEvent::after((0, ""), draft);
    let verified = Verified {
        intact: broken.is_none(),
        number: 1,
        hash: event.hash.clone(),
        last: 1,
        broken: broken.map(str::to_owned),
    };
    audit::Page { frame: frame("/audit"), verified, events: vec![event], older: Some(1) }
}

#[test]
fn what_outsiders_wrote_stays_text() {
    let query = TraceQuery { text: Some(HOSTILE.into()), ..TraceQuery::default() };
    let pages = [
        asked(Some(end(None))).render(),
        asked(Some(end(Some(HOSTILE.into())))).render(),
        list(&[trace()], query).render(),
        trace_page::one(frame("/traces"), trace(), costs(), Vec::new()).render(),
        evals::List { frame: frame("/evals"), runs: vec![run()] }.render(),
        evals::One { frame: frame("/evals"), run: run(), cases: vec![case()] }.render(),
        keys_page().render(),
        spend_page().render(),
        budgets_page().render(),
        audit_page(None).render(),
        audit_page(Some(HOSTILE)).render(),
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
    let page = trace_page::one(frame("/traces"), trace(), costs(), Vec::new()).render().unwrap();
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
    let query = TraceQuery { text: Some("x".into()), ..TraceQuery::default() };
    let so_far = traces::List { searched_to: Some(now()), ..list(&[], query) }.render().unwrap();
    assert!(so_far.contains("No trace fits so far.") && so_far.contains("Searched back to"), "{so_far}");
    assert!(so_far.contains(r#"<a href="/traces?before=tr%5F1&#38;text=x">Go on</a>"#), "{so_far}");
    assert!(evals::List { frame: frame("/evals"), runs: Vec::new() }.render().unwrap().contains("surefoot eval"));
    assert!(asked(None).render().unwrap().contains(r#"id="result" aria-live="polite" aria-label="Answer" hidden"#));
    let nothing = ask::Ask { choices: Vec::new(), ..asked(None) };
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

#[test]
fn a_cost_is_told_bucket_by_bucket_where_it_adds_up() {
    let told = |costs| trace_page::one(frame("/traces"), trace(), costs, Vec::new()).render().unwrap();
    let page = told(costs());
    assert!(page.contains("$2.00 a million") && page.contains("$0.002"), "{page}");
    let mut changed = costs();
    changed[0].adds_up = false;
    let page = told(changed);
    assert!(!page.contains("a million") && page.contains("not those of today"), "{page}");
}

#[test]
fn a_trace_says_what_is_kept_and_whose_trace_it_is_part_of() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let trace = Trace { keep: Keep::Metadata, parent: Some(parent.into()), ..trace() };
    let page = trace_page::one(frame("/traces"), trace, Vec::new(), Vec::new()).render().unwrap();
    assert!(page.contains(parent) && page.contains("<dd>metadata</dd>") && page.contains("is not kept"), "{page}");
}

#[test]
fn a_bar_shows_what_is_spent_and_held_and_never_more_than_all() {
    let page = budgets_page().render().unwrap();
    assert!(page.contains("90 % spent, 10 % held") && page.contains("used up"), "{page}");
}

#[test]
fn every_day_has_its_bar_and_the_dearest_is_the_highest() {
    let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
    let row = |day, nanos| {
        let sums = Sums { cost: Money::nanos(nanos), requests: 1, ..Sums::default() };
        SpendRow { at: at(day), name: String::new(), sums }
    };
    let days = spend::days(at(0), at(4), vec![row(1, 1_000_000), row(3, 1), row(3, 1), row(4, 0)]);
    let told: Vec<_> = days.iter().map(|day| (day.height, day.sums.requests)).collect();
    assert_eq!(told, [(0, 0), (100, 1), (0, 0), (1, 2), (0, 1)]);
}

#[test]
fn a_broken_chain_is_told_before_all_else() {
    assert!(audit_page(Some("event 1 is missing")).render().unwrap().contains("The log was changed."));
}
