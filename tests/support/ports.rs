//! Ports for programs that are told theirs: the machine is one host for all Pods of a test.

use std::{net::TcpListener, sync::Mutex};

/// Below the ports that Linux gives away by itself, so that nobody has one of them a moment later.
const RANGE: std::ops::Range<u16> = 20_000..32_768;

/// Where to look next. Two tests never get the same port, and two runs beside each other begin elsewhere.
static NEXT: Mutex<Option<u16>> = Mutex::new(None);

/// Ports that nobody has, and that no other test of this run is given.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let mut next = NEXT.lock().unwrap();
    let first = next.unwrap_or_else(|| RANGE.start + u16::try_from(std::process::id() % 3_000).unwrap() * 4);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut free = (first..RANGE.end).chain(RANGE.start..first).filter(is_free);
    let ports = [(); N].map(|()| free.next().expect("a free port"));
    *next = ports.last().map(|last| last + 1);
    ports
}
