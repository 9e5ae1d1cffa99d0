//! Gemini's `embedContent` and `batchEmbedContents`, and its count of tokens.

use bytes::Bytes;
use serde_json::{Value, json};
use surefoot_types::Fault;

use super::read::camel;
use crate::{
    embeddings::{Embeddings, EmbeddingsRequest},
    json::{Fields, Object, Path, bytes_of},
};

/// Reads a request for vectors; `batch` is a list of requests.
///
/// # Errors
/// `bad_request`, naming the field; also for content that is no text, and where the requests of a batch differ in
/// their dimensions.
pub fn embed_read(body: &[u8], model: &str, batch: bool) -> Result<EmbeddingsRequest, Fault> {
    let mut fields = camel(Fields::body(body)?);
    let surefoot = fields.take("surefoot");
    let (mut inputs, mut dimensions) = (Vec::new(), None);
    if batch {
        let path = Path::Field(&Path::Root, "requests");
        let requests = path.list(fields.required("requests", "an array of requests")?)?;
        for (index, one) in requests.into_iter().enumerate() {
            let path = Path::Item(&path, index);
            let (text, asked) = one_read(camel(Fields::of(one, path)?), path)?;
            if index > 0 && asked != dimensions {
                let told = "the requests of a batch must ask for the same `outputDimensionality`";
                return Err(Fault::bad_request("requests", told));
            }
            dimensions = asked;
            inputs.push(text);
        }
        if inputs.is_empty() {
            return Err(Fault::bad_request("requests", "`requests` is empty.").hint("Send at least one request."));
        }
    } else {
        let (text, asked) = one_read(fields, Path::Root)?;
        dimensions = asked;
        inputs.push(text);
    }
    let extra: Object = surefoot.map(|told| ("surefoot".to_owned(), told)).into_iter().collect();
    Ok(EmbeddingsRequest { model: model.to_owned(), inputs, dimensions, base64: false, extra })
}

/// The text and the dimensions of one request. What the text is for is not told on: other providers have no word for it.
fn one_read(mut fields: Fields<'_>, path: Path<'_>) -> Result<(String, Option<u64>), Fault> {
    let dimensions = fields.whole("outputDimensionality")?;
    let at = Path::Field(&path, "content");
    let mut content = Fields::of(fields.required("content", "an object with `parts`")?, at)?;
    let at = Path::Field(&at, "parts");
    let parts = at.list(content.required("parts", "an array of parts")?)?;
    let text = |(index, part)| Fields::of(part, Path::Item(&at, index))?.string_required("text");
    let texts: Vec<String> = parts.into_iter().enumerate().map(text).collect::<Result<_, Fault>>()?;
    Ok((texts.join("\n"), dimensions))
}

/// Writes vectors.
pub fn embed_write(embeddings: &Embeddings, batch: bool, surefoot: &Value) -> Bytes {
    let all: Vec<Value> = embeddings.vectors.iter().map(|vector| json!({"values": vector})).collect();
    let mut body = if batch { json!({"embeddings": all}) } else { json!({"embedding": all.first()}) };
    if !surefoot.is_null() {
        body["surefoot"] = surefoot.clone();
    }
    bytes_of(&body)
}

/// The request whose tokens are to be counted: it may stand in `generateContentRequest`, or be given as contents alone.
///
/// # Errors
/// `bad_request` when the body is no JSON object.
pub fn count_read(body: &[u8]) -> Result<Bytes, Fault> {
    let mut fields = camel(Fields::body(body)?);
    let inner = fields.take("generateContentRequest").unwrap_or_else(|| fields.rest().into());
    Ok(bytes_of(&inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_one_and_of_many() {
        let one = br#"{"content": {"parts": [{"text": "a"}, {"text": "b"}]}, "output_dimensionality": 3}"#;
        let read = embed_read(one, "m", false).unwrap();
        assert_eq!((read.inputs, read.dimensions), (vec!["a\nb".to_owned()], Some(3)));
        let many =
            br#"{"requests": [{"content": {"parts": [{"text": "a"}]}}, {"content": {"parts": [{"text": "b"}]}}]}"#;
        assert_eq!(embed_read(many, "m", true).unwrap().inputs, ["a", "b"]);
        let told = |body: &[u8], batch| embed_read(body, "m", batch).unwrap_err().param;
        assert_eq!(told(b"{}", false).as_deref(), Some("content"));
        assert_eq!(told(br#"{"requests": []}"#, true).as_deref(), Some("requests"));
        let image = br#"{"content": {"parts": [{"inlineData": {}}]}}"#;
        assert_eq!(told(image, false).as_deref(), Some("content.parts[0].text"));
    }
}
