"""What a hospital says of a sample beside its VCF: strict, and a mistyped field is refused by name."""

import difflib
import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Final, Protocol, Self, get_args

from canheal_schemas import (
    AssayType,
    Consent,
    DuoCondition,
    GenomeBuild,
    LimitedPermission,
    Purpose,
    SampleKind,
    Sex,
)
from canheal_schemas.duo import refusals
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from canheal_ingest.errors import FieldError, MetadataRefused


def _one_spelling(name: str) -> str:
    """The same name typed on two systems is the same person: letters in Unicode's composed form (NFC)."""
    if not name.isprintable() or name != name.strip():
        raise PydanticCustomError("name-unprintable", "printable characters without blanks at its ends")
    return unicodedata.normalize("NFC", name)


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_spelling)]
Site = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$", examples=["BE-UZG"])]
Column = Annotated[str, Field(min_length=1, max_length=1000)]


_MAX_SHOWN: Final = 80
MAX_ERRORS: Final = 20
"""Errors that one answer names."""


class Said(BaseModel):
    """A document that somebody sent."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class StatedCondition(Said):
    """A condition on research, in the terms of the Data Use Ontology."""

    code: Annotated[str, Field(pattern=r"^DUO:[0-9]{7}$", examples=["DUO:0000042"])]
    """The term, such as DUO:0000042."""
    value: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The disease's code, or the countries' codes with commas between, where the term needs one."""


class StatedPermission(Said):
    """A purpose that the person allows for some time or under conditions."""

    purpose: Purpose
    """What is allowed."""
    valid_from: AwareDatetime | None = None
    """The first moment, with its time zone."""
    valid_until: AwareDatetime | None = None
    """The last moment, with its time zone."""
    conditions: Annotated[tuple[StatedCondition, ...], Field(max_length=20)] = ()
    """Conditions that must all hold; on research only."""

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        if reasons := refusals(self.permission.conditions):
            raise ValueError("; ".join(reasons))
        return self

    @property
    def permission(self) -> LimitedPermission:
        conditions = tuple(DuoCondition(code=one.code, value=one.value) for one in self.conditions)
        return LimitedPermission(
            purpose=self.purpose,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            conditions=conditions,
        )


class StatedConsent(Said):
    """What the person allows."""

    permitted: tuple[Purpose, ...]
    """Purposes that the person allows; what is not named is refused."""
    limited: Annotated[tuple[StatedPermission, ...], Field(max_length=len(Purpose))] = ()
    """Purposes that the person allows for some time or under conditions; none of them in `permitted`."""

    @model_validator(mode="after")
    def _each_purpose_once(self) -> Self:
        named = [*set(self.permitted), *(one.purpose for one in self.limited)]
        if len(named) > len(set(named)):
            raise ValueError("a purpose stands once: in permitted, or once in limited")
        return self

    @property
    def consent(self) -> Consent:
        return Consent.of(self.permitted, tuple(one.permission for one in self.limited))


class StatedAssay(Said):
    """How much of the genome was looked at."""

    type: AssayType
    """panel, exome or genome."""
    size_mb: Annotated[float, Field(gt=0, le=4000)] | None = None
    """Callable size in megabases."""
    bed: str | None = None
    """Text of the BED file of the targets, instead of `size_mb`."""

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        if self.size_mb is not None and self.bed is not None:
            raise PydanticCustomError("size-twice", "either size_mb or bed, not both")
        return self


class Metadata(Said):
    """The `metadata` part of POST /v1/samples."""

    site: Site
    """The hospital's site code: capital letters, digits and hyphens."""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["BE"])]
    """ISO 3166-1 alpha-2 code of the country, two capital letters."""
    pseudonym: Name
    """The hospital's pseudonym of the person: the same for every sample of the person, never a name."""
    label: Name
    """The hospital's own name of the sample: the same label with other content supersedes."""
    kind: SampleKind
    """tumour or germline."""
    assay: StatedAssay
    build: GenomeBuild | None = None
    """GRCh37 or GRCh38; told from the file when absent."""
    oncotree_code: Annotated[str, Field(min_length=1, max_length=20, examples=["COAD"])] | None = None
    """Tumour type as an OncoTree code."""
    sex: Sex = Sex.UNKNOWN
    """female, male or unknown."""
    age_years: Annotated[int, Field(ge=0, le=120)] | None = None
    """Age at sampling in completed years."""
    purity: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of tumour cells, above 0 and up to 1."""
    vcf_sample: Column | None = None
    """The VCF column of this sample; found when absent."""
    vcf_normal: Column | None = None
    """The VCF column of the matched normal; found when absent."""
    consent: StatedConsent | None = None
    """What the person allows. Absent: the consent in force; of a new person the country's default."""


