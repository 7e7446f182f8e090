//! What a subscriber is told, and what it never is.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write as _};
use std::io;
use std::sync::{Arc, Mutex};

use lookout_sdk::auth::{CredentialKey, CredentialStore, Credentials, MemoryStore, OAuth};
use lookout_sdk::schema::ListTables;
use lookout_sdk::{Client, events};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use wiremock::ResponseTemplate;

use crate::support::{Ask, Fake, json_response};

/// The names of the events, and all that they say.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<(Vec<String>, String)>>);

impl Recorder {
    /// The names since the last look.
    fn names(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().0)
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().1.clone()
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("lookout_sdk")
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut all = self.0.lock().unwrap();
        all.0.push(event.metadata().name().to_owned());
        write!(all.1, "\n{} {}", event.metadata().target(), event.metadata().name()).unwrap();
        event.record(&mut Fields(&mut all.1));
        assert!([events::AUTH, events::CALL].contains(&event.metadata().target()));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

async fn list(client: &Client) {
    drop(client.list_tables(ListTables::default()).await);
}

#[tokio::test]
async fn the_decisions_of_a_session_are_told_in_their_order() {
    let recorder = Recorder::default();
    let _recording = tracing::subscriber::set_default(recorder.clone());
    let fake = Fake::start().await;
    let client = fake.client();

    client.sign_in().await.unwrap();
    let expected = [
        "store", // nothing is remembered
        "discovery.document",
        "discovery.document",
        "issuer.chosen",
        "store",
        "registration",
        "authorization.started",
        "authorization.callback",
        "exchange",
        "store", // the lock
        "store",
    ];
    assert_eq!(recorder.names(), expected);

    list(&client).await;
    assert_eq!(recorder.names(), ["protocol.revision"]);

    fake.edit(|world| world.live.clear());
    list(&client).await;
    let renewal = [
        "discovery.document",
        "discovery.document",
        "issuer.chosen",
        "store", // the lock
        "store",
        "refresh.begun",
        "refresh.ended",
        "store",
        "call.refused",
    ];
    assert_eq!(recorder.names(), renewal);

    client.step_up(&["mcp:write".to_owned()]).await.unwrap();
    let asked = ["step_up", "discovery.document", "discovery.document", "issuer.chosen"];
    assert_eq!(recorder.names()[..4], asked);
    client.sign_out().await.unwrap();
    assert_eq!(recorder.names(), ["store", "store", "store", "store", "revoke", "revoke"]);
    list(&client).await;
    assert_eq!(recorder.names().last().unwrap(), "call.refused");
    let text = recorder.text();
    for told in ["verdict=\"accepted\"", "how=\"registered\"", "next=\"again\"", "next=\"sign_in\""]
    {
        assert!(text.contains(told), "{told} is missing in {text}");
    }
}

/// A store that says in its errors what it must not.
struct Talkative(MemoryStore);

impl CredentialStore for Talkative {
    fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>> {
        self.0.load(key)
    }
    fn save(&self, _: &CredentialKey, credentials: &Credentials) -> io::Result<()> {
        Err(io::Error::other(credentials.expose_json().to_string()))
    }
    fn delete(&self, key: &CredentialKey) -> io::Result<()> {
        self.0.delete(key)
    }
}

/// What goes wrong in a flow.
type Fault = fn(&Fake);

fn token_endpoint(fake: &Fake, response: ResponseTemplate) {
    fake.edit(|world| world.token_responses.push_back(response));
}

const FAULTS: &[Fault] = &[
    |_| {},
    |fake| fake.edit(|world| world.metadata["issuer"] = "https://secret-issuer.example".into()),
    |fake| {
        fake.edit(|world| world.metadata["authorization_endpoint"] = "javascript:secret-x".into())
    },
    |fake| {
        fake.on("/.well-known/oauth-authorization-server", |_| {
            ResponseTemplate::new(200).set_body_string("{\"issuer\": secret-body")
        })
    },
    |fake| {
        fake.edit(|world| {
            let origin = world.origin.clone();
            world.challenge =
                Some(format!(", resource_metadata=\"{origin}/secret-path?t=secret-access-1\""));
        })
    },
    |fake| {
        fake.on("/oauth/register", |request| {
        let asked: serde_json::Value = request.body_json().unwrap();
        let registered = json!({ "client_id": "client-1", "client_secret": "secret-of-client", "redirect_uris": asked["redirect_uris"] });
        json_response(201, &registered)
    })
    },
    |fake| {
        fake.on("/oauth/register", |_| {
            json_response(
                400,
                &json!({ "error": "secret-error", "error_description": "secret-why" }),
            )
        })
    },
    |fake| {
        token_endpoint(
            fake,
            json_response(
                400,
                &json!({ "error": "secret-error", "error_description": "secret-code" }),
            ),
        )
    },
    |fake| {
        token_endpoint(
            fake,
            json_response(
                200,
                &json!({ "access_token": "secret-access-x", "token_type": "secret-type" }),
            ),
        )
    },
    |fake| {
        token_endpoint(
            fake,
            json_response(200, &json!({ "access_token": "secret access", "token_type": "Bearer" })),
        )
    },
    |fake| token_endpoint(fake, ResponseTemplate::new(503).insert_header("retry-after", "3600")),
    |fake| fake.edit(|world| world.grants = Some("mcp:read".to_owned())),
    |fake| {
        fake.on("/mcp", |request| {
        let token = request.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        match token {
            None => ResponseTemplate::new(401),
            Some(token) => json_response(200, &json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32000, "message": token } })),
        }
    })
    },
    |fake| {
        fake.on("/oauth/revoke", |_| ResponseTemplate::new(400).set_body_string("secret-refresh-1"))
    },
];

