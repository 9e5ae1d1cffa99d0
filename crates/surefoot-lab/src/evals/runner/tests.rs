use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use serde_json::json;
use surefoot_testkit::{CountingChance, HandClock, MemoryStore, samples};
use surefoot_types::{Code, ids::TraceId, run::Gate};
use tokio::sync::Notify;

use super::*;
use crate::evals::{
    CaseInput, GateSpec, GraderSpec, Vectors, resume,
    sample::{asked, now},
};

/// Echoes at a price of 10 nano-dollars, and remembers under which marks it was asked.
#[derive(Default)]
struct Echo {
    marks: Mutex<Vec<String>>,
    /// From so many questions on it falls silent, and says that it has.
    silent_from: Option<usize>,
    fell_silent: Notify,
    unpriced: bool,
    /// What its questions are copies of.
    origin: Option<TraceId>,
}

impl Echo {
    fn marks(&self) -> Vec<String> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Subject for Echo {
    async fn ask(&self, ask: Ask) -> Result<Asked, Fault> {
        let nth = {
            let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
            marks.push(ask.mark.unwrap_or_default());
            marks.len()
        };
        if self.silent_from.is_some_and(|from| nth >= from) {
            self.fell_silent.notify_one();
            std::future::pending::<()>().await;
        }
        let text = ask.input.to_string();
        if text == "down" {
            return Err(Fault::new(Code::Upstream, "away"));
        }
        let cost = (!self.unpriced).then(|| Money::nanos(10));
        Ok(Asked { cost, trace_id: TraceId::from_bits(nth as u128), ..asked(&text) })
    }

    async fn embed(&self, _: &str, _: &[String]) -> Result<Vectors, Fault> {
        Err(Fault::internal("nobody embeds here"))
    }

    fn origin(&self, _: &CaseInput) -> Option<TraceId> {
        self.origin
    }
}

/// A store, a clock and chance for runs.
struct Place {
    store: MemoryStore,
    clock: HandClock,
    chance: CountingChance,
}

impl Place {
    fn new() -> Self {
        let clock = HandClock::new(samples::moment(0));
        Self { store: MemoryStore::default(), clock, chance: CountingChance::default() }
    }

