//! What preflight reads at Okta.

use domain::{
    failure::{CallError, Failure, Reason},
    preflight::{OktaFacts, Shown},
    system_log::{LogEvent, LogPosition, LogQuery},
};
use jiff::SignedDuration;
use system::clock;
use vendors::okta::Client;

use crate::{
    ours::Ours,
    readings::{ORGANIZATION, Readings, SETTINGS, TRIAL, Why, is_not_there},
};

/// How far back the System Log is looked at.
const LOG: SignedDuration = SignedDuration::from_hours(24);

/// People whose keys are looked at for it, those of the last events; each costs a call.
const PEOPLE: usize = 3;

/// Reads what is due. While Okta does not let the app in, its settings stay as they were seen last.
pub async fn look(okta: &Client, readings: &mut Readings, ours: &Ours, why: Why) -> OktaFacts {
    if let Err(failure) = enter(okta, readings, ours, why).await {
        let access = refused(readings, failure);
        return facts(readings, Shown::Observed(access));
    }
    readings.scopes = Shown::Observed(Ok(()));
    if !matches!(readings.role.shown, Shown::Observed(Err(_))) {
        settings(okta, readings, why).await;
        log(okta, readings, ours, why).await;
    }
    facts(readings, Shown::Observed(Ok(())))
}

/// A refusal for want of scopes shows that the credentials were taken.
fn refused(readings: &mut Readings, failure: Failure) -> Result<(), Failure> {
    if failure.reason != Reason::ScopeMissing {
        return Err(failure);
    }
    readings.scopes = Shown::Observed(Err(failure));
    Ok(())
}

/// What was read at earlier looks.
#[must_use]
pub fn facts(readings: &Readings, access: Shown<Result<(), Failure>>) -> OktaFacts {
    let organization = &readings.organization.shown;
    OktaFacts {
        access,
        clock_skew: organization.and_then(|found| found.clock_skew.map_or(Shown::Missing, Shown::Observed)),
        engine: organization.and_then(|found| Shown::Observed(found.engine)),
        scopes: readings.scopes.clone(),
        role: readings.role.shown.clone(),
        feature: readings.feature.shown.clone(),
        authenticator: readings.authenticator.shown.and_then(|(found, _)| Shown::Observed(found.clone())),
        method: readings.method.shown.clone(),
        domains: readings.domains.shown.clone(),
        enrollment_policies: readings.enrollment_policies.shown.clone(),
        session_rules: readings.session_rules.shown.clone(),
        strangers: readings.strangers.shown.clone(),
    }
}

/// Does Okta answer, does it give a token, and does it take it?
async fn enter(okta: &Client, readings: &mut Readings, ours: &Ours, why: Why) -> Result<(), Failure> {
    if readings.organization.is_due(ORGANIZATION, why) {
        match okta.organization().await {
            Ok(found) => readings.organization.set(Shown::Observed(found), false),
            // The page is documented, but nothing of the road needs it: the token tells whether this is Okta.
            Err(error) if is_not_there(&error) => readings.organization.set(Shown::Missing, false),
            Err(error) => {
                readings.organization.retry();
                return Err(error.into());
            }
        }
    }
    drop(okta.prepare().await?);
    trial(okta, readings, ours, why).await
}

/// May the app do what orders need? Tried on people, and not at the first look of a process that finds it tried.
/// A token that is kept, and one for good (SSWS), shows only here whether Okta still takes it.
async fn trial(okta: &Client, readings: &mut Readings, ours: &Ours, why: Why) -> Result<(), Failure> {
    if !readings.role.is_due(TRIAL, why) && !readings.feature.is_due(TRIAL, why) {
        return Ok(());
    }
    let starts = readings.role.is_new() && why == Why::Time;
    let tried =
        if starts && ours.road_was_open { Ok(Some(())) } else { okta.try_enrollments(&ours.people).await };
    match tried {
        Ok(Some(())) => {
            readings.role.set(Shown::Observed(Ok(())), false);
            readings.feature.set(Shown::Observed(Ok(())), false);
        }
        Ok(None) => {
            readings.role.set(Shown::Missing, false);
            readings.feature.set(Shown::Missing, false);
        }
        Err(error) => return denied(readings, error),
    }
    Ok(())
}

