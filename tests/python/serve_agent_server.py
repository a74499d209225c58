"""Serves agents/streaming.py with MLflow's AgentServer, which streams: serve_agent_server.py PORT [MODEL].

With MODEL (`m-…` or `models:/name/7`) its `/agent/info` names it, as agents may.
"""

import asyncio
import sys
from collections.abc import AsyncIterator

from agents.streaming import script, usage
from mlflow.genai.agent_server import AgentServer, invoke, stream
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse, ResponsesAgentStreamEvent


@invoke()
async def answer(request: ResponsesAgentRequest) -> ResponsesAgentResponse:
    items = []
    for wait, event in script(request):
        await asyncio.sleep(wait)
        if event["type"] == "response.output_item.done":
            items.append(event["item"])
    return ResponsesAgentResponse(output=items, usage=usage(180))


@stream()
async def answer_in_pieces(request: ResponsesAgentRequest) -> AsyncIterator[ResponsesAgentStreamEvent]:
    for wait, event in script(request):
        await asyncio.sleep(wait)
        yield ResponsesAgentStreamEvent(**event)


agent_server = AgentServer("ResponsesAgent")
app = agent_server.app


def name_model(model: str) -> None:
    """Adds a model to what `/agent/info` says."""
    info = next(route for route in app.router.routes if getattr(route, "path", "") == "/agent/info")
    app.router.routes.remove(info)

    @app.get("/agent/info")
    async def info_with_model() -> dict:
        return await info.endpoint() | {"model_id": model}


if __name__ == "__main__":
    import uvicorn

    if len(sys.argv) > 2:
        name_model(sys.argv[2])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
