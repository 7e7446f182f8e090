//! Addresses that a client must not fetch, and certificates that it must not trust.

use super::Area;
use crate::peer::scenario::{ClientCheck, Scenario};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const SCENARIOS: &[Scenario] = &[];

const CHECKS: &[ClientCheck] = &[];
