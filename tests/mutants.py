"""Whether the oracle over the running server can fail: breaks one rule of the product at a time and looks whether the run finds it.

    python3 tests/mutants.py [name ...]

Works on a copy of the sources below target/mutants, so that nothing here is touched. A mutant whose text is not in the sources
any more counts as a failure: it has to be written anew. Takes about a minute each.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "target" / "mutants"
TEST = "oracle_what_the_running"

# Name, file, what stands there, what stands there instead.
MUTANTS = [
    ("a_label_is_not_looked_at", "src/access/policy.rs",
     "match reach(entry, is_restricted(&entry.labels), facts)", "match reach(entry, false, facts)"),
    ("a_wider_scope_lifts_a_narrower_one", "src/access/policy.rs",
     "        ScopeContext::Patient => {\n            subject.patient",
     "        ScopeContext::Patient => {\n            subject.scopes.resources.iter().any(|other| other.context == ScopeContext::User) || subject.patient"),
    ("a_patient_scope_without_its_patient_counts", "src/access/policy.rs",
     "ScopeContext::Patient => launched,", "ScopeContext::Patient => account,"),
    ("categories_do_not_hold_for_reads", "src/access/policy.rs",
     "if !scope.admits(&entry.categories) {", "if permission == Permission::Search && !scope.admits(&entry.categories) {"),
    ("further_pages_are_not_judged", "src/access/gather.rs",
     "if let Verdict::Visible(basis) = policy::judge(&permit.subject, facts, permission, &permit.facts)\n",
     "if let Verdict::Visible(basis) = (if place.upstream.is_some() { Verdict::Visible(None) } else { policy::judge(&permit.subject, facts, permission, &permit.facts) })\n"),
    ("includes_of_hidden_matches_come_along", "src/access/release.rs",
     "indexed.mode != EntryMode::Include\n", "true || indexed.mode != EntryMode::Include\n"),
    ("a_binary_ignores_the_label_of_its_own", "src/access/policy.rs",
     "reach(referrer, restricted || is_restricted(&referrer.labels), facts)", "reach(referrer, is_restricted(&referrer.labels), facts)"),
    ("any_visible_note_opens_any_binary", "src/access/policy.rs",
     "may_refer(other.resource_type, kind) && refers(other)", "may_refer(other.resource_type, kind) && (kind == ResourceType::Binary || refers(other))"),
    ("one_visible_target_shows_a_provenance", "src/access/policy.rs",
     "let all = entry.references.iter().all(|(kind, id)| {", "let all = entry.references.iter().any(|(kind, id)| {"),
    ("a_grant_does_not_end", "src/domain/grant.rs",
     "self.ends_at.is_none_or(|end| now < end)", "true"),
    ("a_grant_is_not_narrowed", "src/access/policy.rs",
     "kinds.bits() & !reach.kinds.bits() == 0", "kinds.bits() & !reach.kinds.bits() == 0 || kinds.bits() != 0"),
    ("a_second_patient_is_not_asked_about", "src/access/policy.rs",
     "entry.patients.iter().enumerate() {", "entry.patients.iter().enumerate().take(1) {"),
    ("a_pcp_of_an_hour_ago_counts", "src/ehr/primary_care.rs",
     "self.patients.recent(patient, self.options.max_age)", "self.patients.recent(patient, self.options.max_stale)"),
    ("the_ehr_ignores_whose_and_so_do_we", "src/access/policy.rs",
     "search.patient.as_ref().is_none_or(|patient| entry.patients.contains(patient))",
     "search.patient.as_ref().is_none_or(|patient| entry.patients.contains(patient) || !entry.patients.is_empty())"),
    ("a_hidden_present_has_a_visible_past", "src/records/versions.rs",
     "        self.judge_current(asked, resource_type, id).await?;\n", "        let _ = self.judge_current(asked, resource_type, id).await;\n"),
    ("a_suspended_sponsor_goes_on", "src/access/authorizer.rs",
     "            for grant in self.relationships.grants(&provider.account, &patient) {\n                add(grant, sponsor);",
     "            for grant in self.relationships.grants(&provider.account, &patient) {\n                add(Grant { revoked_at: None, ends_at: None, ..grant }, sponsor);"),
    ("totals_count_what_is_withheld", "src/access/release.rs",
     "let members = frame.members(tally.matches, next.as_ref()).into();",
     "let members = frame.members(u32::try_from(index.entries.len()).unwrap_or(0), next.as_ref()).into();"),
    ("a_refusal_says_why", "src/facade/problem.rs",
     "            Refusal::NotFound(_) => Self::not_found(),",
     "            Refusal::NotFound(crate::access::refusal::DenyReason::Restricted) => Self::new(StatusCode::FORBIDDEN, \"forbidden\", \"Restricted.\"),\n            Refusal::NotFound(_) => Self::not_found(),"),
    ("the_cache_forgets_that_time_passes", "src/cache/entry.rs",
     "now.since(self.as_of) < self.fresh_for", "now.since(self.as_of) < self.fresh_for * 1000"),
    ("a_systems_token_has_its_providers_grants", "src/access/authorizer.rs",
     "filter(|_| self.settings.practice_systems_use_grants)", "filter(|_| self.settings.practice_systems_use_grants || true)"),
    ("a_role_that_ended_makes_a_pcp", "src/ehr/primary_care.rs",
     "(true, Some(practitioner), _) =>", "(_, Some(practitioner), _) =>"),
]


def copy() -> None:
    COPY.mkdir(parents=True, exist_ok=True)
    names = ["Cargo.toml", "Cargo.lock", "clippy.toml", "src", "fhir-profiles", "config", "docs", "migrations", "tests/it", "templates", "benches", "examples", "smart-apps/dist"]
    for name in names:
        source, target = ROOT / name, COPY / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, copy_function=put)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            put(source, target)


def put(source, target) -> None:
    """Leaves alone what is the same, so that cargo builds no more than it has to."""
    source, target = Path(source), Path(target)
    if not target.exists() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)


def run() -> tuple[bool, str]:
    environment = {**os.environ, "RUST_BACKTRACE": "0", "CHARTGATE_ORACLE_REQUESTS": "8000", "CARGO_TARGET_DIR": str(COPY / "target")}
    command = ["cargo", "test", "--quiet", "--test", "it", TEST, "--", "--nocapture"]
    done = subprocess.run(command, cwd=COPY, env=environment, capture_output=True, text=True)
    out = done.stdout + done.stderr
    if "could not compile" in out:
        sys.exit(f"does not compile:\n{out[-3000:]}")
    return done.returncode == 0, out


def main() -> None:
    wanted = sys.argv[1:]
    copy()
    survived = []
    for name, file, before, after in MUTANTS:
        if wanted and name not in wanted:
            continue
        path = COPY / file
        text = path.read_text()
        if text.count(before) != 1:
            print(f"{name}: its text stands {text.count(before)} times in {file}")
            survived.append(name)
            continue
        path.write_text(text.replace(before, after))
        began = time.monotonic()
        try:
            passed, out = run()
        finally:
            path.write_text(text)
        found = re.search(r"CHARTGATE_ORACLE_SEED=\d+ CHARTGATE_ORACLE_STEPS=\S+", out)
        how = found.group(0) if found else "in another way"
        print(f"{name}: {'SURVIVED' if passed else 'found, ' + how} ({time.monotonic() - began:.0f} s)", flush=True)
        if passed:
            survived.append(name)
    sys.exit(f"not found: {', '.join(survived)}" if survived else 0)


if __name__ == "__main__":
    main()
