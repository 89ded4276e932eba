//! Writing one kind of entry each: what a story or an episode says in a line becomes FHIR resources.

pub mod background;
pub mod labs;
pub mod meds;
pub mod notes;
pub mod pdf;
pub mod plans;
pub mod shortcuts;
pub mod visit;
pub mod vitals;

pub use background::{Reaction, Team};
pub use meds::{Order, order};
pub use notes::{Format, Note, NoteKind};
pub use shortcuts::Stay;
pub use visit::{Disposition, Enc, Setting, Visit};
