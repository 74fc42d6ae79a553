"""`canheal score`: JSON Lines for programs, words for people, errors as a person wrote them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from canheal_prs.commands import app
from typer.testing import CliRunner

import demo_samples

Write = Callable[..., Path]
GERMLINE = str(demo_samples.SAMPLES / "DEMO-GERMLINE-1.vcf.gz")
DEMO = str(demo_samples.SCORE)
RUN = CliRunner()


def test_one_line_a_sample_and_score_begins_with_the_documented_fields() -> None:
    result = RUN.invoke(app, [GERMLINE, "--score", DEMO, "--score", DEMO, "--json"])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == 2
    assert list(lines[0])[:7] == ["sample", "score", "sum", "z", "percentile", "matched", "total"]
    assert lines[0]["sample"] == "PERSON"
    assert lines[0]["notice"] == "synthetic, not for care"
    assert result.stderr == ""


def test_people_read_the_score_and_its_notice_on_stderr() -> None:
    result = RUN.invoke(app, [GERMLINE, "--score", DEMO])
    assert "39 of 40 variants" in result.stderr
    assert "synthetic, not for care" in result.stderr


def test_every_sample_column_is_scored_or_the_named_one(vcf: Write, score_file: Write) -> None:
    two = str(vcf("1 100 A G 0/1 1/1", samples=("A", "B")))
    score = str(score_file("1\t100\tG\tA\t0.5"))
    result = RUN.invoke(app, [two, "--score", score, "--assembly", "GRCh38", "--json"])
    assert [json.loads(line)["sum"] for line in result.stdout.splitlines()] == [0.5, 1.0]
    named = RUN.invoke(app, [two, "--score", score, "--assembly", "GRCh38", "--sample", "B", "--json"])
    assert [json.loads(line)["sample"] for line in named.stdout.splitlines()] == ["B"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--sample", "NOBODY", "--assembly", "GRCh38"], 65, "no column is named NOBODY"),
        ([], 65, "the build cannot be told"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_in_words(
    vcf: Write, score_file: Write, arguments: list[str], code: int, words: str
) -> None:
    call = [str(vcf("1 100 A G 0/1")), "--score", str(score_file("1\t100\tG\tA\t0.5")), *arguments]
    result = RUN.invoke(app, call)
    assert result.exit_code == code
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_declared_build_that_the_contigs_contradict_is_refused() -> None:
    result = RUN.invoke(app, [GERMLINE, "--score", DEMO, "--assembly", "GRCh37"])
    assert result.exit_code == 65
    assert "GRCh37" in result.stderr


def test_a_score_on_another_build_is_a_line_that_says_refused(vcf: Write, score_file: Write) -> None:
    call = [str(vcf("1 100 A G 0/1")), "--score", str(score_file("1\t100\tG\tA\t1")), "--assembly", "GRCh37"]
    result = RUN.invoke(app, [*call, "--json"])
    line = json.loads(result.stdout)
    assert (line["status"], line["sum"]) == ("refused", None)
    assert "GRCh38" in line["reason"]
