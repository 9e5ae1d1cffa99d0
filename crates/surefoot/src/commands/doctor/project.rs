//! What the project's files say: mistakes, keys, prices.

use std::collections::BTreeSet;

use surefoot_gateway::project::{Model, Reach, Target, Unpriced};
use surefoot_types::{Clock, SystemClock};

use super::Finding;
use crate::settings::{Mistake, Settings};

/// A project that can be served.
pub(super) fn read(settings: &Settings, warnings: &[Mistake]) -> Finding {
    let project = &settings.project;
    let told = format!(
        "{} functions, {} aliases, {} providers; version {}",
        project.functions.len(),
        project.models.len(),
        project.providers.len(),
        &project.version[..12]
    );
    match warnings {
        [] => Finding::good("project", told),
        some => Finding::warning("project", format!("{told}; {} warnings", some.len())).hint("See `surefoot check`."),
    }
}

/// A project that cannot.
pub(super) fn broken(mistakes: &[Mistake]) -> Finding {
    let count = mistakes.iter().filter(|mistake| !mistake.warning).count();
    Finding::bad("project", format!("the files have {count} mistakes")).hint("`surefoot check` tells each of them.")
}

/// Provider keys, prices, budgets.
pub(super) fn look(settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    for provider in settings.project.providers.values() {
        if let Reach::Http(api) = &provider.reach
            && api.keys.is_empty()
            && api.base_url.starts_with("https://")
            && api.headers.is_empty()
        {
            let told = format!("'{}' has no key", provider.name);
            let hint = format!("Add `key = \"env:NAME\"` under [providers.{}].", provider.name);
            found.push(Finding::warning("provider", told).hint(hint));
        }
    }
    found.push(prices(settings));
    found
}

/// Whether the price of every model that the project names is known today.
fn prices(settings: &Settings) -> Finding {
    let (project, now) = (&settings.project, SystemClock.now());
    let variants = project.functions.values().flat_map(|function| function.variants.values());
    let models = project.models.values().chain(variants.map(|variant| &variant.model));
    let targets = |model: &Model| model.targets.iter().map(Target::name).collect::<Vec<_>>();
    let named: BTreeSet<String> = models.flat_map(|model| targets(model)).collect();
    let unknown: Vec<&str> =
        named.iter().map(String::as_str).filter(|target| project.prices.get(target, now).is_none()).collect();
    if unknown.is_empty() {
        return Finding::good("prices", format!("known for all {} models that the project names", named.len()));
    }
    let told = format!("not known for {}", unknown.join(", "));
    let hint = format!("Add `[prices.\"{}\"]` with `input` and `output`, in dollars for a million tokens.", unknown[0]);
    let hard = project.budgets.iter().any(|budget| budget.hard);
    match project.unpriced {
        Unpriced::Allow => Finding::note("prices", format!("{told}: reports say that their cost is unknown")),
        Unpriced::RefuseInBudget if !hard => {
            Finding::note("prices", format!("{told}: reports say that their cost is unknown"))
        }
        Unpriced::RefuseInBudget | Unpriced::Refuse => {
            Finding::bad("prices", format!("{told}: their requests are refused"))
        }
    }
    .hint(hint)
}
