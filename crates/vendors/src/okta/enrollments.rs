//! Pre-registered enrolments: list, enrol, activate, send the PIN, delete, mark as failed.

use domain::{
    failure::{CallError, Reason},
    ids::{EnrollmentId, KeyId, Sealed, UserId},
    requests::{ActivateRequest, EnrollRequest},
    vendor_states::{EnrollmentList, EnrollmentStatus, ListedEnrollment, NewEnrollment},
};
use reqwest::{Method, header::HeaderMap};
use serde_json::Value;
use url::Url;

use super::{
    Client,
    client::{Request, Scope, Unread, done},
    fault,
    quota::Bucket,
    wire::{ActivateAnswer, ActivateBody, EnrollAnswer, EnrollBody, Factor, PinBody},
};
use crate::http::{Answer, Body, Nature, not_sent};

const BASE: [&str; 3] = ["webauthn-registration", "api", "v1"];

impl Client {
    /// The user's pre-registered enrolments, whatever their status. An unknown user may give an empty list.
    ///
    /// # Errors
    /// `UserNotFound` for 404; `UnreadableAnswer` if an entry has no id, `Date` is missing, or the list goes on
    /// at another host: nothing may be left out in silence.
    pub async fn enrollments(&self, user: &UserId) -> Result<EnrollmentList, CallError> {
        let url = self.preregistration(&["users", user.as_str(), "enrollments"])?;
        let request = |url| Request {
            refused: Reason::UserNotFound,
            ..Request::get("enrollments", Bucket::Preregistration, url).personal()
        };
        let mut pages = self.pages(url, request, read_page).await?.into_iter();
        // The clock of the first page: what was made later was made after the question.
        let mut list = pages.next().ok_or_else(|| not_sent(Reason::UnreadableAnswer, "no page was read"))?;
        for entry in pages.flat_map(|page| page.entries) {
            if !list.entries.iter().any(|known| known.id == entry.id) {
                list.entries.push(entry);
            }
        }
        Ok(list)
    }

    /// Enrols. Each call makes a new enrolment; nothing here calls twice.
    ///
    /// # Errors
    /// `Unclear` if an enrolment may have been made: no answer, or one that lacks the PIN request or has
    /// another count of credential requests than one. `EnrollRefused`, `UserNotEligible` and others otherwise.
    pub async fn enroll(&self, request: &EnrollRequest) -> Result<NewEnrollment, CallError> {
        let url = self.preregistration(&["enroll"])?;
        let body = Body::json(&EnrollBody::from(request))?;
        let call = Request {
            nature: Nature::Create,
            ..change("enroll", Method::POST, url, body, Reason::EnrollRefused)
        };
        self.call(call, read_enrolled).await
    }

    /// Activates. Harmless to repeat with the same responses.
    ///
    /// # Errors
    /// `ActivationRefused` for 400 and 404: the list tells whether it was active already. `Unclear` without a
    /// usable answer.
    pub async fn activate(&self, request: &ActivateRequest) -> Result<(), CallError> {
        let url = self.preregistration(&["activate"])?;
        let body = Body::json(&ActivateBody::from(request))?;
        let call = change("activate", Method::POST, url, body, Reason::ActivationRefused);
        self.call(call, |answer| read_activated(answer, &request.enrollment)).await
    }

    /// Has Okta mail the PIN to the user. Each call is one mail.
    ///
    /// # Errors
    /// `PinRefused` for 400 and 404; `Unclear` if the mail may have gone out.
    pub async fn send_pin(&self, user: &UserId, enrollment: &EnrollmentId) -> Result<(), CallError> {
        let url = self.preregistration(&["send-pin"])?;
        let body = Body::json(&PinBody::new(user.as_str(), enrollment.as_str()))?;
        let call = change("send-pin", Method::POST, url, body, Reason::PinRefused);
        self.call(call, done).await
    }

    /// Deletes an enrolment; gone already is as good. The caller makes sure that it is not active.
    ///
    /// # Errors
    /// Whatever but 2xx and Okta's own 404.
    pub async fn delete_enrollment(&self, user: &UserId, enrollment: &EnrollmentId) -> Result<(), CallError> {
        let url = self.preregistration(&["users", user.as_str(), "enrollments", enrollment.as_str()])?;
        let call = change("delete-enrollment", Method::DELETE, url, Body::None, Reason::OktaUnavailable);
        self.call(call, read_deleted).await
    }

