"""The smallest agent: it answers "hello world" whatever it is asked. One file a version, see seed_models.py."""

import mlflow
from mlflow.pyfunc import ResponsesAgent
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse

PROMPT_VERSION = "@PROMPT_VERSION@"
MODEL = "@MODEL@"


class MyMinimalAgent(ResponsesAgent):
    def predict(self, request: ResponsesAgentRequest) -> ResponsesAgentResponse:
        return ResponsesAgentResponse(
            output=[
                {
                    "type": "message",
                    "id": "msg_1",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "hello world"}],
                }
            ]
        )


mlflow.models.set_model(MyMinimalAgent())
