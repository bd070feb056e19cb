//! What changes around a shipment that is half-way: the spec, the connection, its organization, a parcel, a clock.

use domain::{
    desired::{ActivationGate, OnDelete},
    hold::Choice,
};

use super::answers;
use crate::{
    bounds::{Accidents, Bounds, DAY, EXPIRED, HOUR, SETTLED},
    state::{Blocked, Event},
};

pub(super) fn all() -> Vec<Bounds> {
    vec![
        barred(),
        barred_later(),
        too_late(),
        mixed_up(),
        mails(),
        other_organization(),
        connection_gone(),
        used(),
        copied(),
    ]
}

/// Few accidents: these worlds are about what people change.
const DEATHS: Accidents = Accidents { crashes: true, losses: true, ..Accidents::NONE };

const fn forbids() -> [Event; 6] {
    [
        Event::Halt,
        Event::Resume,
        Event::Forbid(Blocked::Namespace),
        Event::Forbid(Blocked::Elsewhere),
        Event::Forbid(Blocked::Order),
        Event::Allow,
    ]
}

fn barred() -> Bounds {
    let mut events = forbids().to_vec();
    events.push(Event::Foreign);
    Bounds {
        faults: 1,
        jumps: 1,
        lengths: vec![SETTLED, EXPIRED],
        happenings: 2,
        events,
        answers: 1,
        choices: answers::ALL.to_vec(),
        faults_of: Accidents { refusals: true, ..DEATHS },
        ..Bounds::plain("g1", "suspended, unbound, no longer admitted: at any moment before the order")
    }
}

fn barred_later() -> Bounds {
    let mut events = forbids().to_vec();
    events.extend([
        Event::Parcel(103),
        Event::Parcel(104),
        Event::Parcel(107),
        Event::Delete(OnDelete::Cancel),
        Event::Delete(OnDelete::Revoke),
    ]);
    Bounds {
        ordered: true,
        faults: 1,
        jumps: 1,
        lengths: vec![SETTLED, DAY],
        happenings: 3,
        events,
        whole: true,
        faults_of: DEATHS,
        ..Bounds::plain("g2", "the same after the order, and while it is deleted")
    }
}

fn too_late() -> Bounds {
    Bounds {
        order_before: Some(400),
        processes: vec![0, 0],
        faults: 1,
        jumps: 2,
        lengths: vec![SETTLED],
        whole: true,
        faults_of: Accidents { refusals: true, ..DEATHS },
        ..Bounds::plain("g3", "orderBefore passes while it is enrolled")
    }
}

fn mixed_up() -> Bounds {
    Bounds {
        ordered: true,
        activation: ActivationGate::Shipment,
        faults: 1,
        jumps: 1,
        lengths: vec![HOUR],
        happenings: 3,
        events: vec![
            Event::Mixup,
            Event::Parcel(103),
            Event::Parcel(104),
            Event::Parcel(107),
            Event::Delete(OnDelete::Cancel),
        ],
        answers: 2,
        choices: vec![Choice::DiscardEnrollment, Choice::ApproveActivation],
        whole: true,
        faults_of: DEATHS,
        ..Bounds::plain("g5", "the warehouse programs the key for somebody else's enrolment")
    }
}

fn mails() -> Bounds {
    Bounds {
        ordered: true,
        delivered: true,
        faults: 2,
        jumps: 2,
        lengths: vec![SETTLED, DAY],
        answers: 2,
        choices: vec![Choice::ResendPin],
        whole: true,
        faults_of: DEATHS,
        ..Bounds::plain("g6", "mails whose answer is lost, asked for again, and again")
    }
}

fn other_organization() -> Bounds {
    Bounds {
        faults: 1,
        jumps: 1,
        lengths: vec![SETTLED, HOUR],
        happenings: 3,
        events: vec![
            Event::OtherOrg,
            Event::OwnOrg,
            Event::Parcel(103),
            Event::Parcel(104),
            Event::Delete(OnDelete::Cancel),
        ],
        answers: 1,
        choices: vec![Choice::RetryOrder, Choice::CancelOrder],
        whole: true,
        faults_of: DEATHS,
        ..Bounds::plain("g4", "the connection's token becomes one of another organization, and back")
    }
}

fn connection_gone() -> Bounds {
    Bounds {
        bound: true,
        ordered: true,
        emptied: true,
        faults: 1,
        jumps: 1,
        lengths: vec![SETTLED, HOUR],
        happenings: 3,
        events: vec![Event::Disconnect, Event::Connect, Event::Removed],
        answers: 1,
        choices: vec![Choice::RetryOrder, Choice::AdoptOrder],
        whole: true,
        faults_of: DEATHS,
        ..Bounds::plain("g7", "the connection is deleted and declared again while a person is asked")
    }
}

fn used() -> Bounds {
    let mut events = forbids().to_vec();
    events.extend([Event::SignIn, Event::Parcel(103), Event::Delete(OnDelete::Revoke)]);
    Bounds {
        ordered: true,
        delivered: true,
        faults: 1,
        jumps: 1,
        lengths: vec![SETTLED],
        happenings: 3,
        events,
        whole: true,
        faults_of: DEATHS,
        ..Bounds::plain("g8", "the person signs in with the key, whatever is barred or deleted meanwhile")
    }
}

fn copied() -> Bounds {
    Bounds {
        clusters: vec![0, 0],
        processes: vec![0, 1],
        bound: true,
        faults: 1,
        jumps: 1,
        lengths: vec![SETTLED],
        happenings: 2,
        events: vec![Event::Copied, Event::Delete(OnDelete::Cancel)],
        answers: 1,
        choices: vec![Choice::RetryOrder, Choice::AdoptOrder, Choice::CancelOrder],
        faults_of: DEATHS,
        ..Bounds::plain("c2", "a status is copied to another name")
    }
}
