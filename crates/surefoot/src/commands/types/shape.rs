//! What a JSON schema says of a value, as far as a type can say it. What it cannot say (a pattern, a bound) is left to the
//! program, which checks it.

use serde_json::{Map, Value};

/// How deep references are followed: a schema that refers to itself has no end.
const DEEPEST: usize = 8;

/// A type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Any,
    Text,
    Whole,
    Number,
    Truth,
    Nothing,
    /// One of these values.
    OneOf(Vec<Value>),
    List(Box<Shape>),
    /// Keys of the author's choosing.
    Map(Box<Shape>),
    Object(Vec<Property>),
    /// Any of these.
    Union(Vec<Shape>),
    /// A type that is written elsewhere under this name.
    Named(String),
}

/// A property of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) required: bool,
    pub(super) shape: Shape,
}

/// Reads a schema. `components`: whether references lead to types that are written elsewhere.
pub(super) fn shape(schema: &Value, components: bool) -> Shape {
    Reader { root: schema, components }.read(schema, 0)
}

struct Reader<'a> {
    root: &'a Value,
    components: bool,
}

impl Reader<'_> {
    fn read(&self, schema: &Value, depth: usize) -> Shape {
        let Some(told) = schema.as_object() else { return Shape::Any };
        if let Some(target) = told.get("$ref").and_then(Value::as_str) {
            return self.referred(target, depth);
        }
        if let Some(only) = told.get("const") {
            return Shape::OneOf(vec![only.clone()]);
        }
        if let Some(values) = told.get("enum").and_then(Value::as_array) {
            return Shape::OneOf(values.clone());
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(branches) = told.get(choice).and_then(Value::as_array) {
                return union(branches.iter().map(|branch| self.read(branch, depth)));
            }
        }
        if let Some(parts) = told.get("allOf").and_then(Value::as_array) {
            return self.all_of(told, parts, depth);
        }
        match told.get("type") {
            Some(Value::Array(kinds)) => {
                union(kinds.iter().filter_map(Value::as_str).map(|kind| self.typed(kind, told, depth)))
            }
            Some(Value::String(kind)) => self.typed(kind, told, depth),
            _ if told.contains_key("properties") => self.typed("object", told, depth),
            _ if told.contains_key("items") => self.typed("array", told, depth),
            _ => Shape::Any,
        }
    }

    fn referred(&self, target: &str, depth: usize) -> Shape {
        if self.components {
            return target.rsplit('/').next().map_or(Shape::Any, |name| Shape::Named(name.to_owned()));
        }
        let found = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        found.filter(|_| depth < DEEPEST).map_or(Shape::Any, |schema| self.read(schema, depth + 1))
    }

    /// Objects are joined; anything else is whatever its first part is.
    fn all_of(&self, told: &Map<String, Value>, parts: &[Value], depth: usize) -> Shape {
        let mut properties = self.properties(told, depth);
        for part in parts {
            match self.read(part, depth) {
                Shape::Object(more) => properties.extend(more),
                other if properties.is_empty() => return other,
                _ => {}
            }
        }
        Shape::Object(properties)
    }

    fn typed(&self, kind: &str, told: &Map<String, Value>, depth: usize) -> Shape {
        match kind {
            "string" => Shape::Text,
            "integer" => Shape::Whole,
            "number" => Shape::Number,
            "boolean" => Shape::Truth,
            "null" => Shape::Nothing,
            "array" => Shape::List(Box::new(told.get("items").map_or(Shape::Any, |items| self.read(items, depth)))),
            "object" if told.contains_key("properties") => Shape::Object(self.properties(told, depth)),
            "object" => Shape::Map(Box::new(match told.get("additionalProperties") {
                Some(values @ Value::Object(_)) => self.read(values, depth),
                _ => Shape::Any,
            })),
            _ => Shape::Any,
        }
    }

    fn properties(&self, told: &Map<String, Value>, depth: usize) -> Vec<Property> {
        let required = told.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let Some(properties) = told.get("properties").and_then(Value::as_object) else { return Vec::new() };
        let property = |(name, schema): (&String, &Value)| Property {
            name: name.clone(),
            about: schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            required: required.iter().any(|one| one == name),
            shape: self.read(schema, depth),
        };
        properties.iter().map(property).collect()
    }
}

/// What is in it twice is in it once, and what may be anything may be anything.
fn union(branches: impl Iterator<Item = Shape>) -> Shape {
    let mut shapes: Vec<Shape> = Vec::new();
    for shape in branches {
        if shape == Shape::Any {
            return Shape::Any;
        }
        if !shapes.contains(&shape) {
            shapes.push(shape);
        }
    }
    match shapes.len() {
        0 => Shape::Any,
        1 => shapes.remove(0),
        _ => Shape::Union(shapes),
    }
}

/// `order-status` as `OrderStatus`: a name that both languages take for a type's.
pub(super) fn type_name(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined: String = words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect();
    if joined.starts_with(|c: char| c.is_ascii_digit()) || joined.is_empty() { format!("F{joined}") } else { joined }
}

/// A text on one line, for a comment.
pub(super) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
