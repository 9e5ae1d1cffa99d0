//! Guards, as written: for the project, and for a function.

use serde_json::Value as Json;

use super::root::FILE;
use crate::settings::{
    source::At,
    table::{Reader, Section, Toml, field, json},
};

/// Guards.
pub(crate) const GUARDS: Section = Section {
    file: FILE,
    header: "[guards]",
    about: "Checks on what goes to a model and on what comes back. A function.toml may have the same tables, for its \
            requests: what it does not name is as in the project.",
    fields: &[
        field(
            "secrets",
            "secrets = \"mask\"",
            "flag",
            "What to do about keys and tokens in prompts: `off`, `flag`, `mask` or `block`.",
        ),
        field("personal", "[guards.personal]", "off", "Personal data in prompts."),
        field("injection", "[guards.injection]", "off", "Text that tries to instruct the model."),
        field("links", "[guards.links]", "off", "Links in answers that would carry data out."),
        field(
            "marks",
            "marks = \"all\"",
            "functions",
            "Where passages, tools' results and files of text stand between marks that they cannot forge, with a word to \
             the model: `off`, `functions` (in the prompts of functions) or `all`.",
        ),
        field("tools", "[guards.tools]", "off", "Calls of tools, once text from elsewhere was read."),
        field("instructions", "[guards.instructions]", "off", "Answers that tell what the model was instructed."),
    ],
};

/// Calls of tools.
pub(crate) const TOOLS: Section = Section {
    file: FILE,
    header: "[guards.tools]",
    about: "What a model may call once its prompt holds text that is neither yours nor the user's: passages, results of \
            tools, files. Whatever such text says, a privileged tool is called as a rule allows, or not at all.",
    fields: &[
        field(
            "action",
            "action = \"withhold\"",
            "required",
            "What becomes of a call that no rule allows: `off`, `flag`, `withhold` (the answer says that it was) or `block` \
             (the answer ends with an error).",
        ),
        field(
            "privileged",
            "privileged = [\"send_*\", \"pay\"]",
            "required",
            "Tools that do something, by name. A name may end in `*`.",
        ),
        field(
            "allowed",
            "allowed.send_mail = { properties.to.pattern = '@example\\.com$' }",
            "",
            "Rules: by tool, a JSON schema of the arguments with which it may be called even so.",
        ),
    ],
};

/// Instructions that get out.
pub(crate) const INSTRUCTIONS: Section = Section {
    file: FILE,
    header: "[guards.instructions]",
    about: "What to do about answers that tell what the model was instructed, as it stands or hidden. What stands in \
            quotation marks in a prompt may be told.",
    fields: &[
        field(
            "action",
            "action = \"block\"",
            "required",
            "`off`, `flag`, or `block` (the answer ends with an error, in a stream after a dozen words of it).",
        ),
        field(
            "canary",
            "canary = false",
            "true",
            "Whether the prompts of functions get a word that stands nowhere else, to be recognised by.",
        ),
    ],
};

/// Personal data.
pub(crate) const PERSONAL: Section = Section {
    file: FILE,
    header: "[guards.personal]",
    about: "What to do about personal data in everything that goes to a model. What is not `off` or `flag` is not kept \
            on traces either.",
    fields: &[
        field(
            "action",
            "action = \"pseudonymise\"",
            "required",
            "`off`, `flag`, `mask` (a mark like `[EMAIL]`), `pseudonymise` (`<EMAIL_1>`; the answer's caller sees the value \
             again) or `block`.",
        ),
        field(
            "kinds",
            "kinds = [\"EMAIL\", \"PHONE\"]",
            "all but AGE, LOCATION, URL",
            "What is looked for. `surefoot guard kinds` lists all.",
        ),
        field(
            "by_kind",
            "by_kind = { CREDIT_CARD = \"block\" }",
            "",
            "Another action for single kinds, your own included.",
        ),
        field(
            "patterns",
            "patterns = { EMPLOYEE = 'E-[0-9]{6}' }",
            "",
            "Your own kinds, each with a regular expression. Where it has a group, the group is what is found.",
        ),
        field(
            "words",
            "words = { PROJECT = [\"Blue Heron\"] }",
            "",
            "Your own kinds, each with words and phrases, in capitals or not.",
        ),
    ],
};

/// Injections.
pub(crate) const INJECTION: Section = Section {
    file: FILE,
    header: "[guards.injection]",
    about: "What to do about text that tries to instruct the model: in users' messages, in what tools gave back, in passages. \
            A score by words; what is said plainly and new is not found this way.",
    fields: &[
        field(
            "action",
            "action = \"block\"",
            "required",
            "`off`, `flag`, or `block` (a passage that holds one is left out; a prompt that does is refused).",
        ),
        field("threshold", "threshold = 0.6", "0.5", "The least score that counts; 0 to 1."),
    ],
};

