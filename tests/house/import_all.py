"""Import the named modules and print, as a JSON list, whatever an import should not do.

Run in a process of its own by test_members.py: an audit hook cannot be taken off again.
"""

import importlib
import json
import os
import sys
import threading

from pydantic_settings import BaseSettings

FORBIDDEN = {
    "socket.connect",
    "subprocess.Popen",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.fork",
}
IPV6_PROBE = ("::1", 0)  # urllib3 looks in this way, on import, whether the machine speaks IPv6
FILE_PROBE = "file"  # platform.architecture() asks it when faust's driver is imported
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND

happened: list[str] = []
importing = ""


def watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and arguments[0] == FILE_PROBE:
        return
    if event in FORBIDDEN or (event == "socket.bind" and arguments[1] != IPV6_PROBE):
        happened.append(f"{importing}: {event} {arguments}")
    if event == "open" and arguments[0] != os.devnull and _writes(arguments):
        happened.append(f"{importing}: open {arguments}")


def _writes(arguments: tuple[object, ...]) -> bool:
    _, mode, flags = arguments
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    return isinstance(flags, int) and bool(flags & WRITING)


def read_settings(self: BaseSettings, *_: object, **__: object) -> None:
    happened.append(f"{importing}: settings {type(self).__name__}")


if __name__ == "__main__":
    BaseSettings.__init__ = read_settings
    sys.addaudithook(watch)
    for importing in sys.argv[1:]:
        importlib.import_module(importing)
        if threading.active_count() > 1:
            happened.append(f"{importing}: thread {threading.enumerate()[1:]}")
    print(json.dumps(happened))
