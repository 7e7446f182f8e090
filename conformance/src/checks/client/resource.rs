//! The resource that a token is for: what metadata may name, and what requests must.

use super::Area;
use crate::peer::scenario::{ClientCheck, Scenario};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const SCENARIOS: &[Scenario] = &[];

const CHECKS: &[ClientCheck] = &[];
