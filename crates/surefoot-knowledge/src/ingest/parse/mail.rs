//! E-mail: who wrote to whom and when, the text, and what is attached as far as it can be read.

use std::{io::Cursor, path::Path};

use mail_parser::{Address, Message, MessageParser, MimeHeaders, PartType, mailbox::mbox::MessageIterator};

use super::{Format, Parsed, html, paper::Paper, plain, read};

/// Letters of a box that are read.
const LETTERS: usize = 100_000;
/// Attachments of a letter that are read.
const ATTACHED: usize = 32;
/// Letters attached to letters.
const DEEPEST: usize = 3;

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let message = MessageParser::default().parse(bytes).filter(|message| !message.headers().is_empty());
    let message = message.ok_or("it is no e-mail")?;
    let mut paper = Paper::default();
    paper.title(message.subject().unwrap_or_default());
    paper.metadata("from", &addresses(message.from()));
    paper.metadata("date", &message.date().map(|date| date.to_rfc3339()).unwrap_or_default());
    letter(&message, &mut paper, 0);
    Ok(paper.done("email"))
}

pub(super) fn parse_box(bytes: &[u8]) -> Result<Parsed, String> {
    let mut paper = Paper::default();
    let mut letters = 0;
    for found in MessageIterator::new(Cursor::new(bytes)) {
        let found = found.map_err(|error| format!("it cannot be read as a mailbox: {error}"))?;
        if let Some(message) = MessageParser::default().parse(found.contents()) {
            letters += 1;
            letter(&message, &mut paper, 0);
        }
        if letters > LETTERS || paper.is_full() {
            return Err(format!("it holds more than {LETTERS} letters, or too long ones: split it"));
        }
    }
    if letters == 0 {
        return Err("it is no mailbox".into());
    }
    Ok(paper.done("mailbox"))
}

fn letter(message: &Message<'_>, paper: &mut Paper, depth: usize) {
    paper.heading(1, message.subject().unwrap_or("(no subject)"));
    let lines = [
        ("From", addresses(message.from())),
        ("To", addresses(message.to())),
        ("Cc", addresses(message.cc())),
        ("Date", message.date().map(|date| date.to_rfc3339()).unwrap_or_default()),
    ];
    let told = lines.iter().filter(|(_, value)| !value.is_empty());
    paper.paragraph(&told.map(|(name, value)| format!("{name}: {value}\n")).collect::<String>());
    for part in message.text_bodies() {
        match &part.body {
            PartType::Html(page) => paper.append(&html::parse(page), 1),
            PartType::Text(text) => paper.append(&plain::parse(text.replace("\r\n", "\n"), false), 1),
            _ => {}
        }
    }
    for part in message.attachments().take(ATTACHED) {
        attachment(part, paper, depth);
    }
}

fn attachment(part: &mail_parser::MessagePart<'_>, paper: &mut Paper, depth: usize) {
    if depth >= DEEPEST {
        return;
    }
    if let PartType::Message(inner) = &part.body {
        return letter(inner, paper, depth + 1);
    }
    let Some(name) = part.attachment_name() else { return };
    paper.heading(2, &format!("Attachment: {name}"));
    let format = Format::of(Path::new(name));
    // A letter in a letter as a file would escape the bound on depth.
    let readable = !matches!(format, Format::Lines | Format::Mail | Format::Mailbox | Format::Refused(_));
    if readable && let Ok(parsed) = read(format, part.contents()) {
        paper.append(&parsed, 2);
    }
}

fn addresses(address: Option<&Address<'_>>) -> String {
    let one = |one: &mail_parser::Addr<'_>| match (one.name(), one.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (name, address) => name.or(address).unwrap_or_default().to_owned(),
    };
    address.map(|address| address.iter().map(one).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}
