"""Consent at the door, on the real stores: stated, limited, as FHIR, or the default of the country."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from canheal_ingest.fhir_consent import MEDIA_TYPE
from canheal_schemas import ConsentChanged, Purpose, SampleReceived
from ingest_door import Door, metadata

pytestmark = [pytest.mark.stack, pytest.mark.asyncio(loop_scope="module")]
FHIR = {"content-type": MEDIA_TYPE}


async def a_person(door: Door, **more: Any) -> str:
    """The path of the consent of a person who has a sample."""
    said = metadata(**more)
    said = {name: value for name, value in said.items() if value is not None}
    assert (await door.send(said)).status_code == 202
    return f"/v1/subjects/{said['pseudonym']}/consent?site={said['site']}"


async def test_a_consent_goes_in_and_comes_out_as_fhir(door: Door) -> None:
    path = await a_person(door)
    first = await door.client.get(path, headers={"accept": MEDIA_TYPE})
    assert first.headers["content-type"] == MEDIA_TYPE
    assert first.headers["cache-control"] == "no-store"
    resource = first.json()
    assert (resource["resourceType"], resource["meta"]) == ("Consent", {"versionId": "1"})
    same = await door.client.put(path, json=resource, headers=FHIR)
    assert (same.status_code, same.json()["changed"]) == (200, False)
    resource["status"] = "inactive"
    withdrawn = (await door.client.put(path, json=resource, headers=FHIR)).json()
    assert (withdrawn["consent_version"], withdrawn["permitted"], withdrawn["changed"]) == (2, [], True)
    now = (await door.client.get(path)).json()
    assert (now["consent_version"], now["permitted_now"], now["basis"]) == (2, [], "stated")


async def test_what_ran_out_is_stated_and_no_longer_permitted(door: Door) -> None:
    path = await a_person(door)
    past, future = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)
    until = {"purpose": "research", "valid_until": past.isoformat()}
    later = {"purpose": "recontact", "valid_until": future.isoformat()}
    stated = {"permitted": ["own-care"], "limited": [until, later]}
    answer = await door.client.put(path, json=stated)
    assert answer.json()["permitted_now"] == ["own-care", "recontact"]
    [limited] = [one for one in answer.json()["limited"] if one["purpose"] == "research"]
    assert datetime.fromisoformat(limited["valid_until"]) == past
    assert (await door.client.put(path, json=stated)).json()["changed"] is False


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        (
            {"permitted": [], "limited": [{"purpose": "research", "valid_untill": "2030"}]},
            "expected valid_until, perhaps",
        ),
        ({"permitted": ["research"], "limited": [{"purpose": "research"}]}, "a purpose stands once"),
        (
            {
                "permitted": [],
                "limited": [
                    {"purpose": "research", "conditions": [{"code": "DUO:0000042"}, {"code": "DUO:9999999"}]}
                ],
            },
            "DUO:9999999 is no term",
        ),
        (
            {"permitted": [], "limited": [{"purpose": "own-care", "conditions": [{"code": "DUO:0000042"}]}]},
            "for research, not for own-care",
        ),
        (
            {"permitted": [], "limited": [{"purpose": "research", "valid_until": "2030-01-01T00:00:00"}]},
            "timezone",
        ),
        ({"permitted": ["marketing"]}, "#/permitted/0"),
    ],
    ids=["typo", "twice", "unknown-duo", "care-conditioned", "no-time-zone", "unknown-purpose"],
)
async def test_a_consent_that_cannot_be_kept_is_refused_and_changes_nothing(
    door: Door, stated: dict[str, Any], told: str
) -> None:
    path = await a_person(door)
    refused = await door.client.put(path, json=stated)
    assert refused.status_code == 422
    assert told in refused.text
    assert (await door.client.get(path)).json()["consent_version"] == 1


async def test_a_fhir_consent_that_permits_more_than_is_understood_is_refused(door: Door) -> None:
    path = await a_person(door)
    resource = (await door.client.get(path, headers={"accept": MEDIA_TYPE})).json()
    resource["provision"]["provision"][0]["actor"] = [{"reference": {"reference": "Organization/1"}}]
    refused = await door.client.put(path, json=resource, headers=FHIR)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:canheal:problem:consent-refused")
    assert refused.json()["errors"][0]["pointer"] == "#/provision/provision/0/actor"
    as_xml = await door.client.put(
        path, content=b"<Consent/>", headers={"content-type": "application/fhir+xml"}
    )
    assert (as_xml.status_code, as_xml.json()["type"]) == (415, "urn:canheal:problem:consent-format")


async def test_where_nothing_is_stated_the_countrys_default_holds_with_its_basis(door: Door) -> None:
    said = metadata(country="FR", site="FR-TEST")
    del said["consent"]
    answer = await door.send(said)
    assert answer.status_code == 202
    consent = answer.json()["consent"]
    assert (consent["basis"], consent["permitted_now"]) == ("default FR 2026-11-24", ["research"])
    where = (await door.client.get(answer.json()["status"])).json()
    assert where["consent"]["basis"] == "default FR 2026-11-24"
    [(received, _)] = await door.announced(SampleReceived, 1, sample=UUID(answer.json()["sample"]))
    assert isinstance(received, SampleReceived)
    [(event, _)] = await door.announced(ConsentChanged, 1, subject=received.subject)
    assert isinstance(event, ConsentChanged)
    assert (event.basis, event.consent.permitted) == ("default FR 2026-11-24", (Purpose.RESEARCH,))


async def test_a_default_that_is_stated_afterwards_is_a_new_version_of_another_basis(door: Door) -> None:
    path = await a_person(door, consent=None)
    first = (await door.client.get(path)).json()
    assert (first["basis"], first["permitted"]) == ("default BE 2026-11-24", [])
    stated = (await door.client.put(path, json={"permitted": []})).json()
    assert (stated["changed"], stated["consent_version"], stated["basis"]) == (True, 2, "stated")


async def test_a_further_sample_that_states_nothing_comes_under_the_consent_in_force(door: Door) -> None:
    said = metadata()
    await door.send(said)
    further = said | {"label": said["label"] + "-2"}
    del further["consent"]
    answer = await door.send(further)
    assert answer.status_code == 202
    assert "consent" not in answer.json()
    where = (await door.client.get(answer.json()["status"])).json()
    assert (where["consent"]["permitted"], where["consent"]["consent_version"]) == (["own-care"], 1)


async def test_the_consent_of_an_unknown_person_cannot_be_read(door: Door) -> None:
    answer = await door.client.get("/v1/subjects/nobody/consent", params={"site": "BE-TEST"})
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:canheal:problem:subject-unknown")
