//! How far back and ahead a caller wants proposals to look.

use crate::domain::field_error::FieldError;
use crate::domain::reorder::Outlook;

/// The outlook, with what stands in for what was not given, or what is wrong with it. Pointers begin with
/// `prefix`.
///
/// # Errors
/// The fields that are out of bounds.
pub fn read(
    days: Option<u32>,
    review_days: Option<u32>,
    prefix: &str,
) -> Result<Outlook, Vec<FieldError>> {
    let usual = Outlook::default();
    let mut errors = Vec::new();
    let mut bounded = |value: Option<u32>, usual: u32, name: &str, least: u32, most: u32| {
        let value = value.unwrap_or(usual);
        if !(least..=most).contains(&value) {
            let message = format!("must be {least} to {most}");
            errors.push(FieldError { pointer: [prefix, name].concat(), message });
        }
        value
    };
    let window_days = bounded(days, usual.window_days, "days", 7, Outlook::MAX_WINDOW_DAYS);
    let most = Outlook::MAX_REVIEW_DAYS;
    let review_days = bounded(review_days, usual.review_days, "review_days", 1, most);
    if errors.is_empty() { Ok(Outlook { window_days, review_days }) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlook_is_bounded_and_has_usual_values() {
        assert_eq!(read(None, None, "/"), Ok(Outlook::default()));
        let read_days = read(Some(365), Some(90), "/").unwrap();
        assert_eq!((read_days.window_days, read_days.review_days), (365, 90));
        let wrong = read(Some(6), Some(0), "?").unwrap_err();
        let pointers: Vec<&str> = wrong.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["?days", "?review_days"]);
    }
}