class TumourTypes(Protocol):
    """The bundle's OncoTree."""

    def current(self, code: str) -> str | None: ...


def read_metadata(document: bytes, tumour_types: TumourTypes | None) -> Metadata:
    """The metadata of a submission, its OncoTree code the current one.

    Raises:
        MetadataRefused: with every field that is missing, unknown or wrong.
    """
    said = read_document(Metadata, document)
    errors = [*_disagreeing(said)]
    code = said.oncotree_code
    if code is not None and tumour_types is not None:
        current = tumour_types.current(code)
        if current is None:
            errors.append(_field("oncotree_code", repr(code), "a code of OncoTree, such as COAD"))
        said = said.model_copy(update={"oncotree_code": current})
    if errors:
        raise MetadataRefused(errors)
    return said


def _disagreeing(said: Metadata) -> list[FieldError]:
    errors = []
    if said.kind is SampleKind.GERMLINE:
        if said.purity is not None:
            errors.append(_field("purity", str(said.purity), "no purity: the sample is germline"))
        if said.vcf_normal is not None:
            errors.append(
                _field("vcf_normal", repr(said.vcf_normal), "a germline sample's own column in vcf_sample")
            )
    elif said.vcf_normal is not None and said.vcf_normal == said.vcf_sample:
        errors.append(_field("vcf_normal", repr(said.vcf_normal), "another column than vcf_sample"))
    return errors


def _field(name: str, found: str, expected: str) -> FieldError:
    return FieldError(f"#/{name}", found, expected)


def read_document[M: Said](model: type[M], document: bytes) -> M:
    """A document that somebody sent, checked field by field.

    Raises:
        MetadataRefused: with every field that is missing, unknown or wrong.
    """
    try:
        json.loads(document, object_pairs_hook=_each_once)
        return model.model_validate_json(document)
    except ValidationError as error:
        told = [_explained(model, one) for one in error.errors()[:MAX_ERRORS]]
        raise MetadataRefused(told) from None
    except (ValueError, RecursionError) as error:
        raise MetadataRefused([FieldError("#", str(error), "one JSON object in UTF-8")]) from None


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Of two equal names JSON readers keep either; which one was meant is not ours to say."""
    said = dict(pairs)
    if len(said) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, times in counts.items() if times > 1)
        raise MetadataRefused([_field(_escaped(twice), "the field twice", "each field once")])
    return said


_SAID_BY_PYDANTIC: Final = ("Input should be ", "String should ", "Value ", "Object should ")


def _explained(model: type[Said], error: ErrorDetails) -> FieldError:
    places = [str(place) for place in error["loc"]]
    pointer = "#" + "".join(f"/{_escaped(place)}" for place in places)
    if error["type"] == "missing":
        return FieldError(pointer, "nothing", _described(model, places) or "a value")
    if error["type"] == "extra_forbidden":
        return FieldError(pointer, "an unknown field", _known_fields(model, places))
    told = error["msg"]
    for opening in _SAID_BY_PYDANTIC:
        told = told.removeprefix(opening)
    about = _described(model, places)
    return FieldError(pointer, _shown(error["input"]), f"{told} ({about})" if about else told)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _escaped(name: str) -> str:
    """RFC 6901, of a name that may be anything."""
    name = name if len(name) <= _MAX_SHOWN else f"{name[:_MAX_SHOWN]}..."
    name = name.encode("utf-8", "backslashreplace").decode()
    return name.replace("~", "~0").replace("/", "~1")


def _holder(model: type[Said], places: Sequence[str]) -> type[Said] | None:
    """The model that a place's last name belongs to."""
    for place in places[:-1]:
        if place.isdecimal():
            continue
        field = model.model_fields.get(place)
        inner = _said_in(field.annotation) if field else None
        if inner is None:
            return None
        model = inner
    return model


def _said_in(annotation: Any) -> type[Said] | None:
    """The model that a field holds: itself, optional, or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, Said):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _said_in(inner))), None)


def _described(model: type[Said], places: Sequence[str]) -> str | None:
    holder = _holder(model, places)
    field = holder.model_fields.get(places[-1]) if holder and places else None
    return field.description.rstrip(".") if field and field.description else None


def _known_fields(model: type[Said], places: Sequence[str]) -> str:
    holder = _holder(model, places) or model
    close = difflib.get_close_matches(places[-1][:_MAX_SHOWN], holder.model_fields, n=1)
    named = ", ".join(field.alias or name for name, field in holder.model_fields.items())
    return f"{close[0]}, perhaps; the fields are {named}" if close else f"one of {named}"
