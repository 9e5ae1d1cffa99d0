//! Cases as YAML: a list of mappings, which people write by hand.

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde_json::{Map, Number, Value};

use super::{
    Problem,
    read::{Record, on, whole},
};

pub(super) fn records(text: &str) -> (Vec<Record>, Vec<Problem>) {
    let documents = match MarkedYaml::load_from_str(text) {
        Ok(documents) => documents,
        Err(error) => {
            let told = format!("is not YAML: {}", error.info());
            return (Vec::new(), vec![on(error.marker().line() as u64, told)]);
        }
    };
    let cases = match documents.as_slice() {
        [] | [MarkedYaml { data: YamlData::Value(Scalar::Null), .. }] => return (Vec::new(), Vec::new()),
        [MarkedYaml { data: YamlData::Sequence(cases), .. }] => cases,
        [_] => return (Vec::new(), vec![whole("is not a list of cases, each beginning with `- `")]),
        _ => return (Vec::new(), vec![whole("holds several documents: a dataset is one list")]),
    };
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    for case in cases {
        let line = case.span.start.line() as u64;
        match json(case) {
            Ok(Value::Object(fields)) => records.push((line, fields)),
            Ok(_) => problems.push(on(line, "is not a mapping of fields")),
            Err(message) => problems.push(on(line, message)),
        }
    }
    (records, problems)
}

/// One document of YAML, or of JSON, as JSON.
///
/// # Errors
/// Says what is wrong, with its line, where it is not YAML or not one document.
pub fn document(text: &str) -> Result<Value, String> {
    let documents = MarkedYaml::load_from_str(text)
        .map_err(|error| format!("line {}: is not YAML: {}", error.marker().line(), error.info()))?;
    match documents.as_slice() {
        [one] => json(one),
        _ => Err("is not one document".into()),
    }
}

fn json(node: &MarkedYaml<'_>) -> Result<Value, String> {
    Ok(match &node.data {
        YamlData::Value(Scalar::Null) => Value::Null,
        YamlData::Value(Scalar::Boolean(flag)) => Value::from(*flag),
        YamlData::Value(Scalar::Integer(number)) => Value::from(*number),
        YamlData::Value(Scalar::FloatingPoint(number)) => {
            Value::from(Number::from_f64(number.0).ok_or_else(|| format!("`{number}` is a number that JSON has not"))?)
        }
        YamlData::Value(Scalar::String(text)) => Value::from(text.as_ref()),
        YamlData::Sequence(list) => list.iter().map(json).collect::<Result<Vec<_>, _>>()?.into(),
        YamlData::Mapping(fields) => {
            let mut object = Map::new();
            for (key, value) in fields {
                let key = match json(key)? {
                    Value::String(key) => key,
                    key @ (Value::Number(_) | Value::Bool(_)) => key.to_string(),
                    _ => return Err("has a key that is not a text".into()),
                };
                object.insert(key, json(value)?);
            }
            Value::Object(object)
        }
        YamlData::Tagged(_, inner) => json(inner)?,
        _ => return Err("holds something that is no text, number, list or mapping".into()),
    })
}
