//! Programmatic tokens, made and revoked the way a person does it: on the page.

use crate::outcome::ProbeError;
use crate::probe::Probe;
use crate::probe::browser::Landing;
use crate::probe::form::{Entries, Form, Page, REVOKE_WORDS, first_text};
use crate::probe::http::Request;
use crate::secret::Secret;

/// A programmatic token and the name it is listed under.
#[derive(Clone, Debug)]
pub(crate) struct Programmatic {
    pub(crate) name: String,
    pub(crate) token: Secret,
}

impl Probe<'_> {
    /// Makes a token. `scopes` are the boxes left ticked; `None` leaves the form as it came.
    pub(crate) fn create_programmatic(
        &self,
        scopes: Option<&[String]>,
    ) -> Result<Programmatic, ProbeError> {
        let name = format!("conformance {}", self.fresh_name());
        let (form, entries) = self.creation_form(&name, scopes)?;
        let (html, _) = self.html_after(form.request(&entries), "make a programmatic token")?;
        let token = first_text(&html, "#new-token")
            .or_else(|| first_text(&html, "code"))
            .filter(|text| text.len() >= 20 && !text.contains(' '));
        let Some(token) = token else {
            return Err(ProbeError::page("new token", "no element shows the token"));
        };
        self.learn("programmatic token", &token);
        self.remember_programmatic(&name);
        Ok(Programmatic { name, token: Secret::new(token) })
    }

    /// The filled-in creation form and what a browser would send with it.
    pub(crate) fn creation_form(
        &self,
        name: &str,
        scopes: Option<&[String]>,
    ) -> Result<(Form, Entries), ProbeError> {
        let (_, page) = self.tokens_page()?;
        let Some(form) = page.forms.iter().find(|form| is_creation(form)) else {
            return Err(ProbeError::page("programmatic tokens", "no form asks for a token's name"));
        };
        let mut form = form.clone();
        for field in &mut form.fields {
            if is_name(&field.name, &field.kind) {
                name.clone_into(&mut field.value);
            }
        }
        if let Some(scopes) = scopes {
            form.tick(scopes, &self.catalogue().scope_names());
        }
        let entries = form.entries(form.buttons.first());
        for hidden in form.hidden() {
            self.learn("form token", &hidden.value);
        }
        Ok((form, entries))
    }

    /// Revokes the token that is listed as `name`.
    pub(crate) fn revoke_programmatic(&self, name: &str) -> Result<(), ProbeError> {
        let (_, page) = self.tokens_page()?;
        self.press_revoke(&page, name)
    }

    /// Presses the revoke button in the row of `page` that shows `name`.
    pub(crate) fn press_revoke(&self, page: &Page, name: &str) -> Result<(), ProbeError> {
        let row = page.forms.iter().find(|form| {
            form.around.contains(name) && !is_creation(form) && form.button(&REVOKE_WORDS).is_some()
        });
        let Some(form) = row else {
            let lacks = "no row of that name can be revoked";
            return Err(ProbeError::page("programmatic tokens", lacks));
        };
        let entries = form.entries(form.button(&REVOKE_WORDS));
        self.visit(self.browser(), form.request(&entries))?.alive()?;
        Ok(())
    }

    /// The page that lists programmatic tokens, as HTML and as forms.
    pub(crate) fn tokens_page(&self) -> Result<(String, Page), ProbeError> {
        let Some(address) = &self.site().tokens_page else {
            return Err(ProbeError::page("programmatic tokens", "the page was not found"));
        };
        self.page_after(Request::get(address), "open the programmatic tokens page")
    }

    /// The page that the signed-in person lands on, read.
    pub(crate) fn page_after(
        &self,
        request: Request,
        step: &str,
    ) -> Result<(String, Page), ProbeError> {
        let (html, address) = self.html_after(request, step)?;
        let page = Page::read(&html, &address);
        Ok((html, page))
    }

    fn html_after(&self, request: Request, step: &str) -> Result<(String, String), ProbeError> {
        match self.walk_signed_in(self.browser(), request)? {
            Landing::Page { reply, address } => Ok((reply.succeeded(step)?.body, address)),
            Landing::Callback(callback) => {
                Err(ProbeError::step(step, format!("redirected to {}", callback.uri)))
            }
        }
    }
}

/// Whether `form` makes something that has a name and is no search or sign-out.
pub(crate) fn is_creation(form: &Form) -> bool {
    form.method == "post" && form.fields.iter().any(|field| is_name(&field.name, &field.kind))
}

fn is_name(name: &str, kind: &str) -> bool {
    matches!(kind, "" | "text") && matches!(name, "name" | "label" | "description" | "title")
}
