//! A server may know a value that this build does not.

use lookout_sdk::schema::PanelWidth;

fn share(width: PanelWidth) -> u8 {
    match width {
        PanelWidth::Full => 100,
        PanelWidth::Half => 50,
    }
}

fn main() {}
