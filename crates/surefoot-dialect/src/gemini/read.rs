//! Requests, from Gemini's words.

use serde_json::{Value, json};
use surefoot_types::{
    Fault,
    conversation::{ChatRequest, Dialect, Parameters, Reasoning, ResponseFormat, Thinking, Tool, ToolChoice},
};

use super::{read_contents, schema::to_json_schema};
use crate::{
    effort,
    extras::ITEM,
    json::{Fields, Object, Path, strings},
};

pub(crate) fn request_read(body: &[u8]) -> Result<ChatRequest, Fault> {
    let mut fields = camel(Fields::body(body)?);
    let system = fields.take("systemInstruction");
    let contents = fields.required("contents", "an array of contents")?;
    let messages = read_contents::messages(system, contents)?;
    let tools = fields.list("tools")?.map(tools).transpose()?.unwrap_or_default();
    let tool_choice = tool_choice(&mut fields)?;
    let mut schemas = Object::new();
    let config = config(&mut fields, &mut schemas)?;
    let mut extra = fields.rest();
    if !schemas.is_empty() {
        extra.insert(ITEM.to_owned(), schemas.into());
    }
    Ok(ChatRequest {
        dialect: Dialect::Gemini,
        model: String::new(),
        messages,
        tools,
        tool_choice,
        parallel_tools: None,
        parameters: config.parameters,
        reasoning: config.reasoning,
        response_format: config.response_format,
        stream: false,
        include_usage: true,
        user: None,
        previous_response_id: None,
        store: None,
        extra,
    })
}

/// The same fields under the names that Google's JSON gives them: its servers take `snake_case` too.
pub(super) fn camel(fields: Fields<'_>) -> Fields<'_> {
    fields.renamed(|name| {
        let mut out = String::with_capacity(name.len());
        let mut up = false;
        for c in name.chars() {
            match c {
                '_' => up = true,
                c if up => {
                    out.push(c.to_ascii_uppercase());
                    up = false;
                }
                c => out.push(c),
            }
        }
        out
    })
}

fn tools(items: Vec<Value>) -> Result<Vec<Tool>, Fault> {
    let path = Path::Field(&Path::Root, "tools");
    let mut tools = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let path = Path::Item(&path, index);
        let mut fields = camel(Fields::of(item, path)?);
        let declared = Path::Field(&path, "functionDeclarations");
        for (index, one) in fields.list("functionDeclarations")?.unwrap_or_default().into_iter().enumerate() {
            tools.push(function(one, Path::Item(&declared, index))?);
        }
        let rest = fields.rest();
        // A tool that Google runs: kept whole under the name of its kind.
        if let Some(name) = rest.keys().next().cloned() {
            tools.push(Tool { name, description: None, schema: Value::Null, strict: None, extra: rest });
        }
    }
    Ok(tools)
}

fn function(value: Value, path: Path<'_>) -> Result<Tool, Fault> {
    let mut fields = camel(Fields::of(value, path)?);
    let name = fields.string_required("name")?;
    let description = fields.string("description")?;
    let own = fields.take("parameters");
    let schema = fields.take("parametersJsonSchema").or_else(|| own.as_ref().map(to_json_schema));
    let mut extra = fields.rest();
    if let Some(own) = own {
        extra.insert(ITEM.to_owned(), json!({"parameters": own}));
    }
    let schema = schema.unwrap_or_else(|| json!({"type": "object", "properties": {}}));
    Ok(Tool { name, description, schema, strict: None, extra })
}

