//! What an agent may call: each function under its own name, and the search of knowledge.

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};
use surefoot_gateway::{Call, may_search, project::Function};
use surefoot_types::{
    Code, Fault,
    conversation::{ChatRequest, words},
    key::{Admin, Scope},
};

use super::Asker;
use crate::state::App;

/// The tool that searches. A function of this name stands in its place.
const SEARCH: &str = "search_knowledge";
/// The argument of a function's tool that is its question.
const QUESTION: &str = "question";
/// How many passages a search gives unless it says.
const PASSAGES: u64 = 8;
/// How many it gives at most.
const MOST_PASSAGES: u64 = 50;

/// The tools that the caller's key may use.
pub(super) async fn list(app: &App, asker: &Asker) -> Result<Vec<Tool>, Fault> {
    let admitted = app.gateway.admit(&asker.caller, Admin::None)?;
    let scope = admitted.as_ref().map_or_else(Scope::all, |admitted| admitted.scope.clone());
    let project = app.gateway.project();
    let allowed = project.functions.values().filter(|one| Scope::allows(scope.functions.as_deref(), &one.name));
    let mut tools: Vec<Tool> = allowed.map(|function| of_function(function)).collect();
    let mut knowledge = app.store.knowledge_list().await?;
    knowledge.retain(|name| may_search(admitted.as_ref(), name).is_ok());
    if !knowledge.is_empty() && !project.functions.contains_key(SEARCH) {
        tools.push(of_search(&knowledge));
    }
    Ok(tools)
}

/// Calls a tool. What goes wrong is told to the model that called, so that it can do better.
pub(super) async fn call(app: &App, asker: Asker, name: &str, arguments: JsonObject) -> CallToolResult {
    let called = if name == SEARCH && !app.gateway.project().functions.contains_key(SEARCH) {
        search(app, &asker, &arguments).await
    } else {
        ask(app, asker, name, arguments).await
    };
    called.unwrap_or_else(|fault| {
        let mut result = CallToolResult::structured_error(json!({"code": fault.code.name(), "message": fault.told()}));
        result.content = vec![ContentBlock::text(fault.told())];
        result
    })
}

fn of_function(function: &Function) -> Tool {
    let mut properties: Map<String, Value> =
        function.input.iter().map(|(name, schema)| (name.clone(), schema.clone())).collect();
    let described = json!({"type": "string", "description": "What is asked, in words."});
    let asks = !properties.contains_key(QUESTION);
    if asks {
        properties.insert(QUESTION.into(), described);
    }
    let required: &[&str] = if asks && function.input.is_empty() { &[QUESTION] } else { &[] };
    let schema = object(json!({"type": "object", "properties": properties, "required": required}));
    Tool::new(function.name.clone(), function.description.clone(), schema)
}

fn of_search(knowledge: &[String]) -> Tool {
    let schema = object(json!({
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "What to look for, in words."},
            "knowledge": {"type": "string", "enum": knowledge, "description": "Where to look."},
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST_PASSAGES, "default": PASSAGES},
        },
        "required": if knowledge.len() == 1 { json!(["query"]) } else { json!(["query", "knowledge"]) },
    }));
    let description = format!("Finds passages in the documents of {}, with their places.", knowledge.join(", "));
    let mut reads = ToolAnnotations::new();
    reads.read_only_hint = Some(true);
    Tool::new(SEARCH, description, schema).with_annotations(reads)
}

async fn ask(app: &App, asker: Asker, name: &str, mut arguments: JsonObject) -> Result<CallToolResult, Fault> {
    let project = app.gateway.project();
    let function = project.functions.get(name);
    let function = function.ok_or_else(|| Fault::new(Code::NotFound, format!("there is no tool named '{name}'")))?;
    let question = if function.input.contains_key(QUESTION) { None } else { arguments.remove(QUESTION) };
    let mut chat = ChatRequest::ask(name, "");
    match question {
        Some(Value::String(question)) => chat = ChatRequest::ask(name, question),
        Some(_) => return Err(Fault::bad_request(QUESTION, format!("`{QUESTION}` must be a string"))),
        None => chat.messages.clear(),
    }
    let mut context = asker.context;
    context.input = arguments;
    let call =
        Call { trace_id: app.gateway.mint_trace(), door: "mcp", chat, body: None, caller: asker.caller, context };
    let answered = app.gateway.answer(call).collect().await.map_err(|failed| failed.fault)?;
    let text = words(&answered.whole.answer.parts);
    let mut result = CallToolResult::structured(json!({"answer": text, "surefoot": answered.added.to_value()}));
    result.content = vec![ContentBlock::text(text)];
    Ok(result)
}

async fn search(app: &App, asker: &Asker, arguments: &JsonObject) -> Result<CallToolResult, Fault> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let query = text("query").ok_or_else(|| Fault::bad_request("query", "`query` must be a text"))?;
    let admitted = app.gateway.admit(&asker.caller, Admin::None)?;
    let mut all = app.store.knowledge_list().await?;
    all.retain(|name| may_search(admitted.as_ref(), name).is_ok());
    let knowledge = match (text("knowledge"), all.as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => only,
        (None, _) => {
            let hint = format!("There is: {}.", all.join(", "));
            return Err(Fault::bad_request("knowledge", "`knowledge` must say where to look").hint(hint));
        }
    };
    let limit = arguments.get("limit").and_then(Value::as_u64).unwrap_or(PASSAGES).clamp(1, MOST_PASSAGES);
    let limit = usize::try_from(limit).unwrap_or(1);
    let hits = app.gateway.search(&asker.caller, knowledge, query, limit).await?;
    let passages = hits.iter().map(|hit| {
        json!({
            "document": hit.found.path,
            "title": hit.found.title,
            "heading_path": hit.found.passage.heading_path,
            "start": hit.found.passage.range.start,
            "end": hit.found.passage.range.end,
            "page": hit.found.passage.page,
            "score": hit.score,
            "text": hit.found.passage.text,
        })
    });
    let told = json!({"passages": passages.collect::<Vec<_>>()});
    let mut result = CallToolResult::structured(told.clone());
    result.content = vec![ContentBlock::text(told.to_string())];
    Ok(result)
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    }
}