/// What a person's browser sends in answer.
type Answer = fn(&Ask) -> Vec<String>;

const ANSWERS: &[Answer] = &[
    |ask| vec![ask.honest()],
    |ask| vec![ask.callback(&[("code", "secret-stolen"), ("state", "secret-state")]), ask.honest()],
    |ask| {
        vec![ask.callback(&[
            ("error", "secret-error"),
            ("state", &ask.params["state"]),
            ("iss", &ask.url.origin().ascii_serialization()),
        ])]
    },
    |ask| {
        vec![ask.callback(&[
            ("code", "secret-code"),
            ("state", &ask.params["state"]),
            ("iss", "https://secret-iss.example"),
        ])]
    },
    |ask| vec![ask.callback(&[("code", "secret-code"), ("state", &ask.params["state"])])],
];

/// Everything that crossed the wire in confidence.
async fn secrets(fake: &Fake, presented: &Mutex<Vec<Ask>>) -> BTreeSet<String> {
    let mut secrets = BTreeSet::from(["secret-".to_owned()]);
    for request in fake.requests().await {
        if let Some(header) = request.headers.get("authorization") {
            let (_, credentials) = header.to_str().unwrap().split_once(' ').unwrap();
            secrets.insert(credentials.to_owned());
        }
        for (name, value) in url::form_urlencoded::parse(&request.body) {
            if ["code", "code_verifier", "refresh_token", "token", "client_secret"]
                .contains(&&*name)
            {
                secrets.insert(value.into_owned());
            }
        }
    }
    for ask in presented.lock().unwrap().iter() {
        let url = ask.url.as_str();
        secrets.extend(
            [
                url,
                url.split_once('?').unwrap().1,
                &ask.params["state"],
                &ask.params["code_challenge"],
            ]
            .map(str::to_owned),
        );
    }
    secrets
}

#[tokio::test]
async fn no_event_of_any_flow_holds_a_secret() {
    let recorder = Recorder::default();
    let _recording = tracing::subscriber::set_default(recorder.clone());
    let mut seen = 0;
    let faults = FAULTS.iter().map(|fault| (*fault, ANSWERS[0]));
    let answers = ANSWERS.iter().map(|answer| (FAULTS[0], *answer));
    for (fault, answer) in faults.chain(answers) {
        let fake = Fake::start().await;
        fault(&fake);
        let presented = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&presented);
        let oauth = fake.person(move |ask| {
            log.lock().unwrap().push(Ask { url: ask.url.clone(), params: ask.params.clone() });
            answer(ask)
        });
        flow(&fake, oauth).await;
        let secrets = secrets(&fake, &presented).await;
        seen += secrets.len();
        let text = recorder.text();
        for secret in secrets {
            assert!(!text.contains(&secret), "{secret} was told in {text}");
        }
        recorder.0.lock().unwrap().1.clear();
    }
    assert!(seen > 100, "only {seen} secrets were looked for");
}

async fn flow(fake: &Fake, oauth: OAuth) {
    let client = fake.client_with(oauth.clone());
    drop(client.sign_in().await);
    list(&client).await;
    fake.edit(|world| world.live.clear());
    list(&client).await;
    drop(client.step_up(&["mcp:write".to_owned()]).await);
    if let Ok(request) = client.start_sign_in("https://app.example/callback").await {
        drop(request.receive("code=secret-code&state=secret-state"));
    }
    drop(client.sign_out().await);
    let talkative = fake.client_with(oauth.store(Talkative(MemoryStore::new())));
    drop(talkative.sign_in().await);
    list(&fake.builder().token("secret-programmatic").build().unwrap()).await;
}