/// A choice that the neutral words lack stays in `extra`, as does the rest of `toolConfig`.
fn tool_choice(fields: &mut Fields<'_>) -> Result<Option<ToolChoice>, Fault> {
    let path = Path::Field(&Path::Root, "toolConfig");
    let Some(value) = fields.take("toolConfig") else { return Ok(None) };
    let mut config = camel(Fields::of(value, path)?);
    let mut choice = None;
    if let Some(value) = config.take("functionCallingConfig") {
        let at = Path::Field(&path, "functionCallingConfig");
        let mut calling = camel(Fields::of(value, at)?);
        let names = calling.take("allowedFunctionNames");
        let names = names.map(|names| strings(Path::Field(&at, "allowedFunctionNames"), names)).transpose()?;
        let mut names = names.unwrap_or_default();
        choice = match (calling.get_str("mode").unwrap_or("AUTO"), names.len()) {
            ("AUTO" | "auto", 0) => Some(ToolChoice::Auto),
            ("NONE" | "none", _) => Some(ToolChoice::None),
            ("ANY" | "any", 0) => Some(ToolChoice::Required),
            ("ANY" | "any", 1) => names.pop().map(ToolChoice::Named),
            ("ANY" | "any", _) => Some(ToolChoice::Allowed { names: std::mem::take(&mut names), required: true }),
            ("VALIDATED" | "validated", 1..) => {
                Some(ToolChoice::Allowed { names: std::mem::take(&mut names), required: false })
            }
            _ => None,
        };
        if choice.is_none() {
            let mut kept = calling.rest();
            if !names.is_empty() {
                kept.insert("allowedFunctionNames".into(), names.into());
            }
            config.put("functionCallingConfig", kept.into());
        }
    }
    let rest = config.rest();
    if !rest.is_empty() {
        fields.put("toolConfig", rest.into());
    }
    Ok(choice)
}

#[derive(Default)]
struct Config {
    parameters: Parameters,
    reasoning: Reasoning,
    response_format: Option<ResponseFormat>,
}

/// How to generate; what the neutral words lack stays in `extra`. A schema in Gemini's own words is
/// kept in `schemas` as it came.
fn config(fields: &mut Fields<'_>, schemas: &mut Object) -> Result<Config, Fault> {
    let path = Path::Field(&Path::Root, "generationConfig");
    let Some(value) = fields.take("generationConfig") else { return Ok(Config::default()) };
    let mut config = camel(Fields::of(value, path)?);
    let stop = config.take("stopSequences").map(|value| strings(Path::Field(&path, "stopSequences"), value));
    let parameters = Parameters {
        max_tokens: config.whole("maxOutputTokens")?,
        temperature: config.float("temperature")?,
        top_p: config.float("topP")?,
        top_k: config.float("topK")?.map(|count| count as u64),
        stop: stop.transpose()?.unwrap_or_default(),
        seed: config.integer("seed")?,
        presence_penalty: config.float("presencePenalty")?,
        frequency_penalty: config.float("frequencyPenalty")?,
        logprobs: config.boolean("responseLogprobs")?,
        top_logprobs: config.whole("logprobs")?,
        n: config.whole("candidateCount")?,
    };
    let reasoning = reasoning(&mut config)?;
    let response_format = response_format(&mut config, schemas);
    let rest = config.rest();
    if !rest.is_empty() {
        fields.put("generationConfig", rest.into());
    }
    Ok(Config { parameters, reasoning, response_format })
}

fn reasoning(config: &mut Fields<'_>) -> Result<Reasoning, Fault> {
    let path = Path::Field(&Path::Root, "generationConfig.thinkingConfig");
    let Some(value) = config.take("thinkingConfig") else { return Ok(Reasoning::default()) };
    let mut thinking = camel(Fields::of(value, path)?);
    let effort = thinking.get_str("thinkingLevel").and_then(|word| effort::read(&word.to_ascii_lowercase()));
    if effort.is_some() {
        thinking.take("thinkingLevel");
    }
    let budget = thinking.integer("thinkingBudget")?.map(|tokens| match tokens {
        0 => Thinking::Off,
        tokens => u64::try_from(tokens).map_or(Thinking::Adaptive, Thinking::Budget),
    });
    let shown = thinking.boolean("includeThoughts")?;
    let rest = thinking.rest();
    if !rest.is_empty() {
        config.put("thinkingConfig", rest.into());
    }
    Ok(Reasoning { effort, thinking: budget, shown })
}

fn response_format(config: &mut Fields<'_>, schemas: &mut Object) -> Option<ResponseFormat> {
    if config.get_str("responseMimeType") != Some("application/json") {
        return None;
    }
    config.take("responseMimeType");
    let own = config.take("responseSchema");
    let schema = config.take("responseJsonSchema").or_else(|| own.as_ref().map(to_json_schema));
    schemas.extend(own.map(|own| ("responseSchema".to_owned(), own)));
    Some(match schema {
        Some(schema) => ResponseFormat::JsonSchema { name: "answer".into(), schema, strict: None },
        None => ResponseFormat::JsonObject,
    })
}
