//! `init`: the beginning of a target file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use clap::Args;
use lookout_conformance::draft::draft;
use lookout_conformance::secret::Secret;

use crate::{Failure, UNUSABLE, print, usage};

/// Nothing is registered, granted or changed: only what any client reads is read.
#[derive(Args, Debug)]
pub(crate) struct Init {
    /// The server's base address, or its MCP endpoint.
    #[arg(value_name = "URL")]
    url: String,

    /// The file to write; "-" is standard output.
    #[arg(long, value_name = "FILE", default_value = "target.toml")]
    out: PathBuf,

    /// Replace the file if it is there.
    #[arg(long)]
    force: bool,

    /// The environment variable that holds an access token, to list tools with.
    #[arg(long, value_name = "VARIABLE")]
    token_env: Option<String>,
}

impl Init {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let address = url::Url::parse(&self.url).ok().filter(url::Url::has_host);
        if !address.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
            return Err(usage(&format!("{} is no http or https address", self.url)));
        }
        let is_stdout = self.out.as_os_str() == "-";
        if !is_stdout && !self.force && self.out.exists() {
            return Err(self.exists());
        }
        let token = self.token_env.as_ref().map(|variable| {
            std::env::var(variable)
                .map(Secret::new)
                .map_err(|_| usage(&format!("the environment variable {variable} is not set")))
        });
        let token = token.transpose()?;
        let draft = draft(&self.url, token.as_ref())
            .map_err(|error| Failure { code: UNUSABLE, message: error.to_string() })?;
        if is_stdout {
            print(&draft.text)?;
            return Ok(0);
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        if !self.force {
            options.create_new(true);
        }
        let written =
            options.open(&self.out).and_then(|mut file| file.write_all(draft.text.as_bytes()));
        let name = self.out.display();
        written.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => self.exists(),
            _ => usage(&format!("cannot write {name}: {error}")),
        })?;
        let mut text = format!("Wrote {name}. Before the first run:\n");
        for step in &draft.to_do {
            text.push_str(&format!("  - {step}.\n"));
        }
        text.push_str(&format!("Then: lookout-conformance server --target {name}\n"));
        print(&text)?;
        Ok(0)
    }

    fn exists(&self) -> Failure {
        usage(&format!(
            "{} is there already: name another with --out, or replace it with --force",
            self.out.display()
        ))
    }
}
