//! What a scenario is, what a check on a client is, and how one run is made.

use std::io;
use std::time::Instant;

use proptest::strategy::{BoxedStrategy, Just, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use crate::check::{Clause, Level};
use crate::outcome::Outcome;
use crate::peer::launch::{Launch, Room, launch};
use crate::peer::listen::Listening;
use crate::peer::log::{Ending, What};
use crate::peer::place::Role;
use crate::peer::run::{Run, kept};
use crate::peer::script::Script;
use crate::peer::stage::admit::Policy;

/// One way in which servers behave towards a client.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// A stable name, `area/slug`.
    pub id: &'static str,
    /// What the servers do, in one sentence.
    pub title: &'static str,
    /// What differs from run to run.
    pub(crate) inputs: fn() -> BoxedStrategy<Value>,
    /// How many runs there are at the ordinary depth.
    pub(crate) runs: u32,
    /// How the servers behave on one input.
    pub(crate) script: fn(&Value) -> Script,
}

/// One claim about a client, and how to look for a counterexample in what happened.
#[derive(Clone, Copy, Debug)]
pub struct ClientCheck {
    /// A stable name, `area/slug`.
    pub id: &'static str,
    /// How much the clause demands.
    pub level: Level,
    /// Where the demand is written.
    pub clause: Clause,
    /// One sentence, true of a conforming client.
    pub claim: &'static str,
    /// Which runs it is judged on.
    pub(crate) on: On,
    /// Looks for a counterexample.
    pub(crate) judge: Judge,
}

/// Which runs a check is judged on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum On {
    /// All of them: whatever the servers do, the claim holds.
    Every,
    /// Those of these scenarios.
    Only(&'static [&'static str]),
}

/// How a check reads runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Judge {
    /// One by one.
    Each(fn(&Run) -> Outcome),
    /// All together, for what must differ from run to run.
    Together(fn(&[&Run]) -> Outcome),
}

impl Scenario {
    /// Whether runs of it differ.
    pub(crate) fn has_inputs(&self) -> bool {
        draw(self, 0, 0).is_ok_and(|tree| !tree.current().is_null())
    }
}

impl ClientCheck {
    /// The part of the id before the slash.
    pub fn area(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }

    /// Whether `name` selects this check: its id, its area, or `area/`.
    pub fn is_named(&self, name: &str) -> bool {
        self.id == name || self.area() == name.trim_end_matches('/')
    }

    pub(crate) fn is_on(&self, scenario: &str) -> bool {
        match self.on {
            On::Every => true,
            On::Only(scenarios) => scenarios.contains(&scenario),
        }
    }
}

/// The inputs of a scenario that is always the same.
pub(crate) fn same() -> BoxedStrategy<Value> {
    Just(Value::Null).boxed()
}

/// The inputs of a scenario as data.
pub(crate) fn data<S>(inputs: S) -> BoxedStrategy<Value>
where
    S: Strategy + 'static,
    S::Value: Serialize,
{
    inputs.prop_map(|input| serde_json::to_value(input).unwrap_or_default()).boxed()
}

/// The inputs of one run of a scenario; with `seed` and `number` always the same.
pub(crate) fn draw(
    scenario: &Scenario,
    seed: u64,
    number: u32,
) -> Result<Box<dyn ValueTree<Value = Value>>, String> {
    let purpose = Sha256::digest(format!("{seed} {} {number}", scenario.id));
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &purpose);
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, random);
    (scenario.inputs)().new_tree(&mut runner).map_err(|reason| reason.to_string())
}

/// Opens the servers of `scenario` on `case`, starts the client as often as it says, and returns
/// what happened.
///
/// # Errors
///
/// When there is no free port, or the program cannot be started.
pub(crate) fn perform(
    scenario: &Scenario,
    case: Value,
    number: u32,
    client: &Launch,
    runtime: &Handle,
    purpose: &str,
) -> io::Result<Run> {
    let begun = Instant::now();
    let script = (scenario.script)(&case);
    let (starts, task) = (script.starts, script.task_text());
    // A real browser takes its time, whatever the scenario is about.
    let quiet = script.quiet.filter(|_| client.browser.is_none()).unwrap_or(client.quiet);
    let room = Room::new()?;
    let servers = Listening::open(runtime, script, purpose)?;
    let stage = &servers.stage;
    stage.govern(Policy { approval: client.approval, ..Policy::default() });
    let mut exits = Vec::new();
    let mut outputs = Vec::new();
    for start in 1..=starts {
        stage.note(What::Started(start));
        let mut facts = vec![
            ("LOOKOUT_CONFORMANCE_SCENARIO", scenario.id.to_owned()),
            ("LOOKOUT_CONFORMANCE_TASK", task.clone()),
            ("LOOKOUT_CONFORMANCE_START", start.to_string()),
            ("LOOKOUT_CONFORMANCE_PATIENCE", format!("{:.1}", quiet.as_secs_f64() / 2.0)),
        ];
        let world = stage.world();
        if world.setting.known_client
            && let Some(known) = world.clients.first()
        {
            facts.push(("LOOKOUT_CONFORMANCE_CLIENT_ID", known.id.clone()));
            facts.push(("LOOKOUT_CONFORMANCE_ISSUER", world.issuer(Role::Authority)));
        }
        let (exit, output) = launch(client, stage, &room, &facts, quiet)?;
        let is_over = matches!(exit.how, Ending::Quiet | Ending::Timeout);
        exits.push(exit);
        outputs.push(output);
        if is_over {
            break;
        }
    }
    Ok(Run {
        scenario: scenario.id,
        number,
        duration: begun.elapsed(),
        case,
        log: stage.log(),
        world: stage.world(),
        exits,
        outputs,
        files: kept(&room.store()),
    })
}
