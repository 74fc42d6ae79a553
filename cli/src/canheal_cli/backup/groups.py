"""The consumer groups before a restore: set back to the beginning, so that the stream tells what is missing.

What is stored is said again, byte for byte; what is missing is made again. It reaches as far back as the
topics' retention. A group that still has members is a service that runs: nothing may be restored under it.
"""

import time
from typing import Any, Final

from canheal_schemas import STREAM_SERVICES

from canheal_cli.errors import StillRunningError
from canheal_cli.processes import PROCESSES
from canheal_cli.topics import admin_client

PATIENCE_SECONDS: Final = 15.0
"""A stopped service's session ends after 6 s."""
DONE: Final = frozenset({"OK", "GroupIdNotFoundError"})


def set_back(bootstrap: str) -> list[str]:
    """Forget how far every group of the platform has read; the names of those that there were.

    Raises:
        StillRunningError: a service is still a member of its group.
        Unreachable: the broker does not answer.
    """
    ours = [f"canheal-{process.name}" for process in PROCESSES if process.service in STREAM_SERVICES]
    with admin_client(bootstrap) as admin:
        known = {str(group["group_id"]) for group in admin.list_groups()}
        groups = [group for group in ours if group in known]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while left := _not_deleted(admin, groups):
            if time.monotonic() > deadline:
                told = ", ".join(f"{group} ({why})" for group, why in left.items())
                raise StillRunningError(f"Stop the services first; these groups have members: {told}.")
            time.sleep(0.5)
    return groups


def _not_deleted(admin: Any, groups: list[str]) -> dict[str, str]:
    return {group: why for group, why in admin.delete_groups(groups) if why not in DONE} if groups else {}
