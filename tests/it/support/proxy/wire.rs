//! HTTP/1.1 by hand: just enough to read a request, pass it on and hand its answer back.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Seen;

/// Bytes up to and including the empty line, and what was read beyond it.
async fn read_head(stream: &mut TcpStream) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        if let Some(end) = head.windows(4).position(|it| it == b"\r\n\r\n") {
            let rest = head.split_off(end + 4);
            return Ok((head, rest));
        }
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

pub async fn read_request(client: &mut TcpStream) -> io::Result<Seen> {
    let (head, mut body) = read_head(client).await?;
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, it)| it.parse().ok());
    let length: usize = length.unwrap_or(0);
    while body.len() < length {
        if client.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
    Ok(Seen { method, path, query, headers, body, at: Instant::now() })
}

/// Sends the request on; the server will close the connection after its answer.
pub async fn forward(seen: &Seen, path: &str, upstream: &str) -> io::Result<TcpStream> {
    let mut server = TcpStream::connect(upstream).await?;
    let mark = if seen.query.is_empty() { "" } else { "?" };
    let mut head = format!("{} {path}{mark}{} HTTP/1.1\r\n", seen.method, seen.query);
    for (name, value) in &seen.headers {
        if !["host", "connection"].contains(&name.as_str()) {
            head.extend([name, ": ", value, "\r\n"]);
        }
    }
    head.extend(["host: ", upstream, "\r\nconnection: close\r\n\r\n"]);
    server.write_all(head.as_bytes()).await?;
    server.write_all(&seen.body).await?;
    Ok(server)
}

/// Passes the answer on as it comes, in pieces of at most `size` bytes.
pub async fn pass(
    server: &mut TcpStream,
    client: &mut TcpStream,
    size: usize,
    pause: Duration,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = server.read(&mut buffer).await?;
        if read == 0 {
            return client.shutdown().await;
        }
        for piece in buffer[..read].chunks(size) {
            client.write_all(piece).await?;
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// The answer's head and at most `bytes` of its body.
pub async fn head_and(
    seen: &Seen,
    path: &str,
    upstream: &str,
    client: &mut TcpStream,
    bytes: usize,
) -> io::Result<()> {
    let mut server = forward(seen, path, upstream).await?;
    let (head, mut body) = read_head(&mut server).await?;
    while body.len() < bytes && server.read_buf(&mut body).await? > 0 {}
    body.truncate(bytes);
    client.write_all(&head).await?;
    client.write_all(&body).await?;
    client.flush().await
}

pub async fn answer(
    client: &mut TcpStream,
    status: u16,
    headers: &[(&str, String)],
    body: &[u8],
) -> io::Result<()> {
    let mut head =
        format!("HTTP/1.1 {status} Proxy\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    client.write_all(format!("{head}\r\n").as_bytes()).await?;
    client.write_all(body).await?;
    client.shutdown().await
}
