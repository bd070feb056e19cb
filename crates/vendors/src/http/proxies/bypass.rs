//! `NO_PROXY`: hosts and networks that are called directly. An entry that can match nothing is told: whoever wrote it
//! expects something of it. It is left out, so that what it meant goes through the proxy.

use url::Host;

/// The entries that can match, in the form that the HTTP library takes them. The others are told.
pub(super) fn read(variable: &str, text: &str, warnings: &mut Vec<String>) -> Vec<String> {
    // Blanks separate as commas do, as for curl.
    let entries = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
    let mut read = Vec::new();
    for (number, entry) in entries.enumerate() {
        match one(entry) {
            Ok(entry) => read.push(entry),
            Err(fault) => warnings.push(format!(
                "entry {} of {variable}{} matches no host: {fault}; what it means goes through the proxy",
                number + 1,
                shown(entry)
            )),
        }
    }
    if read.iter().any(|entry| entry == "*") {
        warnings.push(format!("{variable} has the entry `*`: everything is called directly, past the proxy"));
    }
    read
}

/// A host's name is no secret; what has an `@` may hold a password.
fn shown(entry: &str) -> String {
    let plain = entry.len() <= 100 && entry.chars().all(|c| !c.is_control() && c != '@' && c != '`');
    if plain { format!(" (`{entry}`)") } else { String::new() }
}

fn one(entry: &str) -> Result<String, String> {
    if entry == "*" {
        return Ok(entry.to_owned());
    }
    if entry.contains(['"', '\'', '`', '“', '”', '„', '‘', '’']) {
        return Err("leave out the quotation marks".into());
    }
    if entry.contains("://") {
        return Err("give the host alone, without a scheme".into());
    }
    let address = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    if address.parse::<std::net::IpAddr>().is_ok() {
        return Ok(address.to_owned());
    }
    if let Some((start, length)) = entry.split_once('/') {
        return network(start, length);
    }
    if entry.contains(':') {
        return Err("give the host alone, without a port".into());
    }
    if entry.contains(';') {
        return Err("separate entries by commas".into());
    }
    if entry.contains('*') {
        return Err(
            "`*` stands for everything and only alone; for a domain and all below it write .example.com"
                .into(),
        );
    }
    domain(entry)
}

fn network(start: &str, length: &str) -> Result<String, String> {
    let bare = start.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(start);
    let Ok(address) = bare.parse::<std::net::IpAddr>() else {
        return Err("give the host alone, without a path, or a network such as 10.0.0.0/8".into());
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    match length.parse::<u8>() {
        Ok(bits) if bits <= most && length.len() <= 3 => Ok(format!("{address}/{bits}")),
        _ => Err(format!("its network's length is no number from 0 to {most}")),
    }
}

/// As the name stands in a URL: small letters, xn--, no dot at its end.
fn domain(entry: &str) -> Result<String, String> {
    let (dot, name) = entry.strip_prefix('.').map_or(("", entry), |name| (".", name));
    let name = name.strip_suffix('.').unwrap_or(name);
    match Host::parse(name) {
        Ok(Host::Domain(name)) if !name.split('.').any(str::is_empty) => Ok(format!("{dot}{name}")),
        _ => Err("it is neither a DNS name, an IP address nor a network".into()),
    }
}
