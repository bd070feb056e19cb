//! Which column of an export is what.

use crate::fault::{Fault, Result};

/// What a column can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// Okta login, usually an e-mail address.
    Login,
    /// Okta user id.
    Id,
    /// Name of an entry of the connection's `keys`.
    Model,
    /// State of a row of the Workflows template.
    State,
}

impl Field {
    /// Every field, in the order in which headers are given out.
    pub const ALL: [Self; 4] = [Self::Login, Self::Id, Self::Model, Self::State];

    /// As the operator's own table names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Id => "id",
            Self::Model => "model",
            Self::State => "state",
        }
    }

    /// Usual headers, letters and digits only, the surest first.
    const fn headers(self) -> &'static [&'static str] {
        match self {
            Self::Login => &[
                "login",
                "username",
                "oktausername",
                "oktalogin",
                "profilelogin",
                "userlogin",
                "primaryemail",
                "workemail",
                "email",
                "emailaddress",
            ],
            Self::Id => &["id", "oktauserid", "userid", "oktaid", "uid"],
            Self::Model => &["model", "keymodel", "yubikeymodel", "yubikey", "key"],
            Self::State => &["state", "shipmentstate", "shipmentstatus"],
        }
    }
}

/// `login=Work Email`, as a flag gives it.
///
/// # Errors
/// If it is not of this form.
pub fn given(text: &str) -> std::result::Result<(Field, String), String> {
    let form = "write it as in login='Work Email'; the fields are login, id, model and state";
    let (name, header) = text.split_once('=').ok_or(form)?;
    let field = Field::ALL.into_iter().find(|field| field.as_str() == name).ok_or(form)?;
    Ok((field, header.trim().to_owned()))
}

/// The column of each field: as given, else by its usual name.
///
/// # Errors
/// If a given header is not there, or nobody is told apart.
pub fn places(header: &[String], given: &[(Field, String)]) -> Result<Vec<(Field, usize)>> {
    let mut places = Vec::new();
    for field in Field::ALL {
        let place = match given.iter().find(|(of, _)| *of == field) {
            Some((_, wanted)) => {
                Some(header.iter().position(|name| name.trim() == wanted).ok_or_else(|| {
                    Fault::usage(
                        format!("the first line has no column {wanted}"),
                        "give the header exactly as it stands in the file",
                    )
                })?)
            }
            None => usual(field, header),
        };
        places.extend(place.map(|place| (field, place)));
    }
    if !places.iter().any(|(field, _)| matches!(field, Field::Login | Field::Id)) {
        return Err(Fault::usage(
            "no column of the first line is known to hold logins or Okta user ids",
            "name it: --column login=HEADER or --column id=HEADER",
        ));
    }
    Ok(places)
}

/// Headers of the template's table *Shipment records*, beside its `User ID` and `Status`, letters and digits only. In other
/// exports a `Status` is the person's.
const TEMPLATE: [&str; 2] = ["shipmentid", "factoridkeyidmap"];

fn usual(field: Field, header: &[String]) -> Option<usize> {
    let plain = |text: &String| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    };
    let names: Vec<_> = header.iter().map(plain).collect();
    let place = |wanted: &str| names.iter().position(|name| name == wanted);
    let of_template = field == Field::State && TEMPLATE.iter().any(|header| place(header).is_some());
    let status = of_template.then_some("status");
    field.headers().iter().copied().chain(status).find_map(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(header: &str) -> Vec<(Field, usize)> {
        let header: Vec<_> = header.split(',').map(str::to_owned).collect();
        places(&header, &[]).unwrap_or_default()
    }

    #[test]
    fn usual_exports_are_known() {
        assert_eq!(found("User Id,Username,First name,Status"), [(Field::Login, 1), (Field::Id, 0)], "Okta");
        assert_eq!(found("Employee ID,Work Email,City"), [(Field::Login, 1)], "an HR export");
        assert_eq!(
            found("Okta User ID,Authenticator Enrollment ID,Shipment ID,State"),
            [(Field::Id, 0), (Field::State, 3)]
        );
        assert_eq!(
            found("Shipment ID,User ID,Factor ID - Key ID map,Status"),
            [(Field::Id, 1), (Field::State, 3)],
            "the template's table Shipment records"
        );
        assert_eq!(found("User ID,Shipment ID,status"), [(Field::Id, 0), (Field::State, 2)]);
        assert_eq!(found("Status,User ID,FACTOR ID - KEY ID MAP"), [(Field::Id, 1), (Field::State, 0)]);
        assert_eq!(found("User ID,Shipment ID"), [(Field::Id, 0)]);
        assert_eq!(found("email,login"), [(Field::Login, 1)], "the surest name wins");
        assert_eq!(found("login,model"), [(Field::Login, 0), (Field::Model, 1)]);
        assert_eq!(found("name,city"), []);
    }

    #[test]
    fn a_header_that_is_named_must_be_there() {
        assert_eq!(given("login=Work Email"), Ok((Field::Login, "Work Email".to_owned())));
        assert!(given("phone=x").is_err() && given("login").is_err());
        let header = ["Mail".to_owned()];
        assert_eq!(places(&header, &[(Field::Login, "Mail".into())]).unwrap(), [(Field::Login, 0)]);
        assert!(places(&header, &[(Field::Login, "mail".into())]).is_err());
    }
}
