import type { CareTeam, Patient } from 'fhir/r4';
import { conceptText } from '../format/concept';
import { activeTeams } from '../record/lists';
import { useFeed, usePage } from '../ui/context';
import { Person, SecureChannel } from '../ui/Person';
import { Filled, Section, source } from '../ui/Section';

export function CareTeamView() {
  const { store } = usePage();
  const teams = activeTeams(useFeed(store.careTeams).items);
  const patient = useFeed(store.patient).items[0];
  const sources = [source(store.careTeams, 'Care teams')];
  return (
    <Section title="Care team" id="team" sources={sources}>
      <SecureChannel />
      <PrimaryCare patient={patient} />
      <Filled sources={sources} filled={teams.length > 0} empty="No care team that you can see." lines={4}>
        {teams.map((team) => <Team key={team.id} team={team} />)}
      </Filled>
    </Section>
  );
}

function PrimaryCare({ patient }: { patient: Patient | undefined }) {
  const all = patient?.generalPractitioner ?? [];
  if (!all.length) return null;
  return (
    <div class="team">
      <h3>Primary care</h3>
      <div class="people">
        {all.map((one) => <Person place key={one.reference ?? one.display} reference={one} owner={patient} role="PCP" />)}
      </div>
    </div>
  );
}

function Team({ team }: { team: CareTeam }) {
  const named = (team.participant ?? []).filter((one) => one.member && !/(^|\/)Patient\//.test(one.member.reference ?? ''));
  const isFamily = (one: (typeof named)[number]) => /(^|\/)RelatedPerson\//.test(one.member?.reference ?? '');
  const family = named.filter(isFamily).flatMap((one) => one.member?.display ?? []);
  const members = named.filter((one) => !isFamily(one));
  return (
    <div class="team">
      <h3>{team.name ?? conceptText(team.category?.[0]) ?? 'Care team'}</h3>
      <div class="people">
        {members.map((one) =>
          one.member ? (
            <Person
              place
              key={`${one.member.reference ?? one.member.display} ${conceptText(one.role?.[0]) ?? ''}`}
              reference={one.member}
              owner={team}
              role={conceptText(one.role?.[0])}
            />
          ) : null,
        )}
      </div>
      {family.length > 0 && (
        <p class="family">
          <span class="label">Family and caregivers</span> {family.join(', ')}
        </p>
      )}
      {!named.length && <p class="empty">Nobody is named in this team.</p>}
    </div>
  );
}
