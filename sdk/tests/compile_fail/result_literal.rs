//! Results are not written out, nor taken apart to the last member: they may gain one.

use lookout_sdk::schema::FunnelStep;

fn made() -> FunnelStep {
    FunnelStep { name: "visit".to_owned(), count: 1.0, conversion_rate: None }
}

fn taken_apart(step: FunnelStep) -> String {
    let FunnelStep { name, count: _, conversion_rate: _ } = step;
    name
}

fn main() {}
