//! Runs tools.

use serde_json::{Map, Value, json};
use surefoot_dialect::responses;
use surefoot_guard::pseudonyms::Form;
use surefoot_types::{
    Code, Fault,
    conversation::{Dialect, Part},
    document::Hit,
    ids::{ResponseId, TraceId},
    trace::GuardVerdict,
};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Kind, Offered, Talk, Toolset};
use crate::{
    attempt::Attempting,
    gateway::Parts,
    ground::{Grounded, searchable},
    guards::Guards,
    outside::Grounding,
    project::McpServer,
    record::Tale,
    screen::{judge_call, passages},
};

/// Longest text of a tool that a model is shown, in bytes.
const LONGEST: usize = 64 * 1024;

/// What a call of a tool gave.
pub(super) struct Ran {
    /// For the model.
    pub(super) result: Part,
    /// For the caller, in a dialect that has words for it.
    pub(super) told: Option<Part>,
    /// Passages that it found.
    pub(super) hits: Vec<Hit>,
    /// What the guards said of passages.
    verdicts: Vec<GuardVerdict>,
}

/// What a search found.
struct Found {
    text: String,
    item: Part,
    hits: Vec<Hit>,
    verdicts: Vec<GuardVerdict>,
}

impl Toolset {
    /// Runs the calls of a turn, one after the other, each a span of the trace.
    pub(super) async fn run(
        &self,
        attempting: &Attempting<'_>,
        calls: &[(String, String, String)],
        talk: &Talk,
        tale: &mut Tale,
    ) -> Result<Vec<Ran>, Fault> {
        let (own, theirs) = (attempting.plan.model.policy.total, attempting.call.context.patience.total);
        let total = theirs.map_or(own, |theirs| theirs.min(own));
        let by = tale.started() + total;
        let guards = attempting.plan.guards(attempting.project);
        let mut all: Vec<Ran> = Vec::new();
        let before = usize::try_from(talk.calls).unwrap_or(usize::MAX);
        let room = usize::try_from(self.bounds.calls).unwrap_or(usize::MAX).saturating_sub(before);
        for (at, (id, name, arguments)) in calls.iter().enumerate() {
            let Some(offered) = self.offered.iter().find(|one| one.tool.name == *name) else { continue };
            tale.enter_tool(name);
            let shown = talk.prompt.grounded.hits.len() + all.iter().map(|one| one.hits.len()).sum::<usize>();
            let number = self.begun.len() + before + at;
            // A tool is asked about what is meant, not about what stands for it.
            let vault = talk.prompt.vault.as_deref();
            let meant = vault.map_or_else(|| arguments.clone(), |vault| vault.restore(arguments, Form::Json));
            let asked = Asked { id, said: arguments, meant: &meant, trace: tale.trace().id, number, shown };
            if at >= room {
                tale.note("not run: too many calls");
                all.push(Ran::wrong(&asked, "It was not run: no more tools may be called. Answer with what there is."));
                continue;
            }
            if let Some(ran) = gated(talk, &offered.kind.name(), &asked)? {
                tale.note("withheld");
                tale.judged(ran.verdicts.iter().cloned());
                all.push(ran);
                continue;
            }
            let work = self.call(attempting.parts, guards, offered, &asked);
            let (ran, note) = timeout_at(by, work).await.unwrap_or_else(|_| {
                let limit = total.as_secs_f64();
                Err(Fault::new(Code::UpstreamTimeout, format!("the request did not end within {limit} s")))
            })?;
            tale.note(note);
            tale.judged(ran.verdicts.iter().cloned());
            all.push(ran);
        }
        Ok(all)
    }

    async fn call(
        &self,
        parts: &Parts,
        guards: &Guards,
        offered: &Offered,
        asked: &Asked<'_>,
    ) -> Result<(Ran, String), Fault> {
        let text = if asked.meant.trim().is_empty() { "{}" } else { asked.meant };
        let Ok(arguments) = serde_json::from_str::<Map<String, Value>>(text) else {
            let told = "The arguments are not a JSON object. Call the tool again with one.";
            return Ok((Ran::wrong(asked, told), "arguments that are no JSON object".into()));
        };
        match &offered.kind {
            Kind::Search { knowledge, most, least } => {
                let query = arguments.get("query").and_then(Value::as_str).filter(|query| !query.trim().is_empty());
                let Some(query) = query else {
                    let told = "`query` is missing. Call the tool again with what to look for.";
                    return Ok((Ran::wrong(asked, told), "no query".into()));
                };
                let grounding = searchable(parts.grounding.as_deref())?;
                let search = Search { knowledge, most: *most, least: *least, query, results: self.results };
                let found = search.run(grounding, guards, asked.trace, asked.number, asked.shown).await?;
                let note = format!("{} passages", found.hits.len());
                let Found { text, item, hits, verdicts } = found;
                Ok((Ran { result: asked.result(text, false), told: Some(item), hits, verdicts }, note))
            }
            Kind::Remote { server, tool } => Ok(remote(parts, guards, server, tool, asked, arguments).await),
        }
    }
}

