//! Chromium behind chromedriver, and what a person does with it and sees in it.
//!
//! Scripts that a test runs are outside the page's content security policy; the page's own are not.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::error::WebDriverResult;
use thirtyfour::{By, ChromeCapabilities, WebDriver, WebElement, WindowHandle};
use tokio::runtime::Runtime;
use url::Url;

/// Without the first three it does not start in a container; the others keep it from calling home.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1280,900",
];

/// How long a person would wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// One driver at a time, where the tests are threads of one process.
static ALONE: Mutex<()> = Mutex::new(());

/// A chromedriver on a free port. It ends with this value.
pub(crate) struct Chromedriver {
    child: Child,
    url: String,
    _alone: MutexGuard<'static, ()>,
}

impl Chromedriver {
    /// `None`, loudly, where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
        let Ok(mut child) = command.spawn() else {
            let required = std::env::var_os("LOOKOUT_SKIP_NOTHING").is_some();
            assert!(!required, "chromedriver is not installed");
            eprintln!("SKIPPED: chromedriver is not installed, so no browser opened the pages");
            return None;
        };
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        // The rest is read so that it never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let url = format!("http://127.0.0.1:{}", port.expect("chromedriver names its port"));
        Some(Self { child, url, _alone: alone })
    }

    /// A browser that has never been anywhere, for pages of the site at `base`.
    pub(crate) fn browser(&self, base: &str) -> Browser {
        self.browser_that_prefers(base, json!({}))
    }

    /// The same, with these preferences of Chromium.
    pub(crate) fn browser_that_prefers(&self, base: &str, preferences: Value) -> Browser {
        // The client is built for TLS too, and is not without a provider, although it speaks plain HTTP here.
        let _already_there = rustls::crypto::ring::default_provider().install_default();
        let profile = tempfile::tempdir().expect("a temporary folder");
        let folder = format!("--user-data-dir={}", profile.path().display());
        let flags: Vec<&str> = FLAGS.into_iter().chain([folder.as_str()]).collect();
        let mut capabilities = ChromeCapabilities::new();
        let wanted = capabilities.as_mut();
        let mut options = json!({ "args": flags });
        options["prefs"] = preferences;
        wanted.set("goog:chromeOptions", options).expect("JSON");
        wanted.set("goog:loggingPrefs", json!({ "browser": "ALL" })).expect("JSON");
        let runtime = Runtime::new().expect("a runtime");
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(120));
        let client = client.build().expect("a client");
        let started = runtime
            .block_on(async { WebDriver::builder(&self.url, capabilities).client(client).await });
        let driver = started.expect("a browser");
        Browser { driver: Some(driver), runtime, base: base.to_owned(), _profile: profile }
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // Both fail only when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running browser with one window. It ends with this value.
pub(crate) struct Browser {
    driver: Option<WebDriver>,
    runtime: Runtime,
    base: String,
    _profile: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            // It fails only when the browser has ended by itself.
            let _ = self.runtime.block_on(driver.quit());
        }
    }
}

