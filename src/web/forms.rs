//! Errors of a form: each belongs to a field, and all are listed on top with links to their fields (UX principle 6).

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// `id` of the field's control; also its name.
    pub field: &'static str,
    /// What happened and what to do, one sentence.
    pub message: String,
}

/// What is wrong with a form; empty: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormErrors(Vec<FieldError>);

impl FormErrors {
    /// A form with one wrong field.
    pub fn one(field: &'static str, message: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(field, message);
        errors
    }

    /// Adds what is wrong with a field.
    pub fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(FieldError { field, message: message.into() });
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every error, in the order of the fields, for the summary.
    pub fn all(&self) -> &[FieldError] {
        &self.0
    }

    /// What is wrong with `field`, for the message beside it.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|error| error.field == field).map(|error| error.message.as_str())
    }
}
