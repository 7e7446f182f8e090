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

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn the_repeated_parameter_is_the_first_that_came_before(names in proptest::collection::vec("[a-e]{1,2}", 0..20)) {
        let parameters: Parameters = names.iter().map(|name| (name.as_str(), "v")).collect();
        let expected = (0..names.len()).find(|&index| names[..index].contains(&names[index]));
        prop_assert_eq!(parameters.repeated(), expected.map(|index| names[index].as_str()));
    }
}
