//! A grader of the user's own: a program that reads a case and its answer and says what it thinks.
//!
//! It is started as it stands, without a shell, in the folder of the eval, with an environment of `PATH`
//! alone. It may take so long and say so much; past that it is ended, and the grade is an error.

use std::{path::Path, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};

use super::{Finding, Found, Given, brief};
use crate::evals::Case;

/// Runs the program and reads its verdict.
pub(super) async fn find(given: Given<'_>, case: &Case, folder: &Path) -> Found {
    let limit = Duration::from_secs_f64(given.options.timeout_s);
    let said = timeout(limit, run(given, case, folder)).await;
    let said = said.map_err(|_| format!("the command took longer than {} s", given.options.timeout_s))??;
    verdict(&said, given.options.threshold.unwrap_or(0.5))
}

async fn run(given: Given<'_>, case: &Case, folder: &Path) -> Result<String, String> {
    let (program, words) = given.options.command.split_first().ok_or("the grader has no `command`")?;
    let mut command = Command::new(program);
    command.args(words).current_dir(folder).env_clear().kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    let mut child = command.spawn().map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let asked = given.asked;
    let told = json!({
        "id": case.id, "input": case.input, "expect": case.expect, "output": asked.text,
        "contexts": asked.contexts, "cost_usd": asked.cost.map(|cost| cost.as_dollars()),
        "took_ms": asked.took.as_secs_f64() * 1e3,
    });
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A program that does not read what it is told has closed its end.
            let _ = stdin.write_all(told.to_string().as_bytes()).await;
        }
    };
    let most = given.options.max_output_bytes;
    let ((), said, wrong) = tokio::join!(feed, all(stdout, most), all(stderr, most));
    let said = said?;
    let status = child.wait().await.map_err(|error| format!("the command was lost: {error}"))?;
    if status.success() {
        return Ok(said);
    }
    Err(format!("the command ended with {status}: {}", brief(&wrong.unwrap_or_default())))
}

/// All that a stream says, if that is not too much.
async fn all(stream: Option<impl AsyncReadExt + Unpin>, most: u64) -> Result<String, String> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let read = stream.take(most + 1).read_to_end(&mut bytes).await;
        read.map_err(|error| format!("the command's output cannot be read: {error}"))?;
    }
    if bytes.len() as u64 > most {
        return Err(format!("the command's output is longer than {most} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "the command's output is not UTF-8 text".into())
}

/// `true` or `false`, a score from 0 to 1, `null` for what does not apply, or an object of `pass`,
/// `score` and `reason`.
fn verdict(said: &str, threshold: f64) -> Found {
    let wrong = || format!("the command's output is no verdict: `{}`", brief(said));
    let score = |value: &Value| value.as_f64().filter(|score| (0.0..=1.0).contains(score)).ok_or_else(wrong);
    let value: Value = serde_json::from_str(said.trim()).map_err(|_| wrong())?;
    match &value {
        Value::Null => Ok(Finding::undefined("the command says that it does not apply")),
        Value::Bool(passes) => Ok(Finding::of(*passes, "the command says so")),
        Value::Number(_) => Ok(Finding::scored(score(&value)?, threshold, "the command's score")),
        Value::Object(fields) => {
            let measured = fields.get("score").map(score).transpose()?;
            let passes = match (fields.get("pass"), measured) {
                (Some(pass), _) => pass.as_bool().ok_or_else(wrong)?,
                (None, Some(score)) => score >= threshold - 1e-9,
                (None, None) => return Err(wrong()),
            };
            let reason = fields.get("reason").and_then(Value::as_str).unwrap_or("the command says so");
            Ok(Finding { score: measured, ..Finding::of(passes, brief(reason)) })
        }
        _ => Err(wrong()),
    }
}
