//! Which tools are run here for a request, and how they are put before the model.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use surefoot_types::{
    Fault,
    conversation::{ChatRequest, Dialect, Tool, ToolChoice},
    ids::TraceId,
};

use super::{Offered, Toolset, run};
use crate::{
    gateway::Parts,
    ground::{Grounded, searchable},
    identify::{Admitted, may_search},
    project::{McpServer, Project, Reach, ToolGrant},
    resolve::Plan,
};

/// OpenAI's word for the tool that searches, and the name under which the model gets it.
const FILE_SEARCH: &str = "file_search";
/// How a vector store at OpenAI is named: not one of ours.
const OPENAIS: &str = "vs_";
/// How many passages a search gives unless the caller says, and at most.
const PASSAGES: u64 = 8;
const MOST_PASSAGES: u64 = 50;
/// What the caller includes who wants to see what was found.
const RESULTS: &str = "file_search_call.results";

/// How a tool is run.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// By searching these.
    Search { knowledge: Vec<String>, most: usize, least: f32 },
    /// By an MCP server, under its own name there.
    Remote { server: Arc<McpServer>, tool: String },
}

impl Kind {
    /// What it is called in settings. The model may know it by another name, where this one is taken.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Search { .. } => FILE_SEARCH.to_owned(),
            Self::Remote { server, tool } => format!("{}__{tool}", server.name),
        }
    }
}

/// The tools that are run here for a request, put among those that it offers the model.
pub(crate) async fn offer(
    project: &Project,
    plan: &Plan,
    trace: TraceId,
    parts: &Parts,
    admitted: Option<&Admitted>,
    grounded: &mut Grounded,
) -> Result<Toolset, Fault> {
    let mut set = Toolset::default();
    searches(admitted, parts, &mut grounded.request, &mut set).await?;
    if let Some(task) = &plan.task {
        set.bounds = task.function.bounds;
        remote(parts, &task.function.tools, &grounded.request, &mut set).await?;
    }
    if set.is_empty() {
        return Ok(set);
    }
    grounded.untouched = false;
    if let Some(most) = grounded.request.extra.shift_remove("max_tool_calls").and_then(|most| most.as_u64()) {
        set.bounds.calls = set.bounds.calls.min(u32::try_from(most).unwrap_or(u32::MAX));
    }
    if only_quotes(plan) {
        // It answers from what it is given, and cannot ask.
        return run::ahead(set, plan.guards(project), trace, parts, grounded).await;
    }
    grounded.request.tools.extend(set.offered.iter().map(|one| one.tool.clone()));
    Ok(set)
}

/// Whether the first to answer is the one that quotes passages and calls no tools.
fn only_quotes(plan: &Plan) -> bool {
    plan.model
        .targets
        .first()
        .is_some_and(|target| matches!(target.provider.reach, Reach::Resident) && target.provider.name == "local")
}

/// Takes the searches that are ours out of the request.
async fn searches(
    admitted: Option<&Admitted>,
    parts: &Parts,
    request: &mut ChatRequest,
    set: &mut Toolset,
) -> Result<(), Fault> {
    if request.dialect != Dialect::OpenaiResponses {
        return Ok(());
    }
    let mut left = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match search(tool)? {
            Some(Kind::Search { knowledge, most, least }) => {
                for name in &knowledge {
                    may_search(admitted, name)?;
                    searchable(parts.grounding.as_deref())?.known(name).await?;
                }
                let name = free_name(FILE_SEARCH, request.tools.iter().filter(|tool| !tool.schema.is_null()), set);
                let tool = search_tool(name, &knowledge);
                set.offered.push(Offered { tool, kind: Kind::Search { knowledge, most, least } });
            }
            _ => left.push(tool.clone()),
        }
    }
    request.tools = left;
    if let Some(first) = set.offered.first() {
        let is_choice = request.extra.get("tool_choice").is_some_and(|choice| choice["type"] == FILE_SEARCH);
        if is_choice {
            request.extra.shift_remove("tool_choice");
            request.tool_choice = Some(ToolChoice::Named(first.tool.name.clone()));
        }
        if let Some(Value::Array(include)) = request.extra.get_mut("include") {
            let had = include.len();
            include.retain(|one| one != RESULTS);
            set.results = include.len() < had;
        }
    }
    Ok(())
}

