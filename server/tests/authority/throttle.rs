//! Throttling of sign-in: who waits, and how long.

use lookout_server::authority::throttle::{Admission, Counter, Failures, LONGEST_WAIT};
use lookout_server::authority::{Policy, Timestamp};
use proptest::prelude::*;

use crate::cases;
use crate::memory::authority;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const NONE: Failures = Failures { count: 0, last_at: NOW };

/// The waits, in seconds, of somebody who fails again as soon as they may.
fn waits(counter: Counter, failures: usize) -> Vec<i64> {
    let authority = authority(Policy::STRICT);
    let (mut now, mut so_far, mut waits) = (NOW, NONE, Vec::new());
    for _ in 0..failures {
        let mut waited = 0;
        if let Admission::Wait { seconds } = authority.admit_attempt(now, &[(counter, so_far)]) {
            waited = seconds;
            now = now.plus_seconds(seconds);
        }
        assert!(!matches!(
            authority.admit_attempt(now, &[(counter, so_far)]),
            Admission::Wait { .. }
        ));
        so_far = authority.count_failure(now, &[(counter, so_far)])[0];
        waits.push(waited);
    }
    waits
}

#[test]
fn the_sixth_failure_waits_and_every_further_one_twice_as_long() {
    let expected = [0, 0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 900, 900];
    assert_eq!(waits(Counter::AccountAndNetwork, 13), expected);
    assert_eq!(waits(Counter::KnownBrowser, 13), expected);
    let account = waits(Counter::Account, 52);
    assert_eq!((&account[..50], &account[50..]), (&[0; 50][..], &[15, 30][..]));
    let network = waits(Counter::Network, 34);
    assert_eq!((&network[..30], &network[30..]), (&[0; 30][..], &[2, 2, 2, 2][..]));
}

#[test]
fn once_there_are_too_many_one_guess_passes_at_a_time() {
    let authority = authority(Policy::STRICT);
    let so_far = Failures { count: 5, last_at: NOW };
    let later = NOW.plus_seconds(15);
    let counters = [(Counter::AccountAndNetwork, so_far)];
    let Admission::Counted(next) = authority.admit_attempt(later, &counters) else {
        panic!("the wait is over")
    };
    let counters = [(Counter::AccountAndNetwork, next[0])];
    let second = authority.admit_attempt(later, &counters);
    assert_eq!(second, Admission::Wait { seconds: 30 }, "sent at the same time");
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn nobody_waits_longer_than_a_quarter_of_an_hour_whatever_the_clock_does(
        counter in prop_oneof![
            Just(Counter::AccountAndNetwork),
            Just(Counter::KnownBrowser),
            Just(Counter::Account),
            Just(Counter::Network),
        ],
        count in 0_i64..1_000_000,
        elapsed in -4_000_000_i64..100_000_000,
    ) {
        let authority = authority(Policy::STRICT);
        let so_far = Failures { count, last_at: Timestamp(NOW.0 - elapsed) };
        if let Admission::Wait { seconds } = authority.admit_attempt(NOW, &[(counter, so_far)]) {
            prop_assert!((1..=LONGEST_WAIT).contains(&seconds), "{seconds}");
        }
        let next = authority.count_failure(NOW, &[(counter, so_far)])[0];
        prop_assert!(next.count >= 1 && next.count <= count.max(0) + 1);
        prop_assert!(next.last_at <= NOW);
    }
}
