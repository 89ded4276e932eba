//! What happened to the children who have no story of their own.

use super::chart::Chart;
use super::staff::OYELARAN;

/// Writes a record that fits the child's age.
pub fn write(c: &mut Chart<'_>) {
    let since = c.on(300, 9, 0).max(super::time::at(c.child.birth, 12, 0));
    c.no_known_allergies(since, &OYELARAN);
    c.immunizations();
}