/// A search of ours; none for another tool, or for a search of what is kept at OpenAI.
fn search(tool: &Tool) -> Result<Option<Kind>, Fault> {
    if !tool.schema.is_null() || tool.extra.get("type").is_none_or(|kind| kind != FILE_SEARCH) {
        return Ok(None);
    }
    let wrong = |field: &str, told: &str| Fault::bad_request(&format!("tools[].{field}"), told.to_owned());
    let stores = tool.extra.get("vector_store_ids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let names: Option<Vec<String>> = stores.iter().map(|one| one.as_str().map(str::to_owned)).collect();
    let knowledge = names.filter(|names| !names.is_empty()).ok_or_else(|| {
        wrong("vector_store_ids", "`vector_store_ids` must name what to search")
            .hint("Give names of knowledge of the project.")
    })?;
    if knowledge.iter().any(|name| name.starts_with(OPENAIS)) {
        return Ok(None);
    }
    if tool.extra.get("filters").is_some_and(|filters| !filters.is_null()) {
        return Err(wrong("filters", "`filters` are not served here")
            .hint("Put what is searched apart into knowledge of its own."));
    }
    let most = tool.extra.get("max_num_results").and_then(Value::as_u64).unwrap_or(PASSAGES).clamp(1, MOST_PASSAGES);
    let least = tool.extra.get("ranking_options").and_then(|options| options.get("score_threshold")?.as_f64());
    Ok(Some(Kind::Search { knowledge, most: usize::try_from(most).unwrap_or(1), least: least.unwrap_or(0.0) as f32 }))
}

fn search_tool(name: String, knowledge: &[String]) -> Tool {
    let told = format!(
        "Searches documents ({}) and gives numbered passages. Ask in whole words. Cite what you use by its number in \
         brackets, like [1], after the sentence that it supports.",
        knowledge.join(", ")
    );
    let schema = json!({
        "type": "object",
        "properties": {"query": {"type": "string", "description": "What to look for."}},
        "required": ["query"],
        "additionalProperties": false,
    });
    Tool { name, description: Some(told), schema, strict: None, extra: Map::new() }
}

/// A name that no other tool of the request has.
fn free_name<'a>(wanted: &str, others: impl Iterator<Item = &'a Tool>, set: &'a Toolset) -> String {
    let taken: Vec<&str> =
        others.chain(set.offered.iter().map(|one| &one.tool)).map(|tool| tool.name.as_str()).collect();
    let numbered = (2..).map(|number| format!("{wanted}_{number}"));
    let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(&name.as_str())).unwrap_or_else(|| wanted.to_owned())
}

/// The tools of MCP servers that a function may use.
async fn remote(parts: &Parts, grants: &[ToolGrant], request: &ChatRequest, set: &mut Toolset) -> Result<(), Fault> {
    for grant in grants {
        let toolbox = parts.toolbox.as_deref().ok_or_else(|| Fault::internal("no MCP client was given"))?;
        for tool in toolbox.list(&grant.server).await? {
            let is_there = |kind: &Kind| {
                matches!(kind, Kind::Remote { server, tool: known }
                if server.name == grant.server.name && *known == tool.name)
            };
            // Two grants may stand for the same tool.
            if !grant.allows(&tool.name) || set.offered.iter().any(|one| is_there(&one.kind)) {
                continue;
            }
            let kind = Kind::Remote { server: Arc::clone(&grant.server), tool: tool.name.clone() };
            let name = free_name(&kind.name(), request.tools.iter(), set);
            set.offered.push(Offered { tool: Tool { name, ..tool }, kind });
        }
    }
    Ok(())
}
