//! What the console asks of the project's files. Whoever assembles the program gives it, so that no page knows how
//! settings are read; where nobody does, nothing can be tried or written.

use std::sync::Arc;

use surefoot_gateway::Project;
use surefoot_types::{Code, Fault};

/// The project's files.
pub trait Workshop: Send + Sync + 'static {
    /// The text of a variant's file.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be read.
    fn variant_text(&self, function: &str, variant: &str) -> Result<String, Fault>;

    /// The whole project as it would be with this file in it.
    ///
    /// # Errors
    /// Every mistake that the file would bring, with its place.
    fn drafted(&self, draft: &Draft) -> Result<Arc<Project>, Fault>;

    /// Whether the draft could be written as it is.
    ///
    /// # Errors
    /// When it is there, or has a mistake or would bring one as a file beside the others.
    fn variant_fits(&self, draft: &Draft) -> Result<(), Fault>;

    /// Writes a variant's file that is not there yet, once it is without mistakes.
    ///
    /// # Errors
    /// When it is there, has a mistake, or cannot be written: then nothing was changed.
    fn variant_add(&self, draft: &Draft) -> Result<(), Fault>;

    /// The evals that ask a function, by name.
    fn evals(&self, function: &str) -> Vec<String>;

    /// The paths of the datasets that a line can be added to.
    fn datasets(&self) -> Vec<String>;

    /// Adds a line to one of [`datasets`](Self::datasets).
    ///
    /// # Errors
    /// When there is no such dataset, or it cannot be written.
    fn case_add(&self, dataset: &str, line: &str) -> Result<(), Fault>;

    /// A text of a trace as it may be kept in a file: without secrets and personal data, as far as they are found.
    fn scrub(&self, text: &str) -> String;
}

/// A variant's file that may come to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The function, which is there.
    pub function: String,
    /// The variant's name.
    pub variant: String,
    /// The file: front matter and prompt.
    pub text: String,
}

impl Draft {
    /// A draft whose names can be those of files.
    ///
    /// # Errors
    /// When they cannot.
    pub fn new(function: &str, variant: &str, text: &str) -> Result<Self, Fault> {
        for (param, name) in [("function", function), ("name", variant)] {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(plain) || name.len() > 64 {
                return Err(Fault::bad_request(param, format!("'{name}' cannot be the name of a file"))
                    .hint("Names begin with a letter or digit, and hold letters, digits, '-', '_' and '.'."));
            }
        }
        // Browsers send lines as CR LF.
        let text = text.replace("\r\n", "\n");
        Ok(Self { function: function.to_owned(), variant: variant.to_owned(), text })
    }

    /// Its path in the project's folder.
    pub fn path(&self) -> String {
        format!("functions/{}/{}.md", self.function, self.variant)
    }
}

/// Told where nobody gave the project's files.
pub(crate) fn no_files() -> Fault {
    Fault::new(Code::Unavailable, "this process does not hold the project's files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_lies_in_its_functions_folder_and_nowhere_else() {
        assert_eq!(Draft::new("answer", "v2.1", "a\r\nb").unwrap().path(), "functions/answer/v2.1.md");
        for (function, variant) in
            [("..", "x"), ("answer", "../x"), ("answer", "a/b"), ("answer", ""), ("answer", ".x"), ("answer", "ä")]
        {
            assert_eq!(Draft::new(function, variant, "").unwrap_err().code, Code::BadRequest, "{function} {variant}");
        }
    }
}
