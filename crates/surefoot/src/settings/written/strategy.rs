//! How a variant uses models, as written in its front matter.

use crate::settings::{
    source::{At, Place},
    table::{Reader, Section, field},
};

/// A cheap model first.
pub(crate) const CASCADE: Section = Section {
    file: "functions/<name>/<variant>.md",
    header: "[cascade]",
    about: "The variant's model answers first; where a check of its answer fails, the next model is asked.",
    fields: &[
        field("then", "then = [\"openai/gpt-4o\"]", "required", "The models after the variant's own, in order."),
        field(
            "when",
            "when = [\"schema\", \"citations\", \"abstains\"]",
            "",
            "What sends a question on: an answer that does not fit its `schema`, whose `citations` do not all hold or \
             are none, that `abstains` (says that the documents do not answer).",
        ),
        field(
            "unless",
            "unless = \"The answer names a date and an amount.\"",
            "",
            "In English, what a judge has to find in an answer for it to be taken.",
        ),
        field("judge", "judge = \"openai/gpt-4o-mini\"", "the last of `then`", "The model that judges."),
        field(
            "logprob",
            "logprob = -0.5",
            "",
            "An answer whose tokens' mean log probability is below this is sent on. For models that tell them.",
        ),
    ],
};

/// Several answers and a judge.
pub(crate) const BEST_OF: Section = Section {
    file: "functions/<name>/<variant>.md",
    header: "[best_of]",
    about: "The variant's model answers several times at once, and a judge takes the best.",
    fields: &[
        field("answers", "answers = 3", "3", "How many answers; 2 to 10."),
        field("judge", "judge = \"openai/gpt-4o\"", "the variant's model", "The model that judges."),
        field(
            "prompt",
            "prompt = \"Prefer the answer that a customer can act on.\"",
            "required",
            "What makes an answer the best, in English.",
        ),
    ],
};

/// Several answers and their majority.
pub(crate) const VOTE: Section = Section {
    file: "functions/<name>/<variant>.md",
    header: "[vote]",
    about: "The variant's model answers several times at once, and the answer that most agree on is taken.",
    fields: &[
        field("answers", "answers = 5", "5", "How many answers; 2 to 15."),
        field(
            "field",
            "field = \"label\"",
            "the whole text",
            "The field of JSON answers that is counted; `a.b` inside.",
        ),
    ],
};

/// A strategy.
#[derive(Debug)]
pub(crate) enum Strategy {
    Cascade(Cascade),
    BestOf(BestOf),
    Vote(Vote),
}

#[derive(Debug)]
pub(crate) struct Cascade {
    /// Where its table's name stands.
    pub(crate) place: Place,
    pub(crate) then: Vec<At<String>>,
    pub(crate) when: Vec<At<String>>,
    pub(crate) unless: Option<At<String>>,
    pub(crate) judge: Option<At<String>>,
    pub(crate) logprob: Option<At<f64>>,
}

#[derive(Debug)]
pub(crate) struct BestOf {
    pub(crate) answers: Option<At<i64>>,
    pub(crate) judge: Option<At<String>>,
    pub(crate) prompt: Option<At<String>>,
}

#[derive(Debug)]
pub(crate) struct Vote {
    pub(crate) answers: Option<At<i64>>,
    pub(crate) field: Option<At<String>>,
}

impl Strategy {
    /// The strategies that a variant's table names, each with the place of its name.
    pub(crate) fn read(table: &mut Reader<'_>) -> Vec<(Place, Self)> {
        let cascade = table.table("cascade", &CASCADE).map(|table| (table.place.clone(), Self::cascade(table)));
        let best_of = table.table("best_of", &BEST_OF).map(|table| (table.place.clone(), Self::best_of(table)));
        let vote = table.table("vote", &VOTE).map(|table| (table.place.clone(), Self::vote(table)));
        [cascade, best_of, vote].into_iter().flatten().collect()
    }

    /// Every model that it names.
    pub(crate) fn models(&self) -> impl Iterator<Item = &At<String>> {
        let (then, judge): (&[At<String>], _) = match self {
            Self::Cascade(cascade) => (&cascade.then, cascade.judge.as_ref()),
            Self::BestOf(best_of) => (&[], best_of.judge.as_ref()),
            Self::Vote(_) => (&[], None),
        };
        then.iter().chain(judge)
    }

    fn cascade(mut table: Reader<'_>) -> Self {
        let cascade = Cascade {
            place: table.place.clone(),
            then: table.required_one_or_more("then").unwrap_or_default(),
            when: table.one_or_more("when").unwrap_or_default(),
            unless: table.string("unless"),
            judge: table.string("judge"),
            logprob: table.number("logprob"),
        };
        table.done();
        Self::Cascade(cascade)
    }

    fn best_of(mut table: Reader<'_>) -> Self {
        let (answers, judge) = (table.integer("answers"), table.string("judge"));
        let best_of = BestOf { answers, judge, prompt: table.required("prompt") };
        table.done();
        Self::BestOf(best_of)
    }

    fn vote(mut table: Reader<'_>) -> Self {
        let vote = Vote { answers: table.integer("answers"), field: table.string("field") };
        table.done();
        Self::Vote(vote)
    }
}
