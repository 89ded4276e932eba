//! Faults of a single answer: of the connection, of time, of form, of size.

use std::time::{Duration, Instant};

use chartgate::sandbox::faults::{Fault, Schedule};

use super::stage::{LIMIT, Stage, assert_problem, resources};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_slow_is_given_up_and_not_asked_again() {
    let stage = Stage::new().await;
    let path = stage.observation().await;
    for fault in [Fault::SlowHeaders, Fault::SlowBody, Fault::Trickle] {
        let begun = Instant::now();
        let (answer, asked) = stage.under(fault, "Observation", &path).await;
        assert_problem(&answer, 504, "timeout", &fault.name());
        assert_eq!(asked, 1, "{fault:?}");
        assert!(begun.elapsed() < LIMIT * 3, "{fault:?}");
        assert_eq!(stage.get(&path).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_is_tried_again() {
    let stage = Stage::new().await;
    let path = stage.observation().await;
    let right = stage.get(&path).await;
    for fault in [Fault::ResetBeforeHeaders, Fault::ResetInBody, Fault::LongLength] {
        let (answer, asked) = stage.during(Schedule::on(fault, "Observation").times(1), &path).await;
        assert_eq!((answer.status.as_u16(), asked), (200, 2), "{fault:?}");
        assert_eq!(answer.json(), right.json());
        let (answer, asked) = stage.under(fault, "Observation", &path).await;
        assert_problem(&answer, 503, "transient", &fault.name());
        assert_eq!(asked, 3, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_listening_is_said_and_what_is_held_stands_in() {
    let stage = Stage::cached().await;
    let path = stage.observation().await;
    stage.proxy.set(Schedule::always(Fault::Refused));
    let (answer, _) = stage.during(Schedule::always(Fault::Refused), &path).await;
    assert_problem(&answer, 503, "transient", "nothing was held");
    let right = stage.get(&path).await;
    assert_eq!(right.status, 200);
    stage.world.clock.advance(Duration::from_secs(61));
    let (answer, _) = stage.during(Schedule::always(Fault::Refused), &path).await;
    assert_eq!((answer.status.as_u16(), answer.header("age")), (200, "61"), "{}", answer.text());
    assert_eq!(answer.json(), right.json());
    assert!(answer.header("warning").starts_with("11"), "{:?}", answer.headers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_not_passed_on_and_not_kept() {
    let stage = Stage::cached().await;
    stage.ehr.knobs().change(|knobs| knobs.no_validators = true);
    let observation = stage.observation().await;
    let faults = [
        Fault::TruncatedJson,
        Fault::MalformedJson,
        Fault::LoginPage,
        Fault::PlainText,
        Fault::EmptyBody,
        Fault::ShortLength,
        Fault::Utf16,
        Fault::DeepNesting,
        Fault::Redirect,
        Fault::NotModifiedUnasked,
        Fault::OtherType,
    ];
    for fault in faults {
        for path in [&observation, &stage.search("Observation")] {
            let (answer, asked) = stage.under(fault, "Observation", path).await;
            assert_problem(&answer, 502, "exception", &format!("{} {path}", fault.name()));
            assert_eq!(asked, 1, "{fault:?}");
        }
        assert_eq!(stage.get(&observation).await.status, 200, "after {fault:?}");
        stage.world.clock.advance(Duration::from_mins(10));
        // Something was held when this began, and it is the last thing that could be read.
        let (answer, _) = stage.under(fault, "Observation", &observation).await;
        assert_eq!((answer.status.as_u16(), answer.header("age")), (200, "600"), "{fault:?}");
        stage.world.clock.advance(Duration::from_hours(5));
    }
    let (answer, _) = stage.under(Fault::OtherId, "Observation", &observation).await;
    assert_problem(&answer, 502, "exception", "another's resource");
    let (answer, _) =
        stage.under(Fault::DuplicateBundleKeys, "Observation", &stage.search("Observation")).await;
    assert_problem(&answer, 502, "exception", "two lists of entries");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pcp_facts_are_never_taken_from_an_answer_about_somebody_else() {
    let stage = Stage::new().await;
    // The EHR answers every read of a Patient, Practitioner or role with another one: whoever it names, nobody's record opens.
    for on in ["Patient", "Practitioner", "PractitionerRole"] {
        for fault in [Fault::OtherId, Fault::OtherType, Fault::DuplicateKeys, Fault::TruncatedJson] {
            stage.world.clock.advance(Duration::from_hours(2));
            let (answer, _) = stage.under(fault, on, &stage.search("Observation")).await;
            if on == "Patient" {
                assert_problem(&answer, 503, "transient", &fault.name());
            } else {
                // A reference that does not resolve makes nobody a PCP; another may.
                assert!(matches!(answer.status.as_u16(), 200 | 404), "{on} {fault:?}: {}", answer.text());
            }
        }
    }
    stage.world.clock.advance(Duration::from_hours(2));
    assert_eq!(stage.get(&stage.search("Observation")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttling_is_told_with_the_time_that_the_ehr_names() {
    let stage = Stage::new().await;
    let path = stage.observation().await;
    for (fault, wait, expected) in [
        (Fault::Throttled, 30..=30, 3),
        (Fault::ThrottledSeconds, 120..=120, 1),
        (Fault::ThrottledDate, 179..=180, 1),
        // A day is the longest that is believed.
        (Fault::ThrottledForEver, 86_400..=86_400, 1),
    ] {
        let (answer, asked) = stage.under(fault, "Observation", &path).await;
        assert_problem(&answer, 503, "throttled", &fault.name());
        let told: u64 = answer.header("retry-after").parse().unwrap();
        assert!(wait.contains(&told), "{fault:?}: {told}");
        assert_eq!(asked, expected, "{fault:?}");
    }
    let (answer, asked) = stage.during(Schedule::on(Fault::Throttled, "Observation").times(2), &path).await;
    assert_eq!((answer.status.as_u16(), asked), (200, 3), "it passed while we tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_ehr_says_of_its_errors_stays_there() {
    let stage = Stage::new().await;
    let path = stage.observation().await;
    for fault in [Fault::Unavailable, Fault::ServerError] {
        let (answer, asked) = stage.under(fault, "Observation", &path).await;
        assert_problem(&answer, 503, "transient", &fault.name());
        assert_eq!(asked, 3);
    }
    let (answer, asked) = stage.under(Fault::Rejected, "Observation", &path).await;
    assert_problem(&answer, 422, "not-supported", "rejected");
    assert_eq!(asked, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_large_passes_and_what_is_too_large_does_not() {
    let stage = Stage::cached().await;
    stage.ehr.knobs().change(|knobs| knobs.no_validators = true);
    let path = stage.observation().await;
    let (answer, _) = stage.under(Fault::Megabytes, "Observation", &path).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.len() > 2_000_000);
    stage.world.clock.advance(Duration::from_hours(5));
    for fault in [Fault::TooLarge, Fault::GzipBomb] {
        for path in [&path, &stage.search("Observation")] {
            let (answer, asked) = stage.under(fault, "Observation", path).await;
            assert_problem(&answer, 502, "too-costly", &fault.name());
            assert_eq!(asked, 1);
        }
    }
    assert_eq!(stage.get(&path).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_clocks_tags_and_marks_do_no_harm() {
    let stage = Stage::cached().await;
    let (read, search) = (stage.observation().await, stage.search("Observation"));
    let (right, all) = (stage.get(&read).await, resources(&stage.get(&search).await));
    for fault in [Fault::ClockSkew, Fault::OddTags, Fault::ByteOrderMark] {
        for _ in 0..3 {
            stage.world.clock.advance(Duration::from_hours(5));
            // Everything at once: the facts about PCPs, the resource, the search; and then again from what was kept.
            stage.proxy.set(Schedule::always(fault));
            let answer = stage.get(&read).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (200, right.json()), "{fault:?}");
            assert_eq!(resources(&stage.get(&search).await), all, "{fault:?}");
            stage.proxy.heal();
            stage.world.clock.advance(Duration::from_hours(2));
            assert_eq!(stage.get(&read).await.json(), right.json(), "{fault:?}");
        }
    }
}
