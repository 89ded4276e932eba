use super::*;

fn as_of() -> Timestamp {
    Timestamp::from_millis(1_795_520_000_000)
}

fn hospital(patients: usize) -> Hospital {
    Hospital::generate(&HospitalSpec { seed: 7, patients, as_of: as_of() })
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (one, two) = (hospital(30), hospital(40));
    for index in 0..30 {
        let (a, b) = (one.record(index).unwrap(), two.record(index).unwrap());
        let bodies = |r: &Record| r.entries.iter().map(|e| e.body.clone()).collect::<Vec<_>>();
        assert_eq!(bodies(&a), bodies(&b), "child {index}");
    }
}
