"""A consumer that acknowledges everything but offset 1: `python gap.py ours|faust TOPIC`."""

import asyncio
import os
import sys

import faust
from canheal_chassis.consumer import App, make_app

WAIT_SECONDS = 4


def app_of(kind: str, bootstrap: str) -> faust.App:
    if kind == "ours":
        return make_app("canheal-gap-ours", bootstrap, "gap-0")
    plain = faust.App(
        "canheal-gap-plain",
        broker=f"kafka://{bootstrap}",
        value_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=1,
    )
    assert not isinstance(plain, App)
    return plain


async def main() -> None:
    app = app_of(sys.argv[1], os.environ["KAFKA_BOOTSTRAP_SERVERS"])

    async def agent(stream: faust.StreamT) -> None:
        events = stream.noack()
        async for event in events.events():
            if event.message.offset == 1:
                await asyncio.sleep(3600)
            await events.ack(event)

    app.agent(app.topic(sys.argv[2], internal=True), concurrency=4)(agent)
    await app.start()
    await asyncio.sleep(WAIT_SECONDS)
    os._exit(9)  # as a kill: nothing more is committed


if __name__ == "__main__":
    asyncio.run(main())
