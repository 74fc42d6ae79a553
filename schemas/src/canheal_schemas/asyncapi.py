"""The whole stream as one AsyncAPI 3.1.0 document: topics, messages, who sends and who receives."""

import inspect
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from canheal_schemas.event import Event
from canheal_schemas.json_schema import Schema, draft_7, headers_schema, model_schema
from canheal_schemas.registry import CHANNELS, Channel
from canheal_schemas.topic import Cleanup, Topic

type Part = dict[str, Any]  # any object of the document

BINDING = "0.5.0"
"""Version of the AsyncAPI bindings for Kafka."""
COMPONENTS = "#/components/schemas/{model}"
ROLES = {
    "ingest": "The hospitals' door.",
    "annotate": "Interprets the variants of a sample.",
    "prs": "Computes polygenic scores of a germline sample.",
    "report": "Joins the parts of a sample into a report and serves it.",
    "people": "Operators, by `canheal dlq`.",
    "subscribers": "Whoever follows the reports: EHR, tumour board, screening programme.",
}
ABOUT = """Cancer genomics as events: a hospital sends a VCF, a report follows.

Delivery is at least once: drop an `event_id` that you have seen. Records with the same key keep their order.
The topic's suffix is the only version; within it fields are only added, and unknown fields are ignored."""


def asyncapi() -> Part:
    """The document; the same contract always gives the same document."""
    events = list(dict.fromkeys(event for channel in CHANNELS for event in channel.events))
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "CAN.HEAL event stream",
            "version": version("canheal-schemas"),
            "description": ABOUT,
            "tags": _tags(ROLES),
        },
        "defaultContentType": "application/json",
        "servers": {"local": _server()},
        "channels": {channel.topic.name: _channel(channel) for channel in CHANNELS},
        "operations": {name: part for channel in CHANNELS for name, part in _operations(channel).items()},
        "components": {
            "messages": {event.__name__: _message(event) for event in events},
            "schemas": _schemas(events),
            "correlationIds": {
                "request": {
                    "description": "The same for everything that follows from one request.",
                    "location": "$message.header#/correlation_id",
                }
            },
        },
    }


def _server() -> Part:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "The broker of `canheal up`, or the one that a site names.",
        "variables": {
            "bootstrap": {
                "default": "localhost:9092",
                "description": "Host and port, as KAFKA_BOOTSTRAP_SERVERS names them.",
            }
        },
        "bindings": {"kafka": {"bindingVersion": BINDING}},
    }


def _channel(channel: Channel) -> Part:
    topic = channel.topic
    return {
        "address": topic.name,
        "description": f"{topic.meaning[0].upper()}{topic.meaning[1:]}.",
        "messages": {e.__name__: {"$ref": f"#/components/messages/{e.__name__}"} for e in channel.events},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": _configuration(topic),
                "bindingVersion": BINDING,
            }
        },
        "x-key-field": topic.key,
    }


def _configuration(topic: Topic) -> Part:
    """Kafka's settings of the topic, typed as the binding wants them; it has no word for `BROKERS_CLOCK`."""
    numbers = {name: int(value) for name, value in topic.configs.items() if value.isdigit()}
    return {"cleanup.policy": [topic.cleanup.value], **numbers}


def _operations(channel: Channel) -> dict[str, Part]:
    sent = {f"{who}.send.{channel.topic.name}": _operation("send", who, channel) for who in channel.said_by}
    read = {
        f"{who}.receive.{channel.topic.name}": _operation("receive", who, channel) for who in channel.read_by
    }
    return sent | read


def _operation(action: str, who: str, channel: Channel) -> Part:
    place = f"#/channels/{channel.topic.name}"
    verb = "says" if action == "send" else "reads"
    return {
        "action": action,
        "channel": {"$ref": place},
        "summary": f"{who} {verb}: {channel.topic.meaning}",
        "messages": [{"$ref": f"{place}/messages/{event.__name__}"} for event in channel.events],
        "tags": _tags([who]),
    }


def _message(event: type[Event]) -> Part:
    compacted = getattr(event, "topic", None) is not None and event.topic.cleanup is Cleanup.COMPACT
    tombstone = " A record without a value takes back what was said of its key." if compacted else ""
    return {
        "name": event.__name__,
        "title": event.__name__,
        "summary": inspect.getdoc(event) or "",
        "description": f"`payload` is the record's value, `headers` the envelope.{tombstone}",
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/Envelope"},
        "payload": {"$ref": COMPONENTS.format(model=event.__name__)},
        "correlationId": {"$ref": "#/components/correlationIds/request"},
        "bindings": {"kafka": {"key": _key(event), "bindingVersion": BINDING}},
    }


def _key(event: type[Event]) -> Schema:
    """The record's key: the bytes of this text."""
    if "key" in vars(event):  # the event has a rule of its own
        return {"type": "string", "description": inspect.getdoc(vars(event)["key"]) or ""}
    field = model_schema(event)["properties"][event.topic.key]
    kept = {name: value for name, value in field.items() if name in ("type", "format", "pattern")}
    return {**kept, "description": f"The event's `{event.topic.key}`."}


def _schemas(events: list[type[Event]]) -> dict[str, Schema]:
    """Every model once, in Draft 7, by its name."""
    found: dict[str, Schema] = {"Envelope": headers_schema()}
    for event in events:
        schema = model_schema(event, COMPONENTS)
        found |= schema.pop("$defs", {})
        found[event.__name__] = schema
    return {name: draft_7(schema) for name, schema in sorted(found.items())}


def _tags(names: Iterable[str]) -> list[Part]:
    return [{"name": name, "description": ROLES[name]} for name in names]