impl Browser {
    const fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("it is taken only when this ends")
    }

    #[track_caller]
    fn done<T>(&self, work: impl Future<Output = WebDriverResult<T>>) -> T {
        let done = self.runtime.block_on(work);
        done.unwrap_or_else(|error| panic!("{error}\n{}", self.describe()))
    }

    /// Where the browser is and what it shows, for a message of a failure.
    fn describe(&self) -> String {
        let seen = self.runtime.block_on(async {
            let address = self.driver().current_url().await?;
            let script = "return document.body ? document.body.innerText : ''";
            let text = self.driver().execute(script, Vec::new()).await?;
            Ok::<_, thirtyfour::error::WebDriverError>(format!("at {address}:\n{}", text.json()))
        });
        seen.unwrap_or_else(|error| format!("(and nothing can be seen: {error})"))
    }

    /// Opens a path of the site, or an address elsewhere.
    #[track_caller]
    pub(crate) fn open(&self, place: &str) {
        let address =
            if place.starts_with('/') { format!("{}{place}", self.base) } else { place.to_owned() };
        self.done(self.driver().goto(address));
    }

    #[track_caller]
    pub(crate) fn address(&self) -> Url {
        self.done(self.driver().current_url())
    }

    #[track_caller]
    pub(crate) fn title(&self) -> String {
        self.done(self.driver().title())
    }

    #[track_caller]
    pub(crate) fn back(&self) {
        self.done(self.driver().back());
    }

    #[track_caller]
    pub(crate) fn reload(&self) {
        self.done(self.driver().refresh());
    }

    /// What a script in the page returns; of a promise, what it comes to.
    #[track_caller]
    pub(crate) fn ask(&self, script: &str, arguments: &[Value]) -> Value {
        self.done(self.driver().execute(script, arguments.to_vec())).json().clone()
    }

    /// How many elements of the page a CSS selector finds.
    #[track_caller]
    pub(crate) fn count(&self, selector: &str) -> usize {
        self.done(self.driver().find_all(By::Css(selector))).len()
    }

    #[track_caller]
    fn find(&self, what: &str) -> WebElement {
        let by = if what.starts_with('/') { By::XPath(what) } else { By::Css(what) };
        self.done(self.driver().find(by))
    }

    /// The text that a person sees there.
    #[track_caller]
    pub(crate) fn text(&self, what: &str) -> String {
        self.done(self.find(what).text())
    }

    /// All the text that a person sees.
    #[track_caller]
    pub(crate) fn page(&self) -> String {
        self.text("body")
    }

    #[track_caller]
    pub(crate) fn press(&self, what: &str) {
        self.done(self.find(what).click());
    }

    /// Presses what leads to another page, and waits until that page is there.
    #[track_caller]
    pub(crate) fn follow(&self, what: &str) {
        self.ask("window.isLeft = true", &[]);
        self.press(what);
        self.wait("another page", || {
            let arrived = "return !window.isLeft && document.readyState === 'complete'";
            let arrived = self.runtime.block_on(self.driver().execute(arrived, Vec::new()));
            // Between two pages there is nothing to ask.
            arrived.is_ok_and(|arrived| *arrived.json() == true).then_some(())
        });
    }

    #[track_caller]
    pub(crate) fn double_click(&self, what: &str) {
        let element = self.find(what);
        self.done(self.driver().action_chain().double_click_element(&element).perform());
    }

    /// Replaces what a field holds, key by key.
    #[track_caller]
    pub(crate) fn enter(&self, field: &str, text: &str) {
        let field = self.find(field);
        self.done(field.clear());
        self.done(field.send_keys(text));
    }

    #[track_caller]
    pub(crate) fn is_ticked(&self, what: &str) -> bool {
        self.done(self.find(what).is_selected())
    }

    /// Presses keys wherever the focus is.
    #[track_caller]
    pub(crate) fn keys(&self, keys: impl Into<thirtyfour::TypingData>) {
        self.done(self.driver().action_chain().send_keys(keys).perform());
    }

    /// Opens another tab, which is then the one that is looked at.
    #[track_caller]
    pub(crate) fn new_tab(&self) -> WindowHandle {
        let tab = self.done(self.driver().new_tab());
        self.look_at(&tab);
        tab
    }

    /// The tab that is looked at.
    #[track_caller]
    pub(crate) fn tab(&self) -> WindowHandle {
        self.done(self.driver().window())
    }

    #[track_caller]
    pub(crate) fn look_at(&self, tab: &WindowHandle) {
        self.done(self.driver().switch_to_window(tab.clone()));
    }

    /// A command of Chromium's own protocol.
    #[track_caller]
    pub(crate) fn command(&self, method: &str, parameters: Value) -> Value {
        self.done(self.driver().cdp().send_raw(method, parameters))
    }

    /// A window of this size, in which the person prefers `scheme`.
    #[track_caller]
    pub(crate) fn dress(&self, scheme: &str, width: u32, height: u32) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.command("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
        self.resize(width, height);
        let asked = "return [matchMedia(`(prefers-color-scheme: ${arguments[0]})`).matches, innerWidth, innerHeight]";
        let is = self.ask(asked, &[json!(scheme)]);
        assert_eq!(is, json!([true, width, height]), "the browser is as it was told to be");
        // Colours that fade into each other are nobody's.
        self.ask("return Promise.all(document.getAnimations().map((it) => it.finished)).then(() => null)", &[]);
    }

    fn resize(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", size);
    }

    /// Writes a picture of the whole page in a window of this width, and leaves the window as high as the page.
    #[track_caller]
    pub(crate) fn picture(&self, width: u32, file: &Path) {
        let height = self.ask("return document.documentElement.scrollHeight", &[]);
        let height = height.as_u64().and_then(|it| u32::try_from(it).ok()).expect("a height");
        self.resize(width, height);
        self.done(self.driver().screenshot(file));
    }

    /// What the console was told since this was last asked: every error, warning and violation of the policy.
    #[track_caller]
    pub(crate) fn console(&self) -> Vec<String> {
        let entries = self.done(self.driver().browser_log()).into_iter();
        let said = entries.map(|entry| format!("{}: {}", entry.level, entry.message));
        // Whoever types before the page has come whole keeps the focus, and Chromium remarks on it.
        said.filter(|line| !line.contains("Autofocus processing was blocked")).collect()
    }

    /// Nothing was written to the console, save that pages had these statuses.
    #[track_caller]
    pub(crate) fn was_quiet_but(&self, statuses: &[u16]) {
        let expected: Vec<String> =
            statuses.iter().map(|status| format!("responded with a status of {status}")).collect();
        let said: Vec<String> = self
            .console()
            .into_iter()
            .filter(|line| !expected.iter().any(|expected| line.contains(expected)))
            .collect();
        assert!(said.is_empty(), "{said:#?}\n{}", self.describe());
    }

    #[track_caller]
    pub(crate) fn was_quiet(&self) {
        self.was_quiet_but(&[]);
    }

    /// Waits until `look` sees something.
    #[track_caller]
    pub(crate) fn wait<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: {}", self.describe());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
