//! How variants use models: cascade, best of several, vote.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use surefoot_gateway::{
    Call, Grounding, Project,
    ground::Prompt,
    project::{BestOf, Bounds, Cascade, Check, Function, Model, Strategy, Variant, Vote},
};
use surefoot_testkit::memory::MemoryStore;
use surefoot_types::{
    Citation, Fault, Money, Price, Retry,
    budget::Per,
    conversation::{Parameters, words},
    document::Hit,
    price::Rates,
    trace::Trace,
};

use crate::support::{Act, Rig, Scripted, parts, rig_of};

/// Documents that never answer.
struct NoDocuments;

#[async_trait]
impl Grounding for NoDocuments {
    async fn search(&self, _: &str, _: &str, _: usize) -> Result<Vec<Hit>, Fault> {
        Ok(Vec::new())
    }

    async fn known(&self, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn passages_block(&self, _: &[Hit], _: usize) -> String {
        String::new()
    }

    fn verify(&self, _: &str, _: &[Hit]) -> Vec<Citation> {
        Vec::new()
    }

    fn abstains(&self, answer: &str) -> bool {
        answer.contains("do not answer")
    }
}

/// What a test says of the function.
struct Plan {
    strategy: fn(&[Arc<Model>]) -> Strategy,
    output: Option<serde_json::Value>,
    budget: Option<i64>,
}

impl Plan {
    fn of(strategy: fn(&[Arc<Model>]) -> Strategy) -> Self {
        Self { strategy, output: None, budget: None }
    }
}

/// A gateway whose function `f` is answered by the first provider, with the others at its strategy's hand.
async fn rig(providers: &[Arc<Scripted>], plan: Plan) -> Rig {
    let journal = Arc::new(MemoryStore::default());
    let mut parts = parts(providers, &journal, |_| {}, |project| with_function(project, plan));
    parts.grounding = Some(Arc::new(NoDocuments));
    rig_of(parts, journal).await
}

fn with_function(project: &mut Project, plan: Plan) {
    let all = Arc::clone(&project.models["m"]);
    let models: Vec<Arc<Model>> = all
        .targets
        .iter()
        .map(|target| Arc::new(Model { targets: vec![target.clone()], ..Model::clone(&all) }))
        .collect();
    for target in &all.targets {
        let rates = Rates { input: "1".parse().unwrap(), output: "2".parse().unwrap(), ..Rates::default() };
        project.prices.add(target.name(), Price::of(rates));
    }
    let variant = Variant {
        name: "v".into(),
        version: "1".into(),
        model: Arc::clone(&models[0]),
        parameters: Parameters { max_tokens: Some(100), ..Parameters::default() },
        prompt: Prompt::compile("Be brief.").unwrap(),
        strategy: (plan.strategy)(&models),
        prompt_cache: false,
    };
    let function = Function {
        name: "f".into(),
        description: String::new(),
        knowledge: Some("docs".into()),
        passages: 3,
        input: Default::default(),
        output: plan.output,
        hold: false,
        semantic: None,
        variant: "v".into(),
        variants: [("v".to_owned(), Arc::new(variant))].into(),
        keep: None,
        guards: None,
        tools: Vec::new(),
        bounds: Bounds::default(),
    };
    project.functions.insert("f".into(), Arc::new(function));
    project.budgets.extend(plan.budget.map(|nanos| crate::money::budget(Per::All, nanos)));
}

fn call(rig: &Rig, stream: bool) -> Call {
    let mut call = rig.call("What is it?", stream);
    call.chat.model = "f".into();
    call
}

/// Target, purpose and whether it was taken, of each attempt.
fn told(trace: &Trace) -> Vec<String> {
    let mark = |chosen| if chosen { "*" } else { "" };
    trace
        .attempts
        .iter()
        .map(|attempt| format!("{} {}{}", attempt.target, attempt.purpose, mark(attempt.chosen)))
        .collect()
}

fn cascade(models: &[Arc<Model>]) -> Strategy {
    Strategy::Cascade(Cascade { then: models[1..2].to_vec(), checks: vec![Check::Answers] })
}

#[tokio::test]
async fn a_cascade_goes_on_where_a_check_fails() {
    use Act::{Fail, Say};
    const ABSTAINS: Act = Say("The documents do not answer.");
    for (name, cheap, strong, answer, how, attempts) in [
        ("enough", Say("41"), Say("strong"), "41", "cascade: step 1", vec!["p0/x step 1*"]),
        (
            "not enough",
            ABSTAINS,
            Say("strong"),
            "strong",
            "cascade: step 2, since step 1 does not answer",
            vec!["p0/x step 1", "p1/x step 2*"],
        ),
        (
            "the cheap one is down",
            Fail(Retry::Elsewhere),
            Say("strong"),
            "strong",
            "cascade: step 2, since step 1 failed (upstream)",
            vec!["p0/x step 1", "p1/x step 2*"],
        ),
        (
            "the strong one is down",
            ABSTAINS,
            Fail(Retry::Elsewhere),
            "The documents do not answer.",
            "cascade: the best there is, since step 1 does not answer, step 2 failed (upstream)",
            vec!["p0/x step 1*", "p1/x step 2"],
        ),
    ] {
        let rig = rig(&[Scripted::new(&[cheap]), Scripted::new(&[strong])], Plan::of(cascade)).await;
        let (_, trace) = rig.ask_with(call(&rig, false)).await;
        assert_eq!(words(&trace.answer), answer, "{name}");
        assert_eq!(trace.strategy.as_deref(), Some(how), "{name}");
        assert_eq!(told(&trace), attempts, "{name}");
        assert_eq!(trace.cost, Some(trace.attempts.iter().filter_map(|attempt| attempt.cost).sum()), "{name}");
    }
}

#[tokio::test]
async fn a_decided_answer_is_streamed() {
    let cheap = Scripted::new(&[Act::Say("The documents do not answer.")]);
    let rig = rig(&[cheap, Scripted::new(&[Act::Say("strong")])], Plan::of(cascade)).await;
    let (deliveries, trace) = rig.ask_with(call(&rig, true)).await;
    assert_eq!(deliveries, ["head p1/x", "start, text strong, finish, usage, end", "done"]);
    assert_eq!((trace.usage.input, trace.usage.output), (20, 40), "both calls count");
    assert_eq!(trace.target(), Some("p1/x"));
}

#[tokio::test]
async fn a_cascade_asks_a_judge_in_english() {
    let confident = |models: &[Arc<Model>]| {
        let check = Check::Confidence { of: "It names a number.".into(), judge: Arc::clone(&models[2]) };
        Strategy::Cascade(Cascade { then: models[1..2].to_vec(), checks: vec![check] })
    };
    for (verdict, answer, attempts) in [
        (r#"{"why": "41", "holds": true}"#, "cheap", vec!["p0/x step 1*", "p2/x judge"]),
        (r#"{"why": "none", "holds": false}"#, "strong", vec!["p0/x step 1", "p2/x judge", "p1/x step 2*"]),
        ("I cannot say.", "strong", vec!["p0/x step 1", "p2/x judge", "p1/x step 2*"]),
    ] {
        let judge = Scripted::new(&[Act::Say(verdict)]);
        let providers = [Scripted::new(&[Act::Say("cheap")]), Scripted::new(&[Act::Say("strong")]), Arc::clone(&judge)];
        let rig = rig(&providers, Plan::of(confident)).await;
        let (_, trace) = rig.ask_with(call(&rig, false)).await;
        assert_eq!(
            (words(&trace.answer).as_str(), told(&trace)),
            (answer, attempts.iter().map(|t| (*t).to_owned()).collect())
        );
        let asked = judge.asked.lock().unwrap()[0].messages.clone();
        assert!(asked[0].words().contains("It names a number.") && asked[1].words().contains("Answer:\ncheap"));
    }
}

#[tokio::test]
async fn a_cascade_goes_on_where_the_schema_is_not_met() {
    let shaped =
        |models: &[Arc<Model>]| Strategy::Cascade(Cascade { then: models[1..2].to_vec(), checks: vec![Check::Schema] });
    let output = Some(json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}));
    let providers = [Scripted::new(&[Act::Say("no JSON")]), Scripted::new(&[Act::Say("```\n{\"a\": 1}\n```")])];
    let rig = rig(&providers, Plan { output, ..Plan::of(shaped) }).await;
    let (deliveries, trace) = rig.ask_with(call(&rig, false)).await;
    assert_eq!(deliveries, ["head p1/x", "done {\"a\":1}"]);
    assert_eq!(trace.strategy.as_deref(), Some("cascade: step 2, since step 1 does not fit the schema"));
    assert!(providers[0].asked.lock().unwrap()[0].response_format.is_some(), "the function's output is asked for");
}

#[tokio::test]
async fn a_judge_takes_the_best() {
    let best_of = |models: &[Arc<Model>]| {
        Strategy::BestOf(BestOf { answers: 3, judge: Arc::clone(&models[1]), prompt: "The shortest.".into() })
    };
    for (verdict, how) in [
        (r#"{"why": "short", "best": 2}"#, "best_of: the judge took one of 3"),
        (r#"{"why": "short", "best": 9}"#, "best_of: any of 3, since the judge failed (upstream)"),
    ] {
        let judge = Scripted::new(&[Act::Say(verdict)]);
        let one = Scripted::new(&[Act::Say("first"), Act::Say("second"), Act::Say("third")]);
        let rig = rig(&[one, Arc::clone(&judge)], Plan::of(best_of)).await;
        let (_, trace) = rig.ask_with(call(&rig, false)).await;
        assert_eq!(trace.strategy.as_deref(), Some(how));
        let purposes: Vec<&str> = trace.attempts.iter().map(|attempt| attempt.purpose.as_str()).collect();
        assert_eq!(purposes, ["answer 1", "answer 2", "answer 3", "judge"]);
        assert_eq!(trace.attempts.iter().filter(|attempt| attempt.chosen).count(), 1);
        let shown = judge.asked.lock().unwrap()[0].messages[1].words();
        if verdict.contains('2') {
            let second = shown.split("Answer 2:\n").nth(1).and_then(|rest| rest.lines().next()).unwrap();
            assert_eq!(words(&trace.answer), second, "the one that stood there");
        }
    }
}

#[tokio::test]
async fn a_majority_is_taken_and_a_tie_is_told() {
    let vote = |_: &[Arc<Model>]| Strategy::Vote(Vote { answers: 3, field: Some("label".into()) });
    let (bug, other, none) = (r#"{"label": "bug"}"#, r#"{"label": "other"}"#, "no JSON");
    for (said, answer, how) in [
        ([other, bug, bug], bug, "vote: 2 of 3 agree"),
        ([other, bug, none], other, "vote: a tie, 1 of 3 and as many for 1 more; the first is taken"),
        ([none, none, none], none, "vote: none of 3 answers can be counted; the first is taken"),
    ] {
        let provider = Scripted::new(&said.map(Act::Say));
        let rig = rig(&[provider], Plan::of(vote)).await;
        let (_, trace) = rig.ask_with(call(&rig, false)).await;
        assert_eq!((words(&trace.answer).as_str(), trace.strategy.as_deref()), (answer, Some(how)));
    }
}

#[tokio::test]
async fn several_answers_are_held_for_before_the_first_is_asked() {
    let vote = |_: &[Arc<Model>]| Strategy::Vote(Vote { answers: 5, field: None });
    // One answer fits into the budget, five do not.
    for (budget, asked) in [(600_000, 0), (20_000_000, 5)] {
        let provider = Scripted::new(&[Act::Say("hello")]);
        let rig = rig(std::slice::from_ref(&provider), Plan { budget: Some(budget), ..Plan::of(vote) }).await;
        let (deliveries, trace) = rig.ask_with(call(&rig, false)).await;
        assert_eq!(provider.times_asked(), asked, "{deliveries:?}");
        assert_eq!(trace.attempts.len(), asked);
        assert!(trace.cost.unwrap() <= Money::nanos(budget));
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_is_charged_for_the_calls_at_once() {
    let vote = |_: &[Arc<Model>]| Strategy::Vote(Vote { answers: 3, field: None });
    let provider = Scripted::new(&[Act::Stall("hello there")]);
    let rig = rig(std::slice::from_ref(&provider), Plan::of(vote)).await;
    let reply = rig.gateway.answer(call(&rig, false));
    while provider.times_asked() < 3 {
        tokio::task::yield_now().await;
    }
    let id = reply.trace_id;
    drop(reply);
    rig.gateway.idle().await;
    let trace = rig.trace(id).await;
    assert_eq!(trace.attempts.len(), 3);
    assert!(trace.attempts.iter().all(|attempt| attempt.fault.is_some()));
}
