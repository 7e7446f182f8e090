//! Laws without a server: what is tried, in which order, and what a trail leads back to.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use serde_json::{Value, json};

use crate::outcome::{Halt, Outcome, Violation};
use crate::probe::Probe;
use crate::probe::browser::Browser;
use crate::probe::http::Http;
use crate::probe::site::Site;
use crate::property::turn::Again;
use crate::replay::Trail;
use crate::target::{Options, Target};

/// A server that publishes one document under every address.
fn documented() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 8\r\n\r\n";
            let _ = (&stream).write_all(format!("{head}{{\"a\": 1}}").as_bytes());
        }
    });
    url
}

/// Runs `check` on a probe whose server is asked nothing but its documents.
fn with_probe<T>(wanted: Option<Trail>, check: impl FnOnce(&Probe<'_>) -> T) -> T {
    let (target, options) = (Target::new(documented()), Options::default());
    let http = Http::new(&target, Duration::from_secs(5));
    let site = Site::discover(&http, &target).unwrap();
    let browser = Browser::default();
    let probe = Probe::new("test/law", &target, &options, &site, &browser, http);
    check(&probe.replaying(wanted))
}

fn sum_is_small(numbers: &[u32]) -> Outcome {
    if numbers.iter().map(|number| u64::from(*number)).sum::<u64>() < 10 {
        return Ok(());
    }
    Err(Violation::new("a small sum", "a large one").into())
}

fn input(outcome: &Outcome) -> Option<String> {
    match outcome {
        Err(Halt::Violation(violation)) => violation.input.clone(),
        _ => None,
    }
}

#[test]
fn a_trail_leads_to_the_shrunk_input_and_nothing_else_is_tried() {
    let inputs = vec(0_u32..100, 0..6);
    let law = |probe: &Probe<'_>| {
        probe.for_each([1, 2], |_| Ok(()))?;
        probe.forall(&inputs, |input| sum_is_small(input))
    };
    let (found, trail) = with_probe(None, |probe| (input(&law(probe)), probe.trail().unwrap()));
    assert_eq!(found.as_deref(), Some("[10]"), "shrinking finds the smallest");
    assert_eq!(trail.law, 1);
    let tried = RefCell::new(Vec::new());
    with_probe(Some(trail), |probe| {
        let skipped = probe.for_each([1, 2], |_| panic!("the replay is about the second law"));
        assert!(skipped.is_ok());
        let ended = probe.forall(&inputs, |input| {
            tried.borrow_mut().push(input.clone());
            sum_is_small(input)
        });
        assert!(matches!(ended, Err(Halt::NotTested(_))), "the check ends with the replay");
        assert!(matches!(probe.take_again(), Some(Again::Reproduced(..))));
    });
    assert_eq!(tried.into_inner(), [[10]]);
}

#[test]
fn a_kept_input_is_read_from_the_trail_whatever_the_generator_has_become() {
    let law = |probe: &Probe<'_>, most: u32| {
        probe.forall_kept(20, &vec(0..most, 0..6), |input| sum_is_small(input))
    };
    let trail = with_probe(None, |probe| {
        assert!(law(probe, 100).is_err());
        probe.trail().unwrap()
    });
    assert_eq!(trail.value, Some(json!([10])));
    let again = |trail| {
        with_probe(Some(trail), |probe| {
            assert!(law(probe, 3).is_err());
            probe.take_again()
        })
    };
    assert!(matches!(again(trail.clone()), Some(Again::Reproduced(..))));
    let unreadable = Trail { value: Some(Value::from("x")), ..trail };
    assert!(matches!(again(unreadable), Some(Again::Lost(_))));
}

#[test]
fn random_numbers_of_an_attempt_do_not_depend_on_what_came_before() {
    let draws = RefCell::new(Vec::new());
    let draw = |probe: &Probe<'_>| {
        draws.borrow_mut().push(probe.random_text());
        Outcome::Ok(())
    };
    with_probe(None, |probe| {
        let _ = probe.for_each([1, 2], |_| draw(probe));
        let _ = probe.for_each([3], |_| draw(probe));
        let _ = draw(probe);
    });
    let trail = Trail::new(1, 0).to("3");
    with_probe(Some(trail), |probe| {
        let _ = probe.for_each([1, 2], |_| draw(probe));
        let _ = probe.for_each([3], |_| draw(probe));
    });
    let draws = draws.into_inner();
    assert_eq!(draws.len(), 5, "the replay tries one input");
    assert_eq!(draws[2], draws[4]);
    let mut distinct = draws[..4].to_vec();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 4);
}

#[test]
fn listed_inputs_are_reported_by_the_name_that_the_law_gives_them() {
    let outcome = with_probe(None, |probe| {
        probe.for_each([1, 2], |number| match number {
            2 => Err(Violation::new("e", "o").on("two").into()),
            _ => Ok(()),
        })
    });
    assert_eq!(input(&outcome).as_deref(), Some("two"));
}
