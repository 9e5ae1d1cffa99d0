//! `surefoot search`.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use surefoot_knowledge::search::Explained;
use surefoot_types::document::Hit;

use super::Place;
use crate::{
    settings::Settings,
    terminal::{say, say_json},
};

/// Find passages, with the scores of each leg
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot search -p examples/docs-assistant \"what happens when a stream is cut\"
  surefoot search -p examples/docs-assistant --explain \"kill -9\"
  surefoot search --knowledge docs --limit 3 --json \"retries\" | jq '.[].score'")]
pub(crate) struct Search {
    /// What to look for
    query: String,
    /// Where to look [default: the project's only knowledge]
    #[arg(short, long)]
    knowledge: Option<String>,
    /// How many passages to show
    #[arg(short, long, default_value_t = 5)]
    limit: usize,
    #[command(flatten)]
    place: Place,
    /// Tell why each stands where it does
    #[arg(short, long)]
    explain: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Search {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (settings, house) = self.place.open_fresh().await?;
        let knowledge = self.knowledge.map_or_else(|| only(&settings), Ok)?;
        let found = house.knowledge.explain(&knowledge, &self.query, self.limit).await;
        house.close().await;
        let found = found?;
        match (self.json, self.explain) {
            (true, true) => say_json(&found)?,
            (true, false) => say_json(&found.into_iter().map(|found| found.hit).collect::<Vec<_>>())?,
            (false, explain) => found.iter().enumerate().for_each(|(at, found)| {
                say(shown(at + 1, &found.hit));
                if explain {
                    say(reason(found));
                }
            }),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn only(settings: &Settings) -> anyhow::Result<String> {
    match &settings.knowledge[..] {
        [one] => Ok(one.knowledge.clone()),
        [] => bail!("the project has no knowledge: name a folder under [knowledge.docs] in surefoot.toml"),
        many => {
            let names: Vec<&str> = many.iter().map(|one| one.knowledge.as_str()).collect();
            bail!("the project has several: say --knowledge with one of {}", names.join(", "))
        }
    }
}

/// Why a passage stands where it does.
fn reason(found: &Explained) -> String {
    let Explained { hit, from_words, from_vector, held, missing } = found;
    let list = |terms: &[String]| if terms.is_empty() { "–".to_owned() } else { terms.join(" ") };
    let also: Vec<&str> = hit.also.iter().map(|also| also.path.as_str()).collect();
    let also = if also.is_empty() { String::new() } else { format!("\n   nearly the same in {}", also.join(", ")) };
    format!(
        "   {:.3} = {from_words:.3} from words + {from_vector:.3} from the vector\n   holds {}; lacks {}{also}\n",
        hit.score,
        list(held),
        list(missing)
    )
}

fn shown(number: usize, hit: &Hit) -> String {
    let passage = &hit.found.passage;
    let place = std::iter::once(hit.found.path.as_str()).chain(passage.heading_path.iter().map(String::as_str));
    let leg = |score: Option<f32>| score.map_or_else(|| "–".into(), |score| format!("{score:.3}"));
    let words: Vec<&str> = passage.text.split_whitespace().collect();
    let text: String = words.join(" ").chars().take(300).collect();
    format!(
        "{number}. {} (bytes {}-{})\n   score {:.3} = words {} + vectors {}\n   {text}\n",
        place.collect::<Vec<_>>().join(" › "),
        passage.range.start,
        passage.range.end,
        hit.score,
        leg(hit.lexical),
        leg(hit.vector)
    )
}
