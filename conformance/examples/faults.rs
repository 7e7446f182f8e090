//! The harness measured by planted faults: who catches each, how soon, and on how small an input.
//!
//! `cargo xtask faults [NAME…]` builds and runs this. It is an example and no command of the
//! harness, because the harness links no server.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::{process, thread};

use lookout_server::danger::{Fault, faults};

#[path = "../tests/reference/matrix.rs"]
mod matrix;
#[path = "../tests/reference/server.rs"]
mod server;

use matrix::{Kill, is_a_race, kills};

#[expect(clippy::print_stdout, reason = "this is a command")]
fn main() {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    let only: Vec<String> = names.iter().filter(|name| name.contains('/')).cloned().collect();
    names.retain(|name| !name.contains('/'));
    let is_named = |fault: &&Fault| {
        names.is_empty() || names.iter().any(|name| fault.name.starts_with(name.as_str()))
    };
    let chosen: Vec<&Fault> = faults().filter(is_named).collect();
    println!("{:<34} {:>8} {:>7}  caught by", "fault", "soonest", "input");
    let begun = Instant::now();
    let measured = measure(&chosen, &only);
    let mut survivors = Vec::new();
    for (fault, found) in &measured {
        println!("{}", line(fault, found));
        if found.is_empty() {
            survivors.push(fault.name);
        }
    }
    let caught = measured.len() - survivors.len();
    println!("\n{caught} of {} faults caught, in {} s", measured.len(), begun.elapsed().as_secs());
    if !survivors.is_empty() {
        println!("nothing catches {}", survivors.join(", "));
        process::exit(1);
    }
}

/// Every fault with what caught it, in the order given.
fn measure<'f>(faults: &[&'f Fault], only: &[String]) -> Vec<(&'f Fault, Vec<Kill>)> {
    let next = AtomicUsize::new(0);
    let measured = Mutex::new(Vec::new());
    let work = || {
        while let Some((place, fault)) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            faults.get(place).map(|fault| (place, *fault))
        } {
            let found = kills(fault, only);
            measured.lock().expect("no worker panicked").push((place, fault, found));
        }
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(work);
        }
    });
    let mut measured = measured.into_inner().expect("no worker panicked");
    measured.sort_by_key(|(place, ..)| *place);
    measured.into_iter().map(|(_, fault, found)| (fault, found)).collect()
}

/// The soonest kill and the smallest input, then every check that caught it; `~` marks a race.
fn line(fault: &Fault, found: &[Kill]) -> String {
    let soonest = found.iter().map(|kill| kill.milliseconds).min();
    let smallest = found.iter().filter_map(|kill| kill.input).min();
    let soonest = soonest.map_or_else(|| "-".to_owned(), |time| format!("{time} ms"));
    let smallest = smallest.map_or_else(|| "-".to_owned(), |length| length.to_string());
    let marked = found.iter().map(|kill| {
        let mark = if is_a_race(&kill.id) { "~" } else { "" };
        format!("{mark}{}", kill.id)
    });
    let ids = marked.collect::<Vec<_>>().join(" ");
    format!("{:<34} {soonest:>8} {smallest:>7}  {ids}", fault.name)
}
