//! The question, as a person is asked.

use domain::{hold::Choice, question::may_order};
use system::clock;

use crate::{
    fault::{Fault, Result},
    printing::ago,
    terminal::Terminal,
    view::HoldView,
};

/// Question, facts, and where each choice leads.
pub fn shown(hold: &HoldView) -> String {
    let user = if hold.user.is_empty() { String::new() } else { format!(" for {}", hold.user) };
    let mut text = format!(
        "{}/{}{user}: {} since {}, hold {}\n\n  {}\n",
        hold.namespace,
        hold.object,
        hold.reason,
        ago(hold.since, clock::now()),
        hold.id,
        hold.headline()
    );
    for said in hold.explained() {
        text = format!("{text}  {said}\n");
    }
    if let Some(enrollment) = &hold.enrollment {
        text = format!("{text}  Its enrolment at Okta: {enrollment}\n");
    }
    for (number, choice) in (1..).zip(hold.answers()) {
        let pays = if may_order(choice, hold.known()) { "\n     ! may pay for another key" } else { "" };
        text = format!(
            "{text}\n  {number}  {}\n     leads to: {}\n     be sure that: {}{pays}\n",
            choice.as_str(),
            choice.leads_to(),
            choice.be_sure()
        );
    }
    text
}

/// Which of them.
///
/// # Errors
/// If nobody can be asked, or the answer is none of them.
pub fn ask(hold: &HoldView, terminal: &Terminal) -> Result<Choice> {
    let choices = hold.answers();
    if !terminal.interactive {
        let names: Vec<_> = choices.iter().map(|choice| choice.as_str()).collect();
        return Err(Fault::usage(
            "there is no terminal to ask on",
            format!("give --choice ({}) and --yes", names.join(", ")),
        ));
    }
    let answer = terminal.ask("Which? (number or name; empty: none)")?;
    let by_number =
        answer.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?).copied());
    let by_name = || choices.iter().copied().find(|choice| choice.as_str().eq_ignore_ascii_case(&answer));
    by_number.or_else(by_name).ok_or_else(|| {
        Fault::new("none of the choices was named, so nothing was done", "run the command again")
    })
}
