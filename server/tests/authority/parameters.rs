//! Request parameters: repetitions are found, at a cost that grows with the request and not with its square.

use std::time::{Duration, Instant};

use lookout_server::authority::parameters::Parameters;
use proptest::prelude::*;

use crate::cases;

#[test]
fn many_distinct_names_are_searched_for_a_repetition_in_little_time() {
    let names = (0..200_000).map(|number| (format!("p{number}"), "v"));
    let parameters: Parameters = names.chain([("p7".to_owned(), "v")]).collect();
    let start = Instant::now();
    assert_eq!(parameters.repeated(), Some("p7"));
    // Comparing every pair would take minutes.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_parameter_without_a_value_is_absent_and_of_a_repeated_one_the_first_counts() {
    let parameters = Parameters::parse(b"a=1&b=&a=2&c=%41+%2B&d");
    assert_eq!(parameters.value("a"), Some("1"));
    assert_eq!(parameters.value("b"), None);
    assert_eq!(parameters.value("c"), Some("A +"));
    assert_eq!(parameters.value("d"), None);
    assert_eq!(parameters.value("e"), None);
    assert_eq!(parameters.values("a").collect::<Vec<_>>(), ["1", "2"]);
    assert!(parameters.repeats("a"));
    assert_eq!(Parameters::parse(b"a=x%00y").value("a"), Some("x\u{fffd}y"));
    assert!(!parameters.repeats("b") && !parameters.repeats("e"));
}

#[test]
fn values_are_not_printed() {
    let parameters: Parameters = [("code", "hunter2")].into_iter().collect();
    assert_eq!(format!("{parameters:?}"), "[\"code\"]");
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn what_is_encoded_is_read_back(pairs in proptest::collection::vec(("[^\0]{0,8}", "[^\0]{0,8}"), 0..6)) {
        let parameters: Parameters = pairs.into_iter().collect();
        prop_assert_eq!(&Parameters::parse(parameters.encode().as_bytes()), &parameters);
    }

    #[test]
    fn the_repeated_parameter_is_the_first_that_came_before(names in proptest::collection::vec("[a-e]{1,2}", 0..20)) {
        let parameters: Parameters = names.iter().map(|name| (name.as_str(), "v")).collect();
        let expected = (0..names.len()).find(|&index| names[..index].contains(&names[index]));
        prop_assert_eq!(parameters.repeated(), expected.map(|index| names[index].as_str()));
    }
}
