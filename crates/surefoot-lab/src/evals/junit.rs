//! Runs as JUnit XML, which every build server reads.

use std::fmt::Write;

use surefoot_types::run::{CaseResult, Verdict};

use super::Finished;

/// All runs as one document: a suite for each, a test for each answer, and one for its gate. `gates`
/// holds, for each run in order, why a build must not go on, if it must not.
pub fn junit(runs: &[(&Finished, Option<String>)]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (finished, shut) in runs {
        suite(&mut xml, finished, shut.as_deref());
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(xml: &mut String, finished: &Finished, shut: Option<&str>) {
    let Finished { run, cases } = finished;
    let count = |verdict| cases.iter().filter(|case| case.verdict == verdict).count();
    let seconds = cases.iter().map(|case| case.took_ms).sum::<u64>() as f64 / 1e3;
    // Writing to a String cannot fail.
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{}\" id=\"{}\" timestamp=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{seconds:.3}\">",
        attribute(&format!("{} over {}", run.eval, run.subject)),
        run.id,
        run.started,
        cases.len() + 1,
        count(Verdict::Fail) + usize::from(shut.is_some()),
        count(Verdict::Error),
        count(Verdict::Undefined),
    );
    for case in cases {
        test(xml, &run.eval, case);
    }
    let _ = write!(xml, "    <testcase classname=\"{}\" name=\"gate\" time=\"0\"", attribute(&run.eval));
    match shut {
        None => xml.push_str("/>\n"),
        Some(why) => {
            let _ = writeln!(xml, "><failure message=\"{}\"/></testcase>", attribute(why));
        }
    }
    xml.push_str("  </testsuite>\n");
}

fn test(xml: &mut String, eval: &str, case: &CaseResult) {
    let name = if case.repeat == 0 { case.case_id.clone() } else { format!("{} #{}", case.case_id, case.repeat + 1) };
    let time = case.took_ms as f64 / 1e3;
    let (class, name) = (attribute(eval), attribute(&name));
    let _ = write!(xml, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{time:.3}\"");
    let element = match case.verdict {
        Verdict::Pass => return xml.push_str("/>\n"),
        Verdict::Undefined => return xml.push_str("><skipped/></testcase>\n"),
        Verdict::Fail => "failure",
        Verdict::Error => "error",
    };
    let why = case.grades.iter().filter(|grade| grade.verdict == case.verdict);
    let why: Vec<_> = why.map(|grade| format!("{}: {}", grade.grader, grade.reason)).collect();
    let body = format!("asked: {}\nanswered: {}", case.input, case.output);
    let _ =
        writeln!(xml, "><{element} message=\"{}\">{}</{element}></testcase>", attribute(&why.join("; ")), text(&body));
}

/// Text between tags. Characters that XML 1.0 cannot hold at all are left out.
fn text(raw: &str) -> String {
    let holds = |c: &char| matches!(c, '\t' | '\n' | '\r') || (*c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    raw.chars().filter(holds).collect::<String>().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text in quotes, in which a line's end would become a space.
fn attribute(raw: &str) -> String {
    text(raw).replace('"', "&quot;").replace('\n', "&#10;").replace('\r', "&#13;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::samples;
    use surefoot_types::run::Grade;

    use super::*;

    #[test]
    fn what_a_build_server_reads() {
        let case = |id: &str, verdict, reason: &str| CaseResult {
            verdict,
            grades: vec![Grade::plain("g", verdict, reason)],
            output: "<b>\u{1b}&\u{0}</b>".into(),
            ..samples::case(id)
        };
        let again = CaseResult { repeat: 1, ..case("a", Verdict::Fail, "lacks \"x\"\nand <y>") };
        let cases = vec![
            case("a", Verdict::Pass, ""),
            again,
            case("b", Verdict::Error, "away"),
            case("c", Verdict::Undefined, "no field"),
        ];
        let finished = Finished { run: samples::run(1, "e"), cases };
        let xml = junit(&[(&finished, Some("the pass rate is 50.0 %".into()))]);
        let document = roxmltree::Document::parse(&xml).unwrap();
        let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
        let told = ["tests", "failures", "errors", "skipped"].map(|name| suite.attribute(name).unwrap());
        assert_eq!(told, ["5", "2", "1", "1"]);
        let names: Vec<_> = suite.children().filter_map(|node| node.attribute("name")).collect();
        assert_eq!(names, ["a", "a #2", "b", "c", "gate"]);
        let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
        assert_eq!(failure.attribute("message"), Some("g: lacks \"x\"\nand <y>"));
        assert_eq!(failure.text(), Some("asked: question\nanswered: <b>&</b>"));
    }
}
