//! Holds the most that a request can use: its tokens, of the limits that count it, and its money, of the budgets.
//!
//! One answer is held for. A try that came to nothing and still cost something is held for in addition before
//! there is another.

mod worst;

use std::time::Duration;

use surefoot_types::{Code, Fault, Money, Usage};

use self::worst::Worst;
use crate::{
    accounts::{Accounts, Counted, Hold, Kind, Refused, Want, Why},
    events,
    project::{Model, Project, Target, Unpriced},
    record::estimate_request,
    screen::Screened,
};

/// The longest answer that a hard budget pays for where the caller does not limit it. It is then imposed.
const LONGEST_ANSWER: u64 = 4_096;
/// An answer is not cut shorter than this for want of money: some sentences, or it is not worth asking.
const LEAST_ANSWER: u64 = 64;
/// Tokens that an answer is taken to have, against limits on tokens, where the caller does not limit it.
pub(crate) const USUAL_ANSWER: u64 = 256;

/// Where to hold, and for whom.
pub(crate) struct Reserve<'a> {
    pub(crate) accounts: &'a Accounts,
    pub(crate) counted: &'a Counted<'a>,
    pub(crate) project: &'a Project,
    pub(crate) model: &'a Model,
}

impl Reserve<'_> {
    /// Holds what an answer to `prompt` can use. Where money is limited and the answer is not, its length is
    /// limited to what there is money for.
    pub(crate) async fn chat(&self, prompt: &mut Screened, hold: &mut Hold) -> Result<(), Fault> {
        let request = &mut prompt.grounded.request;
        let budgets = self.budgets()?;
        let worst = Worst::of_chat(self.project, self.model, request, self.counted.now);
        let asked = request.parameters.max_tokens;
        let said = estimate_request(request);
        let tokens = self.counted.tokens(said.saturating_add(asked.unwrap_or(USUAL_ANSWER)));
        let mut longest = asked.unwrap_or(LONGEST_ANSWER);
        while let Err(refused) = self.take(hold, &budgets, &tokens, worst.cost(longest)).await {
            let elastic = asked.is_none() && refused.kind == Kind::Hard && refused.why != Why::Unreachable;
            let shorter = worst.output_for(refused.left(), longest).max(LEAST_ANSWER);
            if !elastic || shorter >= longest {
                return Err(self.told(&refused));
            }
            longest = shorter;
        }
        if asked.is_none() && budgets.iter().any(|want| want.kind == Kind::Hard) {
            request.parameters.max_tokens = Some(longest);
            prompt.grounded.cap = Some(longest);
        }
        Ok(())
    }

    /// Holds what reading `texts` can use.
    pub(crate) async fn texts(&self, texts: &[&str], hold: &mut Hold) -> Result<(), Fault> {
        let budgets = self.budgets()?;
        let worst = Worst::of_texts(self.project, self.model, texts, self.counted.now);
        let tokens = self.counted.tokens(texts.iter().map(|text| Usage::estimate(text)).sum());
        self.take(hold, &budgets, &tokens, worst.cost(0)).await.map_err(|refused| self.told(&refused))
    }

    /// Holds what a try that came to nothing cost, so that another may cost as much as the first.
    pub(crate) async fn again(&self, cost: Money, hold: &mut Hold) -> Result<(), Fault> {
        if cost == Money::ZERO {
            return Ok(());
        }
        let mut budgets = self.budgets()?;
        budgets.retain(|want| want.kind == Kind::Hard);
        self.take(hold, &budgets, &[], cost).await.map_err(|refused| self.told(&refused))
    }

    /// Holds the most that a second call for the same answer can cost, before it is made.
    pub(crate) async fn beside(&self, prompt: &Screened, hold: &mut Hold) -> Result<(), Fault> {
        let request = &prompt.grounded.request;
        let longest = request.parameters.max_tokens.unwrap_or(LONGEST_ANSWER);
        let worst = Worst::of_chat(self.project, self.model, request, self.counted.now);
        self.again(worst.cost(longest), hold).await
    }

    async fn take(
        &self,
        hold: &mut Hold,
        budgets: &[Want<'_>],
        tokens: &[Want<'_>],
        cost: Money,
    ) -> Result<(), Refused> {
        let money = budgets.iter().map(|want| Want { amount: cost.as_nanos(), ..want.clone() });
        let wants: Vec<Want<'_>> = money.chain(tokens.iter().cloned()).collect();
        let lasts: Duration = self.model.policy.total;
        self.accounts.take(hold, &wants, lasts).await
    }

    /// The budgets that count the request. What has no price cannot be held for.
    fn budgets(&self) -> Result<Vec<Want<'_>>, Fault> {
        let budgets = self.counted.budgets();
        let refuses = match self.project.unpriced {
            Unpriced::Allow => false,
            Unpriced::RefuseInBudget => budgets.iter().any(|want| want.kind == Kind::Hard),
            Unpriced::Refuse => true,
        };
        let names = || self.model.targets.iter().map(Target::name);
        let unpriced = names().find(|target| self.project.prices.get(target, self.counted.now).is_none());
        match unpriced {
            Some(target) if refuses => Err(unknown_price(&target)),
            _ => Ok(budgets),
        }
    }

    fn told(&self, refused: &Refused) -> Fault {
        events::request_limited(refused.name(), refused.kind.name());
        refused.fault(self.counted.now)
    }
}

fn unknown_price(target: &str) -> Fault {
    let example = format!("\"{target}\" = {{ input = \"1.00\", output = \"2.00\" }}");
    Fault::new(Code::Forbidden, format!("the price of {target} is not known, so that its cost cannot be limited"))
        .hint(format!("Say what it costs, in dollars a million tokens, under [prices]: {example}."))
}
