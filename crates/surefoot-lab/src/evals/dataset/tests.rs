use proptest::prelude::*;

use super::*;

fn read(file: &str, text: &str) -> Dataset {
    Dataset::parse(file, text.as_bytes()).unwrap()
}

fn wrong(file: &str, text: &str) -> String {
    Dataset::parse(file, text.as_bytes()).unwrap_err().to_string()
}

const JSONL: &str = r#"{"id": "port", "input": "Which port?", "expect": "4141", "cluster": "start.md"}

{"input": {"question": "Is it free?", "tone": "short"}, "answerable": false}
{"messages": [{"role": "user", "content": "Hello"}], "expect": ["Hello", "Hi"]}
"#;

const YAML: &str = r"
# Written by hand.
- id: port
  input: Which port?
  expect: '4141'
  cluster: start.md
- id: 3
  input: {question: Is it free?, tone: short}
  answerable: false
- id: '4'
  messages:
    - role: user
      content: Hello
  expect: [Hello, Hi]
";

#[test]
fn one_dataset_in_two_forms_is_one() {
    let (jsonl, yaml) = (read("a.jsonl", JSONL), read("a.yaml", YAML));
    assert_eq!(jsonl, yaml);
    assert_eq!(jsonl.cases()[0].cluster.as_deref(), Some("start.md"));
    assert_eq!(jsonl.cases()[1].id, "3", "the number of its line");
    assert_eq!(jsonl.cases()[2].input.to_string(), "user: Hello");
    assert_eq!(read("b.jsonl", &jsonl.to_jsonl()), jsonl, "and so is what is written");
}

#[test]
fn csv_names_its_fields_and_knows_fields_of_the_input() {
    let dataset = read("a.csv", "id,input.question,input.tone,expect,cluster\n1,Is it free?,short,yes,a\n2,Why?,,,\n");
    let cases = dataset.cases();
    assert_eq!(cases[0].input.to_string(), r#"{"question":"Is it free?","tone":"short"}"#);
    assert_eq!((cases[0].cluster.as_deref(), cases[1].cluster.as_deref()), (Some("a"), None));
    assert!(!cases[1].expect.contains_key("expect"), "an empty cell is an absent field");
}

#[test]
fn the_hash_is_of_the_content() {
    let one = read("a.jsonl", r#"{"id": "1", "input": "a", "expect": "b", "n": 1}"#);
    let spaced = read("b.jsonl", "\n{ \"n\" : 1, \"expect\":\"b\",\"input\":\"a\", \"id\":\"1\"}\n\n");
    assert_eq!(one.hash(), spaced.hash());
    assert_ne!(one.hash(), read("a.jsonl", r#"{"id": "1", "input": "a", "expect": "c", "n": 1}"#).hash());
    assert_ne!(one.hash(), read("a.jsonl", r#"{"id": "1", "input": "a", "expect": "b", "n": 1, "cluster": 2}"#).hash());
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let told = wrong(
        "a.jsonl",
        "{\"input\": \"a\"}\nnonsense\n{\"expect\": 1}\n{\"id\": 1, \"input\": \"b\"}\n{\"input\": \"a\", \"cluster\": []}\n[1]\n",
    );
    for part in [
        "a.jsonl:2: is not JSON",
        "a.jsonl:3: has no `input`",
        "a.jsonl:4: the id `1` is that of line 1 too",
        "a.jsonl:5: `cluster` is a text or a number",
        "a.jsonl:6: is not a JSON object",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(wrong("a.csv", "input,input.a\nx,y\n").contains("a.csv:1: the header has both"));
    assert!(wrong("a.csv", "input,expect\nx\n").contains("a.csv:2: has 1 cells where the header names 2"));
    assert!(wrong("a.txt", "x").contains("a dataset is a .jsonl, .csv or .yaml file"));
    assert!(wrong("a.jsonl", "\n").contains("has no cases"));
    assert!(wrong("a.yaml", "").contains("has no cases"));
    assert!(wrong("a.yaml", "cases: 1").contains("is not a list of cases"));
    assert!(wrong("a.yaml", "- input: a\n- just words\n").contains("a.yaml:2: is not a mapping"));
    assert!(wrong("a.yaml", "- input: [a\n").starts_with("a.yaml:"));
    assert!(wrong("a.yaml", "- input: a\n---\n- input: b\n").contains("several documents"));
    let bytes = Dataset::parse("a.jsonl", b"{\"input\": \"a\"}\n\xff").unwrap_err().to_string();
    assert_eq!(bytes, "a.jsonl:2: is not UTF-8 text");
}

fn numbered(inputs: &[String]) -> Dataset {
    let line = |(at, input): (usize, &String)| json!({ "id": format!("c{at}"), "input": input }).to_string();
    read("a.jsonl", &inputs.iter().enumerate().map(line).collect::<Vec<_>>().join("\n"))
}

#[test]
fn near_duplicates_and_clusters_stay_in_one_part() {
    let mut inputs: Vec<String> =
        (0..20).map(|n| format!("A question of its own about subject number {n} and nothing else than {n}")).collect();
    inputs[0] = "How do I reset the password of my account on the web page?".into();
    inputs[1] = "how do I reset the password of my account, on the web page".into();
    inputs[2] = "How do I reset the password of my account on the phone?".into();
    for seed in 0..20 {
        let split = numbered(&inputs).split(0.3, seed);
        assert_eq!(split.train.cases().len() + split.test.cases().len(), 20);
        let in_test = |id: &str| split.test.cases().iter().any(|case| case.id == id);
        assert!(in_test("c0") == in_test("c1") && in_test("c1") == in_test("c2"), "seed {seed}");
        assert!((4..=8).contains(&split.test.cases().len()), "{}", split.test.cases().len());
        assert!(split.together.contains(&vec!["c0".into(), "c1".into(), "c2".into()]), "{:?}", split.together);
    }
    let clustered = read("a.csv", "input,cluster\none,a\ntwo,b\nthree,a\nfour,b\n").split(0.5, 1);
    assert_eq!(clustered.together, [["2", "4"], ["3", "5"]]);
    assert_eq!(clustered.test.cases().len(), 2);
}

#[test]
fn the_order_of_the_file_does_not_matter() {
    let text = |order: &[usize]| {
        let line = |n: &usize| json!({ "id": n.to_string(), "input": format!("subject {n} of {n}") }).to_string();
        read("a.jsonl", &order.iter().map(line).collect::<Vec<_>>().join("\n"))
    };
    let ids = |dataset: &Dataset| dataset.cases().iter().map(|case| case.id.clone()).collect::<BTreeSet<_>>();
    let (there, back) = (text(&[1, 2, 3, 4, 5, 6]).split(0.5, 3), text(&[6, 5, 4, 3, 2, 1]).split(0.5, 3));
    assert_eq!(ids(&there.test), ids(&back.test));
    assert_eq!(there.test.cases().len(), 3);
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(text in "\\PC*", ending in prop::sample::select(vec!["jsonl", "csv", "yaml"])) {
        let _ = Dataset::parse(&format!("a.{ending}"), text.as_bytes());
    }
}
