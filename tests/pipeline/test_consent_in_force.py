"""A withdrawn consent is in force everywhere at most two seconds after the PUT answered."""

import asyncio
import json
import time
from importlib.resources import files
from typing import Any, Final

import httpx
import pytest
from canheal_cli.stack import Stack
from canheal_schemas.identifiers import sample_id

from hospital import Hospital
from in_force import changes_until_refused, consents_applied

DEMO: Final = files("canheal_cli") / "demo"
IN_FORCE_SECONDS: Final = 2.0
CHANGES: Final = 6


async def a_reported_sample(hospital: Hospital, label: str) -> tuple[dict[str, Any], str]:
    said = json.loads(DEMO.joinpath("DEMO-BRC-1.json").read_text())
    vcf = DEMO.joinpath("DEMO-BRC-1.vcf.gz").read_bytes()
    said |= {"label": label, "pseudonym": label, "consent": {"permitted": ["own-care"]}}
    assert (await hospital.send(said, vcf)).status_code == 202
    sample = sample_id(said["site"], label)
    versions = (await hospital.closed([sample], within_seconds=60))[sample]
    return said, f"{hospital.report}{versions[-1]['html']}"


@pytest.mark.stack
async def test_a_withdrawal_shuts_every_read_and_reaches_every_service_in_two_seconds(
    platform: Stack, hospital: Hospital
) -> None:
    said, page = await a_reported_sample(hospital, "IN-FORCE-1")
    before = await consents_applied(platform.addresses.services)
    took = await changes_until_refused(hospital, said["site"], said["pseudonym"], page, CHANGES)
    assert max(took) <= IN_FORCE_SECONDS
    after = await consents_applied(platform.addresses.services)
    assert after.keys() >= {"ingest-0", "annotate-0", "prs-0", "report-0"}
    for service, applied in after.items():
        fresh = applied.since(before[service])
        assert fresh.count >= 2 * CHANGES, service
        assert fresh.count == fresh.within(IN_FORCE_SECONDS), f"{service}: {fresh}"


@pytest.mark.stack
async def test_after_a_withdrawal_the_status_names_no_report_and_its_return_shows_it_again(
    hospital: Hospital,
) -> None:
    said, page = await a_reported_sample(hospital, "IN-FORCE-2")
    sample = sample_id(said["site"], said["label"])
    status = f"{hospital.ingest}/v1/samples/{sample}"
    assert (await hospital.ask("GET", status)).json()["report"] is not None
    await hospital.consent(said["site"], said["pseudonym"], ["research"])
    withdrawn = (await hospital.ask("GET", status)).json()
    assert (withdrawn["report"], withdrawn["consent"]["permitted_now"]) == (None, ["research"])
    await hospital.consent(said["site"], said["pseudonym"], ["own-care"])
    deadline = time.monotonic() + 10
    while (await hospital.ask("GET", page)).status_code != httpx.codes.OK:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert "Shown under consent version 3, stated by the hospital" in (await hospital.ask("GET", page)).text
