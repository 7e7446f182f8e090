//! The servers of one run: what they answer, and the log of what happens.

pub(crate) mod admit;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response};
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_blocking;

use crate::peer::answer::{Answer, Body};
use crate::peer::ask::Ask;
use crate::peer::log::{Happened, Sent, Visitor, What};
use crate::peer::place::{Places, Role};
use crate::peer::script::Script;
use crate::peer::stage::admit::{Pending, Policy, Received};
use crate::peer::world::World;
use crate::peer::{browser, honest};

/// Bodies of requests beyond this are not read.
const LONGEST_REQUEST: usize = 4 << 20;

/// Bodies of answers are kept up to this many bytes in the log.
const LONGEST_KEPT: usize = 16 << 10;

type Sending = Response<UnsyncBoxBody<Bytes, Broken>>;

/// The servers of one run, wherever their requests come from.
#[derive(Clone)]
pub(crate) struct Stage(Arc<Shared>);

struct Shared {
    inner: Mutex<Inner>,
    changed: Notify,
    begun: Instant,
}

struct Inner {
    script: Script,
    world: World,
    log: Vec<Happened>,
    is_killing: bool,
    policy: Policy,
    /// Authorization requests that wait for a person's click.
    pending: Vec<Pending>,
    /// Bytes of the requests in the log.
    kept: usize,
    /// Grows with everything that changes what there is to see.
    revision: u64,
}

impl Stage {
    /// Servers at `places`. All they issue follows from `purpose`.
    pub(crate) fn new(script: Script, places: Places, purpose: &str) -> Self {
        let world = World::new(script.setting.clone(), places, purpose);
        let inner = Inner {
            script,
            world,
            log: Vec::new(),
            is_killing: false,
            policy: Policy::default(),
            pending: Vec::new(),
            kept: 0,
            revision: 0,
        };
        Self(Arc::new(Shared {
            inner: Mutex::new(inner),
            changed: Notify::new(),
            begun: Instant::now(),
        }))
    }

    /// What the servers know by now.
    pub(crate) fn world(&self) -> World {
        self.inner().world.clone()
    }

    /// What has happened so far.
    pub(crate) fn log(&self) -> Vec<Happened> {
        self.inner().log.clone()
    }

    /// What has happened, and what the servers know, at one moment.
    pub(crate) fn snapshot(&self) -> (Vec<Happened>, World) {
        let inner = self.inner();
        (inner.log.clone(), inner.world.clone())
    }

    /// Another number whenever there is something new to see.
    pub(crate) fn revision(&self) -> u64 {
        self.inner().revision
    }

    /// Notes something that the servers do not see themselves.
    pub(crate) fn note(&self, what: What) {
        self.push(&mut self.inner(), what);
    }

    /// Notes that somebody connected to the server with the untrusted certificate, over TLS or in
    /// the clear.
    pub(crate) fn note_contact(&self, is_clear: bool) {
        let what = if is_clear { "connection in the clear" } else { "untrusted connection" };
        let mut inner = self.inner();
        inner.world.mark(what);
        inner.revision += 1;
    }

    /// Whether the scenario wants the client killed; asked once.
    pub(crate) fn take_kill(&self) -> bool {
        std::mem::take(&mut self.inner().is_killing)
    }

    /// Whether the client has sent anything since it was last started.
    pub(crate) fn has_traffic(&self) -> bool {
        matches!(self.inner().log.last(), Some(happened) if !matches!(happened.what, What::Started(_)))
    }

    /// How long nothing has happened; none while an answer is on its way.
    pub(crate) fn quiet(&self) -> Duration {
        let inner = self.inner();
        let is_pending =
            |happened: &Happened| matches!(happened.what, What::Asked { sent: Sent::Pending, .. });
        if inner.log.iter().any(is_pending) {
            return Duration::ZERO;
        }
        let last = inner.log.last().map_or(Duration::ZERO, |happened| happened.at);
        self.0.begun.elapsed().saturating_sub(last)
    }

    fn kill(&self) {
        let mut inner = self.inner();
        inner.is_killing = true;
        inner.revision += 1;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        locked(&self.0.inner)
    }

    fn push(&self, inner: &mut Inner, what: What) -> usize {
        inner.revision += 1;
        inner.log.push(Happened { at: self.0.begun.elapsed(), what });
        inner.log.len() - 1
    }

