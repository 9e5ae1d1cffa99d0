//! Types for Python: `TypedDict`s, since what comes and goes is JSON.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::{
    Typed,
    shape::{Property, Shape, line, shape, type_name},
};

/// Names that cannot be a property's in the short form.
const RESERVED: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// The functions' types, and each function as a value that the client takes.
pub(super) fn functions(functions: &[Typed]) -> String {
    let mut text = String::from(
        "\"\"\"Made by `surefoot types --py` from the project's functions. Do not edit.\"\"\"\n\n\
         from typing import Any, Literal, NotRequired, TypedDict\n\nfrom surefoot import Function\n",
    );
    for Typed { name, about, input, output } in functions {
        let kind = type_name(name);
        written(&mut text, &format!("{kind}Input"), about, &shape(input, false));
        let output = output.as_ref().map_or(Shape::Text, |schema| shape(schema, false));
        written(&mut text, &format!("{kind}Output"), "", &output);
        let constant: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        let constant =
            if constant.starts_with(|c: char| c.is_ascii_digit()) { format!("F{constant}") } else { constant };
        let _ =
            write!(text, "\n\n{constant}: Function[{kind}Input, {kind}Output] = Function({})\n", Value::from(&**name));
    }
    text
}

/// Types that have names already.
pub(super) fn named(schemas: &Map<String, Value>) -> String {
    let mut text = String::from(
        "\"\"\"Made by `cargo xtask codegen` from the description of the API. Do not edit.\"\"\"\n\n\
         from __future__ import annotations\n\nfrom typing import Any, NotRequired, TypedDict\n",
    );
    for (name, schema) in schemas {
        written(&mut text, name, schema["description"].as_str().unwrap_or_default(), &shape(schema, true));
    }
    text
}

/// A type under a name, with those of its parts that need names before it.
fn written(text: &mut String, name: &str, about: &str, shape: &Shape) {
    let mut parts = Parts { text };
    match shape {
        Shape::Object(properties) => parts.class(name, about, properties),
        other => {
            let told = parts.told(other, name);
            let _ = write!(parts.text, "\n\n{name} = {told}\n");
        }
    }
}

struct Parts<'a> {
    text: &'a mut String,
}

impl Parts<'_> {
    fn class(&mut self, name: &str, about: &str, properties: &[Property]) {
        let fields: Vec<(&Property, String)> = properties
            .iter()
            .map(|property| (property, self.told(&property.shape, &format!("{name}{}", type_name(&property.name)))))
            .collect();
        if fields.iter().all(|(property, _)| is_plain(&property.name)) {
            self.short(name, about, &fields);
        } else {
            self.long(name, &fields);
        }
    }

    fn short(&mut self, name: &str, about: &str, fields: &[(&Property, String)]) {
        let _ = write!(self.text, "\n\nclass {name}(TypedDict):\n");
        if !about.is_empty() {
            let _ = writeln!(self.text, "    \"\"\"{}\"\"\"\n", line(about).replace('\\', "\\\\").replace('"', "\\\""));
        }
        for (property, told) in fields {
            let told = if property.required { told.clone() } else { format!("NotRequired[{told}]") };
            let _ = writeln!(self.text, "    {}: {told}", property.name);
            if !property.about.is_empty() {
                let about = line(&property.about).replace('\\', "\\\\").replace('"', "\\\"");
                let _ = writeln!(self.text, "    \"\"\"{about}\"\"\"");
            }
        }
        if fields.is_empty() && about.is_empty() {
            self.text.push_str("    pass\n");
        }
    }

    /// For names that are no names in Python.
    fn long(&mut self, name: &str, fields: &[(&Property, String)]) {
        let _ = write!(self.text, "\n\n{name} = TypedDict(\n    \"{name}\",\n    {{\n");
        for (property, told) in fields {
            let told = if property.required { told.clone() } else { format!("NotRequired[{told}]") };
            let _ = writeln!(self.text, "        {}: {told},", Value::from(&*property.name));
        }
        self.text.push_str("    },\n)\n");
    }

    /// A type in words; an object within another gets a class of its own, under `name`.
    fn told(&mut self, shape: &Shape, name: &str) -> String {
        match shape {
            Shape::Any => "Any".into(),
            Shape::Text => "str".into(),
            Shape::Whole => "int".into(),
            Shape::Number => "float".into(),
            Shape::Truth => "bool".into(),
            Shape::Nothing => "None".into(),
            Shape::OneOf(values) => one_of(values),
            Shape::List(items) => format!("list[{}]", self.told(items, &format!("{name}Item"))),
            Shape::Map(values) => format!("dict[str, {}]", self.told(values, &format!("{name}Value"))),
            Shape::Object(properties) => {
                self.class(name, "", properties);
                name.to_owned()
            }
            Shape::Union(shapes) => {
                let branches = shapes.iter().enumerate();
                let told: Vec<String> = branches.map(|(at, one)| self.told(one, &numbered(name, at))).collect();
                told.join(" | ")
            }
            // Where there are such types, annotations are not evaluated: one may be written further down.
            Shape::Named(name) => name.clone(),
        }
    }
}

fn numbered(name: &str, at: usize) -> String {
    if at == 0 { name.to_owned() } else { format!("{name}{}", at + 1) }
}

/// Python's literals are texts, whole numbers, truths and nothing.
fn one_of(values: &[Value]) -> String {
    let literal = |value: &Value| match value {
        Value::String(_) => Some(value.to_string()),
        Value::Bool(true) => Some("True".into()),
        Value::Bool(false) => Some("False".into()),
        Value::Null => Some("None".into()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    };
    let literals: Option<Vec<String>> = values.iter().map(literal).collect();
    literals
        .filter(|told| !told.is_empty())
        .map_or_else(|| "Any".into(), |told| format!("Literal[{}]", told.join(", ")))
}

fn is_plain(name: &str) -> bool {
    let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    letters && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && !RESERVED.contains(&name)
}
