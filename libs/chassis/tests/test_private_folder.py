"""A process's scratch folder is its own, also beside another process with the same id, and outlives none."""

import subprocess
import sys
from pathlib import Path

from canheal_chassis.workplace import private_folder

HOLDS = """
import sys
from pathlib import Path
from canheal_chassis.workplace import private_folder
folder = private_folder(Path(sys.argv[1]), "annotate-0")
(folder / "decrypted.vcf").touch()
print(folder, flush=True)
sys.stdin.read()
"""


def test_a_second_process_with_the_same_id_leaves_the_first_ones_files_until_that_one_ended(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout
        file = Path(first.stdout.readline().strip()) / "decrypted.vcf"
        mine = private_folder(tmp_path, "annotate-0")
        assert file.exists()
        assert mine != file.parent
        first.kill()
    assert file.exists()
    private_folder(tmp_path, "annotate-0")
    assert not file.exists()
    assert mine.exists()


def test_what_an_older_version_left_in_the_slots_folder_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "annotate-0" / "tmp1"
    left.mkdir(parents=True)
    (left / "decrypted.vcf").touch()
    (tmp_path / "annotate-0" / "loose.vcf").touch()
    folder = private_folder(tmp_path, "annotate-0")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert folder.stat().st_mode & 0o077 == 0
