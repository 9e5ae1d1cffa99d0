//! From the name that a caller gives to the targets that may answer: pure, over the project's snapshot.

mod draw;

use std::sync::Arc;

use surefoot_types::{Code, Fault, conversation::ChatRequest, experiment::Trial};

use crate::{
    attempt::Upstream,
    guards::Guards,
    identify::{Admitted, may_use},
    project::{Function, Model, Project, Provider, Reach, Routing, Target, Variant},
    shadow,
};

pub(crate) use self::draw::Drawing;
pub use self::draw::Shares;

/// The door's name on the traces of evals.
pub const EVAL: &str = "eval";

/// What will be asked, and of whom.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The function and its variant, if the name is a function's.
    pub(crate) task: Option<Task>,
    /// The targets, in order, and how to try them.
    pub(crate) model: Arc<Model>,
}

impl Plan {
    /// What is looked for in the prompt and the answer.
    pub(crate) fn guards<'p>(&'p self, project: &'p Project) -> &'p Guards {
        self.task.as_ref().and_then(|task| task.function.guards.as_ref()).unwrap_or(&project.guards)
    }
}

/// A function with the variant that runs.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) function: Arc<Function>,
    pub(crate) variant: Arc<Variant>,
    /// Its part in an experiment.
    pub(crate) trial: Option<Trial>,
}

/// Resolves `name`: a function, `function@variant`, an alias, or `provider/model-id`.
pub(crate) fn resolve(
    project: &Project,
    upstream: &Upstream,
    admitted: Option<&Admitted>,
    chat: &ChatRequest,
    drawing: Drawing<'_>,
) -> Result<Plan, Fault> {
    let name = chat.model.as_str();
    may_use(admitted, function(project, name), name)?;
    if let Some(task) = task(project, name, drawing)? {
        return Ok(Plan { model: Arc::clone(&task.variant.model), task: Some(task) });
    }
    Ok(Plan { task: None, model: model(project, upstream, name)? })
}

/// Whether people ask through a door: neither an eval, with its judges and attacks, nor the shadow of what was asked.
pub fn is_live(door: &str) -> bool {
    ![EVAL, shadow::DOOR].contains(&door)
}

/// The function that a name is of, if it is a function's.
pub(crate) fn function<'a>(project: &'a Project, name: &str) -> Option<&'a str> {
    let (function, _) = split(name);
    project.functions.get(function).map(|function| function.name.as_str())
}

fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once('@').map_or((name, None), |(function, variant)| (function, Some(variant)))
}

fn task(project: &Project, name: &str, drawing: Drawing<'_>) -> Result<Option<Task>, Fault> {
    let (function, variant) = split(name);
    let Some(function) = project.functions.get(function) else { return Ok(None) };
    // An eval asks as many units as it has questions, and nobody says what they thought of the answers.
    let takes_part = variant.is_none() && is_live(&drawing.trace.door);
    let drawn = function.experiment.as_ref().filter(|_| takes_part);
    let drawn = drawn.map(|experiment| (experiment, draw::draw(experiment, drawing)));
    let (drawn, trial) = drawn.map(|(experiment, (at, trial))| (experiment.arms[at].as_str(), trial)).unzip();
    let wanted = variant.or(drawn).unwrap_or(&function.variant);
    let Some(variant) = function.variants.get(wanted) else {
        let known: Vec<&str> = function.variants.keys().map(String::as_str).collect();
        return Err(not_found(format!("the function '{}' has no variant '{wanted}'", function.name))
            .hint(format!("Its variants are: {}.", known.join(", "))));
    };
    Ok(Some(Task { function: Arc::clone(function), variant: Arc::clone(variant), trial: trial.flatten() }))
}

