//! What a server or a browser says, as bytes of any origin: the bodies of the fuzz targets in `sdk/fuzz`, with checks of their own.
//!
//! Compiled for this crate's tests and under cargo-fuzz, and absent from every other build.

use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::Challenge;
use super::discovery::{Authority, of_documents};
use super::flow::{Authorizing, PARAMETERS, Received};
use super::registration::ClientIdentity;
use super::token::{self, Refusal};
use crate::endpoint::Endpoint;
use crate::http::Answer;

const ENDPOINT: &str = "https://lookout.example/mcp";
const ISSUER: &str = "https://lookout.example";
const CALLBACK: &str = "http://127.0.0.1:4321/callback";

/// `WWW-Authenticate`: every line is one header.
pub fn challenge(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        headers.append(WWW_AUTHENTICATE, value);
    }
    if let Some(read) = Challenge::from_headers(&headers) {
        let text = bytes.to_ascii_lowercase();
        assert!(text.windows(6).any(|word| word == b"bearer"), "{read:?}");
        let scopes = read.scopes();
        assert!(scopes.is_sorted_by(|a, b| a < b), "{scopes:?}");
        let is_legal = |byte| matches!(byte, 0x21..=0x7e) && byte != b'"' && byte != b'\\';
        assert!(scopes.iter().all(|name| !name.is_empty() && name.bytes().all(is_legal)));
    }
    what_follows_a_whole_challenge_changes_nothing(bytes);
}

/// The first line becomes a quoted text, which is read as it was meant, whatever the second line adds to the header.
fn what_follows_a_whole_challenge_changes_nothing(bytes: &[u8]) {
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let (value, rest) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let mut header = b"Bearer error=\"".to_vec();
    for &byte in value {
        if byte == b'"' || byte == b'\\' {
            header.push(b'\\');
        }
        header.push(byte);
    }
    header.extend(b"\", scope=\"mcp:read\", resource_metadata=\"https://x.example/a,b\", ");
    header.extend(rest);
    let mut headers = HeaderMap::new();
    let header = HeaderValue::from_bytes(&header).expect("its parts are values of headers");
    headers.append(WWW_AUTHENTICATE, header);
    let expected = Challenge {
        error: Some(value.iter().map(|&byte| char::from(byte)).collect()),
        scope: Some("mcp:read".to_owned()),
        resource_metadata: Some("https://x.example/a,b".to_owned()),
    };
    assert_eq!(Challenge::from_headers(&headers), Some(expected));
}

/// The query of a request to the redirect URI; the word STATE stands for the state of the request that was sent.
pub fn callback(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for sends_iss in [false, true] {
        let client = ClientIdentity::from_parts("client".to_owned(), "none", None);
        let request = Authorizing::start(
            1,
            Arc::new(authority(sends_iss)),
            client.expect("a client without a secret"),
            CALLBACK,
            vec!["mcp:read".to_owned()],
        );
        let request = request.expect("there is randomness");
        let sent = request.url().query_pairs().find(|(name, _)| name == "state");
        let state = sent.expect("every request has a state").1.into_owned();
        let query = text.replace("STATE", &state);
        let all = decode(&query);
        let given = |name: &str| -> Vec<&str> {
            all.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
        };
        let is_ours = given("state") == [state.as_str()];
        let is_issuers = given("iss") == [ISSUER] || given("iss").is_empty() && !sends_iss;
        let is_twice = ["code", "error", "iss"].iter().any(|name| given(name).len() > 1);
        match request.receive(&query) {
            Received::Stray(_) => assert!(!is_ours || is_twice, "{query:?}"),
            Received::Answered(_) => {
                assert!(is_ours && is_issuers && !is_twice, "{query:?}");
                assert!(given("error").is_empty(), "{query:?}");
                let [code] = given("code")[..] else { panic!("{query:?}") };
                assert!(!code.is_empty() && code.bytes().all(|byte| byte.is_ascii_graphic()));
            }
            Received::Failed(error) => {
                assert!(is_ours && !is_twice, "{query:?}");
                let shown = error.to_string();
                assert!(shown.len() < 300 && !shown.contains(char::is_control), "{shown:?}");
                // Of another issuer's response nothing else is looked at.
                assert!(is_issuers || shown.contains("is not used"), "{shown:?}");
            }
        }
    }
}

/// URL Standard section 5.1, byte by byte.
fn decode(query: &str) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| {
        let mut decoded = Vec::new();
        let mut index = 0;
        while index < bytes.len() {
            let digit = |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
            match (bytes[index], digit(index + 1), digit(index + 2)) {
                (b'%', Some(high), Some(low)) => {
                    decoded.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits"));
                    index += 2;
                }
                (b'+', ..) => decoded.push(b' '),
                (byte, ..) => decoded.push(byte),
            }
            index += 1;
        }
        String::from_utf8_lossy(&decoded).into_owned()
    };
    let sequences = query.as_bytes().split(|&byte| byte == b'&');
    let pairs = sequences.filter(|sequence| !sequence.is_empty()).map(|sequence| {
        let end = sequence.iter().position(|&byte| byte == b'=').unwrap_or(sequence.len());
        (text(&sequence[..end]), text(sequence.get(end + 1..).unwrap_or_default()))
    });
    pairs.collect()
}

