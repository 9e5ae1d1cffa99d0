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
    ops::Range,
};

pub use own::Own;

use self::{context::Context, forms::Forms, scan::Scan};

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

/// Finds personal data. Made once, used for every text.
pub struct Detector {
    kinds: Vec<String>,
    context: Context,
    forms: Forms,
    special: Special,
    own: own::Finders,
    threshold: f32,
}

/// Which kinds with a module of their own are looked for.
struct Special {
    emails: bool,
    urls: [bool; 2],
    machines: [bool; 2],
    iban: bool,
    card: bool,
    wallet: bool,
    phone: bool,
    date_of_birth: bool,
    age: bool,
    address: bool,
    names: [bool; 2],
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
        let on = |name: &str| options.kinds.contains(name);
        let mut forms = Forms::default();
        tables().filter(|kind| on(kind.name)).for_each(|kind| forms.add(kind));
        let special = Special {
            emails: on(network::EMAIL),
            urls: [on(network::URL), on(network::PROFILE_URL)],
            machines: [on(network::IP_ADDRESS), on(network::MAC_ADDRESS)],
            iban: on(money::IBAN),
            card: on(money::CREDIT_CARD),
            wallet: on(money::CRYPTO),
            phone: on(phone::PHONE),
            date_of_birth: on(birth::DATE_OF_BIRTH),
            age: on(birth::AGE),
            address: on(address::ADDRESS),
            names: [on(names::PERSON), on(names::LOCATION)],
        };
        let own = options.own.iter().map(|(name, _)| name);
        Ok(Self {
            kinds: options.kinds.iter().chain(own).cloned().collect(),
            context: Context::new(tables()),
            forms,
            special,
            own: own::Finders::new(&options.own)?,
            threshold: options.threshold,
        })
    }

    /// The kinds that it looks for, the user's own included.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().map(String::as_str)
    }

    /// The personal data in `text`, in order, none overlapping.
    pub fn find(&self, text: &str) -> Vec<Finding<'_>> {
        let mut scan = Scan::new(text, &self.context);
        self.look_around_signs(&mut scan);
        for at in 0..scan.runs.len() {
            self.look_at_run(&mut scan, at);
        }
        let known = scan.candidates.into_iter().filter(|candidate| candidate.score >= self.threshold);
        let mut found: Vec<Finding<'_>> = known
            .map(|candidate| Finding { kind: candidate.kind, range: candidate.range, score: candidate.score })
            .collect();
        self.own.find(text, |kind, range| found.push(Finding { kind, range, score: 1.0 }));
        settle(found)
    }

    fn look_around_signs(&self, scan: &mut Scan<'_>) {
        if self.special.emails {
            network::emails(scan);
        }
        if self.special.urls != [false; 2] {
            network::urls(scan);
        }
        if self.special.machines != [false; 2] {
            network::machines(scan);
        }
        if self.special.address {
            address::addresses(scan);
        }
        if self.special.names != [false; 2] {
            names::names(scan);
        }
        let [person, place] = self.special.names;
        let [url, profile] = self.special.urls;
        let [ip, mac] = self.special.machines;
        let off = [
            (url, network::URL),
            (profile, network::PROFILE_URL),
            (ip, network::IP_ADDRESS),
            (mac, network::MAC_ADDRESS),
            (person, names::PERSON),
            (place, names::LOCATION),
        ];
        scan.candidates.retain(|candidate| !off.contains(&(false, candidate.kind)));
    }

    fn look_at_run(&self, scan: &mut Scan<'_>, at: usize) {
        let run = scan.runs[at];
        if self.special.date_of_birth {
            birth::date_of_birth(scan, at);
        }
        // Letters alone begin an identifier only before digits: `AB 12 34 56 C`.
        let leads = run.len() <= 4 && scan.leads_to_digits(at);
        if run.has_digit || leads {
            self.forms.find(scan, at);
        }
        if !run.has_digit {
            return;
        }
        if self.special.phone {
            phone::phone(scan, at);
        }
        if self.special.card {
            money::card(scan, at);
        }
        if self.special.iban {
            money::iban(scan, at);
        }
        if self.special.wallet {
            money::wallet(scan, at);
        }
        if self.special.age {
            birth::age(scan, at);
        }
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
