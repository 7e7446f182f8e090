//! Programs by other authors: installed from their package registries at pinned versions, below `target`.
//!
//! A folder pins what it needs in the lock file of its own language. What is installed holds a copy of that file, written last, so that
//! installing again costs nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// One folder with pinned packages and a program of ours that uses them.
pub(crate) struct Packages {
    pub(crate) name: String,
    pub(crate) source: PathBuf,
    pub(crate) installed: PathBuf,
    pub(crate) language: Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    JavaScript,
    Python,
    /// A crate with a lock file of its own.
    Rust,
    /// A crate of this workspace: nothing is installed, only built.
    Workspace,
}

impl Language {
    /// The language of the program in `folder`, by the file that pins its packages.
    fn of(folder: &Path) -> Option<Self> {
        let known = [Self::JavaScript, Self::Python, Self::Rust, Self::Workspace];
        known.into_iter().find(|language| folder.join(language.pins()).is_file())
    }

    pub(crate) fn pins(self) -> &'static str {
        match self {
            Self::JavaScript => "package-lock.json",
            Self::Python => "requirements.txt",
            Self::Rust => "Cargo.lock",
            Self::Workspace => "Cargo.toml",
        }
    }
}

impl Packages {
    /// The folders of `conformance/{kind}`, or the one called `name`; installed below `target/{kind}`.
    pub(crate) fn chosen(root: &Path, kind: &str, name: Option<&str>) -> Result<Vec<Self>> {
        let folder = root.join("conformance").join(kind);
        let mut chosen = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let found = entry.file_name().to_string_lossy().into_owned();
            if name.is_none_or(|name| name == found)
                && let Some(language) = Language::of(&entry.path())
            {
                let installed = root.join("target").join(kind).join(&found);
                chosen.push(Self { name: found, source: entry.path(), installed, language });
            }
        }
        chosen.sort_by(|one, other| one.name.cmp(&other.name));
        if chosen.is_empty() {
            bail!("there is no such folder in {}", folder.display());
        }
        Ok(chosen)
    }

    /// Makes the folder below `target` hold the pinned packages and the program. Costs nothing when it does already.
    pub(crate) fn install(&self) -> Result<()> {
        let pins = self.source.join(self.language.pins());
        let pinned = fs::read(&pins).with_context(|| format!("cannot read {}", pins.display()))?;
        let stamp = self.installed.join("installed");
        if matches!(self.language, Language::Rust | Language::Workspace) {
            // Cargo knows by itself what is built already.
            self.build()?;
            fs::write(stamp, pinned)?;
            return Ok(());
        }
        if fs::read(&stamp).ok().as_ref() != Some(&pinned) {
            eprintln!("installing {}", self.name);
            if self.installed.exists() {
                fs::remove_dir_all(&self.installed)?;
            }
            fs::create_dir_all(&self.installed)?;
            self.copy()?;
            if self.language == Language::Python {
                self.install_python()?;
            } else {
                let npm = ["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
                ran(Command::new("npm").args(npm).current_dir(&self.installed))?;
            }
            fs::write(stamp, pinned)?;
        }
        self.copy()
    }

    fn install_python(&self) -> Result<()> {
        ran(Command::new("python3").args(["-m", "venv", "venv"]).current_dir(&self.installed))?;
        let pip =
            ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"];
        let mut install = Command::new(self.installed.join("venv/bin/pip"));
        ran(install.args(pip).arg("requirements.txt").current_dir(&self.installed))
    }

    /// The one binary of the crate ends up in `bin`, beside what a build leaves.
    fn build(&self) -> Result<()> {
        fs::create_dir_all(self.installed.join("bin"))?;
        let mut arguments = vec!["--manifest-path".into(), self.source.join("Cargo.toml")];
        if self.language == Language::Rust {
            arguments.extend(["--locked".into(), "--target-dir".into(), self.installed.clone()]);
        }
        let binary = crate::conformance::build(&self.source, &arguments)?;
        // A running copy stays what it is: the old file is unlinked, not overwritten.
        let place = self.binary();
        if place.exists() {
            fs::remove_file(&place)?;
        }
        fs::copy(binary, place)?;
        Ok(())
    }

    fn binary(&self) -> PathBuf {
        self.installed.join("bin").join(&self.name)
    }

    /// A program finds its packages beside itself.
    fn copy(&self) -> Result<()> {
        for entry in fs::read_dir(&self.source)? {
            let entry = entry?;
            fs::copy(entry.path(), self.installed.join(entry.file_name()))?;
        }
        Ok(())
    }

    /// How to start the installed program, which is called `script` in a language that has scripts.
    pub(crate) fn command(&self, script: &str) -> Vec<PathBuf> {
        let file = |extension| self.installed.join(script).with_extension(extension);
        match self.language {
            Language::JavaScript => vec!["node".into(), file("mjs")],
            Language::Python => vec![self.installed.join("venv/bin/python"), file("py")],
            Language::Rust | Language::Workspace => vec![self.binary()],
        }
    }
}

fn ran(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        bail!("{program} failed ({status})");
    }
    Ok(())
}
