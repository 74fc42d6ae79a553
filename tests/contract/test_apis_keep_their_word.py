"""The two public APIs against their own descriptions: made-up requests get documented answers, never a 5xx.

100 cases each; with CANHEAL_LONG=1 2,000 each. The seed is printed; CANHEAL_SEED sets it.
"""

import asyncio
import json
import os
from collections import Counter
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from canheal_cli.stack import Stack
from hypothesis import HealthCheck, Phase, given, seed, settings
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


@dataclass
class Known:
    """Ids that are there, so that answers are not all 404."""

    ids: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def known(platform: Stack) -> Known:
    return asyncio.run(a_sample(platform))


async def a_sample(platform: Stack) -> Known:
    """A sample with its report."""
    demo = files("canheal_cli") / "demo"
    said = json.loads((demo / "DEMO-CRC-1.json").read_text()) | {"label": "API-1", "pseudonym": "API-P1"}
    async with Hospital(platform.addresses.services) as hospital:
        answer = await hospital.send(said, (demo / "DEMO-CRC-1.vcf.gz").read_bytes())
        sample = UUID(answer.raise_for_status().json()["sample"])
        report = (await hospital.closed([sample], within_seconds=60))[sample][-1]["report_id"]
    return Known({"sample": str(sample), "report_id": report, "pseudonym": said["pseudonym"]})


@pytest.mark.parametrize("slot", ["ingest-0", "report-0"])
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
    print(json.dumps(answers, indent=1))
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
        for name, value in known.ids.items():
            if name in case.path_parameters and counts.total() % 3 == 0:
                case.path_parameters[name] = value
        response = case.call(base_url=address)
        counts[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)
        assert PROTECTED.items() <= {name: value[0] for name, value in response.headers.items()}.items()

    one()
    return counts
