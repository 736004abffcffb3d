"""All that an action changes reaches the browser in one message."""

import asyncio
from types import SimpleNamespace

from bokeh.document import Document
from bokeh.models import Div, TextInput
from bokeh.protocol import Protocol

from hifred.explore.one_message import OneMessageConnection


class Sent(list):
    """A socket that keeps its messages."""

    async def send_message(self, message) -> None:
        self.append(message)


def connected(document: Document) -> tuple[Sent, list]:
    """Return what is sent of a document, and what waits to be sent."""
    sent, waiting = Sent(), []
    session = SimpleNamespace(subscribe=lambda connection: None)
    connection = OneMessageConnection(Protocol(), sent, None, session)
    document.on_change(lambda e: waiting.append(connection.send_patch_document(e)))
    return sent, waiting


async def wait_for(waiting: list) -> None:
    for awaitable in waiting:
        await awaitable


def test_many_changes_are_one_message_and_the_last_value_is_sent_once() -> None:
    field, text = TextInput(value="a"), Div(text="")
    document = Document()
    document.add_root(field)
    document.add_root(text)
    sent, waiting = connected(document)
    field.value = "b"
    text.text = "said"
    field.value = "c"
    asyncio.run(wait_for(waiting))
    (message,) = sent
    said = {event["attr"]: event["new"] for event in message.content["events"]}
    assert said == {"value": "c", "text": "said"}
    assert len(message.content["events"]) == 2


def test_what_changes_later_is_another_message() -> None:
    document = Document()
    field = TextInput(value="a")
    document.add_root(field)
    sent, waiting = connected(document)
    for value in ("b", "c"):
        field.value = value
        asyncio.run(wait_for(waiting))
        waiting.clear()
    assert [m.content["events"][0]["new"] for m in sent] == ["b", "c"]
