//! The outbox reaches a mail server.

use std::time::Duration;

use chartgate::jobs::outbox::send_due;
use chartgate::mail::MailSender as _;
use chartgate::mail::smtp::Smtp;
use chartgate::mail::{MailError, Message};
use chartgate::store::outbox::NewMail;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::databases::{Database, Kind};

/// A mail server that speaks just enough; answers RCPT for `full@` with 452 and for `gone@` with 550.
async fn mail_server() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let (sender, mails) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                write.write_all(b"220 test\r\n").await.unwrap();
                let mut data: Option<String> = None;
                while let Ok(Some(line)) = lines.next_line().await {
                    if let Some(text) = &mut data {
                        if line == "." {
                            sender.send(data.take().unwrap()).unwrap();
                            write.write_all(b"250 taken\r\n").await.unwrap();
                        } else {
                            text.push_str(&line);
                            text.push('\n');
                        }
                        continue;
                    }
                    let answer = match line.get(..4).unwrap_or_default() {
                        "DATA" => {
                            data = Some(String::new());
                            "354 go on\r\n"
                        }
                        "RCPT" if line.contains("full@") => "452 full\r\n",
                        "RCPT" if line.contains("gone@") => "550 no such user\r\n",
                        "QUIT" => "221 bye\r\n",
                        _ => "250 fine\r\n",
                    };
                    write.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (url, mails)
}

fn mail(to: &str) -> NewMail {
    NewMail { to: to.to_owned(), subject: "Grüße".to_owned(), body: "Hello\n".to_owned(), html: None }
}

#[tokio::test]
async fn mails_reach_the_server_or_are_tried_again_or_given_up() {
    let db = Database::new(Kind::Sqlite).await;
    let (url, mut mails) = mail_server().await;
    let smtp = Smtp::new(&url, None, "Portal <portal@hospital.example>").unwrap();
    for to in ["ana@kids.example", "full@kids.example", "gone@kids.example", "not an address"] {
        db.store.queue_mail(&mail(to)).await.unwrap();
    }
    assert_eq!(send_due(&db.store, &smtp, &*db.clock).await.unwrap(), 4);
    let text = mails.recv().await.unwrap();
    assert!(
        text.contains("To: ana@kids.example") && text.contains("From: \"Portal\" <portal@hospital.example>")
            || text.contains("From: Portal <portal@hospital.example>"),
        "{text}"
    );
    assert!(text.contains("Hello"));
    assert_eq!(send_due(&db.store, &smtp, &*db.clock).await.unwrap(), 0);
    db.clock.advance(Duration::from_mins(1));
    assert_eq!(send_due(&db.store, &smtp, &*db.clock).await.unwrap(), 1, "only the one that may come right");
    let sent: Vec<_> =
        db.store.mails(10).await.unwrap().iter().map(|queued| queued.sent_at.is_some()).collect();
    assert_eq!(sent, [false, false, false, true]);
}

#[tokio::test]
async fn a_mail_server_that_is_down_loses_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
    drop(listener);
    let smtp = Smtp::new(&url, None, "portal@hospital.example").unwrap();
    let message = Message {
        to: "ana@kids.example".to_owned(),
        subject: "x".to_owned(),
        body: "y".to_owned(),
        html: None,
    };
    assert!(matches!(smtp.send(&message, "1.2").await, Err(MailError::Unreachable)));
}

/// A mail server that takes a mail in and then breaks the connection before it says so, the first `times`; keeps what it took.
async fn breaking_server(times: usize) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let (sender, mails) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut left = times;
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 test\r\n").await.unwrap();
            let mut data: Option<String> = None;
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(text) = &mut data {
                    if line == "." {
                        sender.send(data.take().unwrap()).unwrap();
                        if left > 0 {
                            left -= 1;
                            break;
                        }
                        write.write_all(b"250 taken\r\n").await.unwrap();
                    } else {
                        text.push_str(&line);
                        text.push('\n');
                    }
                    continue;
                }
                let answer = match line.get(..4).unwrap_or_default() {
                    "DATA" => {
                        data = Some(String::new());
                        "354 go on\r\n"
                    }
                    "QUIT" => "221 bye\r\n",
                    _ => "250 fine\r\n",
                };
                if write.write_all(answer.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    (url, mails)
}

fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let line = mail.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_once(": ").map_or("", |(_, value)| value)
}

