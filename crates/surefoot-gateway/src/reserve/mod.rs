//! Whether a request can be paid for.

use jiff::Timestamp;
use surefoot_types::{Code, Fault};

use crate::project::{Model, Project, Unpriced};

/// Refuses a request that may go to a model without a price, where the project says so.
pub(crate) fn priced(project: &Project, model: &Model, now: Timestamp) -> Result<(), Fault> {
    let targets = || model.targets.iter().map(crate::project::Target::name);
    let Some(target) = targets().find(|target| project.prices.get(target, now).is_none()) else { return Ok(()) };
    if project.unpriced != Unpriced::Refuse {
        return Ok(());
    }
    Err(unpriced(&target))
}

fn unpriced(target: &str) -> Fault {
    Fault::new(Code::OverBudget, format!("the price of {target} is not known, so its cost cannot be limited")).hint(
        format!(
            "Say it under [prices]: \"{target}\" = {{ input = \"…\", output = \"…\" }}, in dollars a million tokens."
        ),
    )
}
