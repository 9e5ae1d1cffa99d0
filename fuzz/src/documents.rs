//! What is written by those whose documents are read, and by those who write prompts.

use surefoot_gateway::ground::Prompt;
use surefoot_knowledge::ingest::parse::{Format, parse};

const FORMATS: [Format; 16] = [
    Format::Markdown,
    Format::Html,
    Format::Pdf,
    Format::Docx,
    Format::Pptx,
    Format::Xlsx,
    Format::Odf,
    Format::Epub,
    Format::Rtf,
    Format::Table,
    Format::Json,
    Format::Notebook,
    Format::Mail,
    Format::Mailbox,
    Format::Code,
    Format::Prose,
];

/// A document in any format: it is read, or refused with a reason.
pub fn document(data: &[u8]) {
    for format in FORMATS {
        match parse(format, data.to_vec()) {
            Ok(parsed) => assert!(!parsed.format.is_empty()),
            Err(reason) => assert!(!reason.is_empty(), "{format:?} is refused without a reason"),
        }
    }
}

/// A prompt: it is compiled, or refused with the line of its mistake.
pub fn prompt(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Prompt::compile(text) {
        Ok(prompt) => drop(prompt.names()),
        Err(mistake) => assert!(mistake.line >= 1 && !mistake.message.is_empty()),
    }
}
