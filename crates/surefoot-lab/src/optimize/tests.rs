use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use serde_json::json;
use surefoot_testkit::{CountingChance, HandClock, MemoryStore, samples};
use surefoot_types::{Code, ids::TraceId};

use super::*;
use crate::evals::{
    Ask, Asked, Bench, GraderSpec, Subject, Vectors,
    sample::{asked, now},
};

/// A model of known quality: it passes a case where the case's own chance, which its prompt moves, says so. It
/// writes prompts too: each is another one, as good as `written` says.
struct World {
    /// The share of cases that a prompt's answers pass.
    quality: fn(&str) -> f64,
    written: fn(usize) -> String,
    seed: u64,
    drafts: Mutex<std::collections::BTreeMap<String, String>>,
    marks: Mutex<Vec<String>>,
    /// From so many questions on it is away.
    away_from: usize,
    price: i64,
}

impl World {
    fn new(quality: fn(&str) -> f64, written: fn(usize) -> String) -> Self {
        let (drafts, marks) = (Mutex::default(), Mutex::default());
        Self { quality, written, seed: 1, drafts, marks, away_from: usize::MAX, price: 10 }
    }

    fn asked(&self) -> Vec<String> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A number from 0 to 1 that the same words always have.
    fn chance(&self, words: &[&str]) -> f64 {
        let hash = blake3::hash(format!("{} {words:?}", self.seed).as_bytes());
        let bytes: [u8; 8] = hash.as_bytes()[..8].try_into().unwrap();
        (u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Workshop for World {
    fn admit(&self, name: &str, draft: &Draft) -> Result<String, String> {
        if draft.prompt.contains("broken") {
            return Err("broken.md:1: it is broken".into());
        }
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), draft.text());
        Ok(format!("f@{name}"))
    }
}

#[async_trait]
impl Subject for World {
    async fn ask(&self, ask: Ask) -> Result<Asked, Fault> {
        let nth = {
            let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
            marks.push(ask.mark.unwrap_or_default());
            marks.len()
        };
        if nth >= self.away_from {
            return Err(Fault::new(Code::Upstream, "away"));
        }
        let text = match ask.subject.strip_prefix("f@") {
            None => {
                let written = self.asked().iter().filter(|mark| mark.contains("/write/")).count();
                json!({"why": "they fail", "prompt": (self.written)(written)}).to_string()
            }
            Some(name) => {
                let drafts = self.drafts.lock().unwrap_or_else(PoisonError::into_inner);
                let draft = &drafts[name];
                let case = ask.input.to_string();
                // Half of what decides is the case's, so that answers of two prompts go together.
                let ease = f64::midpoint(self.chance(&[&case]), self.chance(&[&case, draft]));
                if level(ease) < (self.quality)(draft) { "good" } else { "bad" }.to_owned()
            }
        };
        let cheap = ask.subject.starts_with("f@") && {
            let drafts = self.drafts.lock().unwrap_or_else(PoisonError::into_inner);
            drafts[&ask.subject[2..]].contains("small")
        };
        let cost = Some(Money::nanos(if cheap { self.price / 10 } else { self.price }));
        Ok(Asked { cost, trace_id: TraceId::from_bits(nth as u128), ..asked(&text) })
    }

    async fn embed(&self, _: &str, _: &[String]) -> Result<Vectors, Fault> {
        Err(Fault::internal("nobody embeds here"))
    }
}

/// The mean of two even chances as an even chance again.
fn level(mean: f64) -> f64 {
    if mean < 0.5 { 2.0 * mean * mean } else { 1.0 - 2.0 * (1.0 - mean) * (1.0 - mean) }
}

fn eval() -> Eval {
    let grader = json!({"kind": "equals", "value": "good"});
    Eval {
        name: "e".into(),
        subject: "f".into(),
        folder: PathBuf::new(),
        dataset: PathBuf::new(),
        judge: None,
        graders: vec![GraderSpec::read(grader.as_object().unwrap()).unwrap()],
        gate: None,
    }
}

fn cases(of: usize) -> Dataset {
    let line = |n| json!({"id": format!("c{n}"), "input": format!("question number {n}")}).to_string() + "\n";
    Dataset::parse("d.jsonl", (0..of).map(line).collect::<String>().as_bytes()).unwrap()
}

fn options() -> Options {
    Options {
        goal: Goal::Quality,
        by: Some("writer".into()),
        models: Vec::new(),
        checks: Vec::new(),
        rounds: 6,
        examples: 0,
        test: 0.4,
        seed: 3,
        margin: 0.05,
        most: None,
        concurrency: 3,
    }
}

fn start() -> Draft {
    Draft { front: "model = \"big\"\n".into(), prompt: "Answer.\n{{ role(\"user\") }}\n{{ input.q }}\n".into() }
}

fn prompt(words: &str) -> String {
    format!("{words}\n{{{{ role(\"user\") }}}}\n{{{{ input.q }}}}")
}

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

