//! Completion under `kubectl`: it runs `kubectl_complete-yubikey` with the words after the plugin's name, the last one
//! being typed, and reads a word a line and a directive at the end.

use clap::{Command, CommandFactory as _};

use crate::cli::Cli;

/// Directive of cobra: do not fall back to file names.
const NO_FILES: &str = ":4";
/// Directive of cobra: nothing special, so the shell completes file names.
const FILES: &str = ":0";

/// The answer to kubectl.
#[must_use]
pub fn answer(words: &[String]) -> String {
    let root = Cli::command();
    let (typed, before) = words.split_last().map_or(("", &[][..]), |(last, rest)| (last.as_str(), rest));
    let command = subcommand(&root, before);
    if takes_a_file(&root, command, before) {
        return format!("{FILES}\n");
    }
    let mut found: Vec<String> = values_of_the_flag(&root, command, before).unwrap_or_else(|| {
        if typed.starts_with('-') { flags(&root, command) } else { subcommands(&root, command) }
    });
    found.retain(|word| word.split('\t').next().is_some_and(|word| word.starts_with(typed)));
    found.sort();
    found.dedup();
    found.push(NO_FILES.to_owned());
    found.join("\n") + "\n"
}

/// The subcommand that the words name, or the root.
fn subcommand<'a>(root: &'a Command, words: &[String]) -> &'a Command {
    words.iter().find_map(|word| root.find_subcommand(word)).unwrap_or(root)
}

fn subcommands(root: &Command, command: &Command) -> Vec<String> {
    if command.get_name() != root.get_name() {
        return Vec::new();
    }
    root.get_subcommands().map(|sub| described(sub.get_name(), sub.get_about())).collect()
}

fn flags(root: &Command, command: &Command) -> Vec<String> {
    let all = command.get_arguments().chain(root.get_arguments().filter(|arg| arg.is_global_set()));
    let mut flags: Vec<_> = all
        .filter(|arg| !arg.is_hide_set())
        .filter_map(|arg| Some(described(&format!("--{}", arg.get_long()?), arg.get_help())))
        .collect();
    flags.push("--help".to_owned());
    flags
}

fn described(word: &str, about: Option<&clap::builder::StyledStr>) -> String {
    about.map_or_else(|| word.to_owned(), |about| format!("{word}\t{about}"))
}

fn flag_before<'a>(root: &'a Command, command: &'a Command, words: &[String]) -> Option<&'a clap::Arg> {
    let last = words.last()?;
    let mut all = command.get_arguments().chain(root.get_arguments());
    all.find(|arg| {
        let long = arg.get_long().is_some_and(|long| *last == format!("--{long}"));
        let short = arg.get_short().is_some_and(|short| *last == format!("-{short}"));
        (long || short) && arg.get_action().takes_values()
    })
}

fn values_of_the_flag(root: &Command, command: &Command, words: &[String]) -> Option<Vec<String>> {
    let flag = flag_before(root, command, words)?;
    Some(flag.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect())
}

fn takes_a_file(root: &Command, command: &Command, words: &[String]) -> bool {
    let flag = flag_before(root, command, words);
    let named = |arg: &clap::Arg| {
        arg.get_value_names()
            .is_some_and(|names| names.iter().any(|name| matches!(name.as_str(), "FILE" | "DIRECTORY")))
    };
    flag.map_or_else(|| command.get_positionals().any(named), named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn offered(line: &str) -> Vec<String> {
        let answer = answer(&words(line));
        answer.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn commands_flags_and_values_are_offered() {
        let all = offered("");
        for name in ["status", "holds", "decide", "resend-pin", "import", "audit", "report"] {
            assert!(all.contains(&name.to_owned()), "{name}: {all:?}");
        }
        assert_eq!(offered("sta"), ["status", ":4"]);
        assert!(offered("decide --ch").contains(&"--choice".to_owned()));
        assert!(offered("decide ann-lee --choice ").contains(&"RetryOrder".to_owned()));
        assert_eq!(offered("decide ann-lee --choice Ret"), ["RetryOrder", ":4"]);
        assert_eq!(offered("status -o j"), ["json", ":4"]);
        assert!(offered("holds --name").contains(&"--namespace".to_owned()), "flags of all commands");
    }

    #[test]
    fn where_a_file_is_wanted_the_shell_completes_it() {
        assert_eq!(offered("import "), [":0"]);
        assert_eq!(offered("status --kubeconfig "), [":0"]);
        assert_eq!(offered("status ann"), [":4"]);
    }
}
