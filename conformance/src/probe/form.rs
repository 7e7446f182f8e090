//! Reading a page the way a person would: its forms, its buttons, its links.
//!
//! Nothing here knows Lookout's pages. A field is recognised by its type, a button by the words on
//! it, so the harness can drive the sign-in and consent pages of servers it has never seen.

use scraper::{ElementRef, Html, Selector};

use crate::probe::http::{Request, encode_form};
use crate::target::FormHints;

/// What a browser would send: names and values in the order of the page.
pub(crate) type Entries = Vec<(String, String)>;

#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) forms: Vec<Form>,
    pub(crate) links: Vec<Link>,
    /// Everything a reader sees.
    pub(crate) text: String,
    /// What the target says of the parts of its pages.
    pub(crate) hints: FormHints,
}

#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) text: String,
    pub(crate) to: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) method: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) buttons: Vec<Button>,
    /// The text of the table row, list item or block that holds the form.
    pub(crate) around: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) value: String,
    /// Whether a browser would send it: always, except for boxes that are not ticked.
    pub(crate) sent: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Button {
    pub(crate) name: Option<String>,
    pub(crate) value: String,
    pub(crate) text: String,
}

pub(crate) const ALLOW_WORDS: [&str; 7] =
    ["allow", "approve", "authorize", "authorise", "accept", "grant", "connect"];
pub(crate) const DENY_WORDS: [&str; 6] = ["deny", "cancel", "decline", "reject", "refuse", "don't"];
pub(crate) const SIGN_OUT_WORDS: [&str; 4] = ["sign out", "log out", "logout", "sign off"];
pub(crate) const REVOKE_WORDS: [&str; 4] = ["revoke", "delete", "remove", "disconnect"];

impl Page {
    /// Reads `html`, which came from `address`.
    pub(crate) fn read(html: &str, address: &str) -> Self {
        let document = Html::parse_document(html);
        let base = url::Url::parse(address).ok();
        let resolve = |to: &str| match &base {
            Some(base) => base.join(to).map_or_else(|_| to.to_owned(), String::from),
            None => to.to_owned(),
        };
        let (form, link, body) = (selector("form"), selector("a[href]"), selector("body"));
        let links = document.select(&link).map(|link| Link {
            text: visible(link),
            to: resolve(link.attr("href").unwrap_or_default()),
        });
        Self {
            forms: document
                .select(&form)
                .map(|form| read_form(&document, form, &resolve))
                .collect(),
            links: links.collect(),
            text: document.select(&body).map(visible).collect(),
            hints: FormHints::default(),
        }
    }

    /// The form that asks for a password, or has a field that the target calls one of sign-in.
    pub(crate) fn sign_in(&self) -> Option<&Form> {
        let named = |field: &Field, hint: &Option<String>| hint.as_ref() == Some(&field.name);
        let is_sign_in = |field: &Field| {
            field.kind == "password"
                || named(field, &self.hints.password_field)
                || named(field, &self.hints.user_field)
        };
        self.forms.iter().find(|form| form.fields.iter().any(is_sign_in))
    }

    /// The form with a button that carries one of `words`.
    pub(crate) fn form_with<W: AsRef<str>>(&self, words: &[W]) -> Option<(&Form, &Button)> {
        self.forms.iter().find_map(|form| Some((form, form.button(words)?)))
    }

    /// Whether there is a box that stands for a scope.
    pub(crate) fn has_scope_box(&self, scopes: &[String]) -> bool {
        let is_scope = |field: &Field| match &self.hints.scope_field {
            Some(name) => field.name == *name,
            None => scopes.contains(&field.value),
        };
        let fields = self.forms.iter().flat_map(|form| &form.fields);
        fields.filter(|field| field.kind == "checkbox").any(is_scope)
    }

    /// Those of `scopes` that a form sends whatever is ticked.
    pub(crate) fn locked_scopes(&self, scopes: &[String]) -> Vec<String> {
        let hidden: Vec<&Field> = self.forms.iter().flat_map(Form::hidden).collect();
        let is_locked = |scope: &&String| hidden.iter().any(|field| field.value == **scope);
        scopes.iter().filter(is_locked).cloned().collect()
    }

