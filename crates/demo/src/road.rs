//! The road of the shipments, told as it is walked; and the IT admin's part in it.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};
use testbed::setup::Fault;

use crate::{
    stage::Stage,
    watch::{Line, Watch},
};

/// All must have arrived by then.
const DEADLINE: Duration = Duration::from_mins(2);

/// Who plays, and how far each is. Names are those of the examples, such as `ann-lee`.
#[derive(Debug, Default)]
pub(crate) struct Cast {
    /// Phase and reason that were told last.
    seen: HashMap<String, (String, String)>,
    /// Of each person, by Okta's user id; a rollout's shipments carry no login in their name.
    pub(crate) people: HashMap<String, String>,
    /// Of each person whose shipment has another name.
    shipments: HashMap<String, String>,
}

impl Cast {
    /// The name of a person's shipment.
    pub(crate) fn shipment<'a>(&'a self, person: &'a str) -> &'a str {
        self.shipments.get(person).map_or(person, String::as_str)
    }

    /// Something new of somebody? Then the person's name.
    fn changed(&mut self, line: &Line) -> Option<String> {
        let known = self.people.get(&line.id).cloned();
        if let Some(person) = &known {
            self.shipments.insert(person.clone(), line.name.clone());
        }
        let person = known.unwrap_or_else(|| line.name.clone());
        let now = (line.phase.clone(), line.reason.clone());
        let before = self.seen.insert(person.clone(), now.clone());
        (before != Some(now)).then_some(person)
    }

    /// Is everybody where they should be? Eve's shipment is held; a rollout makes her none.
    fn has_arrived(&self, by_rollout: bool) -> bool {
        let is = |person: &str, phase: &str| self.seen.get(person).is_some_and(|(now, _)| now == phase);
        let activated = ("Activated".to_owned(), "Activated".to_owned());
        let signs_in = |person: &str| self.seen.get(person) == Some(&activated);
        signs_in("ann-lee") && signs_in("bob-ray") && (by_rollout || is("eve-long", "Held"))
    }
}

/// Prints a line when something changes, plays the admin's part, and returns when all have arrived where they should.
pub(crate) async fn follow(stage: &mut Stage, by_rollout: bool, cast: &mut Cast) -> Result<(), Fault> {
    let mut watch = Watch::start(stage)?;
    println!("\nkubectl get yubikeyshipments --watch");
    println!("       {:<10} {:<10} {:<6} REASON", "NAME", "PHASE", "READY");
    let mut ann_is_active = false;
    while !cast.has_arrived(by_rollout) {
        stage.check_alive()?;
        if stage.elapsed() >= DEADLINE {
            eprint!("{}", stage.kubectl()?.run(&["get", "yubikeyshipments", "-o", "wide"]).await?);
            let seconds = DEADLINE.as_secs();
            return Err(stage
                .fault(format!("after {seconds} s the shipments are not where they should be, see above")));
        }
        let Some(line) = watch.next(stage).await? else { continue };
        let Some(person) = cast.changed(&line) else { continue };
        stage.note(&format!("{person:<10} {:<10} {:<6} {}", line.phase, line.ready, line.reason));
        // Not while the key is being activated: an account that is activated before its key has no authenticator.
        let has_it = line.phase == "Activated" || (line.phase == "Delivered" && line.reason != "Activating");
        if person == "ann-lee" && has_it && !ann_is_active {
            stage.vendors()?.post("/people/ann.lee@example.com/activate", Value::Null).await?;
            ann_is_active = true;
            stage.note("           the IT admin activates Ann's account: it is her first day");
        }
    }
    Ok(())
}

/// The Admin Console's button.
pub(crate) async fn click(stage: &Stage, person: &str, product: &str) -> Result<(), Fault> {
    let order = json!({"productId": product, "inventoryProductId": "106", "customizationId": "RXJN83"});
    let button = format!("/people/{person}@example.com/console-order");
    stage.vendors()?.post(&button, order).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, id: &str, phase: &str, reason: &str) -> Line {
        let text = |text: &str| text.to_owned();
        Line { name: text(name), id: text(id), phase: text(phase), ready: text("True"), reason: text(reason) }
    }

    #[test]
    fn a_shipment_is_told_when_something_changed() {
        let mut cast = Cast::default();
        assert_eq!(cast.changed(&line("ann-lee", "1", "Ordered", "A")).as_deref(), Some("ann-lee"));
        assert_eq!(cast.changed(&line("ann-lee", "1", "Ordered", "A")), None);
        assert_eq!(cast.changed(&line("ann-lee", "1", "Ordered", "B")).as_deref(), Some("ann-lee"));
    }

    #[test]
    fn a_rollouts_shipment_is_told_by_the_persons_name() {
        let mut cast = Cast::default();
        cast.people.insert("00u1".to_owned(), "ann-lee".to_owned());
        let told = cast.changed(&line("group-00u1", "00u1", "Ordered", "A"));
        assert_eq!(told.as_deref(), Some("ann-lee"));
        assert_eq!((cast.shipment("ann-lee"), cast.shipment("bob-ray")), ("group-00u1", "bob-ray"));
    }

    #[test]
    fn all_have_arrived_when_two_sign_in_and_the_third_is_held_unless_a_rollout_left_her_out() {
        let mut cast = Cast::default();
        for person in ["ann-lee", "bob-ray"] {
            cast.changed(&line(person, "", "Activated", "Activated"));
        }
        assert!(cast.has_arrived(true) && !cast.has_arrived(false));
        cast.changed(&line("eve-long", "", "Held", "RecipientInvalid"));
        assert!(cast.has_arrived(false));
        cast.changed(&line("bob-ray", "", "Activated", "PinPending"));
        assert!(!cast.has_arrived(true));
    }
}
