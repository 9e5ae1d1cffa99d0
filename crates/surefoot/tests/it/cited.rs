//! Citations of a model that writes its own answers: every one is checked against its passage.

use serde_json::{Value, json};

use crate::support::Served;

const DOCUMENT: &str = "# Harbour\n\nThe ferry to Skagen leaves at 7.30 every morning. It carries 120 cars.\n";

async fn served() -> Served {
    let variant = |model: &str| {
        let prompt = "Answer from these passages and cite them:\n{{ passages() }}{{ history() }}";
        format!("+++\nmodel = \"sim/{model}\"\n+++\n{prompt}\n")
    };
    Served::temp(&[
        ("surefoot.toml", "[knowledge.docs]\nfolder = \"docs\"\n"),
        ("functions/answer/function.toml", "knowledge = \"docs\"\nvariant = \"right\"\n"),
        ("functions/answer/right.md", &variant("cite")),
        ("functions/answer/wrong.md", &variant("cite-wrong")),
        ("docs/harbour.md", DOCUMENT),
    ])
    .await
}

async fn ask(served: &Served, model: &str) -> Value {
    let body =
        json!({"model": model, "messages": [{"role": "user", "content": "When does the ferry to Skagen leave?"}]});
    let sent = reqwest::Client::new().post(format!("{}/v1/chat/completions", served.url)).json(&body).send().await;
    sent.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_true_citation_points_at_the_very_bytes() {
    let told = ask(&served().await, "answer").await;
    let citation = &told["surefoot"]["citations"][0];
    assert_eq!(citation["support"], "quoted", "{told}");
    let (start, end) = (citation["start"].as_u64().unwrap() as usize, citation["end"].as_u64().unwrap() as usize);
    assert_eq!(citation["quote"].as_str().unwrap(), &DOCUMENT[start..end]);
    assert_eq!((&citation["document"], &citation["heading_path"]), (&json!("harbour.md"), &json!(["Harbour"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_number_or_passage_is_never_told_as_supported() {
    let told = ask(&served().await, "answer@wrong").await;
    let citations = told["surefoot"]["citations"].as_array().unwrap();
    // The simulator altered the number in the first sentence, and cites a passage that nobody showed in the second.
    assert_eq!(citations.len(), 2, "{told}");
    for one in citations {
        assert!(one["support"] == "partial" || one["support"] == "unsupported", "{one}");
    }
    assert_eq!(citations[1]["document"], "");
}
