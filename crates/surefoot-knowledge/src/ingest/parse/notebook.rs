//! Jupyter notebooks: text cells as Markdown, code cells as code, what they printed under them.

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Parsed, markdown,
    paper::{Paper, flat},
};

/// Longer outputs are cut: they are logs and data, not text.
const OUTPUT: usize = 4_000;

#[derive(Deserialize)]
struct Notebook {
    #[serde(default)]
    cells: Vec<Cell>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    title: String,
    #[serde(default)]
    language_info: Language,
}

#[derive(Deserialize, Default)]
struct Language {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Cell {
    cell_type: String,
    #[serde(default)]
    source: Text,
    #[serde(default)]
    outputs: Vec<Output>,
}

/// Text is one string, or a list of lines.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    One(String),
    Lines(Vec<String>),
    Other(IgnoredAny),
}

impl Default for Text {
    fn default() -> Self {
        Self::One(String::new())
    }
}

impl Text {
    fn whole(self) -> String {
        match self {
            Self::One(text) => text,
            Self::Lines(lines) => lines.concat(),
            Self::Other(_) => String::new(),
        }
    }
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    text: Text,
    #[serde(default)]
    data: Data,
}

#[derive(Deserialize, Default)]
struct Data {
    #[serde(default, rename = "text/plain")]
    plain: Text,
    #[serde(default, rename = "text/markdown")]
    markdown: Text,
}

pub(super) fn parse(source: &str) -> Result<Parsed, String> {
    let notebook: Notebook = serde_json::from_str(source).map_err(|error| format!("it is no notebook: {error}"))?;
    let language = flat(&notebook.metadata.language_info.name);
    let language = if language.is_empty() { "python".to_owned() } else { language };
    let mut paper = Paper::default();
    paper.title(&notebook.metadata.title);
    for cell in notebook.cells {
        let words = cell.source.whole();
        match cell.cell_type.as_str() {
            "code" => paper.code(&language, &words),
            "raw" => paper.paragraph(&words),
            _ => paper.append(&markdown::parse(words), 0),
        }
        for output in cell.outputs {
            let mut told = output.text.whole() + &output.data.plain.whole();
            let end = (0..=told.len().min(OUTPUT)).rev().find(|at| told.is_char_boundary(*at)).unwrap_or(0);
            told.truncate(end);
            paper.append(&markdown::parse(output.data.markdown.whole()), 0);
            paper.code("", &told);
        }
    }
    Ok(paper.done("notebook"))
}
