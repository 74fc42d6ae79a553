"""The install step of the embedded broker, so that later starts are quick.

`python -m canheal_cli.embedded.fetch`
"""

import sys
import tempfile
import time
from pathlib import Path

from canheal_cli.embedded import startcache
from canheal_cli.embedded.jars import checked_jars
from canheal_cli.embedded.kafka import EmbeddedKafka
from canheal_cli.errors import CommandError


def make_start_cache(jars: list[Path]) -> None:
    """Run a broker in a throw-away folder once: the JVM writes its start cache when it is stopped."""
    path = startcache.place(jars)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob("kafka-*.aot"):
        old.unlink()
    made = path.with_suffix(".new")
    with tempfile.TemporaryDirectory(prefix="canheal-training-") as folder:
        broker = EmbeddedKafka(Path(folder))
        broker.start(broker.spec(startcache.training(made)))
        try:
            broker.wait_ready()
        finally:
            broker.stop()
    made.rename(path)


def main() -> int:
    """Jars and start cache; a failure only warns: with a broker of one's own neither is needed."""
    began = time.monotonic()
    try:
        jars = checked_jars()
        make_start_cache(jars)
    except CommandError as error:
        print(f"canheal: no embedded broker yet; its next start tries again. {error}", file=sys.stderr)
        return 0
    seconds = time.monotonic() - began
    print(f"canheal: embedded broker ready ({len(jars)} jars checked, {seconds:.1f} s)", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