/// A token response: the first line is the status, the rest the body.
pub fn tokens(bytes: &[u8]) {
    let (status, body) = halves(bytes);
    let status = std::str::from_utf8(status).ok().and_then(|status| status.parse().ok());
    let answer = answer(status.unwrap_or(200), body);
    let document: Option<Value> = serde_json::from_slice(body).ok();
    let asked = ["mcp:read".to_owned(), "mcp:write".to_owned()];
    match token::judge(&answer, &asked) {
        Ok(tokens) => {
            assert_eq!(answer.status, 200);
            // What the SDK passes over may be a number or a depth that no `Value` has.
            let Some(document) = document else { return };
            assert_eq!(document["access_token"], tokens.access.expose());
            assert!(tokens.access.expose().bytes().all(|byte| byte.is_ascii_graphic()));
            let kind = document["token_type"].as_str().unwrap_or_default();
            assert_eq!(kind.to_ascii_lowercase(), "bearer");
            assert!(document["error"].is_null());
            let refresh = tokens.refresh.as_ref().map(|token| token.expose());
            assert_eq!(document["refresh_token"].as_str(), refresh);
            assert_eq!(document["expires_in"].is_null(), tokens.expires_at.is_none());
            assert!(tokens.scopes.iter().all(|scope| asked.contains(scope)));
            assert!(tokens.scopes.is_sorted_by(|a, b| a < b));
        }
        Err(Refusal::InvalidClient) => assert_ne!(answer.status, 200),
        Err(Refusal::Final(code)) => {
            assert_ne!(answer.status, 200);
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code:?}");
        }
        Err(Refusal::Other(error)) => {
            // No error quotes a token.
            let shown = format!("{error} {error:?}");
            for name in ["access_token", "refresh_token"] {
                let token = document.as_ref().and_then(|document| document[name].as_str());
                let token = token.filter(|token| token.starts_with("lko") && token.len() > 9);
                assert!(!token.is_some_and(|token| shown.contains(token)), "{shown}");
            }
        }
    }
}

/// Discovery: the first line is the metadata of the resource, the rest that of the authorization server.
pub fn metadata(bytes: &[u8]) {
    let endpoint = Endpoint::parse(ENDPOINT).expect("an endpoint");
    let (resource, server) = halves(bytes);
    let found = of_documents(&endpoint, &answer(200, resource), &answer(200, server));
    let Some(found) = found else { return };
    // What the SDK passes over may be a number or a depth that no `Value` has.
    let [Ok(resource), Ok(server)] = [resource, server].map(serde_json::from_slice::<Value>) else {
        return;
    };
    assert!([ENDPOINT, ISSUER].contains(&found.resource.as_str()));
    assert_eq!(resource["resource"], found.resource.as_str());
    assert_eq!(resource["authorization_servers"][0], found.issuer.as_str());
    assert_eq!(server["issuer"], found.issuer.as_str());
    let methods = server["code_challenge_methods_supported"].as_array();
    assert!(methods.is_some_and(|methods| methods.contains(&Value::from("S256"))));
    assert!(found.resource_scopes.is_sorted_by(|a, b| a < b));
    let issuer = Url::parse(&found.issuer).expect("an issuer is a URL");
    let asked = &found.authorization_endpoint;
    assert!(!asked.query_pairs().any(|(name, _)| PARAMETERS.contains(&&*name)), "{asked}");
    let named = [&found.registration_endpoint, &found.revocation_endpoint];
    let named = named.into_iter().flatten().chain([asked, &found.token_endpoint, &issuer]);
    named.for_each(is_elsewhere_and_safe);
}

/// A remote server sends nobody to this machine or its neighbours.
fn is_elsewhere_and_safe(url: &Url) {
    assert_eq!(url.scheme(), "https", "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    assert_eq!(url.fragment(), None, "{url}");
    match url.host().expect("https has a host") {
        url::Host::Domain(name) => assert_ne!(name.trim_end_matches('.'), "localhost"),
        url::Host::Ipv4(ip) => {
            let is_near = ip.is_private() || ip.is_loopback() || ip.is_link_local();
            assert!(!is_near && !ip.is_unspecified() && !ip.is_broadcast(), "{url}");
        }
        url::Host::Ipv6(ip) => {
            let is_near = ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local();
            assert!(!is_near && !ip.is_unspecified(), "{url}");
            let inner = ip.to_ipv4_mapped();
            assert!(!inner.is_some_and(|ip| ip.is_private() || ip.is_loopback()), "{url}");
        }
    }
}

/// The first line, and what is behind it.
fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

fn answer(status: u16, body: &[u8]) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: Zeroizing::new(body.to_owned()) }
}

fn authority(sends_iss: bool) -> Authority {
    let url = |path: &str| Url::parse(ISSUER).and_then(|url| url.join(path)).expect("a URL");
    Authority {
        issuer: ISSUER.to_owned(),
        resource: ENDPOINT.to_owned(),
        resource_scopes: Vec::new(),
        authorization_endpoint: url("/oauth/authorize"),
        token_endpoint: url("/oauth/token"),
        registration_endpoint: None,
        revocation_endpoint: None,
        sends_iss,
        takes_documents: false,
        client_authentication: None,
    }
}

#[cfg(test)]
mod tests;
