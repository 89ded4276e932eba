//! Where log lines go: a buffer that is written out every tenth of a second, at once for warnings, and at the end. One write
//! for many lines; a request waits for no disk and no pipe.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may wait.
const WAIT: Duration = Duration::from_millis(100);

/// Lines held at most; past this a line is written out by whoever logs it.
const ROOM: usize = 256 * 1024;

struct Shared {
    lines: Mutex<Vec<u8>>,
    out: Mutex<Box<dyn Write + Send>>,
}

/// A buffered destination for log lines. Cheap to clone.
#[derive(Clone)]
pub struct Sink(Arc<Shared>);

impl Sink {
    /// A sink that writes to `out`, and a thread that empties it until the sink is gone.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        let shared = Arc::new(Shared { lines: Mutex::default(), out: Mutex::new(out) });
        let emptied = Arc::downgrade(&shared);
        // Without the thread lines still come out, when the buffer is full or the sink is flushed.
        let _ = std::thread::Builder::new().name("log".into()).spawn(move || {
            while let Some(shared) = emptied.upgrade() {
                shared.write_out();
                drop(shared);
                std::thread::sleep(WAIT);
            }
        });
        Self(shared)
    }

    /// Writes out what is held.
    pub fn flush(&self) {
        self.0.write_out();
    }
}

impl Shared {
    fn write_out(&self) {
        // The order of locks keeps lines in order: nobody takes lines while another still writes earlier ones.
        let mut out = self.out.lock();
        let lines = std::mem::take(&mut *self.lines.lock());
        if !lines.is_empty() {
            // Nowhere to complain to.
            let _ = out.write_all(&lines).and_then(|()| out.flush());
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.write_out();
    }
}

/// Takes one line.
pub struct Line<'a> {
    sink: &'a Sink,
    urgent: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let held = {
            let mut lines = self.sink.0.lines.lock();
            lines.extend_from_slice(bytes);
            lines.len()
        };
        if self.urgent || held > ROOM {
            self.sink.flush();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { sink: self, urgent: true }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Line<'a> {
        Line { sink: self, urgent: *about.level() <= Level::WARN }
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn every_line_comes_out_in_order_at_the_latest_when_the_sink_goes() {
        let collected = Collected::default();
        let sink = Sink::new(Box::new(collected.clone()));
        for number in 0..1000 {
            Line { sink: &sink, urgent: number % 100 == 0 }
                .write_all(format!("{number}\n").as_bytes())
                .unwrap();
        }
        sink.flush();
        let text = String::from_utf8(collected.0.lock().clone()).unwrap();
        let numbers: Vec<u32> = text.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
    }
}
