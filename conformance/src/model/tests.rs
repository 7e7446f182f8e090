//! The pure parts against histories made by hand, both ways: what may be, and what may not.

use crate::model::event::{
    ClientId, Event, GrantId, Issue, Kind, Place, Record, Scopes, Seen, TokenId,
};
use crate::model::linear::{Origin, late_success, linearise};
use crate::model::monitor::Monitor;
use crate::model::oracle::Oracle;
use crate::model::rules::Rules;
use crate::profile::{
    AccessRevocation, CodeReplay, FailedExchange, ReAuthorize, Refresh, RefreshRevocation,
};

const ALL: Scopes = Scopes(0b11);
const READ: Scopes = Scopes(0b01);
const A: ClientId = ClientId(0);
const ACCESS: TokenId = TokenId(0);
const REFRESH: TokenId = TokenId(1);

fn strict() -> Rules {
    Rules {
        refresh: Refresh::Strict,
        access_revocation: Some(AccessRevocation::Token),
        refresh_revocation: Some(RefreshRevocation::Grant),
        failed_exchange: Some(FailedExchange::KeepsCode),
        code_replay: Some(CodeReplay::Revokes),
        re_authorize: Some(ReAuthorize::KeepsGrants),
        spent_revocation: Some(true),
        delay: 0,
        code_lifetime: None,
    }
}

fn at(start: u64, end: u64, event: Event, seen: Seen) -> Record {
    Record { event, seen, start, end, replica: 0 }
}

fn issue(access: u16, refresh: u16) -> Seen {
    let refresh = Some(TokenId(refresh));
    Seen::Issued(Issue { access: TokenId(access), refresh, scopes: ALL, expires_in: None })
}

fn refused() -> Seen {
    Seen::Refused("invalid_grant".to_owned())
}

fn exchange() -> Event {
    Event::Exchange { code: GrantId(0), by: A, right_verifier: true, right_redirect: true }
}

fn refresh(token: TokenId) -> Event {
    Event::Refresh { token, by: A, asked: None }
}

fn revoke(token: TokenId) -> Event {
    Event::Revoke { token, by: A, hint: None }
}

fn call(token: TokenId) -> Event {
    Event::Call { token, at: Place::Main, needs: READ, what: "tool".to_owned() }
}

/// A consent to everything and its exchange.
fn granted() -> Vec<Record> {
    let authorize = Event::Authorize {
        client: A,
        confidential: false,
        asked: ALL,
        kept: Some(ALL),
        at: Place::Main,
        is_plain: true,
    };
    vec![at(0, 1, authorize, Seen::Code(GrantId(0))), at(2, 3, exchange(), issue(0, 1))]
}

/// The first record, counted from 0, that no world allows.
fn first_wrong(rules: Rules, records: &[Record]) -> Option<usize> {
    let mut oracle = Oracle::new(rules);
    records.iter().position(|record| oracle.observe(record).is_err())
}

fn after_grant(then: impl IntoIterator<Item = (Event, Seen)>) -> Vec<Record> {
    let mut records = granted();
    for (event, seen) in then {
        let start = 10 * u64::try_from(records.len()).unwrap();
        records.push(at(start, start + 1, event, seen));
    }
    records
}

#[test]
fn reuse_of_a_spent_refresh_token_ends_the_grant_and_nothing_else_explains_it() {
    let lives = [
        (refresh(REFRESH), issue(2, 3)),
        (refresh(REFRESH), refused()),
        (call(TokenId(2)), Seen::Accepted),
    ];
    assert_eq!(first_wrong(strict(), &after_grant(lives.clone())), Some(4));
    let mut ends = lives;
    ends[2].1 = Seen::Unauthorized;
    assert_eq!(first_wrong(strict(), &after_grant(ends)), None);
    let again = [(refresh(REFRESH), issue(2, 3)), (refresh(REFRESH), issue(4, 5))];
    assert_eq!(first_wrong(strict(), &after_grant(again)), Some(3));
}

#[test]
fn a_server_that_only_refuses_reuse_may_go_on_and_never_accepts_a_spent_token() {
    let rules = Rules { refresh: Refresh::RefusesReuse, ..strict() };
    let reused = |then: &[(Event, Seen)]| {
        let start = [(refresh(REFRESH), issue(2, 3)), (refresh(REFRESH), refused())];
        after_grant(start.into_iter().chain(then.iter().cloned()))
    };
    let later = refresh(TokenId(3));
    for then in [
        [(call(TokenId(2)), Seen::Accepted), (later.clone(), issue(4, 5))],
        [(call(TokenId(2)), Seen::Unauthorized), (later.clone(), refused())],
    ] {
        assert_eq!(first_wrong(rules, &reused(&then)), None);
    }
    let lives = reused(&[(call(TokenId(2)), Seen::Accepted), (later, issue(4, 5))]);
    let mut monitor = Monitor::new(rules);
    assert!(lives.iter().all(|record| monitor.observe(record).is_ok()));
    let again = reused(&[(refresh(REFRESH), issue(4, 5))]);
    assert_eq!(first_wrong(rules, &again), Some(4));
    let mut monitor = Monitor::new(rules);
    assert_eq!(again.iter().position(|record| monitor.observe(record).is_err()), Some(4));
}

