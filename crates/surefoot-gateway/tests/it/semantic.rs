//! Questions that are answered as others like them were.

use std::{sync::Arc, time::Duration};

use surefoot_gateway::{
    Call, Project, Resident,
    ground::Prompt,
    project::{Bounds, Function, Semantic, Strategy, Variant},
};
use surefoot_testkit::memory::MemoryStore;
use surefoot_types::{
    Clock, SystemClock,
    conversation::{Message, Parameters, Part, Role},
    erasure::user_hash,
};

use crate::support::{Act, Rig, Scripted, parts, rig_of};

const ON: Semantic = Semantic { threshold: 0.9, lives: Duration::from_secs(60), shadow: false };

/// A gateway whose function `f` answers by likeness. To its embedder all questions are alike.
async fn rig(semantic: Option<Semantic>, acts: &[Act]) -> (Rig, Arc<Scripted>) {
    let journal = Arc::new(MemoryStore::default());
    let provider = Scripted::new(acts);
    let mut parts =
        parts(std::slice::from_ref(&provider), &journal, |_| {}, |project| with_function(project, semantic));
    parts.residents.insert("local".into(), Scripted::new(&[]) as Arc<dyn Resident>);
    (rig_of(parts, journal).await, provider)
}

fn with_function(project: &mut Project, semantic: Option<Semantic>) {
    let variant = Variant {
        name: "v".into(),
        version: "1".into(),
        model: Arc::clone(&project.models["m"]),
        parameters: Parameters::default(),
        prompt: Prompt::compile("Be brief.").unwrap(),
        strategy: Strategy::Single,
        prompt_cache: false,
    };
    let function = Function {
        name: "f".into(),
        description: String::new(),
        knowledge: None,
        passages: 3,
        input: Default::default(),
        output: None,
        hold: false,
        semantic,
        variant: "v".into(),
        variants: [("v".to_owned(), Arc::new(variant))].into(),
        keep: None,
        guards: None,
        tools: Vec::new(),
        bounds: Bounds::default(),
    };
    project.functions.insert("f".into(), Arc::new(function));
}

fn ask(rig: &Rig, question: &str) -> Call {
    let mut call = rig.call(question, false);
    call.chat.model = "f".into();
    call
}

#[tokio::test]
async fn a_like_question_is_answered_as_the_first_was() {
    let (rig, provider) = rig(Some(ON), &[Act::Say("Two years.")]).await;
    assert_eq!(rig.ask_with(ask(&rig, "How long is the warranty?")).await.0[0], "head p0/x");
    let (told, trace) = rig.ask_with(ask(&rig, "What is the warranty's length?")).await;
    assert_eq!(told, ["head p0/x cached", "done Two years."]);
    let recalled = trace.spans.iter().find(|span| span.step == "recall").unwrap();
    assert!(
        recalled.note.starts_with("like the question of ") && recalled.note.ends_with(" (1.00)"),
        "{}",
        recalled.note
    );
    assert_eq!((provider.times_asked(), trace.usage.total()), (1, 0));
}

#[tokio::test]
async fn what_must_differ_is_asked_again() {
    let (rig, provider) = rig(Some(ON), &[Act::Say("Yes.")]).await;
    let first = "Can I return it within 30 days?";
    rig.ask_with(ask(&rig, first)).await;
    let mut calls = vec![
        ("another number", ask(&rig, "Can I return it within 14 days?")),
        ("a negation", ask(&rig, "Can I not return it within 30 days?")),
        ("a name", ask(&rig, "Can I return it within 30 days to Ana?")),
        ("nothing that is kept is wanted", ask(&rig, first)),
        ("another user", ask(&rig, first)),
        ("other parameters", ask(&rig, first)),
        ("another conversation", ask(&rig, first)),
        ("another tool", ask(&rig, first)),
        ("a picture", ask(&rig, first)),
    ];
    calls[3].1.context.fresh = true;
    calls[4].1.chat.user = Some("ana".into());
    calls[5].1.chat.parameters.temperature = Some(1.0);
    calls[6].1.chat.messages.insert(0, Message::text(Role::User, "It is broken."));
    calls[7].1.chat.tools = vec![surefoot_types::conversation::Tool {
        name: "x".into(),
        description: None,
        schema: serde_json::json!({"type": "object"}),
        strict: None,
        extra: Default::default(),
    }];
    calls[8].1.chat.messages[0].parts.push(Part::Image { url: "https://a.test/b.png".into(), detail: None });
    for (at, (name, call)) in calls.into_iter().enumerate() {
        assert_eq!(rig.ask_with(call).await.0[0], "head p0/x", "{name}");
        assert_eq!(provider.times_asked(), at + 2, "{name}");
    }
    assert_eq!(rig.ask_with(ask(&rig, first)).await.0[0], "head p0/x cached");
}

#[tokio::test]
async fn a_shadow_only_tells() {
    let (rig, provider) = rig(Some(Semantic { shadow: true, ..ON }), &[Act::Say("Two years.")]).await;
    rig.ask_with(ask(&rig, "How long is the warranty?")).await;
    let (told, trace) = rig.ask_with(ask(&rig, "What is the warranty's length?")).await;
    assert_eq!(told[0], "head p0/x");
    let recalled = trace.spans.iter().find(|span| span.step == "recall").unwrap();
    assert!(recalled.note.starts_with("shadow: like the question of "), "{}", recalled.note);
    assert_eq!(provider.times_asked(), 2);
}

#[tokio::test]
async fn it_is_off_unless_it_is_turned_on_and_forgets_who_is_erased() {
    let (off, provider) = rig(None, &[Act::Say("Two years.")]).await;
    for _ in 0..2 {
        off.ask_with(ask(&off, "How long is the warranty?")).await;
    }
    assert_eq!(provider.times_asked(), 2);
    let (on, provider) = rig(Some(ON), &[Act::Say("Two years.")]).await;
    let of_ana = || {
        let mut call = ask(&on, "How long is the warranty?");
        call.chat.user = Some("ana".into());
        call
    };
    on.ask_with(of_ana()).await;
    on.gateway.forget_user(&user_hash("ana"), SystemClock.now());
    assert_eq!(on.ask_with(of_ana()).await.0[0], "head p0/x");
    assert_eq!(provider.times_asked(), 2);
}
