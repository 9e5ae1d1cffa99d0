//! Answers with their grades as data for other programs.

use serde_json::{Map, Value};

use super::{Finished, report};

/// Every answer as a JSON object on a line: the case as it is kept, with its eval, run and subject.
pub fn jsonl(runs: &[&Finished]) -> String {
    let mut text = String::new();
    for Finished { run, cases } in runs {
        for case in cases {
            let mut line = Map::from_iter([
                ("eval".to_owned(), Value::from(run.eval.as_str())),
                ("run".to_owned(), Value::from(run.id.to_string())),
                ("subject".to_owned(), Value::from(run.subject.as_str())),
            ]);
            // Plain data with text keys always has a JSON form.
            if let Ok(Value::Object(fields)) = serde_json::to_value(case) {
                line.extend(fields);
            }
            text.push_str(&Value::Object(line).to_string());
            text.push('\n');
        }
    }
    text
}

/// Every answer as a row of CSV under a header; `cost_usd` is empty where a price is unknown.
pub fn csv(runs: &[&Finished]) -> String {
    let mut rows = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = rows.write_record([
        "eval", "run", "subject", "case", "repeat", "cluster", "verdict", "why", "took_ms", "cost_usd", "input",
        "output",
    ]);
    for Finished { run, cases } in runs {
        for case in cases {
            let cost = case.cost.map(|cost| cost.as_dollars().to_string()).unwrap_or_default();
            let _ = rows.write_record([
                run.eval.as_str(),
                &run.id.to_string(),
                &run.subject,
                &case.case_id,
                &case.repeat.to_string(),
                case.cluster.as_deref().unwrap_or_default(),
                report::verdict_name(case.verdict),
                &report::reasons(case, case.verdict),
                &case.took_ms.to_string(),
                &cost,
                &case.input,
                &case.output,
            ]);
        }
    }
    String::from_utf8(rows.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::samples;
    use surefoot_types::run::CaseResult;

    use super::*;

    #[test]
    fn every_answer_is_a_line_that_reads_back() {
        let case = CaseResult { output: "two\nlines, \"quoted\"".into(), ..samples::case("a") };
        let finished = Finished { run: samples::run(1, "e"), cases: vec![case.clone(), samples::case("b")] };
        let lines: Vec<Value> = jsonl(&[&finished]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(
            (lines.len(), &lines[0]["eval"], &lines[0]["output"]),
            (2, &"e".into(), &case.output.clone().into())
        );
        assert_eq!(serde_json::from_value::<CaseResult>(lines[0].clone()).unwrap(), case);
        let text = csv(&[&finished]);
        let rows: Vec<_> = csv::Reader::from_reader(text.as_bytes()).into_records().map(Result::unwrap).collect();
        assert_eq!(
            (rows.len(), &rows[0][11], &rows[0][6], &rows[0][9]),
            (2, case.output.as_str(), "pass", "0.000000007")
        );
    }
}
