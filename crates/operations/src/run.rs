//! Plays sequences side by side, each in a world of its own: bursts of steps, and after each a rest and the verdict.

use std::collections::HashMap;

use futures::future::{join_all, try_join_all};
use testbed::{objects::text, setup::Fault};

use crate::{
    bed::Bed,
    oracle::{Violation, differential, fixpoint, lost, refused, stuck, twice},
    play,
    rest::{self, Objects},
    step::{Step, bursts},
    witness::Witness,
    world::World,
};

/// Looks at most, until what follows something else has come to its end.
const MOST_LOOKS: usize = 5;

/// What became of a sequence.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub violations: Vec<Violation>,
    pub done: usize,
    pub refused: usize,
    pub idle: usize,
    pub answers: usize,
}

/// Of all sequences, in their order, and how many shipments were compared with fresh ones.
pub(crate) async fn play(
    bed: &Bed,
    prefix: &str,
    sequences: &[Vec<Step>],
) -> Result<(Vec<Played>, usize), Fault> {
    let tags = (0..sequences.len()).map(|number| format!("{prefix}-{number:02}"));
    let mut worlds = Vec::new();
    for tag in tags {
        worlds.push(World::build(bed, &tag).await?);
    }
    let witness = Witness::call(&bed.cluster);
    let bursts: Vec<_> = sequences.iter().map(|steps| bursts(steps)).collect();
    let rounds = bursts.iter().map(Vec::len).max().unwrap_or(0);
    let mut rested = HashMap::new();
    for round in 0..rounds {
        let parts = worlds.iter().zip(&bursts).map(|(world, bursts)| {
            let steps = bursts.get(round).copied().unwrap_or_default();
            play::burst(bed, world, steps)
        });
        try_join_all(parts).await?;
        rested = settle(bed, &worlds, round + 1 == rounds).await?;
    }
    twice::judge(bed, &worlds).await?;
    lost::judge(bed, &worlds, &rested, &witness.orders()).await?;
    let compared = Box::pin(differential::judge(bed, &worlds, &rested)).await?;
    for world in &worlds {
        witness.judge(world).await;
        refused::unheard_of(bed, world).await?;
        differential::retire(bed, world).await?;
    }
    Ok((join_all(worlds.into_iter().map(told)).await, compared))
}

async fn told(world: World) -> Played {
    let notes = world.notes.into_inner();
    Played {
        violations: notes.violations,
        done: notes.done,
        refused: notes.refused,
        idle: notes.idle,
        answers: notes.answers.len(),
    }
}

/// The vendors behave again; everybody is looked at until all rest. Another look, after the last burst by another life of
/// the operator too, finds nothing new.
async fn settle(bed: &Bed, worlds: &[World], is_last: bool) -> Result<HashMap<String, Objects>, Fault> {
    bed.vendors.mend().await?;
    look(bed, worlds).await?;
    let before = rest::wait(bed, worlds).await?;
    if is_last {
        bed.kill().await?;
    }
    let after = looked_through(bed, worlds, before).await?;
    for world in worlds {
        if let Some(after) = after.get(&world.tag) {
            stuck::judge(world, after).await;
        }
    }
    Ok(after)
}

/// Looks at everybody until that changes nothing: at once, unless one object follows what another one came to.
async fn looked_through(
    bed: &Bed,
    worlds: &[World],
    mut before: HashMap<String, Objects>,
) -> Result<HashMap<String, Objects>, Fault> {
    for count in 1..=MOST_LOOKS {
        look(bed, worlds).await?;
        let after = rest::wait(bed, worlds).await?;
        let follows = changed(worlds, &before, &after, count < MOST_LOOKS).await;
        before = after;
        if !follows {
            break;
        }
    }
    Ok(before)
}

/// Tells what another look changed. Where it may be that one object followed another one, the answer is true instead.
async fn changed(
    worlds: &[World],
    before: &HashMap<String, Objects>,
    after: &HashMap<String, Objects>,
    may_follow: bool,
) -> bool {
    let mut follows = false;
    for world in worlds {
        let (Some(before), Some(after)) = (before.get(&world.tag), after.get(&world.tag)) else { continue };
        for (name, what) in fixpoint::changes(before, after) {
            if may_follow && fixpoint::follows_another(world, before, &name) {
                follows = true;
            } else {
                world.violated("fixpoint", what).await;
            }
        }
    }
    follows
}

async fn look(bed: &Bed, worlds: &[World]) -> Result<(), Fault> {
    for world in worlds {
        play::look(bed, "YubiKeyConnection", None, &world.tag).await?;
    }
    for (kind, objects) in [
        ("YubiKeyShipment", bed.cluster.shipments().await?),
        ("YubiKeyRollout", bed.cluster.rollouts().await?),
    ] {
        for object in objects {
            let namespace = text(&object, "/metadata/namespace");
            if worlds.iter().any(|world| world.tag == namespace) {
                play::look(bed, kind, Some(namespace), text(&object, "/metadata/name")).await?;
            }
        }
    }
    Ok(())
}