    /// Sets the enrolment to `FULFILLMENT_ERRORED`. Whether it can be activated afterwards is unknown.
    ///
    /// # Errors
    /// Whatever but 2xx.
    pub async fn mark_error(&self, user: &UserId, enrollment: &EnrollmentId) -> Result<(), CallError> {
        let tail = ["users", user.as_str(), "enrollments", enrollment.as_str(), "mark-error"];
        let url = self.preregistration(&tail)?;
        let call = change("mark-error", Method::POST, url, Body::Empty, Reason::OktaUnavailable);
        self.call(call, done).await
    }

    fn preregistration(&self, tail: &[&str]) -> Result<Url, CallError> {
        let segments: Vec<&str> = BASE.iter().chain(tail).copied().collect();
        self.url(&segments)
    }
}

pub(super) fn read_page(answer: &Answer) -> Result<EnrollmentList, CallError> {
    let at =
        answer.date().ok_or_else(|| answer.unreadable("it has no `Date`; a proxy may have taken it out"))?;
    let factors: Vec<Factor> = answer.json()?;
    let entries = factors.into_iter().map(listed).collect::<Option<Vec<_>>>();
    let entries = entries.ok_or_else(|| answer.unreadable("an enrolment has no usable id"))?;
    Ok(EnrollmentList { at, entries })
}

pub(super) fn read_enrolled(answer: &Answer) -> Result<NewEnrollment, Unread> {
    done(answer)?;
    let body: EnrollAnswer = answer.json()?;
    Ok(new_enrollment(body).map_err(|what| answer.unreadable(what))?)
}

pub(super) fn read_activated(answer: &Answer, enrollment: &EnrollmentId) -> Result<(), Unread> {
    done(answer)?;
    let body: ActivateAnswer = answer.json()?;
    let ours = |ids: &Vec<String>| ids.iter().any(|id| id == enrollment.as_str());
    if body.authenticator_enrollment_ids.as_ref().is_none_or(ours) {
        Ok(())
    } else {
        Err(answer.unreadable("it names other enrolments than the one to be activated").into())
    }
}

pub(super) fn read_deleted(answer: &Answer) -> Result<(), Unread> {
    if fault::is_not_found(answer) {
        return Ok(());
    }
    done(answer)
}

fn change(operation: &'static str, method: Method, url: Url, body: Body, refused: Reason) -> Request {
    Request {
        operation,
        nature: Nature::Change,
        method,
        url,
        bucket: Bucket::Preregistration,
        scope: Scope::Road,
        refused,
        personal: true,
        body,
        headers: HeaderMap::new(),
    }
}

fn new_enrollment(body: EnrollAnswer) -> Result<NewEnrollment, &'static str> {
    // What cannot be kept cannot be ordered with either.
    let fits = |text: &String| !text.is_empty() && text.len() <= Sealed::LIMIT;
    let sealed = |text: Option<String>| text.filter(fits).map(Sealed::new);
    let mut requests = body.cred_requests.unwrap_or_default();
    let (Some(request), true) = (requests.pop(), requests.is_empty()) else {
        return Err("it has another count of credential requests than one");
    };
    Ok(NewEnrollment {
        id: request
            .authenticator_enrollment_id
            .and_then(|id| EnrollmentId::new(id).ok())
            .ok_or("`authenticatorEnrollmentId` is missing")?,
        key_id: request.key_id.and_then(|id| KeyId::new(id).ok()).ok_or("`keyId` is missing")?,
        pin_request: sealed(body.pin_request_jwe).ok_or("`pinRequestJwe` is missing or too long")?,
        credential_request: sealed(request.jwe).ok_or("`credRequestJwe` is missing or too long")?,
    })
}

pub(super) fn listed(factor: Factor) -> Option<ListedEnrollment> {
    let created = factor.created.as_ref().and_then(Value::as_str);
    let preset = factor.profile.as_ref().and_then(|profile| profile.get("presetPinAvailable"));
    Some(ListedEnrollment {
        id: EnrollmentId::new(factor.id?).ok()?,
        status: status(factor.status.as_ref().and_then(Value::as_str).unwrap_or_default()),
        created: created.and_then(|text| text.parse().ok()),
        preset_pin_available: preset.and_then(Value::as_bool),
    })
}

fn status(text: &str) -> EnrollmentStatus {
    match text {
        "ACTIVE" => EnrollmentStatus::Active,
        "FULFILLMENT_PENDING" | "PENDING_ACTIVATION" => EnrollmentStatus::Pending,
        "FULFILLMENT_ERRORED" => EnrollmentStatus::Errored,
        other => EnrollmentStatus::Other(other.to_owned()),
    }
}