/// What stands in the place of a call that may not be made, since the prompt holds text from elsewhere.
fn gated(talk: &Talk, name: &str, asked: &Asked<'_>) -> Result<Option<Ran>, Fault> {
    let Some(gate) = &talk.prompt.gate else { return Ok(None) };
    let (instead, verdict) = judge_call(gate, name, asked.meant)?;
    Ok(instead.map(|told| Ran { verdicts: verdict.into_iter().collect(), ..Ran::wrong(asked, &told) }))
}

/// A call of a tool, as the model made it.
struct Asked<'a> {
    id: &'a str,
    /// Its arguments in the model's own words.
    said: &'a str,
    /// The same with the real values in the place of pseudonyms.
    meant: &'a str,
    trace: TraceId,
    /// Its number among what the caller is told.
    number: usize,
    /// How many passages were shown before it.
    shown: usize,
}

impl Asked<'_> {
    fn result(&self, text: String, is_error: bool) -> Part {
        Part::ToolResult { id: self.id.to_owned(), content: vec![Part::text(text)], is_error }
    }
}

impl Ran {
    fn wrong(asked: &Asked<'_>, told: &str) -> Self {
        Self { result: asked.result(told.to_owned(), true), told: None, hits: Vec::new(), verdicts: Vec::new() }
    }
}

/// What a search is asked.
struct Search<'a> {
    knowledge: &'a [String],
    most: usize,
    least: f32,
    query: &'a str,
    results: bool,
}

impl Search<'_> {
    async fn run(
        &self,
        grounding: &dyn Grounding,
        guards: &Guards,
        trace: TraceId,
        number: usize,
        shown: usize,
    ) -> Result<Found, Fault> {
        let mut hits: Vec<Hit> = Vec::new();
        for knowledge in self.knowledge {
            hits.extend(grounding.search(knowledge, self.query, self.most).await?);
        }
        hits.retain(|hit| hit.score >= self.least);
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(self.most);
        let (hits, verdicts) = passages(guards, hits);
        let text = if hits.is_empty() {
            "The documents have nothing on this.".to_owned()
        } else {
            grounding.passages_block(&hits, shown + 1)
        };
        // What is told of a call is recorded with the answer, where no pseudonyms are put into it.
        let (queries, shows) =
            if guards.personal.is_some() { (Vec::new(), false) } else { (vec![self.query], self.results) };
        let value =
            responses::file_search_call(&item_id("fs", trace, number), &queries, shows.then_some(hits.as_slice()));
        Ok(Found { text, item: Part::Other { dialect: Dialect::OpenaiResponses, value }, hits, verdicts })
    }
}

/// Searches for the question before the model is asked: for one that cannot ask itself.
pub(super) async fn ahead(
    mut set: Toolset,
    guards: &Guards,
    trace: TraceId,
    parts: &Parts,
    grounded: &mut Grounded,
) -> Result<Toolset, Fault> {
    for (number, offered) in std::mem::take(&mut set.offered).iter().enumerate() {
        let Kind::Search { knowledge, most, least } = &offered.kind else { continue };
        let grounding = searchable(parts.grounding.as_deref())?;
        let query = grounded.question.clone();
        let search = Search { knowledge, most: *most, least: *least, query: &query, results: set.results };
        let found = search.run(grounding, guards, trace, number, grounded.hits.len()).await?;
        grounded.hits.extend(found.hits);
        grounded.verdicts.extend(found.verdicts);
        set.begun.push(found.item);
    }
    grounded.request.tool_choice = None;
    Ok(set)
}

/// Calls a tool of an MCP server. What goes wrong there is told to the model, which may do better.
async fn remote(
    parts: &Parts,
    guards: &Guards,
    server: &McpServer,
    tool: &str,
    asked: &Asked<'_>,
    arguments: Map<String, Value>,
) -> (Ran, String) {
    let begun = Instant::now();
    let called = match parts.toolbox.as_deref() {
        Some(toolbox) => timeout(server.timeout, toolbox.call(server, tool, arguments)).await.unwrap_or_else(|_| {
            let limit = server.timeout.as_secs_f64();
            Err(Fault::new(Code::UpstreamTimeout, format!("the tool did not answer within {limit} s")))
        }),
        None => Err(Fault::internal("no MCP client was given")),
    };
    let (mut text, failed) = match called {
        Ok(outcome) => (outcome.text, outcome.is_error),
        Err(fault) => (fault.told(), true),
    };
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push_str("\n… (cut here: it is longer)");
    }
    let note = format!("{} after {} ms", if failed { "failed" } else { "answered" }, begun.elapsed().as_millis());
    let result = asked.result(text.clone(), failed);
    // See above: nothing is told of what the tool gave where personal data is kept from records.
    let output = guards.personal.is_none().then_some(text);
    let value = json!({
        "type": "mcp_call", "id": item_id("mcp", asked.trace, asked.number), "server_label": server.name,
        "name": tool, "arguments": asked.said, "status": if failed { "failed" } else { "completed" },
        "output": output.as_deref().filter(|_| !failed), "error": output.as_deref().filter(|_| failed),
    });
    let told = Some(Part::Other { dialect: Dialect::OpenaiResponses, value });
    (Ran { result, told, hits: Vec::new(), verdicts: Vec::new() }, note)
}

/// The id of an item that tells of a call: it names the response that it is in.
fn item_id(kind: &str, trace: TraceId, number: usize) -> String {
    format!("{kind}_{}_{number}", ResponseId::from_bits(trace.to_bits()))
}