    fn bench<'a>(&'a self, subject: &'a Echo) -> Bench<'a> {
        Bench { subject, notebook: &self.store, clock: &self.clock, chance: &self.chance }
    }
}

fn eval(grader: &serde_json::Value) -> Eval {
    Eval {
        name: "e".into(),
        subject: "answer".into(),
        folder: PathBuf::from("."),
        dataset: PathBuf::from("e.jsonl"),
        judge: None,
        graders: vec![GraderSpec::read(grader.as_object().unwrap()).unwrap()],
        gate: Some(GateSpec { pass_rate: Some(0.5), ..GateSpec::default() }),
    }
}

fn passing() -> Eval {
    eval(&json!({ "kind": "contains", "value": "case" }))
}

fn dataset(cases: usize) -> Dataset {
    let lines = (0..cases).map(|n| json!({ "id": format!("c{n}"), "input": format!("case {n}") }).to_string());
    Dataset::parse("e.jsonl", lines.collect::<Vec<_>>().join("\n").as_bytes()).unwrap()
}

fn go(place: &Place, subject: &Echo, eval: &Eval, cases: &Dataset, options: Options) -> Result<Finished, RunError> {
    now(run(eval, cases, place.bench(subject), options, &|_| {}))
}

#[test]
fn every_case_is_asked_once_kept_and_counted() {
    let (place, subject) = (Place::new(), Echo::default());
    let told = Mutex::new(Vec::new());
    let progress = |news: Progress| told.lock().unwrap().push(news);
    let done = now(run(&passing(), &dataset(5), place.bench(&subject), Options::default(), &progress)).unwrap();
    assert_eq!((done.run.overall.passed, done.run.overall.of, done.run.cost), (5, 5, Some(Money::nanos(50))));
    assert!(done.run.finished.is_some() && done.run.gate.as_ref().unwrap().open);
    assert_eq!(done.cases.iter().map(|case| case.case_id.as_str()).collect::<Vec<_>>(), ["c0", "c1", "c2", "c3", "c4"]);
    assert_eq!(now(place.store.run_cases(done.run.id)).unwrap().len(), 5);
    let last = *told.lock().unwrap().last().unwrap();
    assert_eq!((last.done, last.of, last.passed, last.spent), (5, 5, 5, Some(Money::nanos(50))));
}

/// What holds a user's words is found by what it is a copy of, answered or not.
#[test]
fn a_copy_without_an_answer_keeps_the_trace_of_its_original() {
    let lines = b"{\"id\": \"a\", \"input\": \"down\"}\n{\"id\": \"b\", \"input\": \"case b\"}\n";
    let cases = Dataset::parse("e.jsonl", lines).unwrap();
    for origin in [None, Some(TraceId::from_bits(77))] {
        let (place, subject) = (Place::new(), Echo { origin, ..Echo::default() });
        let done = go(&place, &subject, &passing(), &cases, Options::default()).unwrap();
        assert_eq!((done.cases[0].trace_id, done.cases[0].verdict), (origin, Verdict::Error));
        assert!(done.cases[1].trace_id.is_some_and(|id| Some(id) != origin));
        assert_eq!((done.run.cost, done.run.errors), (Some(Money::nanos(10)), 1), "a fault costs nothing");
    }
}

#[test]
fn repeats_ask_again_after_all_were_asked_once() {
    let (place, subject) = (Place::new(), Echo::default());
    let options = Options { repeats: 3, concurrency: 1, ..Options::default() };
    let done = go(&place, &subject, &passing(), &dataset(2), options).unwrap();
    let asked: Vec<_> = subject.marks().iter().map(|mark| mark.split_once('/').unwrap().1.to_owned()).collect();
    assert_eq!(asked, ["c0/0", "c1/0", "c0/1", "c1/1", "c0/2", "c1/2"]);
    assert_eq!((done.run.overall.of, done.run.cases, done.run.repeats), (6, 2, 3));
    let places: Vec<_> = done.cases.iter().map(|case| (case.case_id.as_str(), case.repeat)).collect();
    assert_eq!(places, [("c0", 0), ("c0", 1), ("c0", 2), ("c1", 0), ("c1", 1), ("c1", 2)]);
}

/// A run whose future is dropped, as a kill drops it, goes on where it was.
#[test]
fn a_run_that_was_cut_off_asks_only_what_is_left() {
    let (place, cases, eval) = (Place::new(), dataset(12), passing());
    let first = Echo { silent_from: Some(6), ..Echo::default() };
    now(async {
        let options = Options { concurrency: 2, ..Options::default() };
        let running = run(&eval, &cases, place.bench(&first), options, &|_| {});
        tokio::select! {
            _ = running => panic!("it cannot end while the subject is silent"),
            () = first.fell_silent.notified() => {}
        }
    });
    let left = now(resume::unfinished(&place.store, "e")).unwrap().unwrap();
    let kept = now(place.store.run_cases(left)).unwrap().len();
    let second = Echo::default();
    let done = go(&place, &second, &eval, &cases, Options { resume: Some(left), ..Options::default() }).unwrap();
    assert_eq!((done.run.id, done.run.overall.of, done.cases.len()), (left, 12, 12));
    assert_eq!(second.marks().len(), 12 - kept);
    assert_eq!(done.run.cost, Some(Money::nanos(120)), "what was paid before the cut counts too");
    assert_eq!(now(resume::unfinished(&place.store, "e")).unwrap(), None);
    assert_eq!(now(place.store.run_cases(left)).unwrap().len(), 12, "nothing is kept twice");
}

#[test]
fn a_limit_is_kept_and_more_money_goes_on() {
    let (place, subject, cases) = (Place::new(), Echo::default(), dataset(10));
    let capped = Options { most: Some(Money::nanos(45)), concurrency: 4, ..Options::default() };
    let stopped = go(&place, &subject, &passing(), &cases, capped).unwrap();
    assert_eq!((subject.marks().len(), stopped.run.cost), (4, Some(Money::nanos(40))));
    assert_eq!((stopped.run.finished, stopped.run.stopped.is_some()), (None, true));
    let Some(Gate { open: false, reason }) = &stopped.run.gate else { panic!("{:?}", stopped.run.gate) };
    assert!(reason.starts_with("the run stopped before its end"), "{reason}");
    let more = Options { resume: Some(stopped.run.id), ..Options::default() };
    let done = go(&place, &subject, &passing(), &cases, more).unwrap();
    assert_eq!((subject.marks().len(), done.run.stopped, done.run.overall.of), (10, None, 10));
}

#[test]
fn without_a_price_a_limit_stops_after_one() {
    let (place, subject) = (Place::new(), Echo { unpriced: true, ..Echo::default() });
    let capped = Options { most: Some(Money::nanos(1_000)), ..Options::default() };
    let stopped = go(&place, &subject, &passing(), &dataset(5), capped).unwrap();
    assert_eq!(subject.marks().len(), 1);
    assert!(stopped.run.stopped.unwrap().contains("unknown"));
}

#[test]
fn only_the_same_run_is_gone_on_with() {
    let (place, subject, cases) = (Place::new(), Echo::default(), dataset(10));
    let capped = Options { most: Some(Money::nanos(25)), ..Options::default() };
    let left = go(&place, &subject, &passing(), &cases, capped).unwrap().run.id;
    let asked = subject.marks().len();
    let resumed = |eval: &Eval, cases: &Dataset, repeats| {
        let options = Options { resume: Some(left), repeats, ..Options::default() };
        go(&place, &subject, eval, cases, options).unwrap_err().to_string()
    };
    assert!(resumed(&passing(), &dataset(9), 1).contains("the dataset of the run"));
    assert!(resumed(&eval(&json!({ "kind": "contains", "value": "other" })), &cases, 1).contains("the graders of"));
    assert!(resumed(&passing(), &cases, 2).contains("the number of repeats"));
    let nowhere = Options { resume: Some(samples::run(9, "e").id), ..Options::default() };
    assert!(go(&place, &subject, &passing(), &cases, nowhere).unwrap_err().to_string().contains("there is no run"));
    let finished = go(&place, &subject, &passing(), &cases, Options::default()).unwrap().run.id;
    let again = Options { resume: Some(finished), ..Options::default() };
    assert!(go(&place, &subject, &passing(), &cases, again).unwrap_err().to_string().contains("nothing is left"));
    assert_eq!(subject.marks().len(), asked + 10, "a refused run asks nothing");
}

#[test]
fn a_case_without_an_answer_is_an_error_whatever_its_graders_say() {
    let (place, subject) = (Place::new(), Echo::default());
    let cases =
        Dataset::parse("e.jsonl", b"{\"input\": \"down\"}\n{\"input\": \"case\", \"expect\": \"case\"}").unwrap();
    let eval = eval(&json!({ "kind": "not-equals", "field": "expect" }));
    let done = go(&place, &subject, &eval, &cases, Options::default()).unwrap();
    assert_eq!(done.cases.iter().map(|case| case.verdict).collect::<Vec<_>>(), [Verdict::Error, Verdict::Fail]);
    assert_eq!((done.run.errors, done.run.overall.value), (1, None), "one of two is too many");
}

#[test]
fn a_broken_eval_asks_nothing() {
    let (place, subject) = (Place::new(), Echo::default());
    let broken = eval(&json!({ "kind": "regex", "value": "(" }));
    assert!(matches!(go(&place, &subject, &broken, &dataset(2), Options::default()), Err(RunError::Eval(_))));
    let misspelt = eval(&json!({ "kind": "equals", "field": "expected" }));
    assert!(matches!(go(&place, &subject, &misspelt, &dataset(2), Options::default()), Err(RunError::Eval(_))));
    assert_eq!(subject.marks().len(), 0);
}
