//! Commands for operators, one a file.

pub(crate) mod audit;
pub(crate) mod doctor;
pub(crate) mod key;
pub(crate) mod leaked_token;
pub(crate) mod user;

use lookout_server::App;
use lookout_server::config::Place;

/// The server that a command is about.
pub(crate) async fn open(place: &Place) -> anyhow::Result<App> {
    Ok(App::open(place.config()?).await?)
}

/// A time as people and programs read it.
fn shown(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
