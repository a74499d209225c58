"""Serves agents/streaming.py with MLflow's AgentServer, which streams: serve_agent_server.py PORT."""

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

if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
