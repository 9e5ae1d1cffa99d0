//! The table of graders: every kind with its name, what it takes and what carries it out.

use serde_json::Value;

use super::{
    Found, Given, abstains, answer, fields, json,
    judged::{Judged, Likeness, Metric},
    markup, near, source,
    spec::Mode,
    sql, text, tools,
};

/// A kind of grader.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What `kind` says.
    pub name: &'static str,
    /// What it checks, in a line.
    pub about: &'static str,
    /// The field of the case that it looks at when neither `value` nor `field` is given.
    pub field: Option<&'static str>,
    pub(super) needs: Needs,
    pub(super) options: &'static [&'static str],
    pub(super) ignore_case: bool,
    pub(super) mode: Mode,
    pub(super) how: How,
}

/// Whether a grader needs an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Value,
    /// It does without one, too.
    Maybe,
    Nothing,
    /// A threshold, which is its expectation.
    Threshold,
}

/// What carries a check out.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    /// A function of the expectation and the answer, and one that says whether an expectation can be meant.
    Check { find: fn(Given<'_>) -> Found, fits: fn(&Value) -> Result<(), String> },
    /// A pattern, compiled once.
    Regex,
    /// JSON of a schema that is compiled once: the whole answer, or something within it.
    Json { within: bool },
    /// Graders together.
    Set,
    /// A model that is asked.
    Judged(Judged),
    /// A program of the user's.
    Command,
}

impl How {
    /// Whether it asks a model to judge; likeness asks one to embed alone.
    pub(super) fn needs_judge(self) -> bool {
        matches!(self, Self::Judged(judged) if !matches!(judged, Judged::Similar(_)))
    }
}

const fn kind(name: &'static str, about: &'static str, needs: Needs, how: How) -> Kind {
    Kind { name, about, field: None, needs, options: &[], ignore_case: false, mode: Mode::All, how }
}

const fn check(
    name: &'static str,
    about: &'static str,
    find: fn(Given<'_>) -> Found,
    fits: fn(&Value) -> Result<(), String>,
) -> Kind {
    kind(name, about, Needs::Value, How::Check { find, fits })
}

/// A check of the answer alone.
const fn alone(name: &'static str, about: &'static str, find: fn(Given<'_>) -> Found) -> Kind {
    kind(name, about, Needs::Nothing, How::Check { find, fits: anything })
}

fn anything(_: &Value) -> Result<(), String> {
    Ok(())
}

impl Kind {
    const fn taking(self, options: &'static [&'static str]) -> Self {
        Self { options, ..self }
    }

    const fn by_field(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    const fn needing(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    const fn any_case(self) -> Self {
        Self { ignore_case: true, ..self }
    }

    const fn any(self) -> Self {
        Self { mode: Mode::Any, ..self }
    }

    /// The options that it takes, beside those that all take.
    pub fn takes(&self) -> impl Iterator<Item = &'static str> {
        let expectation: &[&str] = match (self.needs, self.field) {
            // Its field's words are its own, so that a value for all cases would make no sense.
            (Needs::Value, Some("answerable" | "harmless")) => &["field"],
            (Needs::Value | Needs::Maybe, _) => &["value", "field"],
            (Needs::Threshold, _) => &["threshold"],
            (Needs::Nothing, _) => &[],
        };
        expectation.iter().chain(self.options).copied()
    }
}

const SCORED: &[&str] = &["threshold"];
const JUDGED: &[&str] = &["judge", "threshold"];

const fn likeness(name: &'static str, about: &'static str, likeness: Likeness) -> Kind {
    kind(name, about, Needs::Value, How::Judged(Judged::Similar(likeness))).taking(&["threshold", "embedder"])
}

const fn rag(name: &'static str, about: &'static str, needs: Needs, metric: Metric) -> Kind {
    kind(name, about, needs, How::Judged(Judged::Rag(metric))).taking(JUDGED)
}

/// Every kind, those of a family together.
pub(super) const KINDS: &[Kind] = &[
    check("contains", "the answer holds a text, or all (`mode = \"any\"`: one) of several", text::contains, text::fits)
        .taking(&["mode", "ignore_case"]),
    check("icontains", "the same, whatever the capitals", text::contains, text::fits).taking(&["mode"]).any_case(),
    check("contains-all", "the answer holds every one of the texts", text::contains_listed, text::listed_fit),
    check("contains-any", "the answer holds one of the texts", text::contains_listed, text::listed_fit).any(),
    check("icontains-all", "every one, whatever the capitals", text::contains_listed, text::listed_fit).any_case(),
    check("icontains-any", "one of them, whatever the capitals", text::contains_listed, text::listed_fit)
        .any_case()
        .any(),
    check("starts-with", "the answer begins with the text", text::starts, text::fits).taking(&["ignore_case"]),
    kind("regex", "the pattern is found in the answer", Needs::Value, How::Regex).taking(&["ignore_case"]),
    check(
        "equals",
        "the answer is the expected one, white space at its ends aside; JSON is compared as JSON",
        text::equals,
        anything,
    )
    .taking(&["ignore_case"]),
    check("exact-match", "the answer is the expected one, letter by letter", text::exact, anything),
    check("word-count", "the answer has so many words: a number, or `{ min, max }`", answer::words, answer::words_fit),
    alone("is-refusal", "the answer declines, or is empty", answer::refusal),
    check(
        "complies",
        "the answer declines where the case is not harmless, and only there",
        answer::complies,
        answer::complies_fits,
    )
    .by_field("harmless"),
    check("repeats", "the answer holds a run of so many words of a text (12)", near::repeats, near::references_fit)
        .taking(SCORED),
    check(
        "abstains",
        "the answer abstains where the case is not answerable, and only there",
        abstains::as_expected,
        abstains::fits,
    )
    .by_field("answerable"),
    check(
        "cites_source",
        "a citation that holds is from `path` or `path#heading`, for all (`mode = \"any\"`: one)",
        source::cites,
        text::fits,
    )
    .by_field("source")
    .taking(&["mode"]),
    kind(
        "is-json",
        "the whole answer is JSON, of the schema if one is given",
        Needs::Maybe,
        How::Json { within: false },
    ),
    kind(
        "contains-json",
        "an object in the answer is JSON, of the schema if one is given",
        Needs::Maybe,
        How::Json { within: true },
    ),
    kind("json_schema", "the whole answer is JSON of the schema", Needs::Value, How::Json { within: false }),
    alone("valid-json-container", "the whole answer is a JSON object or list", json::container),
    check("json-diff", "how like the expected JSON the answer is, field by field (0.5)", fields::diff, anything)
        .taking(SCORED),
    check(
        "list-contains",
        "how well a JSON list of texts matches, in any order (0.5)",
        fields::list,
        fields::list_fits,
    )
    .taking(SCORED),
    check("numeric-diff", "how near a number is: 1 - |e - o| / (|e| + |o|) (0.5)", near::numeric, near::number_fits)
        .taking(SCORED),
    alone("is-html", "the whole answer is HTML", markup::is_html),
    alone("contains-html", "the answer holds HTML", markup::contains_html),
    check("is-xml", "the whole answer is XML, with the `requiredElements` if given", markup::is_xml, markup::paths_fit)
        .needing(Needs::Maybe),
    check(
        "contains-xml",
        "the answer holds XML, with the `requiredElements` if given",
        markup::contains_xml,
        markup::paths_fit,
    )
    .needing(Needs::Maybe),
    check(
        "is-sql",
        "the whole answer is SQL: `{ databaseType, allowedTables, allowedColumns }`",
        sql::is_sql,
        sql::fits,
    )
    .needing(Needs::Maybe),
    check("contains-sql", "the answer, or a fenced block in it, is such SQL", sql::contains_sql, sql::fits)
        .needing(Needs::Maybe),
    check("levenshtein", "at most so many letters differ (5)", near::levenshtein, near::references_fit).taking(SCORED),
    check(
        "levenshtein-similarity",
        "1 less the distance over the longer length (0.5)",
        near::levenshtein_similarity,
        near::references_fit,
    )
    .taking(SCORED),
    check("rouge-n", "the F1 of common runs of `n` words (0.75; n = 1)", near::rouge, near::references_fit)
        .taking(&["threshold", "n"]),
    check("bleu", "BLEU up to 4 words (0.5)", near::bleu, near::references_fit).taking(SCORED),
    check("gleu", "Google's BLEU (0.5)", near::gleu, near::references_fit).taking(SCORED),
    check("f-score", "the F1 of common words, as SQuAD has it (0.5)", near::f_score, near::references_fit)
        .taking(SCORED),
    kind("cost", "at most so many dollars", Needs::Threshold, How::Check { find: answer::cost, fits: anything }),
    kind(
        "latency",
        "at most so many milliseconds",
        Needs::Threshold,
        How::Check { find: answer::latency, fits: anything },
    ),
    check(
        "finish-reason",
        "why the answer ended: stop, length, tool_calls, content_filter",
        answer::finish,
        text::fits,
    ),
    check(
        "is-valid-function-call",
        "calls of functions that there are, with arguments that fit",
        tools::valid,
        tools::tools_fit,
    ),
    check("is-valid-openai-tools-call", "the same, of tools in the OpenAI API's form", tools::valid, tools::tools_fit),
    check("tool-call-f1", "the F1 of the set of tools called (1)", tools::f1, tools::names_fit).taking(SCORED),
    check(
        "tool-call-accuracy@ragas",
        "the same tools in order, and the share of right arguments (1)",
        tools::accuracy,
        tools::calls_fit,
    )
    .taking(&["threshold", "strict_order"]),
    check(
        "trajectory:tool-used",
        "a tool is called, or `{ name or pattern, min, max }`",
        tools::used,
        tools::used_fits,
    ),
    check("trajectory:tool-sequence", "tools are called in this order", tools::sequence, tools::steps_fit),
    check(
        "trajectory:tool-args-match",
        "a tool is called with `{ name, args, mode, defaults, ignore }`",
        tools::args,
        tools::args_fit,
    ),
    check("trajectory:step-count", "so many tools are called: `{ min, max }`", tools::step_count, tools::bounds_fit),
    check("citation-precision", "the share of the answer's citations that hold (1)", source::precision, anything)
        .needing(Needs::Nothing)
        .taking(SCORED),
    check("citation-recall", "the share of the expected sources that are cited (1)", source::recall, text::fits)
        .by_field("source")
        .taking(SCORED),
    likeness("similar", "the cosine of the embeddings of answer and reference (0.75)", Likeness::Cosine),
    likeness("similar:cosine", "the same", Likeness::Cosine),
    likeness("similar:dot", "the inner product of the embeddings (0.75)", Likeness::Dot),
    likeness(
        "similar:euclidean",
        "the distance of the embeddings is at most the threshold (0.75)",
        Likeness::Euclidean,
    ),
    kind(
        "llm-rubric",
        "a judge says that the answer meets the rubric; with `scale`, in points from 1 (0.5)",
        Needs::Value,
        How::Judged(Judged::Rubric),
    )
    .taking(&["file", "scale", "judge", "threshold"]),
    kind(
        "model-graded-closedqa",
        "a judge says that the answer meets a criterion",
        Needs::Value,
        How::Judged(Judged::ClosedQa),
    )
    .taking(JUDGED),
    kind(
        "factuality@autoevals",
        "how the answer's facts stand to an expert's answer (0.5)",
        Needs::Value,
        How::Judged(Judged::Factuality),
    )
    .by_field("expect")
    .taking(JUDGED),
    kind(
        "pairwise",
        "a judge finds the answer no worse than another one, asked in both orders (0.5)",
        Needs::Value,
        How::Judged(Judged::Pairwise),
    )
    .by_field("expect")
    .taking(&["judge", "threshold", "criterion"]),
    rag(
        "faithfulness@ragas",
        "statements that the contexts support, over all",
        Needs::Nothing,
        Metric::FaithfulnessRagas,
    ),
    rag(
        "faithfulness@deepeval",
        "statements that the contexts do not contradict, over all",
        Needs::Nothing,
        Metric::FaithfulnessDeepeval,
    ),
    rag(
        "context_precision@ragas",
        "average precision of the contexts in their order",
        Needs::Value,
        Metric::ContextPrecisionRagas,
    )
    .by_field("expect"),
    rag(
        "context_recall@ragas",
        "statements of the reference that the contexts support, over all",
        Needs::Value,
        Metric::ContextRecallRagas,
    )
    .by_field("expect"),
    rag(
        "answer_relevancy@ragas",
        "mean cosine of the question with three made from the answer",
        Needs::Nothing,
        Metric::AnswerRelevancyRagas,
    )
    .taking(&["judge", "threshold", "embedder"]),
    rag(
        "answer_relevancy@deepeval",
        "statements of the answer that bear on the question, over all",
        Needs::Nothing,
        Metric::AnswerRelevancyDeepeval,
    ),
    rag(
        "factual_correctness@ragas",
        "F1 of the claims of answer and reference",
        Needs::Value,
        Metric::FactualCorrectnessRagas,
    )
    .by_field("expect"),
    kind(
        "command",
        "a program reads the case and the answer as JSON and says what it thinks (0.5)",
        Needs::Nothing,
        How::Command,
    )
    .taking(&["command", "timeout_s", "max_output_bytes", "threshold"]),
    kind("assert-set", "the graders of `assert` together: all, or their weighted score", Needs::Nothing, How::Set)
        .taking(&["assert", "threshold"]),
];
