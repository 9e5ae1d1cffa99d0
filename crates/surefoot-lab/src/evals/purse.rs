//! The hard cap of a run: nothing is asked that the rest of the money may not pay for.

use surefoot_types::{Money, run::CaseResult};

/// What a run may cost, and what it has cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Purse {
    most: Option<Money>,
    spent: Money,
    /// The dearest answer so far, its judges included.
    dearest: Option<Money>,
    /// Whether an answer came whose price nobody knows.
    unpriced: bool,
}

impl Purse {
    pub(super) fn new(most: Option<Money>) -> Self {
        Self { most, ..Self::default() }
    }

    /// Counts an answer with its grades.
    pub(super) fn pay(&mut self, case: &CaseResult) {
        let answer = case.trace_id.map(|_| case.cost);
        let judges = case.grades.iter().filter(|grade| !grade.traces.is_empty()).map(|grade| grade.cost);
        match answer.into_iter().chain(judges).sum::<Option<Money>>() {
            Some(cost) => {
                self.spent += cost;
                self.dearest = self.dearest.max(Some(cost));
            }
            None => self.unpriced = true,
        }
    }

    /// What was paid so far; absent once a price was unknown.
    pub(super) fn spent(self) -> Option<Money> {
        (!self.unpriced).then_some(self.spent)
    }

    /// Whether one more may be asked while `waiting` are: each may cost as much as the dearest so far.
    /// Before the first price is known, one is asked at a time.
    pub(super) fn affords(self, waiting: usize) -> bool {
        match (self.most, self.dearest) {
            (None, _) => true,
            (Some(_), _) if self.unpriced => false,
            (Some(most), None) => waiting == 0 && self.spent < most,
            (Some(most), Some(dearest)) => {
                let reserved = dearest.as_nanos().saturating_mul(waiting as i64 + 1);
                self.spent.as_nanos().saturating_add(reserved) <= most.as_nanos()
            }
        }
    }

    /// Why it asks no more.
    pub(super) fn refusal(self) -> String {
        let (most, spent) = (self.most.unwrap_or_default(), self.spent);
        if self.unpriced {
            return format!("the price of an answer is unknown, and a limit of {most} needs it: give it in [prices]");
        }
        format!("{spent} of {most} are spent, and the next answer may cost more than is left")
    }
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::samples;
    use surefoot_types::ids::TraceId;

    use super::*;

    fn case(cost: Option<i64>) -> CaseResult {
        CaseResult { trace_id: Some(TraceId::from_bits(1)), cost: cost.map(Money::nanos), ..samples::case("a") }
    }

    #[test]
    fn what_is_under_way_is_reserved_at_the_dearest_price() {
        let mut purse = Purse::new(Some(Money::nanos(100)));
        assert!(purse.affords(0) && !purse.affords(1), "one at a time until a price is known");
        purse.pay(&case(Some(10)));
        purse.pay(&case(Some(30)));
        assert!(purse.affords(0) && purse.affords(1) && !purse.affords(2));
        purse.pay(&case(Some(35)));
        assert!(!purse.affords(0), "75 are spent, and one more may cost 35");
        assert!(purse.refusal().starts_with("$0.000000075 of $0.0000001 are spent"), "{}", purse.refusal());
    }

    #[test]
    fn without_a_price_no_limit_can_be_kept() {
        let mut purse = Purse::new(Some(Money::nanos(100)));
        purse.pay(&case(None));
        assert!(!purse.affords(0));
        assert!(purse.refusal().contains("[prices]"));
        let mut free = Purse::new(None);
        free.pay(&case(None));
        assert!(free.affords(1_000));
        assert_eq!(free.spent(), None);
    }

    #[test]
    fn a_fault_costs_nothing() {
        let mut purse = Purse::new(Some(Money::nanos(100)));
        purse.pay(&CaseResult { trace_id: None, cost: None, ..samples::case("a") });
        assert!(purse.affords(0));
        assert_eq!(purse.spent(), Some(Money::nanos(0)));
    }
}
