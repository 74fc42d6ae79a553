"""Rebuild the demo bundle from the shared data: `make demo-bundle`.

Reads the folder that CANHEAL_TEST_DATA names (`../shared/data` by default) and replaces the bundle in
libs/refdata; the same data gives the same bytes, so a rebuild without a new source leaves git clean.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from canheal_genome.builds import Build
from canheal_refdata.bundle import DEMO_BUNDLE, open_bundle
from canheal_refdata.demo import DEMO_NAME, write_demo_bundle
from canheal_refdata.errors import BundleError


def main() -> int:
    data = Path(os.environ.get("CANHEAL_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not data.is_dir():
        print(f"{data} is no folder; set CANHEAL_TEST_DATA to the shared data", file=sys.stderr)
        return 66
    with tempfile.TemporaryDirectory(prefix="canheal-demo-bundle-") as scratch:
        made = Path(scratch) / DEMO_NAME
        try:
            write_demo_bundle(data, made)
        except BundleError as error:
            print(error, file=sys.stderr)
            return error.exit_code
        shutil.rmtree(DEMO_BUNDLE, ignore_errors=True)
        shutil.copytree(made, DEMO_BUNDLE)
    bundle = open_bundle(every_byte=True)
    size = sum(file.size for file in bundle.manifest.files.values())
    genes = ", ".join(f"{bundle.assembly(build).genes.height} on {build}" for build in Build)
    print(f"{bundle.version}: {genes}; {size / 1e6:.1f} MB", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
