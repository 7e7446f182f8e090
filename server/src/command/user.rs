//! `lookout-server user`: people, their roles, and how they come to a password.
//!
//! A password is never an argument, because arguments are seen by everybody on the machine.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use lookout_server::App;
use lookout_server::authority::records::{Role, User};
use lookout_server::authority::upstream::{Identity, UpstreamRefusal};
use lookout_server::serving::say;

use lookout_server::config::Place;

use super::open;

const USER_PASSWORD: &str = "LOOKOUT_USER_PASSWORD";

/// Commands about people.
#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Add a person. Prints a link with which they choose a password, unless one is given in LOOKOUT_USER_PASSWORD or as one line on standard input.
    Add {
        /// What they sign in with.
        email: String,
        /// What they are called.
        #[arg(long)]
        name: Option<String>,
        /// The workspace that they become a member of; made if there is none.
        #[arg(long, default_value = "main")]
        workspace: String,
        /// owner, admin or member.
        #[arg(long, default_value = "member", value_parser = role)]
        role: Role,
        /// Print a setup link and read no password.
        #[arg(long)]
        setup_link: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Print a new link with which a person chooses a password. Older links of theirs end.
    SetupLink {
        /// The person.
        email: String,
        #[command(flatten)]
        place: Place,
    },
    /// List everybody: e-mail address, state, whether they have a password, workspaces and name, separated by tabs.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Disable an account: its sessions end, and its tokens and connections are refused while it is disabled.
    Disable {
        /// The person.
        email: String,
        #[command(flatten)]
        place: Place,
    },
    /// Enable a disabled account.
    Enable {
        /// The person.
        email: String,
        #[command(flatten)]
        place: Place,
    },
    /// Give a person a role in a workspace that they are a member of.
    Role {
        /// The person.
        email: String,
        /// The workspace.
        workspace: String,
        /// owner, admin or member.
        #[arg(value_parser = role)]
        role: Role,
        #[command(flatten)]
        place: Place,
    },
    /// End a membership, with every token and connection of the person in that workspace.
    RemoveFrom {
        /// The workspace.
        workspace: String,
        /// The person.
        email: String,
        #[command(flatten)]
        place: Place,
    },
    /// Let a person sign in as this subject of the OpenID provider.
    Link {
        /// The person.
        email: String,
        /// Who they are there: the `sub` of their identity token.
        #[arg(long)]
        subject: String,
        /// The provider; that of [oidc] when left out.
        #[arg(long)]
        issuer: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// End what `link` began, and every session of the person.
    Unlink {
        /// The person.
        email: String,
        /// Who they were there; may be left out when there is one.
        #[arg(long)]
        subject: Option<String>,
        /// The provider; that of [oidc] when left out.
        #[arg(long)]
        issuer: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

pub(crate) fn role(name: &str) -> Result<Role, String> {
    Role::parse(name).ok_or_else(|| "the roles are owner, admin and member".to_owned())
}

/// Runs one command.
pub(crate) async fn run(command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { email, name, workspace, role, setup_link, place } => {
            let password = if setup_link { None } else { password()? };
            let app = open(&place).await?;
            let user = match &password {
                Some(password) => app.add_account(&email, name.as_deref(), password).await?,
                None => app.add_person(&email, name.as_deref()).await?,
            };
            let membership = app.join_workspace(&user, &workspace, role).await?;
            eprintln!("{} is a member of the workspace {} now", user.email, membership.slug);
            if password.is_none() { print_link(&app, &user).await } else { Ok(()) }
        }
        UserCommand::SetupLink { email, place } => {
            let app = open(&place).await?;
            let user = app.person(&email).await?;
            print_link(&app, &user).await
        }
        UserCommand::List { place } => {
            let app = open(&place).await?;
            for person in app.store.people().await? {
                let state = if person.user.disabled_at.is_some() { "disabled" } else { "enabled" };
                let password = if person.has_password { "password" } else { "no password" };
                let joined: Vec<String> = person
                    .memberships
                    .iter()
                    .map(|(workspace, role)| format!("{workspace}={role}"))
                    .collect();
                let (email, name) = (&person.user.email, &person.user.display_name);
                say(&format!("{email}\t{state}\t{password}\t{}\t{name}\n", joined.join(",")))?;
            }
            Ok(())
        }
        UserCommand::Disable { email, place } => set_disabled(place, &email, true).await,
        UserCommand::Enable { email, place } => set_disabled(place, &email, false).await,
        UserCommand::Role { email, workspace, role, place } => {
            let app = open(&place).await?;
            let user = app.person(&email).await?;
            let memberships = app.store.memberships(&user.id).await?;
            if !memberships.iter().any(|membership| membership.slug == workspace) {
                bail!("{} is not a member of the workspace {workspace}", user.email);
            }
            app.join_workspace(&user, &workspace, role).await?;
            eprintln!("{} is {} of the workspace {workspace} now", user.email, role.as_str());
            Ok(())
        }
        UserCommand::RemoveFrom { workspace, email, place } => {
            let app = open(&place).await?;
            let user = app.person(&email).await?;
            app.leave_workspace(&user, &workspace).await?;
            eprintln!("{} is not a member of the workspace {workspace} any more", user.email);
            Ok(())
        }
        UserCommand::Link { email, subject, issuer, place } => {
            let app = open(&place).await?;
            let user = app.person(&email).await?;
            let identity = Identity { issuer: provider(&app, issuer)?, subject };
            if identity.subject.is_empty() {
                bail!("the subject is empty; give the `sub` of the person at the provider");
            }
            match app.link_identity(&user, identity).await? {
                Ok(()) => eprintln!("{} can sign in through the provider now", user.email),
                Err(UpstreamRefusal::Disabled) => {
                    bail!("{} is disabled; `lookout-server user enable` comes first", user.email)
                }
                Err(_) => bail!(
                    "somebody else is linked to this subject; end that with `lookout-server user unlink`"
                ),
            }
            Ok(())
        }
        UserCommand::Unlink { email, subject, issuer, place } => {
            let app = open(&place).await?;
            let user = app.person(&email).await?;
            let issuer = provider(&app, issuer)?;
            let mut identities = app.store.identities(&user.id).await?;
            identities.retain(|identity| {
                identity.issuer == issuer
                    && subject.as_ref().is_none_or(|subject| *subject == identity.subject)
            });
            match identities.as_slice() {
                [identity] => {
                    app.unlink_identity(&user, identity).await?;
                    eprintln!("{} is not linked to that subject any more", user.email);
                    Ok(())
                }
                [] => bail!("{} is not linked so; nothing was changed", user.email),
                _ => bail!("{} is linked to several subjects; name one with --subject", user.email),
            }
        }
    }
}

fn provider(app: &App, issuer: Option<String>) -> anyhow::Result<String> {
    issuer
        .or_else(|| app.config.oidc.as_ref().map(|oidc| oidc.issuer.clone()))
        .context("name the provider with --issuer, or --config with [oidc]")
}

async fn set_disabled(place: Place, email: &str, disabled: bool) -> anyhow::Result<()> {
    let app = open(&place).await?;
    let user = app.person(email).await?;
    app.set_disabled(&user, disabled).await?;
    eprintln!("{} is {} now", user.email, if disabled { "disabled" } else { "enabled" });
    Ok(())
}

async fn print_link(app: &App, user: &User) -> anyhow::Result<()> {
    if !app.config.has_passwords() {
        eprintln!(
            "note: [oidc] password_sign_in is off, so there is no setup link; `lookout-server user link {} --subject …` lets them in",
            user.email
        );
        return Ok(());
    }
    let seconds = app.config.sign_in.setup_link;
    let Some(secret) = app.make_setup_link(user, seconds).await? else {
        bail!("{} is disabled; `lookout-server user enable` comes first", user.email);
    };
    let minutes = seconds / 60;
    eprintln!(
        "note: this link works once, for {minutes} minutes; whoever has it chooses the password of {}",
        user.email
    );
    say(&format!("{}/setup/{}\n", app.config.public_url.base, secret.expose()))
}

/// The password that the environment or standard input gives; none when there is no line.
fn password() -> anyhow::Result<Option<String>> {
    if let Ok(password) = std::env::var(USER_PASSWORD) {
        return Ok(Some(password));
    }
    if std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password")?;
    let password = line.trim_end_matches(['\r', '\n']);
    Ok((!password.is_empty()).then(|| password.to_owned()))
}
