//! Identifiers by form, check digits and announcing words, one table a region.
//!
//! A form that is unlikely by chance, or a check that few numbers pass, stands alone (0.5 and more). Others
//! count only near a word that announces them, or (0.4) where they are all of a text.

mod americas;
mod asia;
mod documents;
mod europe;
mod north;

use super::forms::Kind;

/// All tables.
pub(super) fn kinds() -> impl Iterator<Item = &'static Kind> {
    [americas::KINDS, europe::KINDS, north::KINDS, asia::KINDS, documents::KINDS].into_iter().flatten()
}

#[cfg(test)]
mod tests;
