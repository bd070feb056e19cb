//! Many people at a time: looked up, created as Staged, activated, and what they can sign in with already.
//! Never by a login in a path: see [`super::users`].

use std::collections::HashMap;

use domain::{
    directory::{Creation, NewPerson, UserActivation},
    failure::{Arrival, CallError, Reason},
    ids::{Login, UserId},
    vendor_states::{User, UserStatus},
};
use reqwest::{Method, header::HeaderMap};
use serde_json::Value;
use url::Url;

use super::{
    Client,
    client::{Request, Scope, Unread, done},
    fault,
    fault::Code,
    pages::Longest,
    query,
    quota::Bucket,
    users,
    wire::{CreateUserBody, UserBody, UserFactorBody},
};
use crate::http::{Answer, Body, Nature};

/// A search for some tens of people has one page; a server that shows more has not understood it.
const FOUND: Longest = Longest { pages: 5, advice: "a search for some tens of users finds far more" };

impl Client {
    /// The users with these logins, each login with its user or `None`, in the order given.
    ///
    /// A hundred logins take about three calls. Asked first by `search`, which compares without capitals and
    /// lags behind; who is missing then is asked for by `filter`, which reads the directory itself. The profile
    /// may be some seconds old: read the user again before an order.
    ///
    /// # Errors
    /// Whatever but a readable 2xx for every page; `UnreadableAnswer` if several users differ from a login in
    /// capitals only and none is exactly it.
    pub async fn users_by_login(&self, logins: &[Login]) -> Result<Vec<(Login, Option<User>)>, CallError> {
        let mut found = HashMap::new();
        self.find_logins("search", logins, &mut found).await?;
        let missing: Vec<Login> =
            logins.iter().filter(|login| !found.contains_key(*login)).cloned().collect();
        match self.find_logins("filter", &missing, &mut found).await {
            Ok(()) => {}
            // A server that does not take several terms here may take one.
            Err(error) if error.status == Some(400) => self.find_one_by_one(&missing, &mut found).await?,
            Err(error) => return Err(error),
        }
        // Who has letters that can be spelt in two ways may be there under the other one.
        let spelt = |login: &&Login| !found.contains_key(*login) && login.spellings().count() > 1;
        let otherwise: Vec<Login> = missing.iter().filter(spelt).cloned().collect();
        self.find_one_by_one(&otherwise, &mut found).await?;
        Ok(logins.iter().map(|login| (login.clone(), found.get(login).cloned())).collect())
    }

