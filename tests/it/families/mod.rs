//! Families decide (S-05, S-43 to S-46, S-50 to S-56, D-05 to D-07): the use-cases on both databases, a model of histories of grants, and
//! the pages over the running server.

mod invitations;
mod model;
mod of_age;
mod pages;
mod world;
