//! HTTP/1.1 down to the bytes, since faults lie there: one request and one answer a connection.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest request that is listened to.
const LONGEST: usize = 4 * 1024 * 1024;

/// A request as it came in.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// An answer before it is put on the wire.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// How an answer is put on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// As it should be.
    Plain,
    /// Each byte by itself, after a pause.
    Trickle(Duration),
    /// The body comes after this long.
    LateBody(Duration),
    /// Half of the body, then a reset.
    HalfThenReset,
    /// So many bytes more, or less, are announced than are sent.
    Misstated(i64),
    /// Nothing but a reset.
    Reset,
}

/// Reads one request; `None` when it is none.
pub(super) async fn hear(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if bytes.len() > LONGEST || stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let body = bytes.split_off(head_end + 4);
    let head = String::from_utf8(bytes).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.parse().ok()?, first.next()?.to_owned());
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        headers.append(HeaderName::try_from(name.trim()).ok()?, HeaderValue::try_from(value.trim()).ok()?);
    }
    let length = headers.get(http::header::CONTENT_LENGTH);
    let length: usize = length.map_or(Some(0), |length| length.to_str().ok()?.parse().ok())?;
    let mut request = Request { method, target, headers, body };
    while request.body.len() < length.min(LONGEST) {
        if stream.read_buf(&mut request.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

/// Sends an answer and closes the connection. Whoever does not want to hear it is left alone.
pub(super) async fn speak(stream: &mut TcpStream, answer: &Answer, manner: Manner) {
    if manner == Manner::Reset {
        let _ = stream.set_zero_linger();
        return;
    }
    let excess = if let Manner::Misstated(excess) = manner { excess } else { 0 };
    let length = i64::try_from(answer.body.len()).unwrap_or(i64::MAX).saturating_add(excess).max(0);
    let mut head =
        format!("HTTP/1.1 {} Status\r\nContent-Length: {length}\r\nConnection: close\r\n", answer.status)
            .into_bytes();
    for (name, value) in &answer.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    let (half, rest) = answer.body.split_at(answer.body.len() / 2);
    let sent = async {
        stream.write_all(&head).await?;
        match manner {
            Manner::LateBody(wait) => tokio::time::sleep(wait).await,
            Manner::Trickle(wait) => {
                for byte in &answer.body {
                    stream.write_all(std::slice::from_ref(byte)).await?;
                    stream.flush().await?;
                    tokio::time::sleep(wait).await;
                }
                return stream.shutdown().await;
            }
            _ => {}
        }
        stream.write_all(half).await?;
        if manner == Manner::HalfThenReset {
            stream.flush().await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            return stream.set_zero_linger();
        }
        stream.write_all(rest).await?;
        stream.shutdown().await
    };
    let _: std::io::Result<()> = sent.await;
}
