//! Words before a name that say that it is one.

/// Titles and forms of address.
const TITLES: [&str; 30] = [
    "Mr",
    "Mrs",
    "Ms",
    "Miss",
    "Mx",
    "Dr",
    "Prof",
    "Professor",
    "Sir",
    "Dame",
    "Madam",
    "Rev",
    "Fr",
    "Sr",
    "Herr",
    "Frau",
    "Monsieur",
    "Madame",
    "Mme",
    "Mlle",
    "Señor",
    "Señora",
    "Don",
    "Doña",
    "Signor",
    "Signora",
    "Sra",
    "Dra",
    "Pan",
    "Pani",
];

/// What introduces a person, in lower case.
const INTRODUCTIONS: [&str; 62] = [
    "my name is",
    "name is",
    "name's",
    "i am",
    "i'm",
    "this is",
    "hi",
    "hi,",
    "hello",
    "hello,",
    "dear",
    "hey",
    "name:",
    "full name:",
    "first name:",
    "last name:",
    "surname:",
    "patient:",
    "customer:",
    "contact:",
    "attn:",
    "attention",
    "attention:",
    "signed,",
    "regards,",
    "sincerely,",
    "thanks,",
    "cheers,",
    "my wife",
    "my husband",
    "my son",
    "my daughter",
    "my brother",
    "my sister",
    "my friend",
    "my mother",
    "my father",
    "my boss",
    "my colleague",
    "my partner",
    "account holder",
    "applicant",
    "patient",
    "\"name\": \"",
    "\"full_name\": \"",
    "\"first_name\": \"",
    "\"last_name\": \"",
    "name=",
    "mein name ist",
    "ich bin",
    "ich heiße",
    "je m'appelle",
    "mon nom est",
    "me llamo",
    "mi nombre es",
    "mi chiamo",
    "meu nome é",
    "ik heet",
    "mijn naam is",
    "jag heter",
    "nazywam się",
    "mitt namn är",
];

/// Whoever is before `in`, `to`, `from` or `at` a place.
const SITUATIONS: [&str; 46] = [
    "live",
    "lives",
    "lived",
    "living",
    "born",
    "based",
    "located",
    "moved",
    "move",
    "work",
    "works",
    "worked",
    "working",
    "visit",
    "visited",
    "visiting",
    "travel",
    "travelled",
    "traveled",
    "travelling",
    "traveling",
    "trip",
    "flight",
    "flights",
    "fly",
    "flying",
    "flew",
    "weather",
    "hotel",
    "hotels",
    "restaurant",
    "restaurants",
    "apartment",
    "stay",
    "stayed",
    "staying",
    "arrived",
    "arrive",
    "grew",
    "resident",
    "time",
    "city",
    "town",
    "office",
    "wohne",
    "woon",
];

/// Whether a word is a title.
pub(super) fn is_title(word: &str) -> bool {
    word.len() <= 9 && TITLES.contains(&word)
}

/// Whether the text ends in what introduces a person.
pub(super) fn introduces(before: &str) -> bool {
    let bare = before.trim_end_matches(' ').as_bytes();
    // A line of its own comes from elsewhere, but for what ends in a sign.
    let spaced = bare.len() < before.len();
    INTRODUCTIONS.iter().any(|words| {
        let Some(from) = bare.len().checked_sub(words.len()) else { return false };
        bare[from..].eq_ignore_ascii_case(words.as_bytes())
            && !from.checked_sub(1).is_some_and(|at| bare[at].is_ascii_alphanumeric())
            && (spaced || words.ends_with(['"', '=', ':']))
    })
}

/// Whether the text ends as before a place: `I live in`, `a flight to`.
pub(super) fn places(before: &str) -> bool {
    let start = before.floor_char_boundary(before.len().saturating_sub(48));
    let mut words = before[start..].rsplit(' ').filter(|word| !word.is_empty());
    let Some(preposition) = words.next() else { return false };
    let situates = |word: &str| SITUATIONS.iter().any(|known| known.eq_ignore_ascii_case(word));
    ["visit", "visiting", "visited"].contains(&preposition)
        || ["in", "to", "from", "near", "at", "of"].contains(&preposition) && words.take(4).any(situates)
}