    fn searched(&self, world: &World, cases: &Dataset, options: &Options) -> Result<Outcome, OptimizeError> {
        let (start, eval) = (start(), eval());
        let task = Task { function: "f", about: "", start: &start, eval: &eval, dataset: cases };
        let bench = Bench { subject: world, notebook: &self.store, clock: &self.clock, chance: &self.chance };
        now(optimize(task, bench, world, options, &|_| {}))
    }
}

fn searched(world: &World, of: usize, options: &Options) -> Result<Outcome, OptimizeError> {
    Place::new().searched(world, &cases(of), options)
}

fn step_by_step(draft: &str) -> f64 {
    if draft.contains("step by step") { 0.9 } else { 0.2 }
}

#[test]
fn a_better_prompt_is_found_confirmed_and_told() {
    let world = World::new(step_by_step, |n| match n {
        1 => "I will not.".into(),
        2 => prompt("broken"),
        3 => prompt("Answer kindly."),
        n => prompt(&format!("Think step by step. {n}")),
    });
    let told = searched(&world, 100, &options()).unwrap();
    let winner = told.winner().unwrap_or_else(|| panic!("{}", told.told()));
    assert!(winner.draft.prompt.contains("step by step") && winner.draft.front == "model = \"big\"\n");
    let decided: Vec<&str> = told.candidates.iter().map(|one| one.decided.as_str()).collect();
    assert!(decided[1].contains("lacks `{{ input.q }}`"), "{decided:?}");
    assert!(decided[2].contains("it is broken"), "{decided:?}");
    let confirmed = told.confirmed.as_ref().unwrap();
    assert!(confirmed.low > 0.3 && confirmed.looks == 1, "{confirmed:?}");
    let report = report(&told, "plain", "optimized");
    for part in ["+Think step by step.", "-Answer.", "## Over the cases kept back", "★", "lacks `{{ input.q }}`"] {
        assert!(report.contains(part), "{part}: {report}");
    }
}

/// Training cases and those kept back have nothing in common, and the kept ones are asked of two drafts alone.
#[test]
fn what_is_kept_back_is_asked_once() {
    let world = World::new(step_by_step, |n| prompt(&format!("Think step by step. {n}")));
    let told = searched(&world, 100, &options()).unwrap();
    let marks = world.asked();
    let case = |mark: &str| mark.split('/').nth(3).unwrap_or_default().to_owned();
    let of = |draft: &Draft| -> BTreeSet<String> {
        marks.iter().filter(|mark| mark.contains(&draft.name())).map(|mark| case(mark)).collect()
    };
    let (start, winner) = (of(&told.candidates[0].draft), of(&told.winner().unwrap().draft));
    assert_eq!((start.len(), winner.len()), (100, 100));
    let train = told.cases.0;
    for other in told.candidates.iter().filter(|one| one.number > 0 && Some(one.number) != told.chosen) {
        assert!(of(&other.draft).len() <= train, "number {} has seen what was kept back", other.number);
    }
    let unique: BTreeSet<&String> = marks.iter().collect();
    assert_eq!(unique.len(), marks.len(), "nothing is asked twice");
}

#[test]
fn the_same_search_asks_the_same_and_another_seed_asks_anew() {
    let run = |seed, concurrency| {
        let world = World::new(step_by_step, |n| prompt(&format!("Think step by step. {n}")));
        let told = searched(&world, 60, &Options { seed, concurrency, ..options() }).unwrap();
        let mut marks = world.asked();
        marks.sort();
        (told, marks)
    };
    let (first, again, other) = (run(3, 3), run(3, 8), run(4, 3));
    assert_eq!(first, again);
    assert!(first.1.iter().all(|mark| !other.1.contains(mark)));
}