    /// Where a link whose text has one of `words` leads.
    pub(crate) fn link_saying<W: AsRef<str>>(&self, words: &[W]) -> Option<&str> {
        let says = |link: &&Link| {
            let text = link.text.to_lowercase();
            words.iter().any(|word| text.contains(word.as_ref()))
        };
        self.links.iter().find(says).map(|link| link.to.as_str())
    }

    /// Where a link named exactly `text` leads.
    pub(crate) fn link(&self, text: &str) -> Option<&str> {
        let named = self.links.iter().find(|link| link.text.eq_ignore_ascii_case(text));
        named.map(|link| link.to.as_str())
    }
}

impl Form {
    pub(crate) fn button<W: AsRef<str>>(&self, words: &[W]) -> Option<&Button> {
        self.buttons.iter().find(|button| button.says(words))
    }

    /// The button that goes on: the first that does not turn back.
    pub(crate) fn proceeding_button(&self) -> Option<&Button> {
        let goes_on = |button: &&Button| !button.says(&DENY_WORDS);
        self.buttons.iter().find(goes_on).or(self.buttons.first())
    }

    /// Fills in who signs in.
    pub(crate) fn sign_in(&mut self, hints: &FormHints, user: &str, password: &str) {
        let is_hinted = hints.user_field.is_some();
        for field in &mut self.fields {
            let is_password = match &hints.password_field {
                Some(name) => field.name == *name,
                None => field.kind == "password",
            };
            let is_user = hints.user_field.as_ref() == Some(&field.name);
            if is_password {
                password.clone_into(&mut field.value);
            } else if is_user || !is_hinted && matches!(field.kind.as_str(), "" | "text" | "email")
            {
                user.clone_into(&mut field.value);
            }
        }
    }

    /// What a browser would send when this button is pressed.
    pub(crate) fn entries(&self, button: Option<&Button>) -> Entries {
        let fields = self.fields.iter().filter(|field| field.sent);
        let mut entries: Entries =
            fields.map(|field| (field.name.clone(), field.value.clone())).collect();
        if let Some(Button { name: Some(name), value, .. }) = button {
            entries.push((name.clone(), value.clone()));
        }
        entries
    }

    /// Ticks exactly those boxes whose value is in `values`; boxes with none of `known` are left.
    pub(crate) fn tick(&mut self, values: &[String], known: &[String]) {
        self.tick_named(None, values, known);
    }

    /// The same among the boxes called `name`, all of which stand for scopes.
    pub(crate) fn tick_named(&mut self, name: Option<&str>, values: &[String], known: &[String]) {
        for field in &mut self.fields {
            let is_scope = match name {
                Some(name) => field.name == name,
                None => known.contains(&field.value),
            };
            if field.kind == "checkbox" && is_scope {
                field.sent = values.contains(&field.value);
            }
        }
    }

    /// The request that carries `entries`, with the `Origin` a browser would add.
    pub(crate) fn request(&self, entries: &[(String, String)]) -> Request {
        if self.method == "get" {
            let address = self.action.split('?').next().unwrap_or_default();
            return Request::get(format!("{address}?{}", encode_form(entries)));
        }
        let origin = url::Url::parse(&self.action)
            .map_or_else(|_| String::new(), |url| url.origin().ascii_serialization());
        Request::post_form(&self.action, entries).header("origin", origin)
    }

    /// Values of hidden fields, which are often anti-forgery secrets.
    pub(crate) fn hidden(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.kind == "hidden")
    }
}

impl Button {
    fn says<W: AsRef<str>>(&self, words: &[W]) -> bool {
        let label = format!("{} {}", self.value, self.text).to_lowercase();
        words.iter().any(|word| label.contains(word.as_ref()))
    }
}

fn read_form(document: &Html, form: ElementRef<'_>, resolve: &dyn Fn(&str) -> String) -> Form {
    let controls = selector("input, button, select, textarea");
    let mut elements: Vec<ElementRef<'_>> = form.select(&controls).collect();
    if let Some(id) = form.attr("id") {
        let outside = document.select(&controls).filter(|control| control.attr("form") == Some(id));
        elements.extend(outside);
    }
    let mut fields = Vec::new();
    let mut buttons = Vec::new();
    for element in elements {
        let tag = element.value().name();
        let kind = element.attr("type").unwrap_or("").to_ascii_lowercase();
        if element.attr("disabled").is_some() {
            continue;
        }
        if tag == "button" && !matches!(kind.as_str(), "button" | "reset") || kind == "submit" {
            buttons.push(Button {
                name: element.attr("name").map(str::to_owned),
                value: element.attr("value").unwrap_or("").to_owned(),
                text: visible(element),
            });
        } else if let Some(name) = element.attr("name").filter(|_| tag != "button") {
            fields.push(read_field(element, tag, kind, name));
        }
    }
    Form {
        action: resolve(form.attr("action").unwrap_or("")),
        method: form.attr("method").unwrap_or("get").to_ascii_lowercase(),
        fields,
        buttons,
        around: around(form),
    }
}

