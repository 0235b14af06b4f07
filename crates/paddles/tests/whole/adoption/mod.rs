//! The database of a lab, as years have left it, is adopted in place by the built program.
//!
//! `PADDLES_ADOPT_JOBS=200k` makes the lab larger, `PADDLES_ADOPT_KILLS=20` kills it more often.

mod completing;
mod dedupe;
mod doctor;
mod drifts;
mod far_times;
mod kills;
mod lab;
mod older_service;
mod pooler;
mod rows;
mod under_load;
mod upgrade;
