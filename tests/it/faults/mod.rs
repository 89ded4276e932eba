//! What the hospital's server may do, and what comes of it: client, facade, fault proxy, demo EHR. `docs/EHR.md` has the table.

mod families;
mod random;
mod reads;
mod searches;
mod stage;
mod table;
mod tokens;
