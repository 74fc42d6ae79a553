"""The pages: a report version in HTML for people, and the list of the newest ones."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from canheal_process.terminal import plain
from canheal_schemas import ConsentChanged
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from canheal_report import statements, words
from canheal_report.certainty import cautions
from canheal_report.drawings import fraction_bar, percentile_curve
from canheal_report.heads import Summary
from canheal_report.knowledge import Knowledge
from canheal_report.therapies import link, regimen
from canheal_report.versions import ReportVersion

NOTICE = "Decision support, not for diagnosis without review."
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Served:
    """What is added when a version is served: its number among those that exist, and the time."""

    number: int
    of: int
    at: datetime
    newest: Summary | None = None
    """The version that replaced this one."""
    consent: ConsentChanged | None = None
    """The consent under which it is shown."""


def report_page(version: ReportVersion, served: Served, knowledge: Knowledge) -> str:
    """A report version as one HTML document, complete in itself."""
    code = version.context.oncotree_code
    provenance = version.variants.provenance if version.variants else None
    return (
        _environment()
        .get_template("report.html")
        .render(
            version=version,
            served=served,
            tumour=knowledge.tumour_name(code) if code else None,
            sources=knowledge.sources(provenance.bundle) if provenance else (),
            bundle=provenance.bundle if provenance else None,
            cards=statements.cards(version),
            headline=statements.headline(version),
            sure=statements.how_sure(version),
            after=statements.what_next(version),
            status_words=statements.status_words(version),
        )
    )


def list_page(reports: Sequence[Summary], at: datetime) -> str:
    """The newest report of each sample."""
    return _environment().get_template("list.html").render(reports=reports, at=at)


@cache
def content_security_policy() -> str:
    """Nothing may be loaded; the one stylesheet is known by its hash."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _style() -> str:
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= _globals(environment)
    environment.filters |= {
        "allele": words.allele,
        "percent": words.percent,
        "thousands": words.thousands,
        "moment": words.moment,
        "consequence": words.consequence,
    }
    return environment


def _harmless(value: Any) -> Any:
    """What a template prints: of text that is not the template's own, what would steer is shown."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _globals(environment: Environment) -> dict[str, Any]:
    return {
        "notice": NOTICE,
        "style": Markup(_style()),  # noqa: S704 our own file
        "fraction_bar": partial(fraction_bar, environment),
        "percentile_curve": partial(percentile_curve, environment),
        "cautions": cautions,
        "link": link,
        "regimen": regimen,
        "name": statements.name,
        "unaccounted": statements.unaccounted,
        "words": words,
    }
