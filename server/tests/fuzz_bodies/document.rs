//! F8: the address of a client's metadata document, and the document. The first line is the address, the rest is what is there.

use lookout_server::authority::document::Fetched;
use lookout_server::authority::records::ClientAuthMethod;
use lookout_server::authority::{Change, Timestamp};
use lookout_server::client_documents::location::{Location, Places, is_address, verified_host};
use serde_json::Value;
use url::Url;

use super::registration::{authority, is_sound};

pub(crate) fn check(bytes: &[u8]) {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let Ok(address) = std::str::from_utf8(&bytes[..end]) else { return };
    let own_hosts = vec!["lookout.example.com".to_owned()];
    let places = Places { ports: vec![443], own_hosts, allow_loopback: false };
    let location = Location::parse(address, &places);
    if location.is_ok() {
        is_one_public_spelling(address);
    }
    let address = if location.is_ok() { address } else { "https://app.example.com/client.json" };
    describes_itself(address, bytes.get(end + 1..).unwrap_or_default());
}

fn is_one_public_spelling(address: &str) {
    assert!(is_address(address) && address.is_ascii() && address.len() <= 2048, "{address:?}");
    let after = address.strip_prefix("https://").unwrap_or_else(|| panic!("{address:?}"));
    let (host, path) = after.split_once('/').unwrap_or_else(|| panic!("{address:?}"));
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
            && !label.contains(['@', ':', '[', ']', '%', '\\', '?', '#'])
    };
    assert!(host.contains('.') && host.split('.').all(is_label), "{address:?}");
    assert!(!host.ends_with(".internal") && !host.ends_with(".localhost"), "{address:?}");
    assert_ne!(host, "lookout.example.com");
    // The last label of a number is a number, in any base.
    let last = host.rsplit('.').next().unwrap_or_default();
    assert!(!last.bytes().all(|byte| byte.is_ascii_digit()), "{address:?}");
    let path = path.split('?').next().unwrap_or_default().to_lowercase().replace("%2e", ".");
    assert!(!path.split(['/', '\\']).any(|segment| matches!(segment, "." | "..")), "{address:?}");
    assert!(!address.contains(['#', '\\', ' ']), "{address:?}");
    let url = Url::parse(address).unwrap_or_else(|error| panic!("{address:?}: {error}"));
    assert_eq!(url.as_str(), address);
    assert_eq!(verified_host(address).as_deref(), Some(host));
}

fn describes_itself(address: &str, bytes: &[u8]) {
    let fetched = Fetched { address, bytes, fresh_for: 300 };
    let decision = authority().describe(Timestamp(1), fetched, None);
    match decision.reply {
        Err(_) => assert_eq!(decision.changes, []),
        Ok(client) => {
            assert_eq!(decision.changes, [Change::DescribeClient(client.clone())]);
            let document: Value = serde_json::from_slice(bytes).expect("it was read");
            assert_eq!(document["client_id"], address);
            assert!(document.get("client_secret").is_none());
            assert_eq!((client.id.as_str(), client.auth_method), (address, ClientAuthMethod::None));
            assert_eq!(
                (client.secret, client.document_fresh_until),
                (None, Some(Timestamp(300_001)))
            );
            is_sound(&client, &document);
        }
    }
}
