//! An experiment of four variants with qualities that are known: feedback comes, the best is found, and promoted.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::support::{Project, Served, output, question, surefoot, told, until};

/// Which of ten users are content with each variant: made by chance of theirs, the same every time.
const QUALITIES: [(&str, u64); 4] = [("plain", 3), ("concise", 4), ("friendly", 9), ("stern", 2)];

fn project(experiment: &str) -> Project {
    let function = format!("variant = \"plain\"\n\n[experiment]\n{experiment}\n");
    let project = Project::temp(&[("surefoot.toml", ""), ("functions/answer/function.toml", &function)]);
    for (name, _) in QUALITIES {
        let prompt = format!("+++\nmodel = \"sim/echo\"\n+++\nAnswer in a {name} way.\n");
        project.write(&format!("functions/answer/{name}.md"), &prompt);
    }
    project
}

/// A user asks, and says whether they are content. The variant that they had.
async fn asked(served: &Served, client: &reqwest::Client, user: u64) -> String {
    let question =
        json!({"model": "answer", "user": format!("user-{user}"), "messages": [{"role": "user", "content": "?"}]});
    let (status, answer) = served.ask(client, &question).await;
    assert_eq!(status, 200, "{answer}");
    let variant = answer["surefoot"]["variant"].as_str().unwrap().to_owned();
    let quality = QUALITIES.iter().find(|(name, _)| *name == variant).unwrap().1;
    // Scrambled, so that it has nothing to do with how users are drawn.
    let content = (user.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % 10 < quality;
    let said = json!({"trace_id": answer["surefoot"]["trace_id"], "metric": "thumbs", "value": content});
    let sent = client.post(format!("{}/api/feedback", served.url)).json(&said).send().await.unwrap();
    assert_eq!(sent.status(), 201);
    variant
}

async fn state(served: &Served) -> Option<Value> {
    let told: Value = serde_json::from_str(&served.until(|_| true, "/api/experiments").await).unwrap();
    told["experiments"].get(0).cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_of_four_variants_is_found_and_promoted() {
    let project = project(
        "candidates = [\"concise\", \"friendly\", \"stern\"]\nmetric = \"thumbs\"\nsettle = \"1ms\"\nharm = { errors = 0.5 }",
    );
    let mut served = Served::start(&project).await;
    let client = reqwest::Client::new();
    let first = asked(&served, &client, 0).await;
    for _ in 0..3 {
        assert_eq!(asked(&served, &client, 0).await, first, "a user keeps to one variant");
    }
    let trace = told(project.surefoot(&["traces", "--user", "user-0", "--limit", "1", "--json"])).await;
    let trace = told(project.surefoot(&["traces", trace[0]["id"].as_str().unwrap(), "--json"])).await;
    assert_eq!((&trace["variant"], &trace["trial"]["share"]), (&json!(first), &json!(0.25)), "{trace}");

    let mut user = 1;
    let decided = loop {
        for _ in 0..100 {
            asked(&served, &client, user).await;
            user += 1;
        }
        // One process may end at any time: the next goes on with what is kept.
        if user == 201 {
            served.end().await;
            served = Served::start(&project).await;
        }
        let state = until("what came is counted", async || {
            state(&served).await.filter(|state| state["status"] != "running" || state["counted"].as_u64() == Some(user))
        });
        let state = state.await;
        if state["status"] != "running" {
            break state;
        }
        assert!(user < 5_000, "{state}");
    };
    assert_eq!((&decided["winner"], &decided["alarm"]), (&json!("friendly"), &json!(false)), "{decided}");
    assert!(decided["verdict"].as_str().unwrap().starts_with("'friendly' with 0."), "{decided}");
    assert!(decided["history"].as_array().unwrap().len() > 1 && decided["allotments"].as_array().unwrap().len() > 1);
    let next = AtomicU64::new(user);
    until("everybody has the winner", async || {
        (asked(&served, &client, next.fetch_add(1, Ordering::Relaxed)).await == "friendly").then_some(())
    })
    .await;
    for n in 0..20 {
        assert_eq!(asked(&served, &client, 100_000 + n).await, "friendly");
    }

    let shown = output(project.surefoot(&["experiment", "status", "answer"])).await;
    assert!(shown.contains("decided") && shown.contains("another variant is better"), "{shown}");
    let diff = output(project.surefoot(&["experiment", "promote", "answer"])).await;
    assert!(diff.contains("-variant = \"plain\"") && diff.contains("+variant = \"friendly\""), "{diff}");
    let file = project.folder().join("functions/answer/function.toml");
    assert!(std::fs::read_to_string(&file).unwrap().contains("[experiment]"));
    output(project.surefoot(&["experiment", "promote", "answer", "--yes"])).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "variant = \"friendly\"\n");
    let audit = told(project.surefoot(&["audit", "list", "--json"])).await;
    assert!(audit.to_string().contains("experiment.promote"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_experiment_sends_everybody_to_the_control() {
    let project = project("candidates = [\"concise\"]\nmetric = \"thumbs\"\nsettle = \"1ms\"");
    let served = Served::start(&project).await;
    let client = reqwest::Client::new();
    until("it has begun", async || state(&served).await).await;
    let next = AtomicU64::new(0);
    let user = until("somebody has the candidate", async || {
        let user = next.fetch_add(1, Ordering::Relaxed);
        (asked(&served, &client, user).await == "concise").then_some(user)
    })
    .await;
    output(project.surefoot(&["experiment", "stop", "answer"])).await;
    until("that user has the control", async || (asked(&served, &client, user).await == "plain").then_some(())).await;
    assert_eq!(state(&served).await.unwrap()["status"], "stopped");
    let none = project.surefoot(&["experiment", "promote", "answer"]).output().await.unwrap();
    assert!(!none.status.success() && std::str::from_utf8(&none.stderr).unwrap().contains("no winner"), "{none:?}");
}

#[tokio::test]
async fn mistakes_about_experiments_are_told_with_their_place() {
    let wrong = "candidates = [\"concice\", \"plain\", \"stern\"]\nmetric = \"comment\"\nunit = \"usr\"\nfloor = 0.2\nleast = 5\n\
                 shares = { stern = 0 }\nalpha = 0.5\nsettle = \"soon\"\nharm = { costs = 1 }\n";
    let project = project(wrong);
    let checked = surefoot(&["check"]).arg(project.folder()).output().await.unwrap();
    let told = String::from_utf8(checked.stderr).unwrap();
    for expected in [
        "there is no variant 'concice'",
        "'plain' takes part twice",
        "'comment' is a text, which decides nothing",
        "'unit' cannot be 'usr'",
        "`floor` is for the method \"adaptive\"",
        "no number lies between 5 and 1",
        "'alpha' cannot be 0.5",
        "'soon' is not a duration",
        "costs",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert_eq!(checked.status.code(), Some(1));
}

/// Feedback may come after days; where shares follow feedback, silence is none.
#[tokio::test]
async fn silence_is_a_no_after_days_and_never_with_an_adaptive_split() {
    for (more, right) in [
        ("settle = \"2d\"\nabsent_after = \"30d\"", true),
        ("absent_after = \"0d\"", false),
        ("settle = \"2d\"\nmethod = \"adaptive\"", true),
        ("absent_after = \"1h\"\nmethod = \"adaptive\"", false),
    ] {
        let project = project(&format!("candidates = [\"concise\"]\nmetric = \"thumbs\"\n{more}"));
        let checked = surefoot(&["check"]).arg(project.folder()).output().await.unwrap();
        let told = String::from_utf8(checked.stderr).unwrap();
        assert_eq!(checked.status.success(), right, "{more}: {told}");
        assert_eq!(told.contains("`absent_after` cannot stand"), !right && more.contains("adaptive"), "{more}: {told}");
    }
}

/// What the page about experiments shows is a project that loads.
#[tokio::test]
async fn the_page_s_experiment_loads() {
    let page = include_str!("../../../../docs/experiments.md");
    let block =
        page.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("```")).map(|(block, _)| block).unwrap();
    let project = project("candidates = [\"concise\"]\nmetric = \"thumbs\"");
    project.write("functions/answer/function.toml", block);
    assert!(
        output({
            let mut check = surefoot(&["check"]);
            check.arg(project.folder());
            check
        })
        .await
        .contains("all is well")
    );
}

/// What was asked is asked again of another variant: corrections are what is expected, what was not kept is left out.
#[tokio::test(flavor = "multi_thread")]
async fn past_questions_are_asked_again_of_another_variant() {
    let project = Project::temp(&[
        ("surefoot.toml", "[feedback]\ntokens = \"1d\"\n"),
        ("functions/answer/function.toml", "variant = \"plain\"\n"),
        ("functions/answer/plain.md", "+++\nmodel = \"sim/refuse\"\n+++\nAnswer.\n"),
        ("functions/answer/echo.md", "+++\nmodel = \"sim/echo\"\n+++\nAnswer.\n"),
        (
            "evals/answer.toml",
            "subject = \"answer\"\ndataset = \"answer.jsonl\"\n[[graders]]\nkind = \"contains\"\nfield = \"expect\"\n",
        ),
        ("evals/answer.jsonl", "{\"input\": \"a\", \"expect\": \"a\"}\n"),
    ]);
    let served = Served::start(&project).await;
    let client = reqwest::Client::new();
    for n in 0..30 {
        let question = json!({"model": "answer", "user": format!("user-{n}"), "messages": [{"role": "user", "content": format!("town {n}?")}]});
        let (_, answer) = served.ask(&client, &question).await;
        let said = json!({"token": answer["surefoot"]["feedback_token"], "metric": "correction", "value": format!("town {n}")});
        let sent = client.post(format!("{}/api/feedback", served.url)).json(&said).send().await.unwrap();
        assert_eq!(sent.status(), 201);
    }
    let long = json!({"model": "answer", "messages": [
        {"role": "user", "content": "first?"}, {"role": "assistant", "content": "yes"}, {"role": "user", "content": "second?"}
    ]});
    served.ask(&client, &long).await;
    let replayed = told(project.surefoot(&["replay", "answer", "--variant", "echo", "--json"])).await;
    assert_eq!((&replayed["questions"], &replayed["left_out"]), (&json!(30), &json!(1)), "{replayed}");
    assert_eq!((&replayed["before"]["passed"], &replayed["after"]["passed"]), (&json!(0), &json!(30)), "{replayed}");
    assert_eq!(replayed["comparison"]["rows"][0]["verdict"], "better");
    let asked = told(project.surefoot(&["traces", "--user", "user-7", "--json"])).await;
    assert_eq!(asked.as_array().unwrap().len(), 2, "the new question is the user's too: {asked}");
    let worse = project.surefoot(&["replay", "answer", "--model", "sim/ok", "--limit", "20"]).output().await.unwrap();
    let said = String::from_utf8(worse.stdout).unwrap();
    assert!(said.contains("20 questions asked again") && worse.status.success(), "{said}");
    let none = project.surefoot(&["replay", "answer", "--variant", "none"]).output().await.unwrap();
    assert!(String::from_utf8(none.stderr).unwrap().contains("it has: echo, plain"));
}

/// A shadow answers copies of live requests; nobody sees it but those who compare.
#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_answers_copies_that_nobody_is_shown() {
    let project = Project::temp(&[
        ("surefoot.toml", ""),
        ("functions/answer/function.toml", "variant = \"plain\"\n[shadow]\nvariant = \"echo\"\nshare = 1.0\n"),
        ("functions/answer/plain.md", "+++\nmodel = \"sim/refuse\"\n+++\nAnswer.\n"),
        ("functions/answer/echo.md", "+++\nmodel = \"sim/echo\"\n+++\nAnswer.\n"),
        (
            "evals/answer.toml",
            "subject = \"answer\"\ndataset = \"answer.jsonl\"\n[[graders]]\nkind = \"contains\"\nvalue = \"town\"\n",
        ),
        ("evals/answer.jsonl", "{\"input\": \"a\"}\n"),
    ]);
    let served = Served::start(&project).await;
    let client = reqwest::Client::new();
    for n in 0..30 {
        let content = format!("town {n}?");
        let question = json!({"model": "answer", "user": "ann", "messages": [{"role": "user", "content": content}]});
        let (_, answer) = served.ask(&client, &question).await;
        assert_eq!(answer["surefoot"]["variant"], "plain");
    }
    served.ask(&client, &question("answer@plain")).await;
    let copies = async || {
        let all = told(project.surefoot(&["traces", "--asked", "answer@echo", "--limit", "100", "--json"])).await;
        (all.as_array().unwrap().len() >= 30).then_some(all)
    };
    let copies = until("every request was copied", copies).await;
    assert_eq!(copies.as_array().unwrap().len(), 30, "and none that names its variant");
    assert!(copies.as_array().unwrap().iter().all(|copy| copy["door"] == "shadow"), "{copies}");
    let compared = told(project.surefoot(&["replay", "answer", "--variant", "echo", "--shadow", "--json"])).await;
    assert_eq!((&compared["before"]["passed"], &compared["after"]["passed"]), (&json!(0), &json!(30)), "{compared}");
    let after = told(project.surefoot(&["traces", "--asked", "answer@echo", "--limit", "100", "--json"])).await;
    assert_eq!(after.as_array().unwrap().len(), 30, "nothing was asked again");
    let erased = told(project.surefoot(&["erase", "--user", "ann", "--yes", "--json"])).await;
    assert_eq!(erased["counts"]["traces"], 60, "copies are the user's too");
}
