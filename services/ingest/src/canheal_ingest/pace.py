"""How long the door waits, and for how many at once: a body that trickles must not hold a place for ever."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from canheal_ingest.errors import TooManyUploads, UploadTooSlow


@dataclass(frozen=True, slots=True)
class Pace:
    """How slow a body may come."""

    idle_seconds: float
    bytes_per_second: int

    async def keep(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The body's pieces. Only the time spent waiting for them counts, never our own work between.

        Raises:
            UploadTooSlow: the next piece did not come, or all so far came too slowly.
        """
        clock, waited, total = asyncio.get_running_loop().time, 0.0, 0
        pieces = aiter(stream)
        while True:
            began = clock()
            try:
                async with asyncio.timeout(self.idle_seconds):
                    piece = await anext(pieces, None)
            except TimeoutError as error:
                raise UploadTooSlow(
                    f"nothing came for {self.idle_seconds:g} seconds before the body ended; send it again"
                ) from error
            if piece is None:
                return
            waited, total = waited + clock() - began, total + len(piece)
            if waited > self.idle_seconds and total < waited * self.bytes_per_second:
                raise UploadTooSlow(
                    f"{total:,} bytes came in {waited:.0f} seconds; expected {self.bytes_per_second:,} a "
                    "second or more. Send it over a better connection, compressed with bgzip"
                )
            yield piece


@dataclass(slots=True)
class Turnstile:
    """Lets so many in at once."""

    most: int
    _inside: int = field(default=0)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            TooManyUploads: there is none.
        """
        if self._inside >= self.most:
            raise TooManyUploads(
                f"{self.most} submissions are being taken at this moment, the most at once; send it again in "
                f"{TooManyUploads.retry_after_seconds} seconds"
            )
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
