"""The two public APIs against their own descriptions: made-up requests get documented answers, never a 5xx.

100 cases each; with CANHEAL_LONG=1 2,000 each. The seed is printed; CANHEAL_SEED sets it.
"""

import asyncio
import json
import os
import time
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from uuid import UUID

import httpx
import pytest
import schemathesis
from canheal_cli.stack import Stack
from canheal_schemas import retry_topic
from hypothesis import HealthCheck, Phase, given, seed, settings
from kafka import KafkaProducer
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hospital import Hospital

pytestmark = [pytest.mark.stack, pytest.mark.timeout(3600)]

LONG = os.environ.get("CANHEAL_LONG") == "1"
CASES = 2_000 if LONG else 100
SEED = int(os.environ.get("CANHEAL_SEED", "20261124"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PROTECTED = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


SITE = "BE-TEST"


@dataclass(frozen=True)
class Known:
    """What is there, so that answers are not all refusals, and what may go."""

    kept: dict[str, str]
    doomed: dict[str, str]

    def put_into(self, case: Any) -> None:
        """Ask for something that is there; what is deleted is something that nothing else asks for."""
        for name, value in (self.doomed if case.method == "DELETE" else self.kept).items():
            if name in case.path_parameters:
                case.path_parameters[name] = value
                if name == "pseudonym":
                    case.query = {**case.query, "site": SITE}


@pytest.fixture(scope="module")
def known(platform: Stack) -> Known:
    return asyncio.run(what_is_there(platform))


async def what_is_there(platform: Stack) -> Known:
    """Two samples of two persons, one with its report, and a dead letter that nobody could read."""
    letter = await asyncio.to_thread(a_dead_letter, platform)
    async with Hospital(platform.addresses.services) as hospital:
        kept, doomed = [await a_sample(hospital, name) for name in ("API-KEPT", "API-DOOMED")]
        report = (await hospital.closed([UUID(kept["sample"])], within_seconds=90))[UUID(kept["sample"])][-1]
    return Known(kept | {"report_id": report["report_id"], "letter": letter}, doomed)


async def a_sample(hospital: Hospital, name: str) -> dict[str, str]:
    demo = files("canheal_cli") / "demo"
    said = json.loads((demo / "DEMO-CRC-1.json").read_text())
    said |= {"site": SITE, "label": name, "pseudonym": name}
    answer = await hospital.send(said, (demo / "DEMO-CRC-1.vcf.gz").read_bytes())
    return {"sample": answer.raise_for_status().json()["sample"], "pseudonym": name}


def a_dead_letter(platform: Stack) -> str:
    producer = KafkaProducer(bootstrap_servers=platform.addresses.kafka_bootstrap_servers, acks="all")
    producer.send(retry_topic("report").name, key=b"k", value=b"nobody can read it").get(timeout=10)
    producer.close()
    for _ in range(300):
        listed = httpx.get(f"{platform.addresses.services['report-0']}/v1/deadletters").json()
        if listed:
            return str(listed[0]["id"])
        time.sleep(0.2)
    raise TimeoutError("the report service kept no dead letter")


@pytest.mark.parametrize("slot", ["report-0", "ingest-0"])
def test_made_up_requests_get_documented_answers_and_never_a_server_error(
    platform: Stack, known: Known, slot: str
) -> None:
    address = platform.addresses.services[slot]
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    operations = {operation.ok().label: operation.ok() for operation in schema.get_all_operations()}
    print(f"{slot}: seed {SEED}, {CASES} cases over {sorted(operations)}")
    answers: dict[str, Counter[int]] = {label: Counter() for label in operations}
    asked, rounds = set(operations), 0
    while (left := CASES - sum(counts.total() for counts in answers.values())) > 0:
        each, rounds = -(-left // len(asked)), rounds + 1
        for label in sorted(asked):
            counts = ask(operations[label], each, SEED + rounds, address, known)
            answers[label] += counts
            asked -= {label} if counts.total() < each else set()  # it has no other requests to make
    print(json.dumps(answers))
    assert all(counts.total() > 1 for label, counts in answers.items() if label != "GET /")
    assert all(any(status < 500 for status in counts) for counts in answers.values())


def ask(operation: Any, count: int, number: int, address: str, known: Known) -> Counter[int]:
    """Make requests to one operation; how often each status was answered."""
    counts: Counter[int] = Counter()

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        if counts.total() % 3 == 0:
            known.put_into(case)
        response = case.call(base_url=address)
        counts[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)
        assert PROTECTED.items() <= {name: value[0] for name, value in response.headers.items()}.items()

    one()
    return counts