#[test]
fn a_grace_window_tolerates_reuse_until_it_is_over() {
    let rules = Rules { refresh: Refresh::Grace { seconds: 1 }, ..strict() };
    let again = [(refresh(REFRESH), issue(2, 3)), (refresh(REFRESH), issue(4, 5))];
    let mut records = after_grant(again);
    assert_eq!(first_wrong(rules, &records), None);
    records[3].start = 2_000_000;
    assert_eq!(first_wrong(rules, &records), Some(3));
}

#[test]
fn an_unsettled_choice_allows_either_answer_but_not_both() {
    let rules = Rules { access_revocation: None, ..strict() };
    for refreshed in [issue(2, 3), refused()] {
        let either = [(revoke(ACCESS), Seen::Done), (refresh(REFRESH), refreshed)];
        assert_eq!(first_wrong(rules, &after_grant(either)), None);
    }
    let both = [
        (revoke(ACCESS), Seen::Done),
        (refresh(REFRESH), refused()),
        (refresh(REFRESH), issue(2, 3)),
    ];
    assert_eq!(first_wrong(rules, &after_grant(both)), Some(4));
}

/// The same client is authorized twice, and then what comes is done.
fn granted_twice(then: impl IntoIterator<Item = (Event, Seen)>) -> Vec<Record> {
    let second = [
        (granted()[0].event.clone(), Seen::Code(GrantId(1))),
        (
            Event::Exchange { code: GrantId(1), by: A, right_verifier: true, right_redirect: true },
            issue(2, 3),
        ),
    ];
    after_grant(second.into_iter().chain(then))
}

#[test]
fn joined_grants_end_together_and_separate_ones_do_not() {
    let joined = Rules { re_authorize: Some(ReAuthorize::JoinsGrants), ..strict() };
    let open = Rules { re_authorize: None, ..strict() };
    let newer_ends = |seen| granted_twice([(revoke(TokenId(3)), Seen::Done), (call(ACCESS), seen)]);
    let (dies, lives) = (newer_ends(Seen::Unauthorized), newer_ends(Seen::Accepted));
    assert_eq!(first_wrong(joined, &dies), None);
    assert_eq!(first_wrong(joined, &lives), Some(5));
    assert_eq!(first_wrong(strict(), &dies), Some(5));
    assert_eq!(first_wrong(strict(), &lives), None);
    assert!([&dies, &lives].iter().all(|records| first_wrong(open, records).is_none()));
    // Another client's grant is never joined.
    let mut stranger = dies;
    for (at, event) in [(2, 0), (3, 1)] {
        stranger[at].event = match granted().swap_remove(event).event {
            Event::Authorize { confidential, asked, kept, at, is_plain, .. } => {
                Event::Authorize { client: ClientId(1), confidential, asked, kept, at, is_plain }
            }
            _ => Event::Exchange {
                code: GrantId(1),
                by: ClientId(1),
                right_verifier: true,
                right_redirect: true,
            },
        };
    }
    stranger[4].event = Event::Revoke { token: TokenId(3), by: ClientId(1), hint: None };
    assert_eq!(first_wrong(joined, &stranger), Some(5));
}

#[test]
fn the_monitor_knows_joined_grants_and_not_what_began_after_a_doubt() {
    let joined = Rules { re_authorize: Some(ReAuthorize::JoinsGrants), ..strict() };
    let wrong = |rules, records: &[Record]| {
        let mut monitor = Monitor::new(rules);
        records.iter().position(|record| monitor.observe(record).is_err())
    };
    let lives = granted_twice([(revoke(TokenId(3)), Seen::Done), (call(ACCESS), Seen::Accepted)]);
    assert_eq!(wrong(joined, &lives), Some(5));
    assert_eq!(wrong(strict(), &lives), None);
    // The refusal may mean that the first grant was over, and then the second is a new one.
    let mut doubtful = lives;
    let doubt = at(8, 9, refresh(REFRESH), refused());
    doubtful.insert(2, doubt);
    assert_eq!(wrong(joined, &doubtful), None);
}

#[test]
fn a_code_that_was_not_redeemed_may_outlive_joined_grants() {
    let joined = Rules { re_authorize: Some(ReAuthorize::JoinsGrants), ..strict() };
    for exchanged in [issue(2, 3), refused()] {
        let second =
            Event::Exchange { code: GrantId(1), by: A, right_verifier: true, right_redirect: true };
        let records = after_grant([
            (granted()[0].event.clone(), Seen::Code(GrantId(1))),
            (revoke(REFRESH), Seen::Done),
            (second, exchanged),
        ]);
        assert_eq!(first_wrong(joined, &records), None);
    }
}

