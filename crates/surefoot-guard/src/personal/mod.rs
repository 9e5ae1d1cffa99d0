//! Personal data in a text: where it stands and of what kind it is, by form, check digits and context.
//!
//! Nothing here needs a model or a network. A text is read a fixed number of times, however many kinds are
//! looked for: once into runs of letters and digits, whose lengths lead to the few forms that fit; once for the
//! words that announce kinds; and around rare signs (`@`, `://`) for the rest.

mod address;
mod birth;
mod checks;
mod context;
mod forms;
mod ids;
mod money;
mod names;
mod network;
mod own;
mod phone;
mod scan;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Range,
};

pub use own::Own;

use self::{
    context::Context,
    forms::Forms,
    scan::{Candidate, Scan},
};

/// Personal data's place in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<'d> {
    /// What it is: `EMAIL`, `UK_NHS`, or the name of a pattern or list of the user's own.
    pub kind: &'d str,
    /// Its bytes.
    pub range: Range<usize>,
    /// How sure, from 0 to 1.
    pub score: f32,
}

/// Kinds that are looked for only when asked: mostly not about a person, and often what a question is about.
pub const ON_REQUEST: [&str; 3] = [network::URL, birth::AGE, names::LOCATION];

/// What to look for.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The kinds, by name. Those of [`kinds`] without [`ON_REQUEST`], unless said otherwise.
    pub kinds: BTreeSet<String>,
    /// The user's own patterns and lists of words, each under a name.
    pub own: Vec<(String, Own)>,
    /// The least score that counts.
    pub threshold: f32,
}

impl Default for Options {
    fn default() -> Self {
        let kinds = kinds().filter(|kind| !ON_REQUEST.contains(kind)).map(str::to_owned).collect();
        Self { kinds, own: Vec::new(), threshold: 0.5 }
    }
}

/// All kinds that can be looked for.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    tables().map(|kind| kind.name)
}

fn tables() -> impl Iterator<Item = &'static forms::Kind> {
    let special = [network::KINDS, money::KINDS, phone::KINDS, birth::KINDS, address::KINDS, names::KINDS];
    special.into_iter().flatten().chain(ids::kinds())
}

/// Looks through a whole text for its kinds.
type Around = (&'static [&'static str], fn(&mut Scan<'_>));
/// Looks for a kind at one run of letters and digits.
type AtRun = (&'static str, fn(&mut Scan<'_>, usize));

const AROUND: [Around; 5] = [
    (&[network::EMAIL], network::emails),
    (&[network::URL, network::PROFILE_URL], network::urls),
    (&[network::IP_ADDRESS, network::MAC_ADDRESS], network::machines),
    (&[address::ADDRESS], address::addresses),
    (&[names::PERSON, names::LOCATION], names::names),
];
const AT_RUNS: [AtRun; 6] = [
    (birth::DATE_OF_BIRTH, birth::date_of_birth),
    (birth::AGE, birth::age),
    (phone::PHONE, phone::phone),
    (money::CREDIT_CARD, money::card),
    (money::IBAN, money::iban),
    (money::CRYPTO, money::wallet),
];

/// Finds personal data. Made once, used for every text.
pub struct Detector {
    /// The kinds that are on, in order.
    kinds: Vec<&'static str>,
    context: Context,
    forms: Forms,
    around: Vec<Around>,
    at_runs: Vec<AtRun>,
    own: own::Finders,
    threshold: f32,
}

impl Detector {
    /// A detector for what the options name.
    ///
    /// # Errors
    /// When they name a kind that does not exist, or hold a pattern that is none.
    pub fn new(options: &Options) -> Result<Self, String> {
        if let Some(unknown) = options.kinds.iter().find(|name| !kinds().any(|kind| kind == *name)) {
            return Err(format!("there is no kind of personal data named '{unknown}'"));
        }
        let mut on: Vec<&'static str> = kinds().filter(|kind| options.kinds.contains(*kind)).collect();
        on.sort_unstable();
        let mut forms = Forms::default();
        tables().filter(|kind| on.contains(&kind.name)).for_each(|kind| forms.add(kind));
        Ok(Self {
            context: Context::new(tables()),
            forms,
            around: AROUND.into_iter().filter(|(kinds, _)| kinds.iter().any(|kind| on.contains(kind))).collect(),
            at_runs: AT_RUNS.into_iter().filter(|(kind, _)| on.contains(kind)).collect(),
            own: own::Finders::new(&options.own)?,
            threshold: options.threshold,
            kinds: on,
        })
    }

    /// The kinds that it looks for, the user's own included.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().copied().chain(self.own.names())
    }

    /// The personal data in `text`, in order, none overlapping.
    pub fn find(&self, text: &str) -> Vec<Finding<'_>> {
        let mut scan = Scan::new(text, &self.context);
        self.around.iter().for_each(|(_, find)| find(&mut scan));
        for at in 0..scan.runs.len() {
            // Letters alone begin an identifier only before digits: `AB 12 34 56 C`.
            let run = scan.runs[at];
            if run.has_digit || run.len() <= 4 && scan.leads_to_digits(at) {
                self.forms.find(&mut scan, at);
            }
            self.at_runs.iter().for_each(|(_, find)| find(&mut scan, at));
        }
        let sure = |candidate: &Candidate| {
            candidate.score >= self.threshold && self.kinds.binary_search(&candidate.kind).is_ok()
        };
        let finding = |Candidate { kind, range, score }| Finding { kind, range, score };
        let mut found: Vec<Finding<'_>> = scan.candidates.into_iter().filter(sure).map(finding).collect();
        self.own.find(text, |kind, range| found.push(Finding { kind, range, score: 1.0 }));
        settle(found)
    }
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.kinds()).finish()
    }
}

/// Of those that overlap, the surest stays; of equally sure ones the longest, then the first of the tables.
fn settle(mut found: Vec<Finding<'_>>) -> Vec<Finding<'_>> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.range.len().cmp(&a.range.len())));
    let mut kept: BTreeMap<usize, Finding<'_>> = BTreeMap::new();
    for finding in found {
        let before = kept.range(..finding.range.end).next_back();
        if before.is_none_or(|(_, other)| other.range.end <= finding.range.start) {
            kept.insert(finding.range.start, finding);
        }
    }
    kept.into_values().collect()
}

/// Puts `[EMAIL]`-like marks in the place of personal data. Text without any is not copied.
pub fn mask_in_place(detector: &Detector, text: &mut String) {
    for finding in detector.find(text).into_iter().rev() {
        text.replace_range(finding.range, &format!("[{}]", finding.kind));
    }
}

#[cfg(test)]
mod tests;
