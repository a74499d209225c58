"""A `ChatModel`: chat completions in, chat completions out. "echo" answers with the request as JSON; anything else is
answered with what was said how often."""

import json

import mlflow
from mlflow.pyfunc import ChatModel
from mlflow.types.llm import ChatChoice, ChatCompletionResponse, ChatMessage, ChatParams


class Counting(ChatModel):
    def predict(self, context, messages: list[ChatMessage], params: ChatParams) -> ChatCompletionResponse:
        said = messages[-1].content
        if said.startswith("echo"):
            seen = {"messages": [message.to_dict() for message in messages], "params": params.to_dict()}
            text = json.dumps(seen, ensure_ascii=False)
        else:
            turns = sum(message.role == "user" for message in messages)
            text = f"Turn {turns}: you said {said!r}"
        choice = ChatChoice(index=0, message=ChatMessage(role="assistant", content=text))
        return ChatCompletionResponse(choices=[choice], model="counting")


mlflow.models.set_model(Counting())
