//! Requests of the client with the time they came at: for claims about what follows what.

use std::time::Duration;

use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::log::{Sent, What};
use crate::peer::run::Run;
use crate::peer::script::Route;

/// One request of the client, and when it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'r> {
    /// The start of the client that it belongs to, counted from one.
    pub(crate) start: usize,
    /// Counted from the start of the scenario.
    pub(crate) at: Duration,
    pub(crate) route: Route,
    pub(crate) ask: &'r Ask,
    pub(crate) answer: &'r Answer,
    pub(crate) sent: Sent,
}

impl Run {
    /// Every request of the client, in order.
    pub(crate) fn moments(&self) -> impl Iterator<Item = Moment<'_>> {
        let mut start = 0;
        self.log.iter().filter_map(move |happened| match &happened.what {
            What::Started(number) => {
                start = *number;
                None
            }
            What::Asked { ask, answer, sent } => {
                let route = self.world.route(ask);
                Some(Moment { start, at: happened.at, route, ask, answer, sent: *sent })
            }
            _ => None,
        })
    }
}

impl Moment<'_> {
    /// The refresh token that the request redeems.
    pub(crate) fn redeems(&self) -> Option<String> {
        let is_refresh =
            self.route == Route::Token && self.ask.param("grant_type")? == "refresh_token";
        is_refresh.then(|| self.ask.param("refresh_token").unwrap_or_default())
    }

    /// A token of a token response that got out: `access_token` or `refresh_token`.
    pub(crate) fn issued(&self, member: &str) -> Option<String> {
        let is_response =
            self.route == Route::Token && self.answer.status == 200 && self.sent == Sent::Whole;
        let token = self.answer.value()[member].as_str().map(str::to_owned);
        token.filter(|_| is_response)
    }

    /// Whether the answer says that a grant is no longer valid.
    pub(crate) fn is_invalid_grant(&self) -> bool {
        self.route == Route::Token
            && self.sent == Sent::Whole
            && self.answer.value()["error"] == "invalid_grant"
    }
}
