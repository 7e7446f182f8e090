//! Each rule of fetching is kept by the server, and noticed by its law when it is missing.

use lookout_server::client_documents::rules::Rules;

use crate::address::agrees_at_the_edges;
use crate::fetch::{self, RULES};

type Law = fn(Rules) -> bool;

/// A rule that is missing, and the law that notices. Beside it, the rules that keep the law.
const PLANTED: &[(&str, Law, Rules, Rules)] = &[
    (
        "every address is public",
        |rules| agrees_at_the_edges(rules.address_is_public),
        Rules { address_is_public: |_| true, ..Rules::STRICT },
        Rules::STRICT,
    ),
    (
        "only what the standard library calls private is special",
        |rules| agrees_at_the_edges(rules.address_is_public),
        Rules {
            address_is_public: |address| match address {
                std::net::IpAddr::V4(address) => !address.is_private() && !address.is_loopback(),
                std::net::IpAddr::V6(address) => !address.is_loopback(),
            },
            ..Rules::STRICT
        },
        Rules::STRICT,
    ),
    (
        "addresses are not judged",
        fetch::a_name_that_stands_for_an_inside_address_is_not_connected_to,
        Rules { address_is_public: |_| true, ..RULES },
        RULES,
    ),
    (
        "one good address is enough",
        fetch::one_inside_address_among_others_spoils_the_name,
        Rules { every_address_is_judged: false, ..RULES },
        RULES,
    ),
    (
        "the name is resolved again to connect",
        fetch::a_name_that_changes_its_address_is_connected_to_where_it_was_judged,
        Rules { judged_addresses_are_used: false, ..RULES },
        RULES,
    ),
    (
        "redirects are followed",
        fetch::a_redirect_leads_nowhere,
        Rules { redirects_are_refused: false, ..RULES },
        RULES,
    ),
    (
        "any certificate will do",
        fetch::a_site_that_nobody_certified_is_not_believed,
        Rules { certificates_are_verified: false, ..RULES },
        RULES,
    ),
    (
        "any status will do",
        fetch::only_200_is_a_document,
        Rules { status_is_accepted: |_| true, ..RULES },
        RULES,
    ),
    (
        "any media type will do",
        fetch::only_json_is_a_document,
        Rules { media_type_is_accepted: |_| true, ..RULES },
        RULES,
    ),
    (
        "any size will do",
        fetch::a_large_document_is_not_read,
        Rules { size_is_accepted: |_, _| true, ..RULES },
        RULES,
    ),
    (
        "no time is too long",
        fetch::a_slow_document_is_given_up,
        Rules { time_is_bounded: false, ..RULES },
        RULES,
    ),
    (
        "failures are told at once",
        fetch::every_failure_takes_the_same_time,
        Rules { failures_take_all_the_time: false, ..RULES },
        RULES,
    ),
];

#[test]
fn the_server_keeps_every_law() {
    for (name, law, _, strict) in PLANTED {
        assert!(law(*strict), "the law that notices that {name}");
    }
}

#[test]
fn every_missing_rule_is_noticed() {
    for (name, law, planted, _) in PLANTED {
        assert!(!law(*planted), "nobody notices that {name}");
    }
}
