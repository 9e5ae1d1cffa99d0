//! Prompts of dotprompt (`.prompt`): settings in YAML, a schema in short, a template of Handlebars.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use surefoot_lab::evals::yaml_document;

use super::{Imported, inline, providers::kind_of, quoted};

/// Settings of the model, and the fields that they are here.
const CONFIG: [(&str, &str); 6] = [
    ("temperature", "temperature"),
    ("maxOutputTokens", "max_tokens"),
    ("topP", "top_p"),
    ("topK", "top_k"),
    ("stopSequences", "stop"),
    ("seed", "seed"),
];

/// Reads the file; `name` is the function that it becomes, `name.variant` one of its variants.
pub(super) fn read(name: &str, text: &str) -> Result<Imported, String> {
    let (name, variant) = name.split_once('.').unwrap_or((name, "plain"));
    let (front, prompt) = front_matter(text)?;
    let mut imported = Imported::default();
    let function = function(&front, name, &mut imported);
    let mut settings = variant_settings(&front, name, &mut imported);
    settings.push_str(&converted(prompt, name, &mut imported));
    if variant == "plain" {
        imported.files.push((format!("functions/{name}/function.toml"), function));
    } else {
        imported.left(format!("{name}.{variant}: its schema; the function's stands in {name}.prompt"));
    }
    imported.files.push((format!("functions/{name}/{variant}.md"), settings));
    Ok(imported)
}

fn front_matter(text: &str) -> Result<(Map<String, Value>, &str), String> {
    let Some(rest) = text.strip_prefix("---\n") else { return Ok((Map::new(), text)) };
    let (front, prompt) = rest.split_once("\n---\n").ok_or("the settings at its top are not closed by `---`")?;
    match yaml_document(front)? {
        Value::Object(front) => Ok((front, prompt)),
        Value::Null => Ok((Map::new(), prompt)),
        _ => Err("the settings at its top are no mapping".into()),
    }
}

fn function(front: &Map<String, Value>, name: &str, imported: &mut Imported) -> String {
    let description = front.get("description").and_then(Value::as_str).unwrap_or_default();
    let mut text = String::from("# Made by `surefoot import dotprompt`.\n");
    if !description.is_empty() {
        let _ = writeln!(text, "description = {}", quoted(description));
    }
    if let Some(output) = front.get("output").and_then(|output| output.get("schema")) {
        let schema = json_schema(output);
        let _ = writeln!(text, "output = {}", inline(&schema).unwrap_or_default());
    } else if front.get("output").and_then(|output| output["format"].as_str()) == Some("json") {
        text.push_str("output = { type = \"object\" }\n");
    }
    let input = front.get("input");
    if let Some(schema) = input.and_then(|input| input.get("schema")) {
        for (field, schema) in json_schema(schema)["properties"].as_object().into_iter().flatten() {
            let mut schema = schema.clone();
            if let Some(default) = input.and_then(|input| input["default"].get(field)) {
                schema["default"] = default.clone();
            }
            let _ = writeln!(text, "input.{} = {}", super::key(field), inline(&schema).unwrap_or_default());
        }
    }
    const READ: [&str; 6] = ["model", "config", "input", "output", "description", "name"];
    for field in front.keys().filter(|field| !READ.contains(&field.as_str())) {
        imported.left(format!("{name}: `{field}`"));
    }
    text
}

fn variant_settings(front: &Map<String, Value>, name: &str, imported: &mut Imported) -> String {
    let mut text = String::from("+++\n");
    match front.get("model").and_then(Value::as_str) {
        Some(model) => {
            let (provider, id) = model.split_once('/').unwrap_or(("", model));
            let _ = writeln!(
                text,
                "model = {}",
                quoted(&kind_of(provider).map_or(model.to_owned(), |kind| format!("{kind}/{id}")))
            );
        }
        None => {
            text.push_str("model = \"fast\"\n");
            imported.left(format!("{name}: it names no model; `fast` stands there, for an alias of yours"));
        }
    }
    for (field, value) in front.get("config").and_then(Value::as_object).into_iter().flatten() {
        match CONFIG.iter().find(|(theirs, _)| theirs == field).zip(inline(value)) {
            Some(((_, ours), value)) => {
                let _ = writeln!(text, "{ours} = {value}");
            }
            None => imported.left(format!("{name}: `config.{field}`")),
        }
    }
    text.push_str("+++\n");
    text
}

