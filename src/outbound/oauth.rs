//! The adapter through which `oauth2` and `openidconnect` make their requests, under the same limits as all others.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use url::Url;

use super::client::{HttpClient, OutboundRequest};
use super::error::OutboundError;

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = OutboundError;
    type Future = BoxFuture<'c, Result<HttpResponse, OutboundError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // The parser's complaint does not quote the URL.
            let url = Url::parse(&parts.uri.to_string())
                .map_err(|error| OutboundError::Setup(error.to_string().into()))?;
            let request = OutboundRequest {
                method: parts.method,
                url,
                headers: parts.headers,
                body: Bytes::from(body),
            };
            self.send(request).await.map(|response| response.map(|body| body.to_vec()))
        })
    }
}
