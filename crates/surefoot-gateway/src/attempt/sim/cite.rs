//! Answers that cite the passages in a prompt, rightly and wrongly.

use surefoot_types::conversation::{ChatRequest, Role};

/// Longest quote, in characters.
const QUOTE: usize = 160;
/// What is said when the prompt shows no passages.
const NOTHING: &str = "The prompt shows no passages.";

/// One sentence for each passage, quoting its beginning.
pub(super) fn quoted(request: &ChatRequest) -> String {
    told(&quotes(request), |quote| quote.to_owned())
}

/// The same with altered numbers, and a passage that does not exist.
pub(super) fn misquoted(request: &ChatRequest) -> String {
    let quotes = quotes(request);
    let beyond = quotes.len() + 1;
    if quotes.is_empty() {
        return format!("All of it was decided in 1887 [{beyond}].");
    }
    format!("{} All of it was decided in 1887 [{beyond}].", told(&quotes, altered))
}

fn told(quotes: &[String], say: impl Fn(&str) -> String) -> String {
    if quotes.is_empty() {
        return NOTHING.into();
    }
    let sentences = quotes.iter().enumerate().map(|(at, quote)| format!("{} [{}].", say(quote), at + 1));
    sentences.collect::<Vec<_>>().join(" ")
}

/// Every digit becomes another; a quote without digits gets a number.
fn altered(quote: &str) -> String {
    if !quote.contains(|c: char| c.is_ascii_digit()) {
        return format!("47 times over, {quote}");
    }
    quote
        .chars()
        .map(|c| match c {
            '9' => '1',
            '0'..='8' => char::from(c as u8 + 1),
            other => other,
        })
        .collect()
}

/// The beginning of each passage in the prompt, in their order. A passage starts with a line
/// `[1] title > heading`; a number out of turn is a part of the text.
fn quotes(request: &ChatRequest) -> Vec<String> {
    let prompt = request.messages.iter().filter(|message| message.role != Role::Assistant);
    let texts: Vec<String> = prompt.map(|message| message.words()).collect();
    let mut quotes: Vec<String> = Vec::new();
    for text in &texts {
        for line in text.lines() {
            if starts_passage(line, quotes.len() + 1) {
                quotes.push(String::new());
            } else if let Some(quote) = quotes.last_mut().filter(|quote| quote.is_empty()) {
                *quote = beginning(line);
            }
        }
    }
    quotes
}

fn starts_passage(line: &str, number: usize) -> bool {
    let mark = line.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    mark.is_some_and(|(digits, _)| digits.parse() == Ok(number))
}

/// The first sentence of a line without what ends it; nothing for a heading or a line without words.
fn beginning(line: &str) -> String {
    if line.starts_with('#') {
        return String::new();
    }
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let end = line.find(". ").unwrap_or(line.len());
    let most = line.char_indices().nth(QUOTE).map_or(line.len(), |(at, _)| at);
    let cut = match line.get(..end.min(most)) {
        Some(cut) if end > most => cut.rsplit_once(' ').map_or(cut, |(whole_words, _)| whole_words),
        Some(cut) => cut,
        None => line,
    };
    cut.trim_end_matches(|c: char| !c.is_alphanumeric()).to_owned()
}