/// What the refusal is not about stays as it was tried last.
fn denied(readings: &mut Readings, error: CallError) -> Result<(), Failure> {
    match error.failure.reason {
        Reason::RoleMissing => readings.role.set(Shown::Observed(Err(error.into())), true),
        Reason::FeatureOff => readings.feature.set(Shown::Observed(Err(error.into())), true),
        Reason::RateLimited => readings.role.retry(),
        _ => {
            readings.role.retry();
            return Err(error.into());
        }
    }
    Ok(())
}

async fn settings(okta: &Client, readings: &mut Readings, why: Why) {
    const AUTHENTICATORS: &str = "okta.authenticators.read";
    const POLICIES: &str = "okta.policies.read";
    if readings.authenticator.is_due(SETTINGS, why) {
        readings.authenticator.take(okta.authenticator().await, AUTHENTICATORS);
    }
    if readings.method.is_due(SETTINGS, why) {
        match readings.authenticator.shown.clone() {
            Shown::Observed((_, Some(id))) => {
                readings.method.take(okta.webauthn_method(&id).await, AUTHENTICATORS);
            }
            Shown::Observed((_, None)) | Shown::Missing => readings.method.set(Shown::Missing, false),
            Shown::Hidden(scope) => readings.method.set(Shown::Hidden(scope), false),
            Shown::NotAsked => {}
        }
    }
    if readings.domains.is_due(SETTINGS, why) {
        readings.domains.take(okta.domains().await, "okta.domains.read");
    }
    if readings.enrollment_policies.is_due(SETTINGS, why) {
        readings.enrollment_policies.take(okta.enrollment_policies().await, POLICIES);
    }
    if readings.session_rules.is_due(SETTINGS, why) {
        readings.session_rules.take(okta.session_rules().await, POLICIES);
    }
}

async fn log(okta: &Client, readings: &mut Readings, ours: &Ours, why: Why) {
    if readings.strangers.is_due(SETTINGS, why) {
        readings.strangers.take(strangers(okta, ours).await, "okta.logs.read");
    }
}

fn is_about_the_person(error: &CallError) -> bool {
    matches!(error.failure.reason, Reason::UserForbidden | Reason::UserNotFound)
}

/// Keys that somebody got after the Admin Console's Add and that no shipment here has. The template reacts to that
/// event as the operator's own console source does; its other flow leaves no event that is documented.
async fn strangers(okta: &Client, ours: &Ours) -> Result<usize, CallError> {
    let since = clock::now().checked_sub(LOG).unwrap_or(jiff::Timestamp::MIN);
    let page = okta.log_page(&LogQuery::ConsoleOrders, &LogPosition::Since(since)).await?;
    let mut orders: Vec<_> = page
        .events
        .into_iter()
        .filter_map(|event| match event {
            LogEvent::ConsoleOrder(order) => Some(order),
            LogEvent::Membership(_) | LogEvent::Malformed(_) => None,
        })
        .filter(|order| !ours.is_ordering(&order.user))
        .collect();
    orders.sort_by_key(|order| std::cmp::Reverse(order.published));
    let mut asked = Vec::new();
    let mut found = 0;
    for order in orders {
        if asked.len() == PEOPLE || asked.contains(&order.user) {
            continue;
        }
        let list = match okta.enrollments(&order.user).await {
            Ok(list) => list,
            // One person of whom the app may see nothing hides nobody else's keys.
            Err(error) if is_about_the_person(&error) => {
                asked.push(order.user);
                continue;
            }
            Err(error) => return Err(error),
        };
        let later = |created: Option<jiff::Timestamp>| created.is_some_and(|at| at >= order.published);
        found += list.entries.iter().filter(|e| later(e.created) && !ours.claims(&e.id)).count();
        asked.push(order.user);
    }
    Ok(found)
}
