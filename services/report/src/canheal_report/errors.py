"""What the report service refuses.

PlatformError
├── NoSuchReport        no report version has this id
├── NoReportOfSample    the sample is unknown, or its first part has not come yet
├── ConsentRefuses      the consent in force does not allow use for the person's own care
└── ReportWithheld      the report was never made: consent did not allow it when its parts came
"""

from typing import ClassVar
from uuid import UUID

from canheal_process.errors import PlatformError


class NoSuchReport(PlatformError):
    """No report version has this id."""

    slug: ClassVar[str] = "no-such-report"
    status: ClassVar[int] = 404

    def __init__(self, report_id: UUID) -> None:
        super().__init__(
            f"No report has the id {report_id}. Of a report that was withheld for want of consent nothing is "
            "kept. GET / lists the reports; the event canheal.report.issued.v1 carries the right link."
        )


class NoReportOfSample(PlatformError):
    """The sample is unknown, or its first part has not come yet."""

    slug: ClassVar[str] = "no-report-of-sample"
    status: ClassVar[int] = 404

    def __init__(self, sample: UUID) -> None:
        super().__init__(
            f"The sample {sample} has no report here: it is unknown, or its first part has not come yet. "
            "GET /v1/samples/{id} of ingest says where it is."
        )


class ConsentRefuses(PlatformError):
    """The consent in force does not allow use for the person's own care."""

    slug: ClassVar[str] = "consent-refuses"
    status: ClassVar[int] = 403

    def __init__(self) -> None:
        super().__init__(
            "The person's consent in force does not allow use for their own care. The hospital that recorded "
            "it can change it; the report is then readable again."
        )


class ReportWithheld(PlatformError):
    """The report was never made: consent did not allow it when its parts came."""

    slug: ClassVar[str] = "report-withheld"
    status: ClassVar[int] = 403

    def __init__(self) -> None:
        super().__init__(
            "This report was withheld: the person's consent did not allow use for their own care when it was "
            "due, so nothing of it was made or kept. Once consent allows it, send the sample with other "
            "content or under a new label."
        )


class NoCareRecord(PlatformError):
    """Nothing is kept of this erasure."""

    slug: ClassVar[str] = "no-care-record"
    status: ClassVar[int] = 404

    def __init__(self, erasure: UUID) -> None:
        super().__init__(
            f"No care record is kept of erasure {erasure}: no law asked for it, its last day is over, or "
            "there was no closed report. GET /v1/erasures/{id} on ingest says which."
        )
