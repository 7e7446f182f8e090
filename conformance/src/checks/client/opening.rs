//! What a client hands to the browser, and how often.

use super::Area;
use crate::peer::scenario::{ClientCheck, Scenario};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const SCENARIOS: &[Scenario] = &[];

const CHECKS: &[ClientCheck] = &[];
