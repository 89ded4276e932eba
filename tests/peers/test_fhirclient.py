"""fhirclient (PyPI): finds our endpoints, launches with PKCE, reads, refreshes."""

from fhirclient import client
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient

from person import DEMO, MRN, Person, client_of, patient_of


def launch(scope):
    app = client_of("public")
    smart = client.FHIRClient(
        settings={
            "app_id": app["client_id"],
            "api_base": DEMO["fhir"],
            "redirect_uri": app["redirect_uris"][0],
            "scope": scope,
        }
    )
    assert not smart.ready
    assert smart.prepare() is False, "somebody has to authorize first"
    smart.handle_callback(Person().authorize(smart.authorize_url))
    assert smart.ready
    return smart


def main():
    smart = launch("launch/patient openid fhirUser offline_access patient/*.read")
    expected = patient_of(MRN)["id"]
    assert smart.patient_id == expected, smart.patient_id
    assert smart.patient.id == expected
    assert any(identifier.value == MRN for identifier in smart.patient.identifier)
    observations = Observation.where({"patient": expected, "category": "laboratory"}).perform_resources(smart.server)
    for observation in observations:
        assert observation.subject.reference.split("/")[-1] == expected
    assert smart.reauthorize()
    assert Patient.read(expected, smart.server).id == expected
    print(f"fhirclient (Python): {len(observations)} observations")


if __name__ == "__main__":
    main()
