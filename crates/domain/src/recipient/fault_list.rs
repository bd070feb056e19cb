//! All faults of a recipient in one sentence, as the status says them, and apart again, as people read them.

use super::Field;

const HEAD: &str = "Delivery details are missing or cannot be used, so nothing was enrolled or ordered";
const TAIL: &str = "Correct them in the user's Okta profile or the HRIS that masters it.";
const BETWEEN: &str = "; ";

/// What else than a field of the label can be at fault.
pub const SECONDARY_EMAIL: &str = "Secondary email";

/// The message of `InvalidRecipient`: every fault, each beginning with what is at fault and where it is corrected.
#[must_use]
pub fn message(faults: &[String]) -> String {
    format!("{HEAD}: {}. {TAIL}", faults.join(BETWEEN))
}

/// The message in lines: what happened, one fault each, and what to do. Any other message is one line.
#[must_use]
pub fn lines(message: &str) -> Vec<&str> {
    let faults = message
        .strip_prefix(HEAD)
        .and_then(|rest| rest.strip_prefix(": "))
        .and_then(|rest| rest.strip_suffix(TAIL))
        .and_then(|rest| rest.strip_suffix(". "));
    let Some(faults) = faults else { return vec![message] };
    let mut lines = vec![HEAD];
    lines.extend(apart(faults));
    lines.push(TAIL);
    lines
}

/// A fault may have a semicolon of its own: the next one begins with a label.
fn apart(faults: &str) -> Vec<&str> {
    let begins = |text: &str| {
        let labels = Field::ALL.iter().map(|field| field.label()).chain([SECONDARY_EMAIL]);
        labels.into_iter().any(|label| text.strip_prefix(label).is_some_and(|rest| rest.starts_with(" (")))
    };
    let cuts = faults.match_indices(BETWEEN).filter(|(at, _)| begins(&faults[at + BETWEEN.len()..]));
    let mut found = Vec::new();
    let mut from = 0;
    for (at, between) in cuts {
        found.push(&faults[from..at]);
        from = at + between.len();
    }
    found.push(&faults[from..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_gets_a_line_of_its_own_whatever_signs_it_has() {
        let cases: [&[&str]; 6] = [
            &["City (profile.city) is missing"],
            &[
                "First name (profile.firstName) is missing",
                "Last name (profile.lastName) has 30 characters; at most 20 fit",
            ],
            &[
                "Email (profile.email) has a line break or control character (U+000A); keep it on one line",
                "City (spec.address.city) is missing",
            ],
            &[
                "Postal code (x) is odd",
                "Country Code (profile.countryCode) is none of those to which this connection ships (yubico.countries: US, CA)",
            ],
            &[
                "State (profile.state) is missing; addresses in this country need it, as two-letter code or name",
                "Secondary email (profile.secondEmail) is missing; Okta mails a new user's PIN there",
            ],
            &[
                "Zip Code (hris.postalCode) is missing",
                "Primary phone number (the connection's recipientDefaults.phone) is a number, and a text is needed",
                "Organization (profile.organization) is missing",
            ],
        ];
        for faults in cases {
            let faults: Vec<_> = faults.iter().map(|fault| (*fault).to_owned()).collect();
            let said = message(&faults);
            let lines = lines(&said);
            assert_eq!(lines[1..lines.len() - 1], faults, "{said}");
            assert_eq!((lines[0], lines[lines.len() - 1]), (HEAD, TAIL));
        }
    }

    #[test]
    fn every_label_begins_a_line_and_any_other_message_stays_whole() {
        let faults: Vec<_> =
            Field::ALL.iter().map(|field| format!("{} (profile.x) is missing", field.label())).collect();
        assert_eq!(lines(&message(&faults)).len(), Field::ALL.len() + 2);
        for other in
            ["", "The user is suspended.", "Stock is low; order more; City (x) is missing.", HEAD, TAIL]
        {
            assert_eq!(lines(other), [other]);
        }
    }
}
