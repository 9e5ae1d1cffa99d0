//! Evals: whom they ask, over which cases, and what scores the answers.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use surefoot_gateway::project::Function;
use surefoot_lab::evals::{Dataset, Eval, GateSpec, Grader, GraderSpec, Home, Mistake};

use super::{Ground, models::Models};
use crate::settings::{
    source::{At, Place},
    written::{
        eval::{Eval as WrittenEval, Options},
        root::Root,
    },
};

impl Ground<'_> {
    /// Every eval of the project that can be meant.
    pub(super) fn evals(
        &self,
        written: &[WrittenEval],
        root: &Root,
        functions: &BTreeMap<String, Arc<Function>>,
        models: &Models,
    ) -> Vec<Eval> {
        written.iter().filter_map(|one| self.eval(one, root, functions, models)).collect()
    }

    fn eval(
        &self,
        written: &WrittenEval,
        root: &Root,
        functions: &BTreeMap<String, Arc<Function>>,
        models: &Models,
    ) -> Option<Eval> {
        for subject in [&written.subject, &written.judge].into_iter().flatten() {
            self.subject(subject, root, functions, models);
        }
        // Those that can be meant are checked against the cases even where another cannot.
        let (folder, judge) = (self.folder.join("evals"), written.judge.as_ref().map(|judge| judge.value.clone()));
        let home = Home { folder: &folder, judge: judge.as_deref() };
        let graders: Vec<GraderSpec> =
            written.graders.iter().filter_map(|options| self.grader(options, home)).collect();
        for judge in written.graders.iter().flat_map(judges) {
            self.subject(&judge, root, functions, models);
        }
        if written.graders.is_empty() {
            let message = "an eval needs at least one grader";
            self.mistakes.add(&written.name.place, message, "Add `[[graders]]` with `kind = \"contains\"`.".to_owned());
        }
        let gate = written.gate.as_ref().and_then(|options| match GateSpec::read(&options.table) {
            Ok(gate) => Some(gate),
            Err(mistakes) => {
                mistakes.iter().for_each(|mistake| self.of_lab(mistake, options));
                None
            }
        });
        let (subject, dataset) = (written.subject.as_ref()?, written.dataset.as_ref()?);
        let eval = Eval {
            name: written.name.value.clone(),
            subject: subject.value.clone(),
            dataset: folder.join(&dataset.value),
            folder,
            judge,
            graders,
            gate,
        };
        self.cases(&eval, dataset, written);
        Some(eval).filter(|eval| eval.graders.len() == written.graders.len())
    }

    fn subject(&self, subject: &At<String>, root: &Root, functions: &BTreeMap<String, Arc<Function>>, models: &Models) {
        let (name, variant) =
            subject.value.split_once('@').map_or((subject.value.as_str(), None), |(name, rest)| (name, Some(rest)));
        match (functions.get(name), variant) {
            (Some(_), None) => {}
            (Some(function), Some(variant)) => {
                if !function.variants.contains_key(variant) {
                    let known = function.variants.keys().map(String::as_str);
                    self.unknown(
                        "variant",
                        &At::new(variant.to_owned(), subject.place.clone()),
                        known,
                        "Its variants are",
                    );
                }
            }
            (None, _) if subject.value.contains('/') || models.aliases.contains_key(name) => {
                models.model(self, root, subject);
            }
            (None, _) => {
                let known = functions.keys().chain(models.aliases.keys()).map(String::as_str);
                self.unknown("function or model", subject, known, "There are");
            }
        }
    }

    fn grader(&self, options: &Options, home: Home<'_>) -> Option<GraderSpec> {
        let spec = match GraderSpec::read(&options.table) {
            Ok(spec) => spec,
            Err(mistakes) => {
                mistakes.iter().for_each(|mistake| self.of_lab(mistake, options));
                return None;
            }
        };
        if let Err(message) = Grader::compile(&spec, home) {
            let place = options.keys.get("value").unwrap_or(&options.place);
            self.mistakes.add(place, message, None);
        }
        Some(spec)
    }

    /// Graders against each other and against the cases.
    fn cases(&self, eval: &Eval, dataset: &At<String>, written: &WrittenEval) {
        // Grader numbers are those of the file only where every grader could be read.
        let whole = eval.graders.len() == written.graders.len();
        let mut mistakes = if whole { eval.compile().err().unwrap_or_default() } else { Vec::new() };
        match Dataset::load(&eval.dataset) {
            Ok(cases) if whole => mistakes.extend(eval.mistakes_with(&cases)),
            Ok(_) => {}
            Err(error) => {
                for problem in &error.problems {
                    let at = problem.line.map(|line| format!(" in line {line}")).unwrap_or_default();
                    let message = format!("the dataset '{}' cannot be used{at}: {}", dataset.value, problem.message);
                    self.mistakes.add(&dataset.place, message, None);
                }
            }
        }
        for mistake in &mistakes {
            match mistake.grader.and_then(|at| written.graders.get(at)) {
                Some(options) => self.of_lab(mistake, options),
                None => self.mistakes.add(&written.name.place, mistake.message.clone(), None),
            }
        }
    }

    /// A mistake that the lab found, at the option that it is about.
    fn of_lab(&self, mistake: &Mistake, options: &Options) {
        let key = mistake.option.as_ref().and_then(|option| options.keys.get(option));
        let place: &Place = key.unwrap_or(&options.place);
        self.mistakes.add(place, mistake.message.clone(), None);
    }
}

/// The judges that a grader names, each with its place. Those within a set are found when they are asked.
fn judges(options: &Options) -> Vec<At<String>> {
    let place = options.keys.get("judge").unwrap_or(&options.place);
    let named = match options.table.get("judge") {
        Some(Value::Array(list)) => list.iter().collect(),
        one => Vec::from_iter(one),
    };
    named.into_iter().filter_map(Value::as_str).map(|name| At::new(name.to_owned(), place.clone())).collect()
}
