//! `surefoot budgets`.

use std::process::ExitCode;

use clap::Args;
use comfy_table::{Cell, CellAlignment};
use serde_json::json;
use surefoot_types::{Clock, SystemClock, budget::BudgetState};

use super::Place;
use crate::terminal::{say, say_json, table, tell};

/// Show how every budget stands
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot budgets
  surefoot budgets --json | jq '.[] | select(.left == 0)'

Held is what processes have taken ahead for requests under way; what they do not need they give back. Amounts in JSON are
in nano-dollars (10⁻⁹ USD).")]
pub(crate) struct Budgets {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Budgets {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let budgets = self.place.upkeep()?.budgets;
        let store = self.place.store().await?;
        let found = tokio::try_join!(store.key_list(), store.account_list(BudgetState::ACCOUNTS));
        store.close().await;
        let (keys, accounts) = found?;
        let states = BudgetState::all(&budgets, &keys, &accounts, SystemClock.now());
        if self.json {
            say_json(&states.iter().map(told).collect::<Vec<_>>())?;
        } else if states.is_empty() {
            tell("There are no budgets, or nothing was spent from them: write [budgets.daily] in surefoot.toml.");
        } else {
            shown(&states);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn told(state: &BudgetState) -> serde_json::Value {
    json!({
        "budget": state.budget,
        "per": state.per,
        "subject": state.subject,
        "every": state.every,
        "hard": state.hard,
        "limit": state.limit,
        "spent": state.spent,
        "held": state.held,
        "left": state.left(),
        "since": state.window.start,
        "until": state.window.end,
    })
}

fn shown(states: &[BudgetState]) {
    let mut shown = table(["budget", "of", "limit", "spent", "held", "left", "until", ""]);
    for state in states {
        let number = |money: surefoot_types::Money| Cell::new(money).set_alignment(CellAlignment::Right);
        let of =
            if state.subject.is_empty() { state.per.to_string() } else { format!("{} {}", state.per, state.subject) };
        let until = state.window.end.map(|end| end.to_string().chars().take(10).collect()).unwrap_or_default();
        shown.add_row(vec![
            Cell::new(state.budget.as_deref().unwrap_or("the key's own")),
            Cell::new(of),
            number(state.limit),
            number(state.spent),
            number(state.held),
            number(state.left()),
            Cell::new::<String>(until),
            Cell::new(if state.hard { "" } else { "only warns" }),
        ]);
    }
    say(shown.to_string());
}
