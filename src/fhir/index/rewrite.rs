//! The EHR's base URL becomes the facade's, wherever it stands: references, attachments, narrative.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use memchr::{memchr, memchr2, memmem};
use smallvec::SmallVec;

use super::json::{Cursor, unescape};

/// Rewrites the EHR's URLs to the facade's. Made once per EHR connection.
#[derive(Clone)]
pub struct Rewrite {
    /// Longest first, so that one that begins like another is found whole.
    upstream: Vec<(Arc<str>, memmem::Finder<'static>)>,
    facade: Arc<str>,
}

impl fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rewrite({:?})", self.bases())
    }
}

impl Rewrite {
    /// Both bases as absolute URLs; a trailing slash is ignored. The facade's must not contain the EHR's.
    pub fn new(upstream_base: &str, facade_base: &str) -> Self {
        let facade = facade_base.trim_end_matches('/').into();
        Self { upstream: Vec::new(), facade }.with_alias(upstream_base)
    }

    /// The same EHR under one more base: many write another one into their answers than the one they are asked under, as
    /// when they stand behind a gateway.
    #[must_use]
    pub fn with_alias(mut self, base: &str) -> Self {
        let base = base.trim_end_matches('/');
        if !self.upstream.iter().any(|(known, _)| **known == *base) {
            self.upstream.push((base.into(), memmem::Finder::new(base.as_bytes()).into_owned()));
            self.upstream.sort_by_key(|(base, _)| std::cmp::Reverse(base.len()));
        }
        self
    }

    /// The bases whose resources are the EHR's own, without trailing slash, the facade's last.
    pub(super) fn bases(&self) -> SmallVec<[&str; 3]> {
        self.upstream.iter().map(|(base, _)| &**base).chain([&*self.facade]).collect()
    }

    /// The facade's base, without trailing slash.
    pub(super) fn facade(&self) -> &str {
        &self.facade
    }

    /// Whether a base of the EHR stands in `text` in its plain form.
    pub(super) fn is_needed(&self, text: &str) -> bool {
        self.upstream.iter().any(|(_, finder)| finder.find(text.as_bytes()).is_some())
    }

    /// Appends `text` with the EHR's bases, in their plain form, replaced.
    pub(super) fn copy(&self, text: &str, out: &mut Vec<u8>) {
        let bytes = text.as_bytes();
        let ahead = |finder: &memmem::Finder<'_>, from| Some(from + finder.find(bytes.get(from..)?)?);
        let mut from = 0;
        // Where each base stands next.
        let mut next: SmallVec<[_; 2]> = self.upstream.iter().map(|(_, finder)| ahead(finder, 0)).collect();
        let first = |next: &[Option<usize>]| {
            let found = next.iter().zip(&self.upstream).filter_map(|(at, (base, _))| Some(((*at)?, base)));
            // Of several at one place the first, which is the longest.
            found.min_by_key(|(at, _)| *at)
        };
        while let Some((at, base)) = first(&next) {
            out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
            out.extend_from_slice(self.facade.as_bytes());
            from = at + base.len();
            for (place, (_, finder)) in next.iter_mut().zip(&self.upstream) {
                if place.is_some_and(|place| place < from) {
                    *place = ahead(finder, from);
                }
            }
        }
        out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    }

    /// JSON in which every string that hides a base of the EHR behind escapes (`https:\/\/`, `\u0068ttps`) says the facade's
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
            // What is no string is left for the reader to refuse, not made one.
            let quoted = text.get(start - 1..=end).unwrap_or_default();
            if !self.is_needed(&said) || Cursor::new(quoted).string().is_err() {
                continue;
            }
            let mut shown = Vec::with_capacity(said.len());
            self.copy(&said, &mut shown);
            if let Ok(plain) = serde_json::to_string(&String::from_utf8_lossy(&shown)) {
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
