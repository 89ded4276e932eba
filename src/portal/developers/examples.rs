//! The example programs: the files of `examples/vendor`, byte by byte, as `make test` runs them.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

use crate::web::problem::Problem;

/// One program.
pub struct Example {
    /// File name.
    pub file: &'static str,
    /// In which language.
    pub language: &'static str,
    /// What it needs installed.
    pub needs: &'static str,
    /// How it is started.
    pub run: &'static str,
    /// The program.
    pub text: &'static str,
}

/// A practice's system, without a user.
pub const BACKEND: &[Example] = &[
    Example {
        file: "backend-services.sh",
        language: "curl",
        needs: "bash, curl, openssl",
        run: "bash backend-services.sh",
        text: include_str!("../../../examples/vendor/backend-services.sh"),
    },
    Example {
        file: "backend_services.py",
        language: "Python",
        needs: "pip install requests joserfc",
        run: "python3 backend_services.py",
        text: include_str!("../../../examples/vendor/backend_services.py"),
    },
    Example {
        file: "backend-services.mjs",
        language: "JavaScript",
        needs: "Node.js 20 or later",
        run: "node backend-services.mjs",
        text: include_str!("../../../examples/vendor/backend-services.mjs"),
    },
];

/// An app with a user.
pub const APP: &[Example] = &[
    Example {
        file: "app.sh",
        language: "curl",
        needs: "bash, curl, openssl",
        run: "bash app.sh",
        text: include_str!("../../../examples/vendor/app.sh"),
    },
    Example {
        file: "app.py",
        language: "Python",
        needs: "Python 3.9 or later",
        run: "python3 app.py",
        text: include_str!("../../../examples/vendor/app.py"),
    },
    Example {
        file: "app.mjs",
        language: "JavaScript",
        needs: "Node.js 20 or later",
        run: "node app.mjs",
        text: include_str!("../../../examples/vendor/app.mjs"),
    },
];

/// `GET /developers/examples/{file}`: the program, to be saved.
pub async fn file(Path(file): Path<String>) -> Response {
    match BACKEND.iter().chain(APP).find(|example| example.file == file) {
        Some(example) => {
            let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
            (headers, example.text).into_response()
        }
        None => Problem::NotFound.into_response(),
    }
}
