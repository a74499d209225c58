"""An agent that thinks, calls a tool and answers in pieces.

`script` is what it says, as (seconds to wait, event) pairs; the last user message chooses:

| the message begins with | what happens |
|---|---|
| "slow" | 300 words, one every 0.1 s: for Stop |
| "raise" | an exception after some text |
| "fail" | a typed `error` event after some text |
| "incomplete" | `response.incomplete`: the token limit was reached |
| "done only" | no deltas, only finished items |
| "echo" | the request's input, custom_inputs and context as JSON |
| "long" | one answer of 2,000 paragraphs (about 1 MB), without waiting |
| "approval" | an MCP approval request; once it is answered, what was decided |
| "sources" | an answer with a citation of a page and one of a file |
| anything else | reasoning, a function call with its output, a Markdown answer, usage |
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import mlflow
from mlflow.pyfunc import ResponsesAgent
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse, ResponsesAgentStreamEvent

Event = tuple[float, dict[str, Any]]

REASONING = (
    "The user asks about **OTIF** (on time, in full). I look at this week's orders by carrier, "
    "compare them with last week, and name the largest contribution."
)
TOOL_ARGUMENTS = {"metric": "otif", "group_by": "carrier", "weeks": 2}
TOOL_OUTPUT = {"rows": [["Nordfracht", 0.91, 0.78], ["Baltic Line", 0.95, 0.94], ["Vistula Cargo", 0.93, 0.92]]}
ANSWER = """\
OTIF fell from **93.1 %** to **88.4 %** this week. Almost all of it is one carrier.

| Carrier | Last week | This week | Change |
|:--|--:|--:|--:|
| Nordfracht | 91 % | 78 % | −13 pp |
| Baltic Line | 95 % | 94 % | −1 pp |
| Vistula Cargo | 93 % | 92 % | −1 pp |

What to do next:

1. Move *Thursday's* Gdańsk loads to Baltic Line.
2. Ask Nordfracht about the depot in Łódź.

```sql
SELECT carrier, AVG(otif) AS otif
FROM otif_daily
WHERE week = '2026-W47'
GROUP BY carrier;
```

