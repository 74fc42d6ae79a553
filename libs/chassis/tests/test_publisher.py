"""What is published is confirmed, or said not to be; and whatever ends a producer, the next one goes on."""

from typing import Any

import pytest
from aiokafka.errors import KafkaError
from canheal_chassis.message import Message
from canheal_chassis.publisher import open_publisher
from canheal_cli.embedded.kafka import EmbeddedKafka
from canheal_cli.topics import apply_topics
from chassis_parts import a_subject, envelope_of, received

pytestmark = pytest.mark.stack


async def test_a_producer_whose_sender_has_ended_is_replaced(
    kafka: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_topics(kafka.bootstrap)
    event = received(a_subject())
    message = Message.of(event, envelope_of(event))
    async with open_publisher(kafka.bootstrap) as publisher:
        await publisher.publish(message)
        sender: Any = vars(vars(publisher)["_producer"])["_sender"]

        def breaks(*_: Any, **__: Any) -> None:
            raise KafkaError("nobody foresaw it")

        monkeypatch.setattr(vars(sender)["_message_accumulator"], "drain_by_nodes", breaks)
        with pytest.raises(Exception, match="did not confirm"):
            await publisher.publish(message)
        assert sender.sender_task.done(), "aiokafka's sender does not come back by itself"
        await publisher.publish(message)
