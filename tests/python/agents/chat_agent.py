"""A `ChatAgent`: messages in, messages out. "weather" calls a tool; "echo" answers with the request as JSON; anything else is
answered with what was said how often."""

import json
from collections.abc import Iterator
from typing import Any

import mlflow
from mlflow.pyfunc import ChatAgent
from mlflow.types.agent import ChatAgentChunk, ChatAgentMessage, ChatAgentResponse, ChatContext

CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}


class Counting(ChatAgent):
    def answer(
        self, messages: list[ChatAgentMessage], context: ChatContext | None, custom_inputs: dict[str, Any] | None
    ) -> list[ChatAgentMessage]:
        said = messages[-1].content or ""
        if said.startswith("weather"):
            return [
                ChatAgentMessage(role="assistant", id="1", content="", tool_calls=[CALL]),
                ChatAgentMessage(role="tool", id="2", content="21 °C", name="get_weather", tool_call_id="call_1"),
                ChatAgentMessage(role="assistant", id="3", content="21 °C in Paris"),
            ]
        if said.startswith("echo"):
            seen = {
                "messages": [message.model_dump(exclude_none=True) for message in messages],
                "context": context and context.model_dump(exclude_none=True),
                "custom_inputs": custom_inputs,
            }
            return [ChatAgentMessage(role="assistant", id="1", content=json.dumps(seen, ensure_ascii=False))]
        turns = sum(message.role == "user" for message in messages)
        return [ChatAgentMessage(role="assistant", id="1", content=f"Turn {turns}: you said {said!r}")]

    def predict(
        self,
        messages: list[ChatAgentMessage],
        context: ChatContext | None = None,
        custom_inputs: dict[str, Any] | None = None,
    ) -> ChatAgentResponse:
        return ChatAgentResponse(messages=self.answer(messages, context, custom_inputs))

    def predict_stream(
        self,
        messages: list[ChatAgentMessage],
        context: ChatContext | None = None,
        custom_inputs: dict[str, Any] | None = None,
    ) -> Iterator[ChatAgentChunk]:
        for message in self.answer(messages, context, custom_inputs):
            yield ChatAgentChunk(delta=message)


mlflow.models.set_model(Counting())