fn read_field(element: ElementRef<'_>, tag: &str, kind: String, name: &str) -> Field {
    let boxed = matches!(kind.as_str(), "checkbox" | "radio");
    let value = match tag {
        "select" => {
            let options = selector("option");
            let chosen = element.select(&options).find(|option| option.attr("selected").is_some());
            let chosen = chosen.or_else(|| element.select(&options).next());
            chosen.map(|option| option.attr("value").map_or_else(|| visible(option), str::to_owned))
        }
        "textarea" => Some(element.text().collect()),
        _ => element.attr("value").map(str::to_owned),
    };
    let missing = if boxed { "on" } else { "" };
    Field {
        name: name.to_owned(),
        value: value.unwrap_or_else(|| missing.to_owned()),
        sent: !boxed || element.attr("checked").is_some(),
        kind,
    }
}

/// The text of the innermost row, item or block around a form.
fn around(form: ElementRef<'_>) -> String {
    const HOLDERS: [&str; 6] = ["tr", "li", "article", "section", "div", "main"];
    let holders = form.ancestors().filter_map(ElementRef::wrap);
    holders
        .filter(|element| HOLDERS.contains(&element.value().name()))
        .map(visible)
        .next()
        .unwrap_or_default()
}

fn visible(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of the first element that `css` selects.
pub(crate) fn first_text(html: &str, css: &'static str) -> Option<String> {
    Html::parse_document(html).select(&selector(css)).next().map(visible)
}

/// How many elements `css` selects.
pub(crate) fn count(html: &str, css: &'static str) -> usize {
    Html::parse_document(html).select(&selector(css)).count()
}

fn selector(css: &'static str) -> Selector {
    Selector::parse(css).expect("the selectors in this file are well formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSENT: &str = r#"<body><form action="/consent" method="post">
        <input type="hidden" name="csrf" value="t0k"><input type="checkbox" name="scope" value="r" checked>
        <input type="checkbox" name="scope" value="w" checked>
        <button name="decision" value="deny">Cancel</button><button name="decision" value="yes">Allow</button>
        </form><ul><li>laptop <form action="/x"><button>Revoke</button></form></li></ul></body>"#;

    #[test]
    fn a_person_can_untick_a_scope_and_press_a_button_by_its_words() {
        let page = Page::read(CONSENT, "http://h:1/authorize?x=1");
        let (form, button) = page.form_with(&ALLOW_WORDS).unwrap();
        let mut form = form.clone();
        form.tick(&["r".to_owned()], &["r".to_owned(), "w".to_owned()]);
        let entries = form.entries(Some(button));
        let pairs: Vec<(&str, &str)> =
            entries.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("csrf", "t0k"), ("scope", "r"), ("decision", "yes")]);
        assert_eq!(form.action, "http://h:1/consent");
    }

    #[test]
    fn a_scope_in_a_hidden_field_cannot_be_left_out() {
        let locked = CONSENT.replace(
            "\"checkbox\" name=\"scope\" value=\"r\"",
            "\"hidden\" name=\"scope\" value=\"r\"",
        );
        let scopes = ["r".to_owned(), "w".to_owned()];
        assert_eq!(Page::read(CONSENT, "http://h:1/").locked_scopes(&scopes), [""; 0]);
        let page = Page::read(&locked, "http://h:1/");
        assert_eq!(page.locked_scopes(&scopes), ["r"]);
        assert!(page.has_scope_box(&scopes));
    }

    #[test]
    fn a_row_is_found_by_the_words_around_its_button() {
        let page = Page::read(CONSENT, "http://h:1/");
        let (form, _) = page.form_with(&REVOKE_WORDS).unwrap();
        assert!(form.around.contains("laptop"));
    }
}
