#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chartgate_fuzz::named("resource")(bytes));
