//! Types for TypeScript.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::{
    Typed,
    shape::{Property, Shape, line, shape, type_name},
};

/// What is said on the first line of a file made here.
const MADE: &str = "// Made by `surefoot types --ts` from the project's functions. Do not edit.\n";

/// The functions' types, and `Functions`, which maps their names to them.
pub(super) fn functions(functions: &[Typed]) -> String {
    let mut text = String::from(MADE);
    for Typed { name, about, input, output } in functions {
        let name = type_name(name);
        written(&mut text, &format!("{name}Input"), about, &shape(input, false));
        let output = output.as_ref().map_or(Shape::Text, |schema| shape(schema, false));
        written(&mut text, &format!("{name}Output"), "", &output);
    }
    text.push_str(
        "\n/** Every function of the project: what it takes and what it gives. */\nexport interface Functions {\n",
    );
    for function in functions {
        let (key, name) = (key(&function.name), type_name(&function.name));
        let _ = writeln!(text, "  {key}: {{ input: {name}Input; output: {name}Output }};");
    }
    text.push_str("}\n");
    text
}

/// Types that have names already.
pub(super) fn named(schemas: &Map<String, Value>) -> String {
    let mut text = String::from("// Made by `cargo xtask codegen` from the description of the API. Do not edit.\n");
    for (name, schema) in schemas {
        let about = schema["description"].as_str().unwrap_or_default();
        written(&mut text, name, about, &shape(schema, true));
    }
    text
}

fn written(text: &mut String, name: &str, about: &str, shape: &Shape) {
    text.push('\n');
    comment(text, "", about);
    match shape {
        Shape::Object(properties) if !properties.is_empty() => {
            let _ = writeln!(text, "export interface {name} {}", object(properties, ""));
        }
        other => {
            let _ = writeln!(text, "export type {name} = {};", told(other, ""));
        }
    }
}

fn comment(text: &mut String, indent: &str, about: &str) {
    if !about.is_empty() {
        let _ = writeln!(text, "{indent}/** {} */", line(about).replace("*/", "*\\/"));
    }
}

fn object(properties: &[Property], indent: &str) -> String {
    let within = format!("{indent}  ");
    let mut text = String::from("{\n");
    for property in properties {
        comment(&mut text, &within, &property.about);
        let optional = if property.required { "" } else { "?" };
        let _ = writeln!(text, "{within}{}{optional}: {};", key(&property.name), told(&property.shape, &within));
    }
    text + indent + "}"
}

fn told(shape: &Shape, indent: &str) -> String {
    match shape {
        Shape::Any => "unknown".into(),
        Shape::Text => "string".into(),
        Shape::Whole | Shape::Number => "number".into(),
        Shape::Truth => "boolean".into(),
        Shape::Nothing => "null".into(),
        Shape::OneOf(values) => values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "),
        Shape::List(items) => format!("Array<{}>", told(items, indent)),
        Shape::Map(values) => format!("Record<string, {}>", told(values, indent)),
        Shape::Object(properties) if properties.is_empty() => "Record<string, never>".into(),
        Shape::Object(properties) => object(properties, indent),
        Shape::Union(shapes) => shapes.iter().map(|one| told(one, indent)).collect::<Vec<_>>().join(" | "),
        Shape::Named(name) => name.clone(),
    }
}

/// A property's name, in quotes where it has to be.
fn key(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    if plain { name.to_owned() } else { Value::from(name).to_string() }
}
