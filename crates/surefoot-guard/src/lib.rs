//! Checks on what goes to a model and comes back. Pure: text in, findings out.
//!
//! **Must never know:** network, time, storage.

mod encoded;
pub mod injection;
pub mod leak;
pub mod links;
pub mod personal;
pub mod pseudonyms;
pub mod secrets;
pub mod untrusted;

/// Puts marks in the place of secrets and of personal data: for what is kept, in traces and logs. There is
/// no way back; for one that has it, see [`pseudonyms`].
pub fn redact_in_place(detector: &personal::Detector, text: &mut String) {
    secrets::mask_in_place(text);
    personal::mask_in_place(detector, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_personal_data_are_redacted_together() {
        let detector = personal::Detector::new(&personal::Options::default()).unwrap();
        let mut text = format!("key sk-ant-{} of jane@example.com", "A2b3C4d5E6f7".repeat(3));
        redact_in_place(&detector, &mut text);
        assert_eq!(text, "key [secret] of [EMAIL]");
    }
}