#[tokio::test]
async fn a_mail_whose_end_was_not_confirmed_comes_again_under_the_same_message_id() {
    let db = Database::new(Kind::Sqlite).await;
    let (url, mut mails) = breaking_server(1).await;
    let smtp = Smtp::new(&url, None, "Portal <portal@hospital.example>").unwrap();
    let html = Some("<p>Hello</p>".to_owned());
    db.store.queue_mail(&NewMail { html, ..mail("ana@kids.example") }).await.unwrap();
    assert_eq!(send_due(&db.store, &smtp, &*db.clock).await.unwrap(), 1);
    let failed = db.store.failed_mails(10).await.unwrap();
    assert_eq!((failed[0].reason.as_str(), failed[0].given_up), ("unreachable", false));
    db.clock.advance(Duration::from_mins(1));
    assert_eq!(send_due(&db.store, &smtp, &*db.clock).await.unwrap(), 1);
    let (first, second) = (mails.recv().await.unwrap(), mails.recv().await.unwrap());
    let id = header(&first, "Message-ID");
    assert!(id.starts_with("<1.") && id.ends_with("@hospital.example>"), "{id}");
    assert_eq!(id, header(&second, "Message-ID"), "so that mail systems know it");
    assert_eq!(header(&first, "Auto-Submitted"), "auto-generated");
    assert!(!header(&first, "Date").is_empty());
    assert!(
        first.contains("multipart/alternative")
            && first.contains("text/plain")
            && first.contains("text/html")
    );
    assert!(db.store.failed_mails(10).await.unwrap().is_empty(), "sent in the end");
}

#[tokio::test]
async fn an_hour_without_a_mail_server_loses_and_doubles_nothing() {
    let db = Database::new(Kind::Sqlite).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let smtp = Smtp::new(&format!("smtp://127.0.0.1:{port}"), None, "portal@hospital.example").unwrap();
    for n in 0..5 {
        db.store.queue_mail(&mail(&format!("p{n}@kids.example"))).await.unwrap();
    }
    for _ in 0..60 {
        send_due(&db.store, &smtp, &*db.clock).await.unwrap();
        db.clock.advance(Duration::from_mins(1));
    }
    let depth = db.store.outbox_depth().await.unwrap();
    assert_eq!(depth.waiting, 5);
    // Back again, with two nodes that send; one of them had claimed a mail and died.
    let (url, mut mails) = breaking_server(0).await;
    let smtp = Smtp::new(&url, None, "portal@hospital.example").unwrap();
    let other = db.other().await;
    db.clock.advance(Duration::from_hours(6));
    assert_eq!(other.claim_mails(1).await.unwrap().len(), 1, "and then it is killed");
    for _ in 0..3 {
        let (mine, yours) =
            tokio::join!(send_due(&db.store, &smtp, &*db.clock), send_due(&other, &smtp, &*db.clock));
        let _ = (mine.unwrap(), yours.unwrap());
        db.clock.advance(Duration::from_mins(6));
    }
    let mut to = Vec::new();
    while let Ok(mail) = mails.try_recv() {
        to.push(header(&mail, "To").to_owned());
    }
    to.sort();
    let all: Vec<_> = (0..5).map(|n| format!("p{n}@kids.example")).collect();
    assert_eq!(to, all);
    assert_eq!(db.store.outbox_depth().await.unwrap().waiting, 0);
}

#[tokio::test]
async fn a_mail_that_was_given_up_is_sent_when_staff_say_so() {
    let db = Database::new(Kind::Sqlite).await;
    let (url, mut mails) = mail_server().await;
    let smtp = Smtp::new(&url, None, "portal@hospital.example").unwrap();
    db.store.queue_mail(&mail("gone@kids.example")).await.unwrap();
    send_due(&db.store, &smtp, &*db.clock).await.unwrap();
    let failed = db.store.failed_mails(10).await.unwrap();
    assert_eq!((failed[0].reason.as_str(), failed[0].given_up), ("refused", true));
    assert_eq!(db.store.mails_given_up().await.unwrap(), 1);
    let (url, mut others) = breaking_server(0).await;
    let smtp = Smtp::new(&url, None, "portal@hospital.example").unwrap();
    assert!(db.store.retry_mail(1).await.unwrap());
    assert_eq!(send_due(&db.store, &smtp, &*db.clock).await.unwrap(), 1);
    assert!(others.recv().await.unwrap().contains("To: gone@kids.example"));
    assert!(mails.try_recv().is_err());
    assert!(!db.store.retry_mail(1).await.unwrap(), "sent is sent");
}
