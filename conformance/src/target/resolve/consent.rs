//! `[consent]`.

use std::time::Duration;

use super::Reading;
use crate::target::consent::{Command, Consent, DecisionWord, Driver, Person, WebDriver};
use crate::target::file::{ConsentFile, SecretSource};

impl Reading<'_> {
    pub(super) fn consent(&mut self, file: &ConsentFile) -> Consent {
        match file {
            ConsentFile::Redirects {} => Consent { person: None, driver: Driver::Redirects },
            ConsentFile::Forms { user, password, hints } => Consent {
                person: self.person(user.as_deref(), password.as_ref()),
                driver: Driver::Forms(hints.clone().unwrap_or_default()),
            },
            ConsentFile::Webdriver {
                url,
                user,
                password,
                selectors,
                capabilities,
                timeout_seconds,
            } => {
                self.address(&["consent", "url"], url);
                Consent {
                    person: self.person(user.as_deref(), password.as_ref()),
                    driver: Driver::WebDriver(WebDriver {
                        url: url.trim_end_matches('/').to_owned(),
                        capabilities: capabilities.clone(),
                        selectors: selectors.clone().unwrap_or_default(),
                        timeout: Duration::from_secs(timeout_seconds.unwrap_or(30)),
                    }),
                }
            }
            ConsentFile::Command { program, decisions, timeout_seconds } => {
                let mut program = program.clone();
                match program.first_mut() {
                    Some(first) if first.contains('/') => {
                        *first = self.folder.join(&*first).display().to_string();
                    }
                    Some(first) if !first.is_empty() => {}
                    _ => {
                        let message = "expected a program: [\"./consent.sh\"]";
                        self.wrong(&["consent", "program"], message);
                    }
                }
                let decisions = match decisions.as_slice() {
                    [] => vec![DecisionWord::Allow],
                    decisions => decisions.to_vec(),
                };
                let timeout = Duration::from_secs(timeout_seconds.unwrap_or(60));
                Consent {
                    person: None,
                    driver: Driver::Command(Command { program, decisions, timeout }),
                }
            }
        }
    }

    fn person(&mut self, user: Option<&str>, password: Option<&SecretSource>) -> Option<Person> {
        match (user, password) {
            (Some(user), Some(password)) => {
                let password = self.secret(&["consent", "password"], password)?;
                Some(Person { user: user.to_owned(), password })
            }
            (Some(_), None) => {
                let message = "needs password = { env = \"NAME\" } beside it";
                self.wrong(&["consent", "user"], message);
                None
            }
            (None, Some(_)) => {
                self.wrong(&["consent", "password"], "needs a user beside it");
                None
            }
            (None, None) => None,
        }
    }
}
