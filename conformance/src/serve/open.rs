//! One scenario that stays open, and is started again when somebody says so.
//!
//! Starting again gives it other addresses, so that nothing that a client still keeps from before
//! is taken for something it did now.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::Value;
use tokio::runtime::Handle;

use super::locked;
use super::rehearse::{Needs, rehearse};
use crate::grade::{Seen, attended, judge};
use crate::peer::evidence;
use crate::peer::listen::Listening;
use crate::peer::log::{Visitor, What};
use crate::peer::place::{Places, Role};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Scenario, draw};
use crate::peer::script::Setting;
use crate::peer::stage::Stage;
use crate::peer::stage::admit::Policy;
use crate::report::CheckReport;
use crate::transcript::Exchange;

/// What all scenarios have in common.
pub(super) struct Plan {
    pub(super) seed: u64,
    /// The origin under which everything is, when there is one for all.
    pub(super) public: Option<String>,
    pub(super) policy: Policy,
    pub(super) runtime: Handle,
}

/// One scenario that stays open.
pub(super) struct OpenScenario {
    pub(super) scenario: &'static Scenario,
    plan: Arc<Plan>,
    current: Mutex<Arc<Current>>,
    judged: Mutex<Option<Arc<Judged>>>,
}

/// A scenario since it was last started.
pub(super) struct Current {
    pub(super) number: u32,
    pub(super) case: Value,
    /// What the person does with the client, as the task has it.
    pub(super) steps: Vec<Value>,
    /// How often the client is to be started.
    pub(super) starts: usize,
    pub(super) setting: Setting,
    pub(super) needs: Needs,
    pub(super) stage: Stage,
    places: Places,
    /// Why nobody can come to it here.
    pub(super) closed: Option<&'static str>,
    /// The ports, where it has ports of its own.
    _listening: Option<Listening>,
}

/// What has happened in a scenario, judged.
pub(super) struct Judged {
    /// Which start, and how far it had come.
    pub(super) state: (u32, u64),
    pub(super) run: Run,
    pub(super) requests: usize,
    // Made when somebody looks: most scenarios are only counted most of the time.
    supposed: OnceLock<Vec<Run>>,
    checks: OnceLock<Vec<CheckReport>>,
    exchanges: OnceLock<Vec<Exchange>>,
}

const ONE_ORIGIN: &str = "not available through one address: its servers must have origins of \
                          their own";
const OWN_CERTIFICATE: &str = "not available through one address: one of its servers has a \
                               certificate that nobody trusts";

impl OpenScenario {
    pub(super) fn open(scenario: &'static Scenario, plan: Arc<Plan>) -> io::Result<Self> {
        let current = Arc::new(Current::new(scenario, &plan, 0)?);
        Ok(Self { scenario, plan, current: Mutex::new(current), judged: Mutex::new(None) })
    }

    pub(super) fn current(&self) -> Arc<Current> {
        Arc::clone(&locked(&self.current))
    }

    /// Fresh servers, and the next input.
    pub(super) fn start_again(&self) -> io::Result<()> {
        let number = self.current().number + 1;
        let fresh = Arc::new(Current::new(self.scenario, &self.plan, number)?);
        *locked(&self.current) = fresh;
        Ok(())
    }

    /// What has happened so far, to be judged.
    pub(super) fn judged(&self) -> Arc<Judged> {
        let current = self.current();
        let state = (current.number, current.stage.revision());
        let mut last = locked(&self.judged);
        if let Some(judged) = &*last
            && judged.state == state
        {
            return Arc::clone(judged);
        }
        let run = attended::run(self.scenario.id, current.number, &current.case, &current.stage);
        let requests = run.asks().count();
        let (supposed, checks, exchanges) = <_>::default();
        let judged = Arc::new(Judged { state, run, requests, supposed, checks, exchanges });
        *last = Some(Arc::clone(&judged));
        judged
    }

    /// Whether an address is, or was, one of this scenario.
    pub(super) fn is_named(&self, path: &str) -> bool {
        path.contains(&format!("/x/{}/", self.scenario.id))
    }
}

impl Current {
    fn new(scenario: &'static Scenario, plan: &Plan, number: u32) -> io::Result<Self> {
        let case = draw(scenario, plan.seed, number).map_err(io::Error::other)?.current();
        let script = (scenario.script)(&case);
        let needs = rehearse((scenario.script)(&case));
        let (steps, starts) = (script.steps.clone(), script.starts);
        let setting = script.setting.clone();
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        // The inputs follow from the seed; secrets that somebody elsewhere may guess do not.
        let purpose = format!("{} {} {number} {random:?}", plan.seed, scenario.id);
        let (stage, places, listening) = match &plan.public {
            Some(origin) => {
                let places = Places::new(|role| {
                    format!("{origin}/x/{}/{}/{}", scenario.id, number + 1, role.slug())
                });
                (Stage::new(script, places.clone(), &purpose), places, None)
            }
            None => {
                let open = Listening::open(&plan.runtime, script, &purpose)?;
                (open.stage.clone(), open.stage.world().places, Some(open))
            }
        };
        stage.govern(plan.policy.clone());
        stage.note(What::Started(1));
        let closed = plan.public.as_ref().and_then(|_| match &setting {
            Setting { untrusted: Some(_), .. } => Some(OWN_CERTIFICATE),
            _ => needs.stranger.then_some(ONE_ORIGIN),
        });
        let _listening = listening;
        Ok(Self { number, case, steps, starts, setting, needs, stage, places, closed, _listening })
    }

    /// The server that an address below the common origin belongs to.
    pub(super) fn role_of(&self, path: &str) -> Option<Role> {
        self.places.role_of(path).filter(|_| self.closed.is_none())
    }

    /// How often the client was started, as far as the person said.
    pub(super) fn started(&self) -> usize {
        let log = self.stage.log();
        log.iter().filter(|happened| matches!(happened.what, What::Started(_))).count()
    }

    /// The person says that the client was started once more.
    pub(super) fn note_start(&self) {
        let started = self.started();
        if started < self.starts {
            self.stage.note(What::Started(started + 1));
        }
    }
}

impl Judged {
    /// The run, for a judge.
    pub(super) fn seen(&self) -> Seen<'_> {
        let supposed = self.supposed.get_or_init(|| attended::supposed(&self.run));
        Seen { run: &self.run, supposed }
    }

    /// What those of `checks` that are about it make of it.
    pub(super) fn checks(&self, checks: &[&'static ClientCheck], strict: bool) -> &[CheckReport] {
        self.checks.get_or_init(|| {
            let seen = [self.seen()];
            let about = checks.iter().filter(|check| check.is_on(self.run.scenario));
            about.map(|check| judge(check, &seen, strict, &|_, _| None)).collect()
        })
    }

    /// What went over the wire, without secrets.
    pub(super) fn exchanges(&self) -> &[Exchange] {
        self.exchanges.get_or_init(|| evidence::transcript(&self.run))
    }

    /// Whether somebody came to it.
    pub(super) fn is_visited(&self) -> bool {
        self.requests > 0 || !self.run.world.marks.is_empty()
    }

    /// How many exchanges there were, those that are not shown any more included.
    pub(super) fn happened(&self) -> usize {
        self.requests + self.run.visits(Visitor::Attacker).count()
    }
}
