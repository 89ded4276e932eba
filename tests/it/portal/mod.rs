//! The portal's pages from outside, in the process: headers, sessions, forms, roles.

mod apps;
mod federation;
mod forms;
mod headers;
mod health;
mod identity;
mod language;
mod my_staff;
mod roles;
mod sessions;
mod vendors;
mod world;
