//! `surefoot ask`.

use std::process::ExitCode;

use clap::Args;
use surefoot_gateway::{Added, Call, Caller, Context, Delivery, Gateway};
use surefoot_types::{
    Citation, Fault, Support,
    conversation::{ChatRequest, Event},
};

use super::Place;
use crate::terminal::{say, say_json, say_piece, tell};

/// Ask a question, and print the answer with its citations
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot ask -p examples/docs-assistant \"How are citations checked?\"
  surefoot ask --model answer@quote \"What is a variant?\"
  surefoot ask --json \"What is a variant?\" | jq .citations")]
pub(crate) struct Ask {
    /// The question
    question: String,
    /// A function, function@variant, alias or provider/model-id [default: the project's only function, or `answer`]
    #[arg(short, long)]
    model: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Ask {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (settings, house) = self.place.open_fresh().await?;
        let functions = &settings.project.functions;
        let only = functions.keys().next().filter(|_| functions.len() == 1).cloned();
        let model = self.model.or(only).unwrap_or_else(|| "answer".into());
        let asked = stream(&house.gateway, model, self.question, !self.json).await;
        house.close().await;
        let (text, added) = asked?;
        if self.json {
            let mut told = added.to_value();
            told["answer"] = text.into();
            say_json(&told)?;
        } else {
            told(&added);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Asks, printing the words as they come if they are wanted.
async fn stream(gateway: &Gateway, model: String, question: String, print: bool) -> Result<(String, Added), Fault> {
    let mut chat = ChatRequest::ask(model, question);
    chat.stream = true;
    let call = Call {
        trace_id: gateway.mint_trace(),
        door: "cli",
        chat,
        body: None,
        caller: Caller { secret: None, trusted: true },
        context: Context::default(),
    };
    let mut reply = gateway.answer(call);
    let mut said = String::new();
    while let Some(delivery) = reply.deliveries.recv().await {
        match delivery {
            Delivery::Head(_) => {}
            Delivery::Frame(frame) => {
                for event in &frame.events {
                    if let Event::Text { text } | Event::Refusal { text } = event {
                        said.push_str(text);
                        if print {
                            say_piece(text);
                        }
                    }
                }
            }
            Delivery::Done(done) => return Ok((said, done.added)),
            Delivery::Failed(failed) => return Err(failed.fault),
        }
    }
    Err(Fault::internal("the request ended without an answer"))
}

fn told(added: &Added) {
    say("\n");
    for citation in added.citations.iter().flatten() {
        say(line(citation));
    }
    tell(format!("trace {}", added.trace_id));
}

/// `[1] models.md › Aliases and fallback (bytes 10-90), supported: "…"`
fn line(citation: &Citation) -> String {
    let place = std::iter::once(citation.document.as_str()).chain(citation.heading_path.iter().map(String::as_str));
    let place = place.collect::<Vec<_>>().join(" › ");
    let support = match citation.support {
        Support::Quoted => "quoted",
        Support::Supported => "supported",
        Support::Partial => "partly supported",
        Support::Unsupported => "not supported",
    };
    format!(
        "[{}] {place} (bytes {}-{}), {support}: \"{}\"",
        citation.mark,
        citation.start,
        citation.end,
        citation.quote.trim()
    )
}
