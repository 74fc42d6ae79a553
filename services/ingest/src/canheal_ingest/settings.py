"""What the door is told by its environment."""

from typing import Annotated

from canheal_process.settings import ServiceSettings
from pydantic import Field


class Settings(ServiceSettings):
    """Settings of ingest: those of every service, and the door's limits."""

    max_upload_bytes: Annotated[int, Field(gt=0)] = 32 << 30
    """Bytes of one submission, as it comes over the wire."""
    max_metadata_bytes: Annotated[int, Field(gt=0)] = 1 << 20
    """Bytes of a submission's metadata."""
    max_uncompressed_bytes: Annotated[int, Field(gt=0)] = 64 << 30
    """Bytes of a VCF after decompression: the guard against a decompression bomb."""
    max_uploads_at_once: Annotated[int, Field(gt=0)] = 64
    """Submissions in hand at one moment; another is told to come back."""
    upload_idle_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Longest wait for the next bytes of a body."""
    min_upload_bytes_per_second: Annotated[int, Field(gt=0)] = 1 << 10
    """Slowest body that is waited for, counted once `upload_idle_seconds` were spent waiting for it."""
    large_vcf_bytes: Annotated[int, Field(gt=0)] = 8 << 20
    """From this size on a VCF is checked in a process of its own, so that no panel waits for a genome."""
