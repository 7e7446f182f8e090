//! The pages in a real browser: headless Chromium, driven through chromedriver. Where there is none every test is skipped, and says so.

mod callback;
mod client;
mod driven;
mod stage;
mod words;

mod consent;
mod hostile;
mod keyboard;
mod pages;
mod scripts;
mod tokens;

#[path = "../mcp/served.rs"]
#[allow(dead_code, reason = "the tests of the endpoint use the rest of it")]
mod served;
#[path = "../loopback/serving.rs"]
mod serving;