    /// The users with these ids, each id with its user or `None`, in the order given.
    ///
    /// Asked first by `search`, which lags behind; each one missing then is asked for by its id.
    ///
    /// # Errors
    /// Whatever but a readable 2xx for every page.
    pub async fn users_by_id(&self, ids: &[UserId]) -> Result<Vec<(UserId, Option<User>)>, CallError> {
        let mut found: HashMap<UserId, User> = HashMap::new();
        let term = |id: &UserId| query::equals("id", id.as_str());
        for run in query::runs(ids, term) {
            let users =
                self.search("search", &query::any_of(&run.iter().map(term).collect::<Vec<_>>())).await?;
            found.extend(users.into_iter().map(|user| (user.id.clone(), user)));
        }
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            let user = match found.get(id) {
                Some(user) => Some(user.clone()),
                None => self.user_by_id(id).await?,
            };
            all.push((id.clone(), user));
        }
        Ok(all)
    }

    /// Creates the person as Staged, without a mail; a login that is taken already is left as it is. Harmless
    /// to repeat: a login is there once in an organization.
    ///
    /// # Errors
    /// `InvalidRecipient` with the names of the attributes that Okta refused; `Unclear` if the person may have
    /// been created: look the login up again. `OktaForbidden` and others otherwise.
    pub async fn create_staged(&self, person: &NewPerson) -> Result<Creation, CallError> {
        let mut url = self.url(&["api", "v1", "users"])?;
        url.query_pairs_mut().append_pair("activate", "false");
        let body = Body::json(&CreateUserBody::new(person))?;
        let call =
            Request { nature: Nature::Create, ..change("create-user", url, body, Reason::InvalidRecipient) };
        match self.call(call, |answer| read_created(answer, person)).await {
            Ok(user) => Ok(Creation::Made(user)),
            // The code does not tell a taken login from a bad attribute.
            Err(error) if error.arrival == Arrival::Refused && error.status == Some(400) => {
                self.user_by_login(person.login()).await?.map(Creation::Existed).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Activates the user without a mail. Okta does it in the background: read the user for the outcome.
    ///
    /// # Errors
    /// `UserNotFound` for 404; `UserNotEligible` where Okta refuses and the user is not active; `Unclear`
    /// without a usable answer: harmless to repeat.
    pub async fn activate_user(&self, id: &UserId) -> Result<UserActivation, CallError> {
        let mut url = self.url(&["api", "v1", "users", id.as_str(), "lifecycle", "activate"])?;
        url.query_pairs_mut().append_pair("sendEmail", "false");
        let call = change("activate-user", url, Body::Empty, Reason::UserNotFound).personal();
        if self.call(call, read_activated).await? == Taken::Accepted {
            return Ok(UserActivation::Accepted);
        }
        match self.user_by_id(id).await? {
            Some(user) if user.status == UserStatus::Active => Ok(UserActivation::AlreadyActive),
            _ => Err(crate::http::not_sent(
                Reason::UserNotEligible,
                "Okta does not activate this user in the present status; look at the user in the Admin Console",
            )),
        }
    }

    /// Whether Okta shows an active `WebAuthn` factor of this user, however it was enrolled.
    ///
    /// Source: `GET /api/v1/users/{id}/factors`, Okta's management `OpenAPI`, tag `UserFactor`. The list may leave
    /// out factors that the user's enrolment policy does not allow, pre-registered ones among them: `false` is
    /// no proof, and [`enrollments`](Self::enrollments) is asked besides.
    ///
    /// # Errors
    /// `UserNotFound` for 404; whatever but a readable 2xx.
    pub async fn has_webauthn_factor(&self, id: &UserId) -> Result<bool, CallError> {
        let url = self.url(&["api", "v1", "users", id.as_str(), "factors"])?;
        let request = |url| Request {
            refused: Reason::UserNotFound,
            ..Request::get("user-factors", Bucket::Users, url).personal()
        };
        Ok(self.pages(url, request, read_factors).await?.into_iter().any(|active| active))
    }

    async fn find_logins(
        &self,
        parameter: &str,
        logins: &[Login],
        found: &mut HashMap<Login, User>,
    ) -> Result<(), CallError> {
        let term = |login: &Login| query::equals("profile.login", login.as_str());
        for run in query::runs(logins, term) {
            let expression = query::any_of(&run.iter().map(term).collect::<Vec<_>>());
            let users = self.search(parameter, &expression).await?;
            for login in run {
                let user = users::with_login(&users, login).map_err(|_| ambiguous())?;
                if let Some(user) = user {
                    found.insert(login.clone(), user.clone());
                }
            }
        }
        Ok(())
    }

    async fn find_one_by_one(
        &self,
        logins: &[Login],
        found: &mut HashMap<Login, User>,
    ) -> Result<(), CallError> {
        for login in logins {
            if let Some(user) = self.user_by_login(login).await? {
                found.insert(login.clone(), user);
            }
        }
        Ok(())
    }

    async fn search(&self, parameter: &str, expression: &str) -> Result<Vec<User>, CallError> {
        let mut url = self.url(&["api", "v1", "users"])?;
        url.query_pairs_mut().append_pair("limit", "200");
        query::set(&mut url, parameter, expression);
        let request =
            |url| Request { headers: users::trimmed(), ..Request::get("users-search", Bucket::Users, url) };
        Ok(self.pages_of(FOUND, url, request, read_users).await?.into_iter().flatten().collect())
    }
}

fn change(operation: &'static str, url: Url, body: Body, refused: Reason) -> Request {
    Request {
        operation,
        nature: Nature::Change,
        method: Method::POST,
        url,
        bucket: Bucket::Users,
        scope: Scope::Road,
        refused,
        personal: false,
        body,
        headers: HeaderMap::new(),
    }
}

fn ambiguous() -> CallError {
    crate::http::not_sent(
        Reason::UnreadableAnswer,
        "several Okta users differ from a login in capitals only; name these users by id",
    )
}

pub(super) fn read_users(answer: &Answer) -> Result<Vec<User>, CallError> {
    let users: Vec<UserBody> = answer.json()?;
    users
        .into_iter()
        .map(users::user)
        .collect::<Option<_>>()
        .ok_or_else(|| answer.unreadable("a user has no usable id"))
}

pub(super) fn read_created(answer: &Answer, person: &NewPerson) -> Result<User, Unread> {
    if answer.status == 400 && fault::code(answer) == Some(Code::ApiValidation) {
        return Err(refused_attributes(answer, person).into());
    }
    done(answer)?;
    let body: UserBody = answer.json()?;
    Ok(users::user(body).ok_or_else(|| answer.unreadable("the new user has no usable id"))?)
}

/// Names only attributes that we sent ourselves: Okta's sentences may repeat their values.
fn refused_attributes(answer: &Answer, person: &NewPerson) -> CallError {
    let causes = fault::causes(answer);
    let is_blamed =
        |name: &&String| causes.iter().any(|cause| cause.split(':').next() == Some(name.as_str()));
    let names: Vec<&str> = person.profile().keys().filter(is_blamed).map(String::as_str).collect();
    let which = if names.is_empty() { "the profile".to_owned() } else { names.join(", ") };
    answer.error(
        Reason::InvalidRecipient,
        format!("Okta refused {which} of the user to be created (HTTP 400, E0000001): correct the list"),
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Accepted,
    /// The user's status tells why.
    NotInThisStatus,
}

/// The body of a success holds an activation token: it is not read.
pub(super) fn read_activated(answer: &Answer) -> Result<Taken, Unread> {
    let code = fault::code(answer);
    if matches!(answer.status, 400 | 403)
        && matches!(code, Some(Code::ActivationFailed | Code::UserStatus | Code::ApiValidation))
    {
        return Ok(Taken::NotInThisStatus);
    }
    done(answer).map(|()| Taken::Accepted)
}

/// Whether one of this page is an active `WebAuthn` factor.
pub(super) fn read_factors(answer: &Answer) -> Result<bool, CallError> {
    let factors: Vec<UserFactorBody> = answer.json()?;
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    let is_webauthn = |factor: &UserFactorBody| text(&factor.factor_type).as_deref() == Some("webauthn");
    let is_active = |factor: &UserFactorBody| text(&factor.status).as_deref() == Some("ACTIVE");
    Ok(factors.iter().any(|factor| is_webauthn(factor) && is_active(factor)))
}
