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
    assert!(matches!(smtp.send(&message).await, Err(MailError::Unavailable(_))));
}
