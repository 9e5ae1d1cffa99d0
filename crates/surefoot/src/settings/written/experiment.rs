//! An experiment as written.

use crate::settings::{
    source::{At, Place},
    table::{Reader, Section, field},
};

/// An experiment on a function.
pub(crate) const EXPERIMENT: Section = Section {
    file: "functions/<name>/function.toml",
    header: "[experiment]",
    about: "Live traffic split between variants until a metric of feedback decides. Callers who name a variant \
            (`answer@concise`) are no part of it.",
    fields: &[
        field("candidates", "candidates = [\"concise\"]", "required", "The variants that might be better; up to 7."),
        field("control", "control = \"plain\"", "the function's `variant`", "The variant that they have to beat."),
        field("metric", "metric = \"thumbs\"", "required", "The metric of feedback that decides."),
        field("least", "least = 1", "0", "The least that its numbers can be."),
        field("most", "most = 5", "1", "The most that they can be."),
        field("better", "better = \"less\"", "more", "Whether `more` of it is better, or `less`."),
        field(
            "unit",
            "unit = \"session\"",
            "user",
            "What a variant is drawn for: each `user`, `session` or `request`. Who has none runs the control.",
        ),
        field(
            "method",
            "method = \"adaptive\"",
            "even",
            "How traffic is split: `even` between those still in it, `adaptive` by their chance to be the best, or `fixed`.",
        ),
        field("floor", "floor = 0.1", "0.1", "With `adaptive`, the least share of each; 0.01 to 0.5."),
        field(
            "shares",
            "shares = { plain = 90, concise = 10 }",
            "even",
            "With `fixed`, the share of each beside the others'.",
        ),
        field(
            "alpha",
            "alpha = 0.05",
            "0.05",
            "The chance that may be left of leaving a variant out wrongly; 0.0001 to 0.2.",
        ),
        field(
            "settle",
            "settle = \"10m\"",
            "10m",
            "How long after its first feedback a unit may still change its mind.",
        ),
        field(
            "absent_after",
            "absent_after = \"24h\"",
            "silence never counts",
            "How long after its first request a unit that says nothing counts as a no: for metrics like `bought`.",
        ),
        field("units", "units = 20000", "no end", "After how many counted units it ends without a winner."),
        field(
            "harm",
            "harm = { cost = 0.2, latency = 0.5, errors = 0.02 }",
            "nobody looks",
            "How much worse than the control a candidate may be before it is out: in the cost and the time of a request as \
             a share more, in failing requests as more of 1.",
        ),
    ],
};

/// What a candidate may be worse in.
const HARM: Section = Section {
    file: "functions/<name>/function.toml",
    header: "harm",
    about: "How much worse than the control a candidate may be.",
    fields: &[
        field("cost", "cost = 0.2", "", "By which share more a request may cost."),
        field("latency", "latency = 0.5", "", "By which share longer it may take."),
        field("errors", "errors = 0.02", "", "How many more may fail, of 1."),
    ],
};

/// An experiment.
#[derive(Debug)]
pub(crate) struct Experiment {
    pub(crate) place: Place,
    pub(crate) candidates: Vec<At<String>>,
    pub(crate) control: Option<At<String>>,
    pub(crate) metric: Option<At<String>>,
    pub(crate) least: Option<At<f64>>,
    pub(crate) most: Option<At<f64>>,
    pub(crate) better: Option<At<String>>,
    pub(crate) unit: Option<At<String>>,
    pub(crate) method: Option<At<String>>,
    pub(crate) floor: Option<At<f64>>,
    pub(crate) shares: Vec<(At<String>, At<i64>)>,
    pub(crate) alpha: Option<At<f64>>,
    pub(crate) settle: Option<At<String>>,
    pub(crate) absent_after: Option<At<String>>,
    pub(crate) units: Option<At<i64>>,
    pub(crate) harm: [Option<At<f64>>; 3],
}

impl Experiment {
    pub(super) fn read(mut table: Reader<'_>) -> Self {
        let harm = table.table("harm", &HARM).map(|mut harm| {
            let read = ["cost", "latency", "errors"].map(|name| harm.number(name));
            harm.done();
            read
        });
        let experiment = Self {
            place: table.place.clone(),
            candidates: table.required_one_or_more("candidates").unwrap_or_default(),
            control: table.string("control"),
            metric: table.required("metric"),
            least: table.number("least"),
            most: table.number("most"),
            better: table.string("better"),
            unit: table.string("unit"),
            method: table.string("method"),
            floor: table.number("floor"),
            shares: table.named_integers("shares"),
            alpha: table.number("alpha"),
            settle: table.string("settle"),
            absent_after: table.string("absent_after"),
            units: table.integer("units"),
            harm: harm.unwrap_or_default(),
        };
        table.done();
        experiment
    }
}
