"""A process with a pool, for tests that kill it: says its children's ids, then works for ever."""

import asyncio
import sys
from functools import partial
from pathlib import Path

from canheal_process.pool import Pool
from pool_functions import begins_and_waits, pid, warm


async def _main(folder: Path) -> None:
    pool = Pool(2, partial(warm, folder))
    if "at-once" in sys.argv:
        busy = [asyncio.ensure_future(pool.run(pid)) for _ in range(2)]
        (folder / "started").touch()
        await asyncio.gather(*busy)
    busy = [asyncio.ensure_future(pool.run(begins_and_waits, folder, name, 60.0)) for name in ("a", "b")]
    await asyncio.gather(*busy)


(Path(sys.argv[1]) / "main-imports").open("a").write("x")
if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
