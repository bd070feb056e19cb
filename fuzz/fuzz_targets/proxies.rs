//! The variables that name a proxy and what is called past it: `NAME=value`, one a line; `%n` in a value is a line end.
#![no_main]

use std::ffi::OsString;

use libfuzzer_sys::fuzz_target;
use vendors::http::Proxies;
use yubikey_shipment_fuzz::is_discreet;

fuzz_target!(|input: &str| {
    let value = |name: &str| {
        let mut lines = input.lines().filter_map(|line| line.split_once('='));
        lines.find(|(own, _)| *own == name).map(|(_, value)| value.replace("%n", "\n"))
    };
    let set = |name: &str| value(name).is_some_and(|value| !value.trim().is_empty());
    match Proxies::read(|name| value(name).map(OsString::from)) {
        Ok(proxies) => {
            let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
            let is_bare = |name: &&str| value(name).is_some_and(|value| value.contains('\u{feff}'));
            // What is set is obeyed: nothing goes past a proxy because it could not be read.
            assert!(
                proxies.variable().is_some() == named.iter().any(|name| set(name))
                    || named.iter().any(is_bare)
            );
            is_discreet(&format!("{proxies:?}"));
        }
        Err(fault) => {
            let said = fault.to_string();
            is_discreet(&said);
            assert!(said.contains("_PROXY") || said.contains("_proxy"), "it names the variable: {said}");
        }
    }
});