/// Of twenty prompts that are as good as the start, the best looks better, and no more than one search in twenty may
/// be fooled by it.
#[test]
fn twenty_equal_prompts_have_no_winner() {
    const SEARCHES: u64 = 100;
    let mut proven = 0;
    let mut flattered = 0;
    for seed in 0..SEARCHES {
        let world = World { seed, ..World::new(|_| 0.7, |n| prompt(&format!("Prompt {n}"))) };
        let told = searched(&world, 60, &Options { rounds: 20, seed, ..options() }).unwrap();
        proven += u64::from(told.winner().is_some());
        flattered += u64::from(told.chosen.is_some());
    }
    assert!(flattered > 20, "{flattered}: the best of twenty does look better");
    assert!(proven <= 5, "{proven} of {SEARCHES}");
}

#[test]
fn a_second_look_at_the_same_cases_is_a_wider_one() {
    let place = Place::new();
    let world = World::new(step_by_step, |n| prompt(&format!("Think step by step. {n}")));
    let first = place.searched(&world, &cases(100), &options()).unwrap();
    let again = place.searched(&world, &cases(100), &options()).unwrap();
    let looks = |told: &Outcome| told.confirmed.as_ref().unwrap().looks;
    assert_eq!((looks(&first), looks(&again)), (1, 2), "the writer writes on, and another winner is looked at");
    let (one, two) = (first.confirmed.unwrap(), again.confirmed.unwrap());
    assert!((one.confidence - 0.95).abs() < 1e-9 && (two.confidence - 0.975).abs() < 1e-9);
}

#[test]
fn the_money_holds_for_all_of_it() {
    let world = World::new(step_by_step, |n| prompt(&format!("Prompt {n}")));
    // 60 training cases at 10, two times 40 for the end: what is left pays for two candidates and their writing.
    let most = 60 * 10 + 80 * 10 + 2 * 61 * 10;
    let told = searched(&world, 100, &Options { most: Some(Money::nanos(most)), ..options() }).unwrap();
    assert!(told.cost.unwrap().as_nanos() <= most, "{:?}", told.cost);
    assert!(told.stopped.unwrap().contains("no more is left"));
    let poor = searched(&world, 100, &Options { most: Some(Money::nanos(100)), ..options() });
    assert!(matches!(poor, Err(OptimizeError::Start(_))), "{poor:?}");
}

#[test]
fn demonstrations_do_not_grade_themselves() {
    let world = World::new(|draft| if draft.contains("Examples") { 0.95 } else { 0.5 }, |_| String::new());
    let told = searched(&world, 100, &Options { by: None, examples: 3, rounds: 2, ..options() }).unwrap();
    let shown = &told.candidates[1];
    let How::Examples(ids) = &shown.how else { panic!("{shown:?}") };
    assert_eq!((ids.len(), shown.train.unwrap().of), (3, told.cases.0 as u64 - 3));
    assert!(told.winner().is_some(), "{}", told.told());
}

#[test]
fn a_cheaper_model_must_be_no_worse() {
    let cost = |quality: fn(&str) -> f64| {
        let world = World::new(quality, |n| prompt(&format!("Prompt {n}")));
        let models = vec!["small".to_owned()];
        let options = Options { goal: Goal::Cost, by: None, models, margin: 0.1, ..options() };
        searched(&world, 400, &options).unwrap()
    };
    let alike = cost(|_| 0.95);
    let saving = alike.confirmed.as_ref().unwrap().saving.unwrap();
    assert!(alike.winner().is_some() && (saving.share - 0.9).abs() < 1e-6, "{}", alike.told());
    let worse = cost(|draft| if draft.contains("small") { 0.7 } else { 0.95 });
    assert!(worse.chosen.is_none(), "{}", worse.told());
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let world = World::new(step_by_step, |_| String::new());
    let few = searched(&world, 10, &options()).unwrap_err().to_string();
    assert!(few.contains("fewer than 8"), "{few}");
    let away = World { away_from: 1, ..World::new(step_by_step, |_| String::new()) };
    assert!(matches!(searched(&away, 60, &options()), Err(OptimizeError::Start(_))));
    let silent = World { away_from: 37, ..World::new(step_by_step, |_| String::new()) };
    assert!(matches!(searched(&silent, 60, &options()), Err(OptimizeError::Writer(_))));
    let perfect = World::new(|_| 1.1, |_| String::new());
    let told = searched(&perfect, 60, &options()).unwrap();
    assert_eq!((told.chosen, told.stopped.as_deref()), (None, Some("every training case passes")));
}