#[test]
fn a_declared_delay_excuses_a_call_for_as_long_as_it_lasts() {
    let rules = Rules { delay: 1_000, ..strict() };
    let mut records = after_grant([(revoke(ACCESS), Seen::Done), (call(ACCESS), Seen::Accepted)]);
    assert_eq!(first_wrong(strict(), &records), Some(3));
    assert_eq!(first_wrong(rules, &records), None);
    records[3].start = 5_000;
    assert_eq!(first_wrong(rules, &records), Some(3));
}

#[test]
fn scopes_decide_between_accepted_and_403() {
    let needs = |needs| Event::Call { token: ACCESS, at: Place::Main, needs, what: String::new() };
    assert_eq!(first_wrong(strict(), &after_grant([(needs(Scopes(4)), Seen::Forbidden)])), None);
    assert_eq!(first_wrong(strict(), &after_grant([(needs(Scopes(4)), Seen::Accepted)])), Some(2));
    assert_eq!(first_wrong(strict(), &after_grant([(needs(ALL), Seen::Forbidden)])), Some(2));
}

#[test]
fn the_monitor_notices_life_after_an_ending_without_the_worlds() {
    let dead = [
        [(revoke(REFRESH), Seen::Done), (call(ACCESS), Seen::Accepted)],
        [(exchange(), refused()), (call(ACCESS), Seen::Accepted)],
        [(revoke(ACCESS), Seen::Done), (call(ACCESS), Seen::Accepted)],
    ];
    for then in dead {
        let mut monitor = Monitor::new(strict());
        let wrong = after_grant(then).iter().position(|record| monitor.observe(record).is_err());
        assert_eq!(wrong, Some(3));
    }
    let mut monitor = Monitor::new(strict());
    let fine = after_grant([(revoke(ACCESS), Seen::Done), (refresh(REFRESH), issue(2, 3))]);
    assert!(fine.iter().all(|record| monitor.observe(record).is_ok()));
}

/// Whether `history`, which follows a grant, has an order.
fn has_order(history: &[Record]) -> bool {
    let mut oracle = Oracle::new(strict());
    assert!(granted().iter().all(|record| oracle.observe(record).is_ok()));
    !linearise(oracle.worlds(), &strict(), history).is_empty()
}

#[test]
fn of_two_refreshes_at_the_same_time_one_may_win_and_never_both() {
    let first = at(10, 30, refresh(REFRESH), issue(2, 3));
    assert!(has_order(&[first.clone(), at(11, 29, refresh(REFRESH), refused())]));
    assert!(!has_order(&[first, at(11, 29, refresh(REFRESH), issue(4, 5))]));
}

#[test]
fn a_refusal_must_have_something_before_it_that_explains_it() {
    let refusal = at(10, 20, refresh(REFRESH), refused());
    assert!(!has_order(std::slice::from_ref(&refusal)));
    let overlapping = at(15, 40, revoke(REFRESH), Seen::Done);
    assert!(has_order(&[refusal.clone(), overlapping]));
    let later = at(21, 40, revoke(REFRESH), Seen::Done);
    assert!(!has_order(&[refusal, later]));
}

#[test]
fn a_call_may_overlap_a_revocation_and_not_follow_it() {
    let revocation = at(10, 20, revoke(REFRESH), Seen::Done);
    let overlapping = at(19, 30, call(ACCESS), Seen::Accepted);
    let following = at(21, 30, call(ACCESS), Seen::Accepted);
    assert!(has_order(&[revocation.clone(), overlapping.clone()]));
    assert!(!has_order(&[revocation.clone(), following.clone()]));

    let origin = |kind| Origin { kind, client: Some(A), grant: Some(GrantId(0)) };
    let tokens = [(ACCESS, origin(Kind::Access)), (REFRESH, origin(Kind::Refresh))].into();
    let early = [revocation.clone(), overlapping];
    assert_eq!(late_success(&strict(), &tokens, &early), None);
    let late = [revocation, following.clone()];
    assert_eq!(late_success(&strict(), &tokens, &late), Some(&following));
}

#[test]
fn a_token_minted_beside_a_revocation_dies_with_its_grant() {
    let minting = at(10, 30, refresh(REFRESH), issue(2, 3));
    let revocation = at(12, 20, revoke(REFRESH), Seen::Done);
    let dead = at(40, 41, call(TokenId(2)), Seen::Unauthorized);
    let alive = at(40, 41, call(TokenId(2)), Seen::Accepted);
    assert!(has_order(&[minting.clone(), revocation.clone(), dead]));
    assert!(!has_order(&[minting, revocation, alive]));
}
