//! The workflow files in the document on evals are YAML that says what it is meant to say.

use saphyr::{LoadableYamlNode, Yaml};

#[test]
fn the_workflow_files_parse() {
    let text = include_str!("../../../../docs/evals.md");
    let blocks: Vec<&str> = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
    let jobs: Vec<_> = blocks
        .iter()
        .filter_map(|block| {
            let read = Yaml::load_from_str(block).unwrap_or_else(|error| panic!("{error}\n{block}"));
            let mapping = read[0].as_mapping().expect("a mapping").clone();
            let keys: Vec<String> = mapping.keys().filter_map(|key| key.as_str().map(str::to_owned)).collect();
            block.contains("--gate").then_some((keys, (*block).to_owned()))
        })
        .collect();
    assert_eq!(jobs.len(), 2, "GitHub's and GitLab's");
    assert!(jobs[0].0.contains(&"jobs".to_owned()) && jobs[0].1.contains("::warning::"));
    assert!(jobs[1].1.contains("exit_codes: 2"));
}
