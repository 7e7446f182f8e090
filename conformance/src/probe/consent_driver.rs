//! Getting a person's decision: the one place where the ways of consenting differ.
//!
//! Whatever the driver, a refusal is looked for over plain HTTP first, so that it has a status and
//! headers to judge. Only what stops at a page is handed to a browser or a program.

use crate::outcome::ProbeError;
use crate::probe::Probe;
use crate::probe::authorize::{Authorization, Decision};
use crate::probe::browser::{Browser, Landing};
use crate::probe::form::{Field, Form, Page};
use crate::probe::http::{Reply, Request};
use crate::target::{Driver, FormHints};

const BY_ITSELF: &str =
    "the server consents by itself (the \"redirects\" driver): nobody can decide otherwise";

impl Probe<'_> {
    /// What the pages call their parts, when they are driven as forms.
    pub(crate) fn form_hints(&self) -> Option<&FormHints> {
        match self.driver()? {
            Driver::Forms(hints) => Some(hints),
            Driver::Redirects | Driver::WebDriver(_) | Driver::Command(_) => None,
        }
    }

    fn driver(&self) -> Option<&Driver> {
        Some(&self.target.consent.as_ref()?.driver)
    }

    /// Remembers what the forms of a page are guarded by. A scope that cannot be left out and a path to go to next guard nothing.
    pub(crate) fn learn_form_tokens(&self, page: &Page) {
        let scopes = self.catalogue().scope_names();
        let is_guard =
            |field: &&Field| !scopes.contains(&field.value) && !field.value.starts_with('/');
        for field in page.forms.iter().flat_map(Form::hidden).filter(is_guard) {
            self.learn("form token", &field.value);
        }
    }

    /// Stops a check that is about a person's decision where the target says that nobody is asked.
    pub(crate) fn asks_somebody(&self) -> Result<(), ProbeError> {
        match self.driver() {
            Some(Driver::Redirects) => Err(ProbeError::unavailable(BY_ITSELF)),
            _ => Ok(()),
        }
    }

    /// Opens the request as the signed-in person and stops where the server stops.
    pub(crate) fn ask(&self, request: &Authorization) -> Result<Landing, ProbeError> {
        let opened = self.authorize_url(request)?;
        match self.driver() {
            None | Some(Driver::Forms(_)) => self.walk_signed_in(self.browser(), opened),
            Some(Driver::Redirects) => self.walk(self.browser(), opened),
            Some(driver @ (Driver::WebDriver(_) | Driver::Command(_))) => {
                let landing = self.walk(&Browser::default(), opened)?;
                if is_open_page(&landing).is_some() {
                    return Err(ProbeError::unavailable(format!(
                        "the server shows a page first, and only the \"forms\" driver reads pages \
                         (the target has {:?})",
                        driver.name()
                    )));
                }
                Ok(landing)
            }
        }
    }

    /// Runs the request to its end with `decision`; an error the server shows earlier is an end too.
    pub(crate) fn authorize(
        &self,
        request: &Authorization,
        decision: &Decision,
    ) -> Result<Landing, ProbeError> {
        match self.driver() {
            None | Some(Driver::Forms(_)) => self.authorize_on_pages(request, decision),
            Some(Driver::Redirects) => match decision {
                Decision::Allow => self.ask(request),
                Decision::Deny | Decision::AllowOnly(_) => Err(ProbeError::unavailable(BY_ITSELF)),
            },
            Some(driver @ (Driver::WebDriver(_) | Driver::Command(_))) => {
                let opened = self.authorize_url(request)?;
                let landing = self.walk(&Browser::default(), opened.clone())?;
                if is_open_page(&landing).is_none() {
                    return Ok(landing);
                }
                let redirect_uri =
                    request.parameters.find("redirect_uri").unwrap_or(&request.client.redirect_uri);
                let uri = match driver {
                    Driver::Command(command) => {
                        self.run_command(command, &opened.url, redirect_uri, decision)?
                    }
                    Driver::WebDriver(driver) => {
                        self.drive_browser(driver, &opened.url, redirect_uri, decision)?
                    }
                    Driver::Redirects | Driver::Forms(_) => return Ok(landing),
                };
                Ok(Landing::Callback(self.called_back(None, uri)))
            }
        }
    }

    /// Decides on the consent page, if the server shows one.
    fn authorize_on_pages(
        &self,
        request: &Authorization,
        decision: &Decision,
    ) -> Result<Landing, ProbeError> {
        let landing = self.ask(request)?;
        let Some((reply, address)) = is_open_page(&landing) else { return Ok(landing) };
        let page = self.read_page(&reply.body, address);
        let scopes = self.catalogue().scope_names();
        self.learn_form_tokens(&page);
        let words = decision.words(&page.hints);
        if page.form_with(&words).is_none() {
            if !matches!(decision, Decision::Deny) || !page.offers_consent() {
                return Ok(landing);
            }
            return match page.link_saying(&words) {
                Some(link) => self.walk(self.browser(), Request::get(link)),
                None => Err(ProbeError::unavailable("the consent page has no way to deny")),
            };
        }
        if let Decision::AllowOnly(kept) = decision {
            if !page.has_scope_box(&scopes) {
                return Err(ProbeError::unavailable("the consent page has no boxes for scopes"));
            }
            if page.locked_scopes(&scopes).iter().any(|locked| !kept.contains(locked)) {
                return Err(ProbeError::unavailable("the consent page has no box for each scope"));
            }
        }
        let (form, entries) = page.decide(decision, &scopes)?;
        self.walk(self.browser(), form.request(&entries))
    }
}

/// The page at which the flow waits for a person, and its address.
fn is_open_page(landing: &Landing) -> Option<(&Reply, &str)> {
    match landing {
        Landing::Page { reply, address } if reply.is_success() => Some((reply, address)),
        Landing::Page { .. } | Landing::Callback(_) => None,
    }
}