/// A schema in short (`name: string, what it is`; `name?: integer`; `tags(array): string`), or in full.
fn json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(fields)
            if fields.get("type").is_some_and(Value::is_string) && fields.contains_key("properties") =>
        {
            schema.clone()
        }
        Value::Object(fields) => object(fields),
        Value::String(short) => scalar(short),
        _ => json!({}),
    }
}

fn object(fields: &Map<String, Value>) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (told, value) in fields {
        let (told, kind) =
            told.split_once('(').map_or((told.as_str(), ""), |(name, kind)| (name, kind.trim_end_matches(')')));
        let name = told.trim_end_matches('?');
        let (kind, about) = kind.split_once(',').map_or((kind.trim(), ""), |(kind, about)| (kind.trim(), about.trim()));
        let mut schema = match kind {
            "array" => json!({"type": "array", "items": json_schema(value)}),
            "enum" => json!({"enum": value}),
            _ => json_schema(value),
        };
        if !about.is_empty() {
            schema["description"] = about.into();
        }
        if !told.ends_with('?') {
            required.push(name);
        }
        properties.insert(name.to_owned(), schema);
    }
    json!({"type": "object", "properties": properties, "required": required})
}

fn scalar(short: &str) -> Value {
    let (kind, about) = short.split_once(',').map_or((short.trim(), ""), |(kind, about)| (kind.trim(), about.trim()));
    let mut schema = if kind == "any" { json!({}) } else { json!({"type": kind}) };
    if !about.is_empty() {
        schema["description"] = about.into();
    }
    schema
}

/// A template of Handlebars in MiniJinja's words. What has no counterpart is left as a comment, and told.
fn converted(template: &str, name: &str, imported: &mut Imported) -> String {
    let mut text = String::with_capacity(template.len());
    let (mut rest, mut loops) = (template, 0usize);
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let (inner, after) = after.split_once("}}").unwrap_or((after, ""));
        rest = after.strip_prefix('}').unwrap_or(after);
        let inner = inner.trim_start_matches('{').trim().trim_matches('~').trim();
        match tag(inner, &mut loops) {
            Some(told) => text.push_str(&told),
            None => {
                let line = template.len() - rest.len();
                let line = template[..line].matches('\n').count() + 1;
                imported.left(format!("{name}: `{{{{{inner}}}}}` in line {line} of the prompt"));
                let _ = write!(text, "{{# {inner} #}}");
            }
        }
    }
    text.push_str(rest);
    text
}

fn tag(inner: &str, loops: &mut usize) -> Option<String> {
    let (word, rest) = inner.split_once(char::is_whitespace).map_or((inner, ""), |(word, rest)| (word, rest.trim()));
    Some(match (word, rest) {
        ("role", role) => match role.trim_matches(|c| c == '"' || c == '\'') {
            "model" | "assistant" => "{{ role(\"assistant\") }}".into(),
            role @ ("system" | "user") => format!("{{{{ role(\"{role}\") }}}}"),
            _ => return None,
        },
        ("history", "") => "{{ history() }}".into(),
        ("#if", path) => format!("{{% if {} %}}", place(path, *loops)?),
        ("#unless", path) => format!("{{% if not {} %}}", place(path, *loops)?),
        ("#each", path) => {
            let told = format!("{{% for item{} in {} %}}", *loops + 1, place(path, *loops)?);
            *loops += 1;
            told
        }
        ("else", "") => "{% else %}".into(),
        ("/if" | "/unless", "") => "{% endif %}".into(),
        ("/each", "") => {
            *loops = loops.saturating_sub(1);
            "{% endfor %}".into()
        }
        (path, "") => format!("{{{{ {} }}}}", place(path, *loops)?),
        _ => return None,
    })
}

/// A path as MiniJinja has it: within a loop the item's, else an input's.
fn place(path: &str, loops: usize) -> Option<String> {
    let item = format!("item{loops}");
    if path == "this" && loops > 0 {
        return Some(item);
    }
    let (base, path) = match path.strip_prefix("this.") {
        Some(rest) if loops > 0 => (item, rest),
        _ if loops > 0 => return None,
        _ => ("input".to_owned(), path),
    };
    let plain = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !part.starts_with(|c: char| c.is_ascii_digit())
    };
    path.split('.').all(plain).then(|| format!("{base}.{path}"))
}
