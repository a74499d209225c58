"""An agent that fails: its tool's backend is down. It answers only "Hello!", which MLflow tries while logging it."""

import mlflow
from mlflow.pyfunc import ResponsesAgent
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse


def query_warehouse(question: str) -> str:
    if question == "Hello!":
        return "Hello! Ask me about OTIF."
    raise RuntimeError("warehouse connection refused: otif_daily is not reachable")


class RaisingAgent(ResponsesAgent):
    def predict(self, request: ResponsesAgentRequest) -> ResponsesAgentResponse:
        text = query_warehouse(str(request.input[-1].content))
        return ResponsesAgentResponse(output=[self.create_text_output_item(text, "msg_1")])


mlflow.models.set_model(RaisingAgent())
