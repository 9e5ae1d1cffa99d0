use surefoot_testkit::samples;
use surefoot_types::run::{Grade, GraderSummary, Rate, Run};

use super::*;
use crate::evals::{Decision, Finished, compare, report::standings};

fn run(of: usize, right: usize, words: &str) -> Finished {
    let case = |n: usize| {
        let verdict = if n < right { Verdict::Pass } else { Verdict::Fail };
        let grades = vec![Grade::plain("<contains>", verdict, "it \"does\" & doesn't")];
        CaseResult { verdict, grades, output: format!("{words} {n}"), ..samples::case(&n.to_string()) }
    };
    let overall =
        Rate { passed: right as u64, of: of as u64, value: Some(right as f64 / of as f64), low: 0.5, high: 0.9 };
    let grader = GraderSummary { grader: "<contains>".into(), rate: overall, errors: 0, undefined: 0 };
    Finished {
        run: Run { cases: of as u64, overall, graders: vec![grader], ..samples::run(of as u64 + right as u64, "e") },
        cases: (0..of).map(case).collect(),
    }
}

fn page(before: &Finished, now: &Finished) -> String {
    let comparison = compare(before, now).unwrap();
    let decision = Decision { decided: Decided::Fail, reason: "worse <than> before".into() };
    let standings = standings(&[now, before]);
    html(&[Page {
        finished: now,
        before: Some(before),
        comparison: Some(&comparison),
        decision: &decision,
        standings: &standings,
    }])
}

/// Well-formed as XML too, so that every text was escaped and every tag is closed.
#[test]
fn the_page_is_whole_and_loads_nothing() {
    let page = page(&run(40, 40, "before <script>alert(1)</script>"), &run(40, 20, "now"));
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..roxmltree::ParsingOptions::default() };
    let read = roxmltree::Document::parse_with_options(&page, options).unwrap();
    let named = |name: &str| read.descendants().filter(|node| node.has_tag_name(name)).count();
    assert_eq!((named("script"), named("link"), named("img")), (0, 0, 0));
    assert_eq!(named("svg"), 4, "rates, differences, cost and time");
    assert!(!page.contains("http"), "nothing is loaded");
    let told: String = read.descendants().filter_map(|node| node.text()).collect();
    for part in ["before <script>alert(1)</script> 39", "now 39", "worse <than> before", "Broken: 20", "worse by"] {
        assert!(told.contains(part), "{part}");
    }
}

#[test]
fn ten_thousand_cases_are_a_page_of_few_megabytes() {
    let words = "a sentence of an answer that goes on for a while. ".repeat(20);
    let page = page(&run(10_000, 9_000, &words), &run(10_000, 3_000, &words));
    assert!(page.len() < 8_000_000, "{} bytes", page.len());
    assert!(page.contains("6500 more are in the run's results"), "what is cut is told");
}
