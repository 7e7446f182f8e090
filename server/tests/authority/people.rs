//! Setup links and passwords: what counts once, what ends, and that each rule is missed when it is gone.

use lookout_server::authority::people::{
    DeadLink, FreshSession, NotAnyMore, PasswordHash, Person, PersonChange, SetupLink,
};
use lookout_server::authority::records::User;
use lookout_server::authority::throttle::{Admission, Counter, Failures};
use lookout_server::authority::{Authority, Change, Policy, Timestamp};
use lookout_server::secret::keys::{Digest, Kid};

use crate::memory::authority;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const STRICT: Policy = Policy::STRICT;

fn user() -> User {
    User {
        id: "u".to_owned(),
        email: "u@lookout.example".to_owned(),
        display_name: "U".to_owned(),
        disabled_at: None,
    }
}

fn person(changed_at: i64) -> Person {
    Person {
        user: user(),
        password: PasswordHash("hash".to_owned()),
        password_changed_at: Timestamp(changed_at),
    }
}

fn fresh() -> FreshSession {
    FreshSession { digest: digest(1), id: "s".to_owned(), label: "Firefox".to_owned() }
}

const fn digest(byte: u8) -> Digest {
    Digest([byte; 32], Kid(1))
}

fn new_hash() -> PasswordHash {
    PasswordHash("new".to_owned())
}

fn link(used_at: Option<Timestamp>, ends: i64) -> SetupLink {
    SetupLink {
        digest: digest(7),
        user_id: "u".to_owned(),
        created_at: NOW,
        expires_at: Timestamp(NOW.0 + ends),
        used_at,
    }
}

fn use_link(authority: &Authority, link: SetupLink) -> Result<(), DeadLink> {
    let decision = authority.set_up(NOW, Some((link, user())), new_hash(), fresh());
    assert_eq!(decision.reply.is_ok(), !decision.changes.is_empty());
    decision.reply
}

fn a_used_link_is_dead(authority: &Authority) -> bool {
    use_link(authority, link(Some(NOW), 1000)) == Err(DeadLink)
}

fn an_old_link_is_dead(authority: &Authority) -> bool {
    use_link(authority, link(None, 0)) == Err(DeadLink)
}

fn the_old_password_signs_nobody_in(authority: &Authority) -> bool {
    let decision = authority.sign_in(NOW, Some(&person(2)), Timestamp(1), None, fresh());
    decision.reply == Err(NotAnyMore) && decision.changes.is_empty()
}

fn a_new_password_ends_every_session_but_its_own(authority: &Authority) -> bool {
    let kept = digest(9);
    let decision = authority.change_password(NOW, Some(&person(1)), Timestamp(1), new_hash(), kept);
    let end = PersonChange::EndSessions { user_id: "u".to_owned(), but: Some(kept) };
    decision.reply.is_ok() && decision.changes.contains(&Change::Person(end))
}

fn the_sixth_wrong_password_waits(authority: &Authority) -> bool {
    let so_far = [(Counter::AccountAndNetwork, Failures { count: 5, last_at: NOW })];
    authority.admit_attempt(NOW, &so_far) == Admission::Wait { seconds: 15 }
}

#[test]
fn every_rule_about_people_holds_and_is_missed_when_it_is_gone() {
    type Law = fn(&Authority) -> bool;
    let laws: [(&str, Law, Policy); 5] = [
        (
            "a setup link that works twice",
            a_used_link_is_dead,
            Policy { setup_link_unused: |_| true, ..STRICT },
        ),
        (
            "a setup link that lasts for ever",
            an_old_link_is_dead,
            Policy { setup_link_unexpired: |_, _| true, ..STRICT },
        ),
        (
            "a sign-in that does not see the change of its password",
            the_old_password_signs_nobody_in,
            Policy { password_is_the_verified: |_, _| true, ..STRICT },
        ),
        (
            "a new password that ends the session it was chosen in",
            a_new_password_ends_every_session_but_its_own,
            Policy { session_kept: |_| None, ..STRICT },
        ),
        (
            "wrong passwords without end",
            the_sixth_wrong_password_waits,
            Policy { sign_in_counted: |_, _, failures| Ok(failures), ..STRICT },
        ),
    ];
    for (fault, law, policy) in laws {
        assert!(law(&authority(STRICT)), "{fault}");
        assert!(!law(&authority(policy)), "not noticed: {fault}");
    }
}

#[test]
fn a_good_link_sets_the_password_ends_everything_before_and_begins_a_session() {
    let authority = authority(STRICT);
    let decision = authority.set_up(NOW, Some((link(None, 1000), user())), new_hash(), fresh());
    assert_eq!(decision.reply, Ok(()));
    let user_id = || "u".to_owned();
    assert_eq!(
        decision.changes[..3],
        [
            PersonChange::EndSetupLinks { user_id: user_id(), at: NOW }.into(),
            PersonChange::SetPassword { user_id: user_id(), hash: new_hash(), at: NOW }.into(),
            PersonChange::EndSessions { user_id: user_id(), but: None }.into(),
        ]
    );
    assert!(
        matches!(&decision.changes[3..], [Change::AddSession(session)] if session.user_id == "u")
    );
    let mut disabled = user();
    disabled.disabled_at = Some(NOW);
    let refused = authority.set_up(NOW, Some((link(None, 1000), disabled)), new_hash(), fresh());
    assert_eq!(refused.reply, Err(DeadLink));
    assert_eq!(authority.set_up(NOW, None, new_hash(), fresh()).reply, Err(DeadLink));
}

#[test]
fn what_describes_a_change_never_shows_a_hash() {
    let change = PersonChange::SetPassword {
        user_id: "u".to_owned(),
        hash: PasswordHash("$argon2id$secret".to_owned()),
        at: NOW,
    };
    assert!(!format!("{change:?}").contains("argon2id"));
}
