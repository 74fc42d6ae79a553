"""The in-memory `Work` behaves as the real one, and leaves nothing behind."""

import gc
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import pytest
from canheal_chassis.outcome import Outcome
from canheal_chassis.testing import MemoryWork, envelope_of
from canheal_process.document import Document
from canheal_schemas import ConsentChanged
from chassis_parts import a_subject, consent, received


class Note(Document):
    collection: ClassVar[str] = "notes"


class Letter(Document):
    collection: ClassVar[str] = "letters"


@pytest.fixture
def work() -> MemoryWork:
    return MemoryWork(envelope_of(received(a_subject())))


async def test_a_blob_is_a_file_and_the_outcomes_blobs_can_be_read_next(work: MemoryWork) -> None:
    ref = work.put(b"a VCF")
    assert (await work.blob(ref)).read_bytes() == b"a VCF"
    sealed = await work.seal("findings", b"rows")
    assert sealed.ref.size == 4
    work.apply(Outcome(blobs=(sealed,)))
    assert (await work.blob(sealed.ref)).read_bytes() == b"rows"


async def test_a_blobs_name_is_derived_from_the_event_and_its_own(work: MemoryWork) -> None:
    one, same, other = [await work.seal(name, b"x") for name in ("a", "a", "b")]
    assert one.ref == same.ref
    assert one.ref.blob_id != other.ref.blob_id


async def test_documents_are_kept_by_their_kind(work: MemoryWork) -> None:
    note = Note(id=uuid4(), subject="s")
    work.apply(Outcome(save=(note,)))
    assert await work.read(Note, note.id) == note
    assert await work.read(Letter, note.id) is None


async def test_its_folder_goes_with_it_and_nobody_is_warned() -> None:
    work = MemoryWork(envelope_of(received(a_subject())))
    folder = (await work.blob(work.put(b"x"))).parent
    assert folder.exists()
    del work
    gc.collect()
    assert not Path(folder).exists()  # noqa: ASYNC240 one look at a local folder


async def test_a_function_runs_here_with_its_arguments(work: MemoryWork) -> None:
    assert await work.run(sorted, [2, 1], reverse=True) == [2, 1]


def test_an_event_that_is_about_no_sample_is_refused_in_words() -> None:
    with pytest.raises(TypeError, match=ConsentChanged.__name__):
        envelope_of(consent(a_subject()))
