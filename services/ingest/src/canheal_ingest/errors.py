"""What the door refuses, each with what the hospital needs to mend it.

PlatformError
└── SubmissionRefused
    ├── UploadRefused       the request's body is not the two parts that were asked for
    │   ├── NotMultipart    its content type is another one
    │   ├── UploadTooLarge  it, or one of its parts, exceeds a limit
    │   ├── UploadTooSlow   it stopped coming, or trickles
    │   ├── TooManyUploads  as many as are taken at once are being taken
    │   └── ScratchFull     the disk has no room for it now
    ├── MetadataRefused     fields of the metadata are missing, unknown or wrong: each by its JSON pointer
    ├── BedRefused          a line of the assay's BED file is no interval
    ├── ConsentRefused      a consent says more than is understood, or contradicts itself
    ├── ConsentFormat       a consent is neither our JSON nor a FHIR Consent in JSON
    ├── ConsentDiffers      the submission states another consent than the one in force
    ├── LabelTaken          the site calls another person's sample by this label
    ├── ErasureUnknown      there is no such erasure
    ├── SampleUnknown       there is no such sample
    └── SubjectUnknown      the site never sent a sample under this pseudonym

A VCF that breaks a rule is `canheal_genome`'s VcfRefused; a subject that was erased is the chassis' Erased.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from canheal_process.errors import PlatformError


class SubmissionRefused(PlatformError):
    """The door says no; `members` join the problem document."""

    slug = "submission-refused"
    status = 400
    exit_code = 65
    title: ClassVar[str] = "The submission was refused"
    retry_after_seconds: ClassVar[int | None] = None
    """When to try again, where that may help."""

    @property
    def members(self) -> Mapping[str, Any]:
        """What the problem document says besides type, title, status and detail."""
        return {}


class UploadRefused(SubmissionRefused):
    slug = "upload-refused"
    title = "The request's body cannot be read"


class NotMultipart(UploadRefused):
    slug = "not-multipart"
    status = 415


class UploadTooLarge(UploadRefused):
    slug = "upload-too-large"
    status = 413
    title = "The upload is too large"


class UploadTooSlow(UploadRefused):
    slug = "upload-too-slow"
    status = 408
    retryable = True
    exit_code = 75
    title = "The upload is too slow"


class TooManyUploads(UploadRefused):
    slug = "too-many-uploads"
    status = 503
    retryable = True
    exit_code = 75
    title = "Too many uploads at once"
    retry_after_seconds = 5


class ScratchFull(UploadRefused):
    slug = "scratch-full"
    status = 507
    retry_after_seconds = 60
    retryable = True
    exit_code = 75
    title = "There is no room for the upload now"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of a document that was sent."""

    pointer: str
    """JSON pointer as a URI fragment, `#/assay/type`."""
    found: str
    expected: str


class MetadataRefused(SubmissionRefused):
    slug = "metadata-refused"
    status = 422
    title = "The metadata cannot be accepted"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        told = "; ".join(f"{e.pointer}: found {e.found}, expected {e.expected}" for e in self.errors)
        super().__init__(told)

    @property
    def members(self) -> Mapping[str, Any]:
        return {"errors": [asdict(error) for error in self.errors]}


class BedRefused(SubmissionRefused):
    slug = "bed-refused"
    status = 422
    title = "The assay's BED file cannot be read"

    def __init__(self, reason: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(reason if line is None else f"line {line}: {reason}")

    @property
    def members(self) -> Mapping[str, Any]:
        return {} if self.line is None else {"line": self.line}


class ConsentRefused(MetadataRefused):
    slug = "consent-refused"
    title = "The consent cannot be accepted"


class ConsentFormat(SubmissionRefused):
    slug = "consent-format"
    status = 415
    title = "The consent is in a format that is not read here"


class ConsentDiffers(SubmissionRefused):
    slug = "consent-differs"
    status = 409
    title = "Another consent is in force"

    def __init__(self, in_force: Sequence[str], version: int, stated: Sequence[str]) -> None:
        self._in_force = {"permitted": list(in_force), "consent_version": version}
        super().__init__(
            f"The submission permits {_listed(stated)}; in force for this person is version {version}, which "
            f"permits {_listed(in_force)}. Send the sample with that consent, or change the consent first: "
            "PUT /v1/subjects/{pseudonym}/consent?site=SITE"
        )

    @property
    def members(self) -> Mapping[str, Any]:
        return {"in_force": self._in_force}


class LabelTaken(SubmissionRefused):
    slug = "label-taken"
    status = 409
    title = "The label belongs to another person's sample"


class SampleUnknown(SubmissionRefused):
    slug = "sample-unknown"
    status = 404
    title = "There is no such sample"


class SubjectUnknown(SubmissionRefused):
    slug = "subject-unknown"
    status = 404
    title = "There is no such person"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


class ErasureUnknown(SubmissionRefused):
    """There is no such erasure."""

    slug = "erasure-unknown"
    status = 404
    title = "There is no such erasure"
