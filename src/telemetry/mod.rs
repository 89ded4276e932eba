//! Rank 1: what the operator sees of the product. Log lines, one line for each request, metrics. None of it holds PHI:
//! `docs/LOGGING.md` lists every field, and the types here let no other text in.

mod json;
mod line;
mod log;
mod metrics;
mod sink;
mod word;

pub use line::{LineFacts, RequestLine};
pub use log::{LogFormat, LogGuard, LogOptions, NotALogFilter, layer, start};
pub use metrics::{Metrics, metrics};
pub use sink::Sink;
pub use word::Word;
