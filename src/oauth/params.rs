//! Parameters of an OAuth request: form-encoded, no name twice, empty means absent (RFC 6749 3.1 and 3.2).

/// More than any honest request needs: granular scope lists run to a few kilobytes.
const LONGEST: usize = 64 * 1024;

/// The parameters as sent, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    pairs: Vec<(String, String)>,
    repeated: Vec<String>,
}

impl Params {
    /// Reads a query string or a form body. Names that were sent twice are remembered as such and have no value.
    /// `None` when the text is absurdly long.
    pub fn parse(encoded: &str) -> Option<Self> {
        if encoded.len() > LONGEST {
            return None;
        }
        let mut params = Self::default();
        for (name, value) in url::form_urlencoded::parse(encoded.as_bytes()) {
            if value.is_empty() || params.repeated.iter().any(|r| *r == name) {
                continue;
            }
            if let Some(at) = params.pairs.iter().position(|(n, _)| *n == name) {
                params.pairs.remove(at);
                params.repeated.push(name.into_owned());
            } else {
                params.pairs.push((name.into_owned(), value.into_owned()));
            }
        }
        Some(params)
    }

    /// The value of `name`; `None` when it is absent, empty or was sent twice.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Whether `name` was sent more than once.
    pub fn is_repeated(&self, name: &str) -> bool {
        self.repeated.iter().any(|r| r == name)
    }

    /// Whether any parameter was sent more than once.
    pub fn any_repeated(&self) -> bool {
        !self.repeated.is_empty()
    }

    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.repeated.is_empty()
    }

    /// These parameters with `name` set to `value`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.pairs.retain(|(n, _)| n != name);
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// These parameters without `name`.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(n, _)| n != name);
        self
    }

    /// As a query string. Repeated names are gone, so it is only for requests that passed.
    pub fn encode(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }
}

/// A form with repeated names, as check boxes send it: every value of `name`, in order.
pub fn every_value(encoded: &str, name: &str) -> Vec<String> {
    url::form_urlencoded::parse(encoded.as_bytes())
        .filter(|(n, _)| n == name)
        .map(|(_, v)| v.into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_absent_and_twice_is_an_error() {
        let params = Params::parse("a=1&b=&c=2&c=3&c=4&d=%20x+y").unwrap();
        assert_eq!(params.get("a"), Some("1"));
        assert_eq!(params.get("b"), None);
        assert_eq!(params.get("c"), None);
        assert!(params.is_repeated("c") && !params.is_repeated("a"));
        assert_eq!(params.get("d"), Some(" x y"));
        assert!(Params::parse("").unwrap().is_empty());
        assert!(Params::parse(&"x".repeat(LONGEST + 1)).is_none());
    }

    #[test]
    fn encoding_brings_back_what_was_parsed() {
        let text = "state=a%26b%3Dc+%C3%A9&scope=launch%2Fpatient+openid";
        let params = Params::parse(text).unwrap();
        assert_eq!(Params::parse(&params.encode()).unwrap(), params);
        assert_eq!(params.clone().with("x", "1").without("x"), params);
    }
}
