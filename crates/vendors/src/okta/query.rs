//! Expressions of Okta's `search` and `filter` parameters, and how they are written into a URL.

use url::Url;

/// Most encoded bytes of one expression: Okta names no limit but warns that a long query fails, and servers
/// refuse URLs of 8 KiB.
const LONGEST: usize = 3000;

/// Most terms of one expression.
const MOST: usize = 40;

/// Percent-encodes the blank as `%20`: the form's `+` is not what Okta documents.
pub(super) fn set(url: &mut Url, parameter: &str, expression: &str) {
    url.query_pairs_mut().append_pair(parameter, expression);
    let query = url.query().map(|query| query.replace('+', "%20"));
    url.set_query(query.as_deref());
}

/// `attribute eq "value"`
pub(super) fn equals(attribute: &str, value: &str) -> String {
    format!("{attribute} eq \"{}\"", escaped(value))
}

/// `a or b or …`
pub(super) fn any_of(terms: &[String]) -> String {
    terms.join(" or ")
}

/// Inside the quotes of an expression.
pub(super) fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The values in runs that fit into one expression each, in their order; a value alone is always a run.
pub(super) fn runs<T>(values: &[T], term: impl Fn(&T) -> String) -> Vec<&[T]> {
    let mut runs = Vec::new();
    let (mut start, mut length) = (0, 0);
    for (index, value) in values.iter().enumerate() {
        let more = encoded_length(&term(value));
        if index > start && (length + more > LONGEST || index - start == MOST) {
            runs.push(&values[start..index]);
            (start, length) = (index, 0);
        }
        length += more;
    }
    if start < values.len() {
        runs.push(&values[start..]);
    }
    runs
}

/// With the ` or ` that follows.
fn encoded_length(term: &str) -> usize {
    url::form_urlencoded::byte_serialize(term.as_bytes())
        .map(|piece| if piece == "+" { 3 } else { piece.len() })
        .sum::<usize>()
        + "%20or%20".len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(crate::testing::cases(24))]
        #[test]
        fn runs_hold_every_value_once_and_fit(values in prop::collection::vec("\\PC{1,90}", 0..200)) {
            let term = |value: &String| equals("profile.login", value);
            let runs = runs(&values, term);
            let all: Vec<&String> = runs.iter().copied().flatten().collect();
            prop_assert_eq!(all, values.iter().collect::<Vec<_>>());
            for run in runs {
                let mut url = Url::parse("https://acme.okta.com/api/v1/users").unwrap();
                set(&mut url, "search", &any_of(&run.iter().map(term).collect::<Vec<_>>()));
                prop_assert!(run.len() == 1 || url.query().unwrap().len() <= LONGEST + "search=".len());
                prop_assert!(run.len() <= MOST);
            }
        }
    }

    #[test]
    fn five_thousand_logins_take_few_calls() {
        let logins: Vec<String> =
            (0..5000).map(|n| format!("first.last{n}@subsidiary.example.com")).collect();
        let runs = runs(&logins, |login| equals("profile.login", login));
        assert!(runs.len() <= 150, "{}", runs.len());
    }

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(equals("profile.login", "a\"b\\c"), "profile.login eq \"a\\\"b\\\\c\"");
    }
}
