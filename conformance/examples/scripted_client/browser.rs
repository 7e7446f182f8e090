//! Hands an address to the person's browser: one argument of one program, and no shell.

use std::process::{Command, Stdio};
use std::thread;

use url::Url;

use crate::failure::{Failure, Outcome};
use crate::faults::{Fault, has};

pub(crate) fn open(url: &Url) -> Outcome<()> {
    let program = std::env::var("BROWSER").ok().filter(|name| !name.is_empty());
    let program = program.unwrap_or_else(|| "xdg-open".to_owned());
    let mut command = if has(Fault::BrowserThroughShell) {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("\"{program}\" \"{url}\""));
        command
    } else {
        let mut command = Command::new(&program);
        command.arg(url.as_str());
        command
    };
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet
        .spawn()
        .map_err(|error| Failure::new(format!("no browser can be opened: {error}")))?;
    // Whether the browser stays open is the person's business: it is only not left a zombie.
    thread::spawn(move || child.wait());
    Ok(())
}
