//! The day's budget: the worst case is held before the attempt and what it really cost is put in
//! its place afterwards, so that requests at the same time cannot overspend together.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use surefoot_types::{Clock, Code, Fault, Money, Retry, Usage, ports::Journal};

use crate::{project::Project, resolve::Plan, screen::Screened};

/// Tokens that an answer may have when nothing limits it: what the worst case is reckoned with.
const LONGEST_ANSWER: u64 = 4096;
/// Seconds in a day.
const DAY: i64 = 86_400;

/// What is spent and held today (UTC).
pub(crate) struct Purse {
    today: Arc<Mutex<Today>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Today {
    /// Days since 1970.
    day: i64,
    spent: Money,
    held: Money,
}

/// Money held for one request. Dropped without being settled (the process is going down), it is
/// given back.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    amount: Money,
    day: i64,
    from: Option<Arc<Mutex<Today>>>,
}

impl Purse {
    /// A purse that knows what the journal says was spent today.
    pub(crate) async fn open(journal: &dyn Journal, clock: &dyn Clock) -> Result<Self, Fault> {
        let now = clock.now();
        let midnight = Timestamp::from_second(day_of(now) * DAY).unwrap_or(now);
        let spent = journal.trace_cost_since(midnight).await?;
        let today = Today { day: day_of(now), spent, held: Money::ZERO };
        Ok(Self { today: Arc::new(Mutex::new(today)) })
    }

    /// Holds the most that the request can cost.
    pub(crate) fn reserve(
        &self,
        project: &Project,
        plan: &Plan,
        prompt: &Screened,
        clock: &dyn Clock,
    ) -> Result<Hold, Fault> {
        let amount = worst_case(project, plan, prompt);
        self.hold(project.daily_budget, amount, clock)
    }

    /// Holds `amount`, if the day's limit leaves room for it.
    pub(crate) fn hold(&self, limit: Option<Money>, amount: Money, clock: &dyn Clock) -> Result<Hold, Fault> {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        today.turn(clock);
        if let Some(limit) = limit
            && today.spent + today.held + amount > limit
        {
            return Err(over_budget(limit, &today, amount));
        }
        today.held += amount;
        Ok(Hold { amount, day: today.day, from: Some(Arc::clone(&self.today)) })
    }

    /// Puts the true cost in the place of what was held, in one step: between the two nobody sees a
    /// budget with neither in it.
    pub(crate) fn settle(&self, mut hold: Hold, cost: Money, clock: &dyn Clock) {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        today.turn(clock);
        today.spent += cost;
        if hold.from.take().is_some() {
            today.give_back(&hold);
        }
    }
}

impl Today {
    fn turn(&mut self, clock: &dyn Clock) {
        let day = day_of(clock.now());
        if day != self.day {
            *self = Self { day, ..Self::default() };
        }
    }

    /// A hold of yesterday went with yesterday's page.
    fn give_back(&mut self, hold: &Hold) {
        if self.day == hold.day {
            self.held = self.held - hold.amount;
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let Some(from) = self.from.take() else { return };
        from.lock().unwrap_or_else(PoisonError::into_inner).give_back(self);
    }
}

/// The dearest target, with the prompt's tokens estimated high and the longest answer allowed. One
/// answer is paid for at most: a try that fails before it answers costs nothing, and after that there is
/// no other. A target without a price counts nothing: its cost is unknown.
fn worst_case(project: &Project, plan: &Plan, prompt: &Screened) -> Money {
    let request = &prompt.grounded.request;
    let said: u64 = request.messages.iter().map(|message| Usage::estimate(&message.words()) + 8).sum();
    let tools: u64 = request.tools.iter().map(|tool| Usage::estimate(&tool.schema.to_string()) + 16).sum();
    let usage = Usage {
        input: said + tools,
        output: request.parameters.max_tokens.unwrap_or(LONGEST_ANSWER),
        ..Usage::default()
    };
    let prices = plan.model.targets.iter().filter_map(|target| project.prices.get(&target.name()));
    prices.map(|price| price.cost(&usage)).max().unwrap_or_default()
}

fn over_budget(limit: Money, today: &Today, amount: Money) -> Fault {
    let told = format!(
        "the day's budget of {limit} does not cover this request: {} spent, {} held for requests under way, {amount} at most for this one",
        today.spent, today.held
    );
    Fault::new(Code::OverBudget, told)
        .hint("Raise `daily_usd` under [budget], lower `max_tokens`, or come back after midnight UTC.")
        .retry(Retry::Never)
}

fn day_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(DAY)
}

#[cfg(test)]
mod tests;
