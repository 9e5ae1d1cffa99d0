//! A function's folder as written.

use serde_json::Value;

use super::{
    guard::{GUARDS, Guards},
    variant::Variant,
};
use crate::settings::{
    source::{At, Place},
    table::{Reader, Section, Toml, field, json},
};

/// A function.
pub(crate) const FUNCTION: Section = Section {
    file: "functions/<name>/function.toml",
    header: "",
    about: "What a function takes and gives back. The folder's name is its name.",
    fields: &[
        field(
            "description",
            "description = \"Answers questions about our product.\"",
            "",
            "What it does, in a sentence.",
        ),
        field("knowledge", "knowledge = \"docs\"", "", "The knowledge that grounds it."),
        field("passages", "passages = 6", "6", "How many passages to ground an answer with; 1 to 50."),
        field("variant", "variant = \"concise\"", "the only one", "The variant that runs when the caller names none."),
        field(
            "keep",
            "keep = \"metadata\"",
            "as in [records]",
            "What is kept of its requests: `all`, `redacted`, `metadata` or `nothing`.",
        ),
        field(
            "tools",
            "tools = [\"mcp:tickets/*\"]",
            "",
            "Tools of MCP servers that the model may call, as `mcp:server/tool`; `*` at the end stands for any ending.",
        ),
        field(
            "tool_turns",
            "tool_turns = 8",
            "8",
            "How often the model may ask for tools before it has to answer; 1 to 50.",
        ),
        field(
            "tool_cost",
            "tool_cost = \"0.10\"",
            "no limit of its own",
            "What a request's attempts may cost, in dollars, before the model has to answer.",
        ),
        field(
            "output",
            "[output]",
            "any text",
            "The JSON schema that its answers fit, whatever the model: a table in TOML, or its text.",
        ),
        field(
            "hold",
            "hold = true",
            "false",
            "Hold a streamed answer back until it fits `output`, so that one that does not can still be mended.",
        ),
        field("guards", "[guards.personal]", "as in [guards]", "Its guards, in the same tables as the project's."),
        field("cache", "[cache]", "", "Answers given again to questions like theirs: see [cache]."),
        field("input", "[input.product]", "", "Typed inputs, used in prompts as `{{ input.product }}`."),
    ],
};

/// Answers given again to questions like those that they answered.
pub(crate) const CACHE: Section = Section {
    file: "functions/<name>/function.toml",
    header: "[cache]",
    about: "Answers given again to questions that are like those they answered.",
    fields: &[
        field("semantic", "semantic = true", "false", "Whether questions are answered so."),
        field(
            "threshold",
            "threshold = 0.9",
            "required with `semantic`",
            "How like two questions must be, 0 to 1: what `surefoot cache calibrate` says of your own questions.",
        ),
        field("lives", "lives = \"1h\"", "1h", "How long an answer is kept for it."),
        field("shadow", "shadow = true", "false", "Only tell on the trace what would have been answered."),
    ],
};

/// A typed input. Its fields are JSON Schema's, so only the common ones are listed.
pub(crate) const INPUT: Section = Section {
    file: "functions/<name>/function.toml",
    header: "[input.<name>]",
    about: "A typed input, as a JSON schema.",
    fields: &[
        field("type", "type = \"string\"", "any", "`string`, `number`, `integer`, `boolean`, `array` or `object`."),
        field(
            "description",
            "description = \"The product that the question is about.\"",
            "",
            "What it is, for callers.",
        ),
        field(
            "enum",
            "enum = [\"basic\", \"pro\"]",
            "",
            "The values that it may have. Any other keyword of JSON Schema may be used too.",
        ),
    ],
};

/// A semantic cache.
#[derive(Debug)]
pub(crate) struct Cache {
    pub(crate) semantic: Option<At<bool>>,
    pub(crate) threshold: Option<At<f64>>,
    pub(crate) lives: Option<At<String>>,
    pub(crate) shadow: bool,
}

impl Cache {
    fn read(mut table: Reader<'_>) -> Self {
        let cache = Self {
            semantic: table.boolean("semantic"),
            threshold: table.number("threshold"),
            lives: table.string("lives"),
            shadow: table.boolean("shadow").is_some_and(|shadow| shadow.value),
        };
        table.done();
        cache
    }
}

/// A function with its variants.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its folder's name, placed at the top of `function.toml`.
    pub(crate) name: At<String>,
    pub(crate) description: Option<At<String>>,
    pub(crate) knowledge: Option<At<String>>,
    pub(crate) passages: Option<At<i64>>,
    pub(crate) variant: Option<At<String>>,
    pub(crate) keep: Option<At<String>>,
    pub(crate) tools: Vec<At<String>>,
    pub(crate) tool_turns: Option<At<i64>>,
    pub(crate) tool_cost: Option<At<String>>,
    pub(crate) output: Option<At<Value>>,
    pub(crate) hold: bool,
    pub(crate) guards: Option<Guards>,
    pub(crate) cache: Option<Cache>,
    pub(crate) input: Vec<(At<String>, Value)>,
    pub(crate) variants: Vec<Variant>,
}

impl Function {
    /// Reads `function.toml`; `variants` are the folder's prompts.
    pub(crate) fn read(toml: Toml<'_>, name: &str, variants: Vec<Variant>) -> Self {
        let place = Place::top(toml.source);
        let mut function = Self {
            name: At::new(name.to_owned(), place.clone()),
            description: None,
            knowledge: None,
            passages: None,
            variant: None,
            keep: None,
            tools: Vec::new(),
            tool_turns: None,
            tool_cost: None,
            output: None,
            hold: false,
            guards: None,
            cache: None,
            input: Vec::new(),
            variants,
        };
        let Some(value) = toml.parse(&toml.source.text) else { return function };
        let Some(mut table) = toml.table(value, &place, &FUNCTION) else { return function };
        function.description = table.string("description");
        function.knowledge = table.string("knowledge");
        function.passages = table.integer("passages");
        function.variant = table.string("variant");
        function.keep = table.string("keep");
        function.tools = table.one_or_more("tools").unwrap_or_default();
        function.tool_turns = table.integer("tool_turns");
        function.tool_cost = table.string("tool_cost");
        function.output = table.raw("output").map(|(key, value)| At::new(json(&value), key.place));
        function.hold = table.boolean("hold").is_some_and(|hold| hold.value);
        function.guards = table.table("guards", &GUARDS).map(|guards| Guards::read(guards, &toml));
        function.cache = table.table("cache", &CACHE).map(Cache::read);
        let input = table.named("input").into_iter();
        function.input = input.map(|(name, value)| (name, json(&value))).collect();
        table.done();
        function
    }
}
