//! The journey of a key as a picture: a list whose marks are drawn, so that it reads the same without eyes.

use jiff::Timestamp;
use maud::{Markup, html};
use view::{Stage, StageState};

use super::parts;

/// The stages as a list that is drawn as a road; times are told from `now` on.
pub fn picture(stages: &[Stage], now: Timestamp) -> Markup {
    html! {
        ol.journey aria-label="Journey of the key" {
            @for stage in stages {
                li class=(class(stage.state)) {
                    (mark(stage.state))
                    span.stage { (stage.name) }
                    span.when {
                        @match (stage.at, stage.state) {
                            (Some(at), _) => { (parts::moment(at)) " (" (parts::since(at, now)) " ago)" },
                            (None, StageState::Next) => "next",
                            (None, StageState::Never) => "will not come",
                            (None, _) => "to come",
                        }
                    }
                }
            }
        }
    }
}

const fn class(state: StageState) -> &'static str {
    match state {
        StageState::Done => "done",
        StageState::Next => "next",
        StageState::Later => "later",
        StageState::Never => "never",
    }
}

fn mark(state: StageState) -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false" {
            circle cx="12" cy="12" r="10" {}
            @match state {
                StageState::Done => { path d="M7 12.5l3.5 3.5L17 9" {} },
                StageState::Next => { circle.core cx="12" cy="12" r="4" {} },
                StageState::Later => {},
                StageState::Never => { path d="M8 8l8 8M16 8l-8 8" {} },
            }
        }
    }
}
