//! Bodies of requests, read whole: what is too long is told apart from what does not come.

use std::error::Error as _;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http_body_util::LengthLimitError;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBody {
    /// It is longer than is read: 413.
    TooLong,
    /// It did not come in time, or not to its end: 408.
    TooSlow,
}

/// The whole body, of at most so many bytes.
pub async fn read(body: Body, most: usize) -> Result<Bytes, NoBody> {
    to_bytes(body, most).await.map_err(|error| {
        let limit = error.source().is_some_and(<dyn std::error::Error>::is::<LengthLimitError>);
        if limit { NoBody::TooLong } else { NoBody::TooSlow }
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[tokio::test]
    async fn what_is_too_long_is_not_what_comes_too_slowly() {
        assert_eq!(read(Body::from("12345"), 5).await.unwrap(), "12345");
        assert_eq!(read(Body::from("123456"), 5).await, Err(NoBody::TooLong));
        let parts = [Ok("12"), Err(io::Error::from(io::ErrorKind::TimedOut))];
        let late = Body::from_stream(futures_util::stream::iter(parts));
        assert_eq!(read(late, 5).await, Err(NoBody::TooSlow));
    }
}