/// The targets behind an alias or a `provider/model-id`.
pub(crate) fn model(project: &Project, upstream: &Upstream, name: &str) -> Result<Arc<Model>, Fault> {
    if let Some(model) = project.models.get(name) {
        return Ok(Arc::clone(model));
    }
    let target = name.split_once('/').and_then(|(provider, id)| target(project, upstream, provider, id));
    let Some(target) = target else { return Err(unknown(project, name)) };
    Ok(Arc::new(Model { targets: vec![target], policy: project.policy, cache: None, routing: Routing::default() }))
}

fn target(project: &Project, upstream: &Upstream, provider: &str, id: &str) -> Option<Target> {
    let declared = project.providers.get(provider).cloned();
    let resident = || {
        let known = upstream.resident(provider).is_some_and(|resident| resident.knows(id));
        known.then(|| Arc::new(Provider { name: provider.to_owned(), reach: Reach::Resident }))
    };
    let provider = declared.or_else(resident)?;
    (!id.is_empty()).then(|| Target { provider, model: id.to_owned() })
}

fn unknown(project: &Project, name: &str) -> Fault {
    let mut known: Vec<&str> = project.functions.keys().chain(project.models.keys()).map(String::as_str).collect();
    known.truncate(20);
    let providers: Vec<&str> = project.providers.keys().map(String::as_str).chain(["local", "sim"]).collect();
    let named = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
    let mut fault = not_found(format!("there is no model or function named '{name}'")).hint(format!(
        "Functions and aliases: {named}. A provider's model is named provider/model-id; providers: {}.",
        providers.join(", ")
    ));
    fault.param = Some("model".into());
    fault
}

fn not_found(message: String) -> Fault {
    Fault::new(Code::NotFound, message)
}

#[cfg(test)]
mod tests {
    use surefoot_types::{Timestamp, conversation::Parameters, ids::TraceId, trace::Trace};

    use super::*;
    use crate::{
        ground::Prompt,
        project::{Bounds, Experiment, Policy, Strategy, Unit},
    };

    fn variant(name: &str) -> (String, Arc<Variant>) {
        let model = Model { targets: Vec::new(), policy: Policy::default(), cache: None, routing: Routing::default() };
        let variant = Variant {
            name: name.into(),
            version: String::new(),
            model: Arc::new(model),
            parameters: Parameters::default(),
            prompt: Prompt::compile("Be brief.").unwrap(),
            strategy: Strategy::Single,
            prompt_cache: false,
        };
        (name.to_owned(), Arc::new(variant))
    }

    /// A function whose experiment sends everybody to the candidate.
    fn project() -> Project {
        let experiment = Experiment {
            id: "f.1".into(),
            arms: vec!["plain".into(), "new".into()],
            unit: Unit::Request,
            shares: vec![0.0, 1.0],
        };
        let function = Function {
            name: "f".into(),
            description: String::new(),
            knowledge: None,
            passages: 3,
            input: Default::default(),
            output: None,
            hold: false,
            semantic: None,
            variant: "plain".into(),
            variants: [variant("plain"), variant("new")].into(),
            experiment: Some(experiment),
            shadow: None,
            examples: None,
            keep: None,
            guards: None,
            tools: Vec::new(),
            bounds: Bounds::default(),
        };
        let mut project = Project::default();
        project.functions.insert("f".into(), Arc::new(function));
        project
    }

    #[test]
    fn only_what_people_ask_is_drawn_for() {
        let (project, shares) = (project(), Shares::new());
        for (door, name, ran, drawn) in [
            ("openai_chat", "f", "new", true),
            (EVAL, "f", "plain", false),
            (shadow::DOOR, "f", "plain", false),
            ("openai_chat", "f@plain", "plain", false),
            (EVAL, "f@new", "new", false),
        ] {
            let trace = Trace::begun(TraceId::from_bits(1), Timestamp::UNIX_EPOCH, door, name);
            let task = task(&project, name, Drawing { shares: &shares, trace: &trace }).unwrap().unwrap();
            assert_eq!((task.variant.name.as_str(), task.trial.is_some()), (ran, drawn), "{door} {name}");
        }
    }
}
