//! The EHR's base URL becomes the facade's, wherever it stands: references, attachments, narrative.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use memchr::{memchr, memchr2, memmem};

use super::json::unescape;

/// Rewrites the EHR's URLs to the facade's. Made once per EHR connection.
#[derive(Clone)]
pub struct Rewrite {
    upstream: Arc<str>,
    facade: Arc<str>,
    finder: memmem::Finder<'static>,
}

impl fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rewrite")
            .field("upstream", &self.upstream)
            .field("facade", &self.facade)
            .finish_non_exhaustive()
    }
}

impl Rewrite {
    /// Both bases as absolute URLs; a trailing slash is ignored. The facade's must not contain the EHR's.
    pub fn new(upstream_base: &str, facade_base: &str) -> Self {
        let upstream = upstream_base.trim_end_matches('/');
        Self {
            upstream: upstream.into(),
            facade: facade_base.trim_end_matches('/').into(),
            finder: memmem::Finder::new(upstream.as_bytes()).into_owned(),
        }
    }

    /// The bases whose resources are the EHR's own.
    pub(super) fn bases(&self) -> [&str; 2] {
        [&self.upstream, &self.facade]
    }

    /// The EHR's base, without trailing slash.
    pub(super) fn upstream(&self) -> &str {
        &self.upstream
    }

    /// The facade's base, without trailing slash.
    pub(super) fn facade(&self) -> &str {
        &self.facade
    }

    /// Whether the EHR's base stands in `text` in its plain form.
    pub(super) fn is_needed(&self, text: &str) -> bool {
        self.finder.find(text.as_bytes()).is_some()
    }

    /// Appends `text` with the EHR's base, in its plain form, replaced.
    pub(super) fn copy(&self, text: &str, out: &mut Vec<u8>) {
        let mut from = 0;
        for at in self.finder.find_iter(text.as_bytes()) {
            out.extend_from_slice(text.get(from..at).unwrap_or_default().as_bytes());
            out.extend_from_slice(self.facade.as_bytes());
            from = at + self.upstream.len();
        }
        out.extend_from_slice(text.get(from..).unwrap_or_default().as_bytes());
    }

    /// JSON in which every string that hides the EHR's base behind escapes (`https:\/\/`, `\u0068ttps`) says the facade's
    /// instead. The plain form is left to [`Self::copy`].
    pub(super) fn unhide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let bytes = text.as_bytes();
        if memmem::find(bytes, b"\\u").is_none() && memmem::find(bytes, b"\\/").is_none() {
            return Cow::Borrowed(text);
        }
        let mut out = String::new();
        let (mut copied, mut at) = (0, 0);
        while let Some((start, end)) = next_string(bytes, at) {
            at = end + 1;
            let Some(raw) = text.get(start..end) else { break };
            if !(raw.contains("\\u") || raw.contains("\\/")) {
                continue;
            }
            let said = unescape(raw);
            if said.contains(&*self.upstream)
                && let Ok(plain) = serde_json::to_string(&said.replace(&*self.upstream, &self.facade))
            {
                // `plain` brings its own quotes.
                out.push_str(text.get(copied..start - 1).unwrap_or_default());
                out.push_str(&plain);
                copied = end + 1;
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        Cow::Owned(out)
    }
}

/// The inside of the next string from `at` on; `None` when there is none that ends.
fn next_string(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let start = at + memchr(b'"', bytes.get(at..)?)? + 1;
    let mut end = start;
    loop {
        end += memchr2(b'"', b'\\', bytes.get(end..)?)?;
        if bytes.get(end) == Some(&b'"') {
            return Some((start, end));
        }
        end += 2;
    }
}