    /// Answers one request that came to `role`.
    pub(crate) async fn respond(&self, role: Role, request: Request<Incoming>) -> Sending {
        let ask = self.read(role, request).await;
        let (answer, at) = match self.receive(ask) {
            Received::Noted(answer, at) => (*answer, at),
            Received::Aside(answer) => return admit::aside(*answer),
        };
        let mut going = Going { stage: self, at, is_whole: false };
        for visit in self.visits(&answer) {
            let found = visit.clone();
            let got = spawn_blocking(move || browser::visit(&found)).await;
            let got = got.unwrap_or_else(|error| Err(error.to_string()));
            self.note(What::Visited { by: Visitor::Attacker, visit, got });
        }
        if let Some(hold) = &answer.hold {
            let reached = async {
                loop {
                    let changed = self.0.changed.notified();
                    if self.inner().world.marked(hold.mark) >= hold.count {
                        return;
                    }
                    changed.await;
                }
            };
            // An answer that has waited long enough is sent all the same.
            let _ = tokio::time::timeout(hold.most, reached).await;
        }
        if answer.kills {
            self.kill();
            std::future::pending::<()>().await;
        }
        let mut response = Response::builder().status(answer.status);
        for (name, value) in &answer.headers {
            let name = HeaderName::try_from(name.as_str());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
                response = response.header(name, value);
            }
        }
        let body = match answer.body {
            Body::Empty => whole(Vec::new()),
            Body::Whole(bytes) => whole(bytes),
            Body::Pieces(pieces) => self.piecewise(at, pieces.into_iter(), false),
            Body::Broken(pieces) => self.piecewise(at, pieces.into_iter(), true),
            Body::Endless { piece, pause, most } => {
                self.piecewise(at, std::iter::repeat_n((pause, piece), most), false)
            }
        };
        going.is_whole = true;
        if body.1 {
            self.sent(at, Sent::Whole);
        }
        response.body(body.0).unwrap_or_else(|_| Response::new(whole(Vec::new()).0))
    }

    async fn read(&self, role: Role, request: Request<Incoming>) -> Ask {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, LONGEST_REQUEST).collect().await;
        let body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        let headers = head.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let places = self.inner().world.places.clone();
        let path_and_query = head.uri.path_and_query().map_or("/", |text| text.as_str());
        Ask {
            role,
            method: head.method.as_str().to_owned(),
            path: places.below(role, head.uri.path()),
            query: head.uri.query().map(str::to_owned),
            url: format!("{}{path_and_query}", places.origin(role)),
            headers: headers.collect(),
            body,
        }
    }

    /// What the script makes of a request, noted.
    fn decide(&self, inner: &mut Inner, ask: Ask) -> (Answer, usize) {
        let (answer, kept) = made(inner, &ask);
        let at = self.push(inner, What::Asked { ask, answer: kept, sent: Sent::Pending });
        self.0.changed.notify_waiters();
        (answer, at)
    }

    fn sent(&self, at: usize, how: Sent) {
        let mut inner = self.inner();
        if let Some(Happened { what: What::Asked { sent, .. }, .. }) = inner.log.get_mut(at) {
            *sent = how;
        }
        inner.revision += 1;
    }

    fn piecewise(
        &self,
        at: usize,
        pieces: impl Iterator<Item = (Duration, Vec<u8>)> + Send + 'static,
        breaks: bool,
    ) -> (UnsyncBoxBody<Bytes, Broken>, bool) {
        let (sender, receiver) = mpsc::channel(1);
        let stage = self.clone();
        tokio::spawn(async move {
            for (pause, piece) in pieces {
                let is_gone = tokio::select! {
                    () = sender.closed() => true,
                    () = tokio::time::sleep(pause) => false,
                };
                let frame = Ok(Frame::data(Bytes::from(piece)));
                if is_gone || sender.send(frame).await.is_err() {
                    return stage.sent(at, Sent::Cut);
                }
            }
            if breaks {
                // The connection breaks whether or not the client still listens.
                let _ = sender.send(Err(Broken)).await;
            }
            stage.sent(at, Sent::Whole);
        });
        (Piecewise(receiver).boxed_unsync(), false)
    }
}

/// What the script makes of a request, and what of it is kept in the log.
fn made(inner: &mut Inner, ask: &Ask) -> (Answer, Answer) {
    let mut taken = None;
    for instead in &mut inner.script.instead {
        taken = taken.or_else(|| instead(ask, &mut inner.world));
    }
    let mut answer = taken.unwrap_or_else(|| honest::answer(ask, &mut inner.world));
    for amend in &mut inner.script.amend {
        amend(ask, &mut inner.world, &mut answer);
    }
    let mut kept = answer.clone();
    if let Body::Whole(bytes) = &mut kept.body {
        bytes.truncate(LONGEST_KEPT);
    }
    (answer, kept)
}

/// The client that goes away while its answer is held back drops the future.
struct Going<'a> {
    stage: &'a Stage,
    at: usize,
    is_whole: bool,
}

impl Drop for Going<'_> {
    fn drop(&mut self) {
        if !self.is_whole {
            self.stage.sent(self.at, Sent::Cut);
        }
    }
}

/// The connection is to break here.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the scenario breaks the connection")]
pub(crate) struct Broken;

struct Piecewise(mpsc::Receiver<Result<Frame<Bytes>, Broken>>);

impl hyper::body::Body for Piecewise {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.0.poll_recv(context)
    }
}

fn whole(bytes: Vec<u8>) -> (UnsyncBoxBody<Bytes, Broken>, bool) {
    let body = Full::new(Bytes::from(bytes)).map_err(|never: Infallible| match never {});
    (body.boxed_unsync(), true)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