/// Links.
pub(crate) const LINKS: Section = Section {
    file: FILE,
    header: "[guards.links]",
    about: "What to do about images and links in answers that would carry data to hosts that are not listed.",
    fields: &[
        field(
            "action",
            "action = \"neutralise\"",
            "required",
            "`off`, `flag`, or `neutralise` (the address is taken out).",
        ),
        field("allowed", "allowed = [\"example.com\"]", "[]", "Hosts that may be linked to, each with its subdomains."),
    ],
};

/// The tables.
#[derive(Debug, Default)]
pub(crate) struct Guards {
    pub(crate) secrets: Option<At<String>>,
    pub(crate) personal: Option<Personal>,
    pub(crate) injection: Option<Injection>,
    pub(crate) links: Option<Links>,
    pub(crate) marks: Option<At<String>>,
    pub(crate) tools: Option<Tools>,
    pub(crate) instructions: Option<Instructions>,
}

/// Calls of tools.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) action: Option<At<String>>,
    pub(crate) privileged: Vec<At<String>>,
    pub(crate) allowed: Vec<(At<String>, Json)>,
}

/// Instructions that get out.
#[derive(Debug)]
pub(crate) struct Instructions {
    pub(crate) action: Option<At<String>>,
    pub(crate) canary: Option<At<bool>>,
}

/// Personal data.
#[derive(Debug)]
pub(crate) struct Personal {
    pub(crate) action: Option<At<String>>,
    pub(crate) kinds: Option<Vec<At<String>>>,
    pub(crate) by_kind: Vec<(At<String>, At<String>)>,
    pub(crate) patterns: Vec<(At<String>, At<String>)>,
    pub(crate) words: Vec<(At<String>, Vec<At<String>>)>,
}

/// Injections.
#[derive(Debug)]
pub(crate) struct Injection {
    pub(crate) action: Option<At<String>>,
    pub(crate) threshold: Option<At<f64>>,
}

/// Links.
#[derive(Debug)]
pub(crate) struct Links {
    pub(crate) action: Option<At<String>>,
    pub(crate) allowed: Vec<At<String>>,
}

impl Guards {
    pub(super) fn read(mut table: Reader<'_>, toml: &Toml<'_>) -> Self {
        let guards = Self {
            secrets: table.string("secrets"),
            personal: table.table("personal", &PERSONAL).map(|table| Personal::read(table, toml)),
            injection: table.table("injection", &INJECTION).map(Injection::read),
            links: table.table("links", &LINKS).map(Links::read),
            marks: table.string("marks"),
            tools: table.table("tools", &TOOLS).map(Tools::read),
            instructions: table.table("instructions", &INSTRUCTIONS).map(Instructions::read),
        };
        table.done();
        guards
    }
}

impl Personal {
    fn read(mut table: Reader<'_>, toml: &Toml<'_>) -> Self {
        let words = table.named("words").into_iter().filter_map(|(name, value)| {
            let words = toml.one_or_more(value, &name.value, "[\"Blue Heron\"]")?;
            Some((name, words))
        });
        let personal = Self {
            words: words.collect(),
            action: table.required("action"),
            kinds: table.one_or_more("kinds"),
            by_kind: table.texts("by_kind"),
            patterns: table.texts("patterns"),
        };
        table.done();
        personal
    }
}

impl Injection {
    fn read(mut table: Reader<'_>) -> Self {
        let injection = Self { action: table.required("action"), threshold: table.number("threshold") };
        table.done();
        injection
    }
}

impl Links {
    fn read(mut table: Reader<'_>) -> Self {
        let links =
            Self { action: table.required("action"), allowed: table.one_or_more("allowed").unwrap_or_default() };
        table.done();
        links
    }
}

impl Tools {
    fn read(mut table: Reader<'_>) -> Self {
        let tools = Self {
            action: table.required("action"),
            privileged: table.one_or_more("privileged").unwrap_or_default(),
            allowed: table.named("allowed").into_iter().map(|(tool, rule)| (tool, json(&rule))).collect(),
        };
        table.done();
        tools
    }
}

impl Instructions {
    fn read(mut table: Reader<'_>) -> Self {
        let instructions = Self { action: table.required("action"), canary: table.boolean("canary") };
        table.done();
        instructions
    }
}