See [the dashboard](https://example.com/otif?week=47) for the orders.
"""


def pieces(text: str, size: int = 12) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def usage(output_tokens: int) -> dict[str, Any]:
    return {
        "input_tokens": 42,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": 24},
        "total_tokens": 42 + output_tokens,
    }


def message(text: str, item_id: str) -> dict[str, Any]:
    return ResponsesAgent.create_text_output_item(text, item_id)


def message_events(text: str, item_id: str, index: int, wait: float, size: int = 12) -> Iterator[Event]:
    at = {"item_id": item_id, "output_index": index, "content_index": 0}
    item = {"type": "message", "id": item_id, "role": "assistant", "content": [], "status": "in_progress"}
    yield 0, {"type": "response.output_item.added", "output_index": index, "item": item}
    for piece in pieces(text, size):
        yield wait, {"type": "response.output_text.delta", **at, "delta": piece}
    yield 0, {"type": "response.output_text.done", **at, "text": text}
    yield 0, {"type": "response.output_item.done", "output_index": index, "item": message(text, item_id)}


def reasoning_events(index: int, wait: float) -> Iterator[Event]:
    at = {"item_id": "rs_1", "output_index": index, "summary_index": 0}
    item = {"type": "reasoning", "id": "rs_1", "summary": []}
    yield 0, {"type": "response.output_item.added", "output_index": index, "item": item}
    for piece in pieces(REASONING, 24):
        yield wait, {"type": "response.reasoning_summary_text.delta", **at, "delta": piece}
    yield 0, {"type": "response.reasoning_summary_text.done", **at, "text": REASONING}
    done = ResponsesAgent.create_reasoning_item("rs_1", REASONING)
    yield 0, {"type": "response.output_item.done", "output_index": index, "item": done}


def tool_events(index: int, wait: float) -> Iterator[Event]:
    arguments = json.dumps(TOOL_ARGUMENTS)
    call = ResponsesAgent.create_function_call_item("fc_1", "call_1", "query_otif", arguments)
    at = {"item_id": "fc_1", "output_index": index}
    yield 0, {"type": "response.output_item.added", "output_index": index, "item": {**call, "arguments": ""}}
    for piece in pieces(arguments):
        yield wait, {"type": "response.function_call_arguments.delta", **at, "delta": piece}
    yield 0, {"type": "response.function_call_arguments.done", **at, "arguments": arguments}
    yield 0, {"type": "response.output_item.done", "output_index": index, "item": call}
    output = ResponsesAgent.create_function_call_output_item("call_1", json.dumps(TOOL_OUTPUT))
    yield 10 * wait, {"type": "response.output_item.done", "output_index": index + 1, "item": output}


def completed(output: list[dict[str, Any]], tokens: int, status: str = "completed") -> dict[str, Any]:
    response = {"object": "response", "id": "resp_1", "status": status, "output": output, "usage": usage(tokens)}
    if status == "incomplete":
        response["incomplete_details"] = {"reason": "max_output_tokens"}
    return {"type": f"response.{status}", "response": response}


def started() -> Event:
    return 0, {"type": "response.created", "response": {"object": "response", "id": "resp_1", "status": "in_progress"}}


def whole_turn(wait: float) -> Iterator[Event]:
    yield started()
    yield from reasoning_events(0, wait)
    yield from tool_events(1, wait)
    yield from message_events(ANSWER, "msg_1", 3, wait)
    yield 0, completed([message(ANSWER, "msg_1")], 180)


def done_only() -> Iterator[Event]:
    for event in reasoning_events(0, 0), tool_events(1, 0), message_events(ANSWER, "msg_1", 3, 0):
        yield from ((0, it) for _, it in event if it["type"] == "response.output_item.done")


def last_text(request: ResponsesAgentRequest) -> str:
    """The text of the last user message, whether it came as a string or as parts."""
    for item in reversed(request.input):
        item = item.model_dump()
        if item.get("role") == "user":
            content = item["content"]
            return content if isinstance(content, str) else " ".join(part.get("text") or "" for part in content)
    return ""


def decision(request: ResponsesAgentRequest) -> bool | None:
    """What the user decided, where that is what came last."""
    last = request.input[-1].model_dump()
    return last["approve"] if last.get("type") == "mcp_approval_response" else None


def sources_events() -> Iterator[Event]:
    page = {"type": "url_citation", "title": "OTIF dashboard", "url": "https://example.com/otif",
            "start_index": 0, "end_index": 4}
    file = {"type": "file_citation", "file_id": "file_1", "filename": "carriers.md", "index": 0}
    item = message("OTIF fell, as the dashboard shows.", "msg_1")
    item["content"][0]["annotations"] = [page, file]
    yield 0, {"type": "response.output_item.done", "output_index": 0, "item": item}


def script(request: ResponsesAgentRequest, wait: float = 0.015) -> Iterator[Event]:
    text = last_text(request).lower()
    decided = decision(request)
    if decided is not None:
        said = "GDN-4711 is rebooked." if decided else "GDN-4711 stays where it is."
        yield from message_events(said, "msg_2", 0, 0)
    elif text.startswith("sources"):
        yield from sources_events()
    elif text.startswith("slow"):
        yield from message_events("".join(f"word {n:03}, " for n in range(1, 301)), "msg_1", 0, 0.1, size=10)
    elif text.startswith("raise"):
        yield 0.05, ResponsesAgent.create_text_delta("Let me look into the ", "msg_1")
        raise RuntimeError("tool exploded: warehouse timeout after 30 s")
    elif text.startswith("fail"):
        yield 0.05, ResponsesAgent.create_text_delta("Let me look into the ", "msg_1")
        yield 0, {"type": "error", "code": "rate_limit_exceeded", "message": "Too many tokens a minute", "param": None}
    elif text.startswith("incomplete"):
        yield 0.05, ResponsesAgent.create_text_delta("The three causes are: first, ", "msg_1")
        yield 0, completed([message("The three causes are: first, ", "msg_1")], 8, "incomplete")
    elif text.startswith("done only"):
        yield from done_only()
    elif text.startswith("echo"):
        seen = request.model_dump(exclude_none=True)
        yield from message_events(json.dumps(seen, ensure_ascii=False), "msg_1", 0, 0)
    elif text.startswith("long"):
        paragraph = "Orders wait at the depot, **then** leave late; see `otif_daily` for each of them. " * 6
        yield from message_events("\n\n".join(f"{n}. {paragraph}" for n in range(2000)), "msg_1", 0, 0, size=500)
    elif text.startswith("approval"):
        request_item = {"type": "mcp_approval_request", "id": "mcpr_1", "name": "rebook_load",
                        "server_label": "dispatch", "arguments": json.dumps({"load": "GDN-4711"})}
        yield 0.05, {"type": "response.output_item.done", "item": request_item}
    else:
        yield from whole_turn(wait)


class StreamingAgent(ResponsesAgent):
    def predict(self, request: ResponsesAgentRequest) -> ResponsesAgentResponse:
        items = []
        for wait, event in script(request):
            time.sleep(wait)
            if event["type"] == "response.output_item.done":
                items.append(event["item"])
        return ResponsesAgentResponse(output=items, usage=usage(180))

    def predict_stream(self, request: ResponsesAgentRequest) -> Iterator[ResponsesAgentStreamEvent]:
        for wait, event in script(request):
            time.sleep(wait)
            yield ResponsesAgentStreamEvent(**event)


mlflow.models.set_model(StreamingAgent())
