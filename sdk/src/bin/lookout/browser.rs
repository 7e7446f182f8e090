//! Opening the sign-in page.
//!
//! The URL is one argument of one program and no shell ever sees it.

use std::process::{Command, Stdio};

#[cfg(target_os = "macos")]
const OPENER: &[&str] = &["open"];
#[cfg(target_os = "windows")]
const OPENER: &[&str] = &["rundll32", "url.dll,FileProtocolHandler"];
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
const OPENER: &[&str] = &["xdg-open"];

/// Opens `url` with the first of $BROWSER that there is, or with what the system opens pages with; whether there was anything.
pub(crate) fn open(url: &str) -> bool {
    let chosen = std::env::var("BROWSER").unwrap_or_default();
    let separator = if cfg!(windows) { ';' } else { ':' };
    let chosen = chosen.split(separator).map(|browser| browser.split_whitespace().collect());
    let mut chosen = chosen.filter(|words: &Vec<&str>| !words.is_empty()).peekable();
    if chosen.peek().is_none() {
        return start(OPENER, url);
    }
    chosen.any(|words| start(&words, url))
}

fn start(words: &[&str], url: &str) -> bool {
    let (program, arguments) = words.split_first().expect("there is a program");
    let child = Command::new(program)
        .args(arguments)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match child {
        Ok(mut child) => {
            // Somebody has to collect the exit status, and a browser may run for long.
            std::thread::spawn(move || child.wait());
            true
        }
        Err(_) => false,
    }
}
