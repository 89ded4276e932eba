//! The start of logging.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::json::JsonLines;
use super::sink::Sink;

/// Form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a person at a terminal.
    Text,
}

/// How to log.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// Form of the lines.
    pub format: LogFormat,
    /// Filter as `tracing-subscriber` reads it: `info`, `info,chartgate::ehr=debug`.
    pub filter: String,
}

/// The filter cannot be read; the text says where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a log filter")]
pub struct NotALogFilter(String);

/// Writes out the last lines when dropped: hold it until the process ends.
pub struct LogGuard(Sink);

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// Starts logging to standard error. If something logs already (another test), that stays.
pub fn start(options: &LogOptions) -> Result<LogGuard, NotALogFilter> {
    let sink = Sink::new(Box::new(std::io::stderr()));
    let layer = layer(options, sink.clone())?;
    let _ = tracing_subscriber::registry().with(layer).try_init();
    Ok(LogGuard(sink))
}

/// The layer that writes lines to `sink`.
pub fn layer<S>(options: &LogOptions, sink: Sink) -> Result<Box<dyn Layer<S> + Send + Sync>, NotALogFilter>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let filter = EnvFilter::try_new(&options.filter).map_err(|_| NotALogFilter(options.filter.clone()))?;
    let filter = filter.and(filter_fn(ours_or_grave));
    Ok(match options.format {
        LogFormat::Json => fmt::layer().event_format(JsonLines).with_writer(sink).with_filter(filter).boxed(),
        LogFormat::Text => fmt::layer()
            .compact()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(sink)
            .with_filter(filter)
            .boxed(),
    })
}

/// Libraries below us log URLs, headers and statements when asked to be talkative, and those are PHI. Whatever the filter
/// says, theirs are warnings at least.
fn ours_or_grave(about: &Metadata<'_>) -> bool {
    *about.level() <= Level::WARN || about.target().split("::").next() == Some("chartgate")
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Collected(Arc<Mutex<Vec<u8>>>);

    impl Write for Collected {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, what: impl FnOnce()) -> Vec<serde_json::Value> {
        let collected = Collected::default();
        let sink = Sink::new(Box::new(collected.clone()));
        let options = LogOptions { format: LogFormat::Json, filter: filter.to_owned() };
        let layer = layer(&options, sink.clone()).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), what);
        sink.flush();
        let text = String::from_utf8(collected.0.lock().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn lines_are_flat_json() {
        let lines = logged("info", || tracing::warn!(count = 3, word = "a\"b", "what\nhappened"));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["level"], "WARN");
        assert_eq!(lines[0]["message"], "what\nhappened");
        assert_eq!((&lines[0]["count"], &lines[0]["word"]), (&3.into(), &"a\"b".into()));
        assert!(lines[0]["at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(lines[0]["target"], "chartgate::telemetry::log::tests");
    }

    #[test]
    fn libraries_cannot_be_made_to_talk() {
        let lines = logged("trace", || {
            tracing::trace!(target: "hyper::proto", "GET /Patient/1");
            tracing::info!(target: "h2::client", "https://ehr.example/Patient/1");
            tracing::info!(target: "chartgated", "not ours");
            tracing::trace!(target: "chartgate::ehr", "ours");
            tracing::warn!(target: "rustls", "grave");
        });
        let targets: Vec<_> = lines.iter().map(|line| line["target"].as_str().unwrap()).collect();
        assert_eq!(targets, ["chartgate::ehr", "rustls"]);
    }

    #[test]
    fn a_wrong_filter_is_refused() {
        let options = LogOptions { format: LogFormat::Text, filter: "a=b=c".into() };
        let sink = Sink::new(Box::new(io::sink()));
        assert!(layer::<tracing_subscriber::Registry>(&options, sink).is_err());
    }
}
