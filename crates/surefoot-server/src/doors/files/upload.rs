//! The form in which a file comes.

use std::{convert::Infallible, time::Duration};

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::stream;
use multer::Multipart;
use surefoot_knowledge::shelf::Upload;
use surefoot_types::Fault;

/// What files may be for. Here all are kept alike.
const PURPOSES: [&str; 6] = ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"];
/// How long a file that expires lives: from an hour to thirty days.
const LIVES: std::ops::RangeInclusive<u64> = 3_600..=2_592_000;
/// Most bytes of a field beside the file.
const FIELD: usize = 4096;

/// Reads the form.
pub(super) async fn read(headers: &HeaderMap, body: Bytes) -> Result<(Upload, Bytes), Fault> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(kind)
        .map_err(|_| Fault::bad_request("", "a file is uploaded as a form (multipart/form-data)"))?;
    let mut form = Multipart::new(stream::once(async { Ok::<_, Infallible>(body) }), boundary);
    let (mut upload, mut content, mut anchored) = (Upload::default(), None, None);
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            upload.name = field.file_name().map(plain).unwrap_or_default();
            content = Some(field.bytes().await.map_err(|error| broken(&error))?);
            continue;
        }
        let text = field.text().await.map_err(|error| broken(&error))?;
        if text.len() > FIELD {
            return Err(Fault::bad_request(&name, format!("`{name}` is longer than {FIELD} bytes")));
        }
        match name.as_str() {
            "purpose" => upload.purpose = text,
            "user" => upload.user = Some(text).filter(|user| !user.is_empty()),
            "expires_after[anchor]" => anchored = Some(text),
            "expires_after[seconds]" => upload.lives = Some(lives(&text)?),
            _ => return Err(Fault::bad_request(&name, format!("a file has no field '{name}'"))),
        }
    }
    let content = content.ok_or_else(|| Fault::bad_request("file", "the form has no `file`"))?;
    if upload.name.is_empty() {
        return Err(Fault::bad_request("file", "the file has no name, which tells its format"));
    }
    if !PURPOSES.contains(&upload.purpose.as_str()) {
        let told = format!("`purpose` must be one of {}", PURPOSES.join(", "));
        return Err(Fault::bad_request("purpose", told));
    }
    if anchored.as_deref().is_some_and(|anchor| anchor != "created_at") || anchored.is_some() != upload.lives.is_some()
    {
        return Err(Fault::bad_request("expires_after", "`expires_after` needs `anchor` = created_at and `seconds`"));
    }
    Ok((upload, content))
}

/// A name without folders.
fn plain(name: &str) -> String {
    name.rsplit(['/', '\\']).next().unwrap_or_default().trim().chars().filter(|c| !c.is_control()).collect()
}

fn lives(text: &str) -> Result<Duration, Fault> {
    let seconds = text.parse().ok().filter(|seconds| LIVES.contains(seconds));
    let told = || format!("`seconds` must be from {} to {}", LIVES.start(), LIVES.end());
    seconds.map(Duration::from_secs).ok_or_else(|| Fault::bad_request("expires_after.seconds", told()))
}

fn broken(error: &multer::Error) -> Fault {
    Fault::bad_request("", format!("the form cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere() {
        for (name, expected) in [
            ("a.md", "a.md"),
            ("../../etc/passwd", "passwd"),
            ("C:\\docs\\b c.md", "b c.md"),
            ("a\n.md", "a.md"),
            ("..", ".."),
            ("/", ""),
        ] {
            assert_eq!(plain(name), expected);
        }
    }
}
