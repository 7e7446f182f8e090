//! Opening the browser.
//!
//! The URL is one argument of one program: no shell ever sees it.
//! It has passed [`permitted`](crate::endpoint::permitted), so it starts with `http` and holds no space, quote or line break.

use std::process::{Command, Stdio};

use url::Url;

use crate::Error;

#[cfg(target_os = "macos")]
const OPENER: &[&str] = &["open"];
#[cfg(target_os = "windows")]
const OPENER: &[&str] = &["rundll32", "url.dll,FileProtocolHandler"];
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
const OPENER: &[&str] = &["xdg-open"];

/// Opens `url` in the person's browser and does not wait for it.
pub(crate) fn open(url: &Url) -> Result<(), Error> {
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Error::authorization("only an https or a loopback URL is opened in a browser"));
    }
    let (program, arguments) = OPENER.split_first().expect("every platform has an opener");
    let mut child = Command::new(program)
        .args(arguments)
        .arg(url.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            Error::authorization(format!(
                "no browser could be opened with {program}; show the URL to the person with OAuth::present"
            ))
            .caused_by(error)
        })?;
    // Somebody has to collect the exit status, and on some systems the opener lives as long as the browser.
    std::thread::spawn(move || child.wait());
    Ok(())
}
