//! OpenAI's `/v1/embeddings`.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use surefoot_types::{Fault, Usage, conversation::Dialect};

use crate::{
    extras::Kept,
    fault,
    json::{Fields, Path, bytes_of},
};

/// A request for the vectors of some texts.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingsRequest {
    /// The model, or alias, that the caller names.
    pub model: String,
    /// The texts.
    pub inputs: Vec<String>,
    /// How many dimensions the vectors are to have.
    pub dimensions: Option<u64>,
    /// Whether the caller wants vectors as base64 of little-endian f32, as the SDKs do.
    pub base64: bool,
    /// Other fields, as they came.
    pub extra: Map<String, Value>,
}

/// Vectors, one for each text in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    /// The model that made them.
    pub model: String,
    /// The vectors.
    pub vectors: Vec<Vec<f32>>,
    /// What it used; `estimated` with no tokens when the provider did not say.
    pub usage: Usage,
}

/// Reads a request.
///
/// # Errors
/// `bad_request`, naming the field; also for texts given as token numbers, which mean something
/// else to each model.
pub fn request_read(body: &[u8]) -> Result<EmbeddingsRequest, Fault> {
    let mut fields = Fields::body(body)?;
    let model = fields.string_required("model")?;
    let inputs = inputs_read(fields.required("input", "a string or an array of strings")?)?;
    let dimensions = fields.whole("dimensions")?;
    let base64 = match fields.string("encoding_format")?.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => {
            let message = "`encoding_format` must be \"float\" or \"base64\".";
            return Err(Fault::bad_request("encoding_format", message).hint("Send one of the two, or leave it out."));
        }
    };
    Ok(EmbeddingsRequest { model, inputs, dimensions, base64, extra: fields.rest() })
}

fn inputs_read(value: Value) -> Result<Vec<String>, Fault> {
    let path = Path::Field(&Path::Root, "input");
    let items = match value {
        Value::String(text) => return Ok(vec![text]),
        Value::Array(items) if items.is_empty() => {
            return Err(Fault::bad_request("input", "`input` is empty.").hint("Send at least one text."));
        }
        Value::Array(items) => items,
        other => return Err(path.mistyped(&other, "a string or an array of strings")),
    };
    if items.iter().any(|item| item.is_number() || item.is_array()) {
        return Err(Fault::bad_request("input", "`input` holds token numbers, which fit one model's tokenizer only.")
            .hint("Send the texts themselves (in LangChain: `check_embedding_ctx_length=False`)."));
    }
    items.into_iter().enumerate().map(|(i, item)| Path::Item(&path, i).string(item)).collect()
}

/// Writes a request for a provider that calls its model `model`. Vectors are asked for as plain
/// numbers, which every server can give.
pub fn request_write(request: &EmbeddingsRequest, model: &str) -> Bytes {
    #[derive(Serialize)]
    struct Body<'a> {
        model: &'a str,
        input: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        dimensions: Option<u64>,
        #[serde(flatten)]
        extra: Kept<'a>,
    }
    let extra = Kept::of(&request.extra, &[]);
    bytes_of(&Body { model, input: &request.inputs, dimensions: request.dimensions, extra })
}

/// Reads a provider's vectors, as numbers or as base64.
///
/// # Errors
/// `upstream` when the body is no list of vectors.
pub fn answer_read(body: &[u8]) -> Result<Embeddings, Fault> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        model: String,
        data: Option<Vec<Item>>,
        usage: Option<Counts>,
        error: Option<Value>,
    }
    #[derive(Deserialize)]
    struct Item {
        index: Option<usize>,
        embedding: Vector,
    }
    #[derive(Deserialize)]
    struct Counts {
        prompt_tokens: Option<u64>,
    }
    let body: Body = serde_json::from_slice(body).map_err(|error| fault::unreadable("vectors", error))?;
    let Some(mut data) = body.data else {
        return Err(match body.error {
            Some(error) => fault::in_band(Dialect::OpenaiChat, &error),
            None => fault::unreadable("vectors", "`data` is missing"),
        });
    };
    if data.iter().all(|item| item.index.is_some()) {
        data.sort_by_key(|item| item.index);
    }
    let usage = match body.usage.and_then(|usage| usage.prompt_tokens) {
        Some(input) => Usage { input, ..Usage::default() },
        None => Usage { estimated: true, ..Usage::default() },
    };
    Ok(Embeddings { model: body.model, vectors: data.into_iter().map(|item| item.embedding.0).collect(), usage })
}

/// Writes vectors, as base64 where the caller asked for it.
pub fn answer_write(embeddings: &Embeddings, base64: bool, surefoot: &Value) -> Bytes {
    #[derive(Serialize)]
    struct Body<'a> {
        object: &'static str,
        data: Vec<Item<'a>>,
        model: &'a str,
        usage: Counts,
        #[serde(skip_serializing_if = "Value::is_null")]
        surefoot: &'a Value,
    }
    #[derive(Serialize)]
    struct Item<'a> {
        object: &'static str,
        index: usize,
        embedding: Shape<'a>,
    }
    #[derive(Serialize)]
    struct Counts {
        prompt_tokens: u64,
        total_tokens: u64,
    }
    let tokens = embeddings.usage.input_total();
    let vectors = embeddings.vectors.iter().enumerate();
    let data = vectors
        .map(|(index, vector)| {
            let embedding = if base64 { Shape::Base64(vector) } else { Shape::Numbers(vector) };
            Item { object: "embedding", index, embedding }
        })
        .collect();
    let usage = Counts { prompt_tokens: tokens, total_tokens: tokens };
    bytes_of(&Body { object: "list", data, model: &embeddings.model, usage, surefoot })
}

/// A vector on its way out.
enum Shape<'a> {
    Numbers(&'a [f32]),
    Base64(&'a [f32]),
}

impl Serialize for Shape<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Numbers(numbers) => numbers.serialize(to),
            Self::Base64(numbers) => {
                let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                to.serialize_str(&BASE64_STANDARD.encode(bytes))
            }
        }
    }
}

/// A vector on its way in.
struct Vector(Vec<f32>);

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Vector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of numbers or base64")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Vector, E> {
                let bytes = BASE64_STANDARD.decode(text).map_err(E::custom)?;
                let (numbers, rest) = bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(E::custom("base64 of whole 4-byte numbers was expected"));
                }
                Ok(Vector(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vector, A::Error> {
                let mut numbers = Vec::with_capacity(items.size_hint().unwrap_or(1024));
                while let Some(number) = items.next_element()? {
                    numbers.push(number);
                }
                Ok(Vector(numbers))
            }
        }

        from.deserialize_any(Either)
    }
}

#[cfg(test)]
#[path = "embeddings/tests.rs"]
mod tests;
