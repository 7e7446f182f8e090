//! The loopback listener: what it lets through, and what it waits past.

use url::Url;

use crate::support::{Fake, browse, raw};

#[tokio::test]
async fn responses_that_do_not_belong_to_the_request_are_turned_away_and_the_wait_goes_on() {
    let fake = Fake::start().await;
    let client = fake.client_with(fake.person(|ask| {
        let state = ask.params["state"].as_str();
        vec![
            ask.callback(&[("code", "stolen"), ("iss", "x")]),
            ask.callback(&[("code", "stolen"), ("state", "")]),
            ask.callback(&[("code", "stolen"), ("state", "guess")]),
            ask.callback(&[("code", "stolen"), ("state", &state[1..])]),
            ask.callback(&[("code", "stolen"), ("state", &state.to_lowercase())]),
            ask.callback(&[("code", "stolen"), ("state", state), ("state", state)]),
            ask.callback(&[("error", "access_denied"), ("state", "guess")]),
            ask.honest(),
        ]
    }));
    client.sign_in().await.unwrap();
    let redeemed = fake.forms("/oauth/token").await;
    assert_eq!(redeemed.len(), 1);
    assert_eq!(redeemed[0]["code"], "secret-code");
}

#[tokio::test]
async fn a_second_callback_with_the_same_code_reaches_nobody() {
    let fake = Fake::start().await;
    let client = fake.client_with(fake.person(|ask| vec![ask.honest()]));
    client.sign_in().await.unwrap();
    let redirect_uri = fake.forms("/oauth/token").await[0]["redirect_uri"].clone();
    let port = Url::parse(&redirect_uri).unwrap().port().unwrap();
    // The port may be anybody's by now; what matters is that the code was redeemed once.
    assert!(tokio::net::TcpListener::bind(("127.0.0.1", port)).await.is_ok());
    assert_eq!(fake.token_requests().await, 1);
}

#[tokio::test]
async fn a_state_of_an_earlier_sign_in_is_worth_nothing() {
    let fake = Fake::start().await;
    let earlier = std::sync::Arc::new(std::sync::Mutex::new(None::<String>));
    for _ in 0..2 {
        let earlier = std::sync::Arc::clone(&earlier);
        let client = fake.client_with(fake.person(move |ask| {
            let reused = earlier.lock().unwrap().replace(ask.params["state"].clone());
            let replay = reused.map(|state| ask.callback(&[("code", "stolen"), ("state", &state)]));
            replay.into_iter().chain([ask.honest()]).collect()
        }));
        client.sign_in().await.unwrap();
    }
    assert!(fake.forms("/oauth/token").await.iter().all(|form| form["code"] == "secret-code"));
}

#[tokio::test]
async fn only_a_get_of_the_exact_path_with_the_right_host_is_a_callback() {
    let fake = Fake::start().await;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sender = std::sync::Mutex::new(Some(sender));
    let client = fake.client_with(fake.person(move |ask| {
        let _unread =
            sender.lock().unwrap().take().unwrap().send((ask.params.clone(), ask.honest()));
        Vec::new()
    }));
    let signing_in = tokio::spawn(async move { client.sign_in().await });
    let (params, honest) = receiver.await.unwrap();
    let url = Url::parse(&honest).unwrap();
    let (host, target) = (
        format!("127.0.0.1:{}", url.port().unwrap()),
        format!("/callback?{}", url.query().unwrap()),
    );

    for (request, status) in [
        (format!("POST {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"), "405"),
        (format!("HEAD {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"), "405"),
        (format!("GET /{target} HTTP/1.1\r\nHost: {host}\r\n\r\n"), "404"),
        (
            format!(
                "GET {} HTTP/1.1\r\nHost: {host}\r\n\r\n",
                target.replace("callback", "callback/")
            ),
            "404",
        ),
        (
            format!(
                "GET {} HTTP/1.1\r\nHost: {host}\r\n\r\n",
                target.replace("callback", "favicon.ico")
            ),
            "404",
        ),
        (format!("GET {target} HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "421"),
        (
            format!("GET {target} HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", url.port().unwrap()),
            "421",
        ),
        (format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n"), "421"),
        (format!("GET {target} HTTP/1.1\r\n\r\n"), "421"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
    ] {
        let response = raw(&host, &request).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "{request} got {response}");
    }
    assert_eq!(fake.token_requests().await, 0);
    assert!(params["redirect_uri"].starts_with("http://127.0.0.1:"));

    let page = browse(&honest).await;
    assert!(page.starts_with("HTTP/1.1 200"));
    signing_in.await.unwrap().unwrap();
}

#[tokio::test]
async fn nothing_that_a_callback_says_appears_on_the_page_or_in_the_error() {
    let fake = Fake::start().await;
    let (sender, mut pages) = tokio::sync::mpsc::unbounded_channel();
    let client = fake.client_with(fake.person(move |ask| {
        let attack = "<script>alert(1)</script>\x1b[31m";
        let state = ask.params["state"].as_str();
        let iss = ask.url.origin().ascii_serialization();
        let stray = ask.callback(&[("state", attack), ("error", attack)]);
        let failed = ask.callback(&[
            ("state", state),
            ("iss", &iss),
            ("error", attack),
            ("error_description", attack),
            ("error_uri", attack),
        ]);
        let sender = sender.clone();
        tokio::spawn(async move {
            for url in [stray, failed] {
                sender.send(browse(&url).await).unwrap();
            }
        });
        Vec::new()
    }));
    let error = client.sign_in().await.unwrap_err();
    assert!(error.is_authorization());
    let shown = [
        pages.recv().await.unwrap(),
        pages.recv().await.unwrap(),
        error.to_string(),
        format!("{error:?}"),
    ];
    for text in shown {
        assert!(!text.contains("alert") && !text.contains('\x1b'), "{text}");
    }
    assert_eq!(fake.token_requests().await, 0);
}

#[tokio::test]
async fn a_refusal_by_the_person_ends_the_flow_without_another_try() {
    let fake = Fake::start().await;
    let client = fake.client_with(fake.person(|ask| {
        let iss = ask.url.origin().ascii_serialization();
        vec![ask.callback(&[
            ("error", "access_denied"),
            ("state", &ask.params["state"]),
            ("iss", &iss),
        ])]
    }));
    let error = client.sign_in().await.unwrap_err();
    assert_eq!(error.to_string(), "the person did not allow the access");
    assert_eq!(fake.token_requests().await, 0);
}

#[tokio::test]
async fn a_person_who_does_not_answer_is_a_timeout_and_the_port_is_closed() {
    let fake = Fake::start().await;
    let port = std::sync::Arc::new(std::sync::Mutex::new(0));
    let seen = std::sync::Arc::clone(&port);
    let oauth = fake.person(move |ask| {
        *seen.lock().unwrap() = Url::parse(&ask.params["redirect_uri"]).unwrap().port().unwrap();
        Vec::new()
    });
    let client = fake.client_with(oauth.patience(std::time::Duration::from_millis(50)));
    assert!(client.sign_in().await.unwrap_err().is_timeout());
    let port = *port.lock().unwrap();
    assert!(tokio::net::TcpListener::bind(("127.0.0.1", port)).await.is_ok());
}
