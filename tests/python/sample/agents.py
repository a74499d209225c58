"""The agents' half: two agents with their versions, a prompt, and traces of what one of them was asked."""

import json
import logging
import random
import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
from mlflow import MlflowClient
from sample import files
from sample.training import DAY, HOUR

MINIMAL = "MyMinimalAgent_Registered"
DISPATCH = "DispatchCopilot"
PROMPT = "otif-assistant"
USERS = ["anna.kowalska", "marek.nowak"]

CODE = '''\
"""{title}"""

import mlflow
from mlflow.pyfunc import ResponsesAgent
from mlflow.types.responses import ResponsesAgentRequest, ResponsesAgentResponse

MODEL = "{model}"
TEMPERATURE = {temperature}
TOOLS = {tools}


class {name}(ResponsesAgent):
    """Answers questions of the Monday planning; prompt {prompt}."""

    def predict(self, request: ResponsesAgentRequest) -> ResponsesAgentResponse:
        question = self.last_question(request)
        answer = f"I looked with {{', '.join(TOOLS) or 'no tool'}} for: {{question}}"
        return ResponsesAgentResponse(
            output=[self.create_text_output_item(answer, "msg_1")],
            custom_outputs={{"model": MODEL, "prompt": "{prompt}"}},
        )

    @staticmethod
    def last_question(request: ResponsesAgentRequest) -> str:
        content = request.input[-1].content
        return content if isinstance(content, str) else content[0]["text"]


mlflow.models.set_model({name}())
'''
TOOL = '''\
"""What the agent may call."""


def {tool}(carrier: str | None = None, weeks: int = 2) -> dict:
    """Looks into the planning database."""
    return {{"tool": "{tool}", "carrier": carrier, "weeks": weeks}}
'''
MINIMAL_TOOLS = ["query_otif", "list_carriers", "forecast_otif"]
DISPATCH_TOOLS = ["find_load", "rebook_load", "notify_carrier", "query_otif"]

# model, temperature, prompt, tools, max_tokens | answer_correctness, groundedness, latency_p50_s, latency_p95_s,
# tokens_per_answer, cost_usd_per_1k, tool_error_rate | description, tags
MINIMAL_VERSIONS = [
    (("gpt-4o-mini", 0.7, 1, 0, 512), (0.612, 0.580, 1.42, 3.10, 402, 1.21, 0.0), "First try, no tools.", {}),
    (("gpt-4o-mini", 0.3, 1, 1, 512), (0.701, 0.688, 1.91, 4.02, 455, 1.38, 0.061), "May look OTIF up.", {}),
    (("gpt-4o", 0.2, 2, 2, 1024), (0.786, 0.801, 2.84, 5.71, 744, 10.20, 0.034),
     "In production since the Monday planning of week 43.\n\n- stable\n- slow on long tables", {"approved_by": "marek.nowak"}),
    (("gpt-4o", 0.0, 2, 2, 1024), (0.771, 0.812, 2.90, 5.94, 760, 10.41, 0.035), "Temperature 0: no better, as it turned out.", {"review": "rejected"}),
    (("claude-sonnet-4", 0.2, 2, 2, 1024), (0.804, 0.833, 2.41, 4.88, 731, 9.92, 0.029), "Another model, the same prompt.", {}),
    (("claude-sonnet-4", 0.2, 3, 3, 1024), (0.842, 0.851, 2.52, 6.33, 808, 10.95, 0.018), "May ask for the forecast, too.", {"review": "pending"}),
    (("claude-sonnet-4", 0.1, 3, 3, 2048), (0.884, 0.906, 2.21, 5.12, 698, 9.12, 0.012),
     "Prompt v3, shorter answers: **+9.8 pp** correctness over v3 at a lower price.\n\nSee `eval_results.csv` of its run.",
     {"review": "passed", "bench": "week-47"}),
]  # fmt: skip
DISPATCH_VERSIONS = [
    (("gpt-4o", 0.4, 1, 2, 1024), (0.640, 0.655, 3.30, 7.20, 902, 13.10, 0.092), "Finds loads, and proposes what to rebook.", {}),
    (("gpt-4o", 0.2, 1, 3, 1024), (0.688, 0.702, 3.41, 7.05, 930, 13.44, 0.071), "Writes to the carrier.", {}),
    (("claude-sonnet-4", 0.2, 2, 3, 2048), (0.752, 0.781, 2.95, 6.40, 871, 11.80, 0.040), "Asks before it rebooks.", {"approved_by": "anna.kowalska"}),
    (("claude-sonnet-4", 0.0, 2, 4, 2048), (0.749, 0.803, 3.60, 8.90, 1011, 13.75, 0.038), "Knows OTIF as well. *Slower.*", {"review": "pending"}),
]  # fmt: skip
METRICS = ["answer_correctness", "groundedness", "latency_p50_s", "latency_p95_s", "tokens_per_answer", "cost_usd_per_1k", "tool_error_rate"]
PROMPTS = [
    ("Answer the question about OTIF.\n\nQuestion: {{question}}", "First wording"),
    ("You help the planners of a logistics company. OTIF means on time, in full.\nUse the tools; say which week a number is of.\n\nQuestion: {{question}}", "Explains OTIF, asks for the week"),
    ("You help the planners of a logistics company. OTIF means on time, in full.\nUse the tools; say which week a number is of.\nAnswer in three sentences at most, then one table if there is something to compare.\n\nQuestion: {{question}}\nLast answer: {{last_answer}}", "Shorter answers, remembers the last one"),
]  # fmt: skip


def version(client: MlflowClient, clock, at: int, experiment: str, name: str, number: int, row, all_tools: list[str]) -> str:
    """One version with its run: its code, prompt, tools, params and metrics differ from the last one's."""
    (model, temperature, prompt, tools, max_tokens), scores, description, tags = row
    tools = all_tools[:tools]
    clock.set(at)
    random_ = random.Random(f"{name} {number}")
    title = {MINIMAL: "minimal-agent", DISPATCH: "dispatch-copilot"}[name]
    run = client.create_run(experiment, start_time=at, run_name=f"{title}-v{number}", tags={
        "mlflow.user": USERS[number % 2], "mlflow.source.name": "log_agent.py", "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": f"{random_.getrandbits(160):040x}", "mlflow.source.git.branch": "main", "team": "logistics",
    }).info.run_id  # fmt: skip
    params = {"model": model, "temperature": temperature, "prompt": f"{PROMPT}/{prompt}", "tools": ",".join(tools) or "none", "max_tokens": max_tokens}
    requirements = [f"mlflow=={mlflow.__version__}", "openai>=1.90" if model.startswith("gpt") else "anthropic>=0.60", *(["httpx>=0.28"] if tools else [])]
    with TemporaryDirectory() as folder, mlflow.start_run(run_id=run):
        folder = Path(folder)
        code = folder / "agent.py"
        cls = "MinimalAgent" if name == MINIMAL else "DispatchCopilot"
        code.write_text(CODE.format(title=f"{name}, version {number}.", model=model, temperature=temperature, tools=tools, name=cls, prompt=f"v{prompt}"))
        package = folder / "planning"
        (package / "prompts").mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "prompts/system.md").write_text(PROMPTS[prompt - 1][0] + "\n")
        for tool in tools:
            (package / f"{tool}.py").write_text(TOOL.format(tool=tool))
        mlflow.log_params(params)
        (folder / "evaluation").mkdir()
        files.evaluation(folder / "evaluation", random_, scores[0])
        mlflow.log_artifacts(str(folder / "evaluation"), "evaluation")
        clock.set(at + 4 * 60_000)
        info = mlflow.pyfunc.log_model(
            name="agent", python_model=str(code), code_paths=[str(package)], pip_requirements=requirements, registered_model_name=name, params=params,
            model_config={"temperature": temperature, "model": model, "max_tokens": max_tokens},
            input_example={"input": [{"role": "user", "content": "Why is OTIF down this week?"}]},
        )  # fmt: skip
        mlflow.log_metrics(dict(zip(METRICS, scores)), model_id=info.model_id)
    client.set_terminated(run, "FINISHED", end_time=at + 5 * 60_000 + random_.randrange(9_000, 115_000))
    clock.set(at + 7 * 60_000)
    client.update_model_version(name, str(number), description)
    for key, value in tags.items():
        client.set_model_version_tag(name, str(number), key, value)
    return info.model_id


def registry(client: MlflowClient, clock, reference: int) -> dict[str, list[str]]:
    experiment = mlflow.get_experiment_by_name("planning-agents").experiment_id
    made = {MINIMAL: [], DISPATCH: []}
    days = [34, 31.2, 27.1, 21.3, 13.2, 6.1, 0.09]
    for number, row in enumerate(MINIMAL_VERSIONS, 1):
        made[MINIMAL].append(version(client, clock, reference - int(days[number - 1] * DAY), experiment, MINIMAL, number, row, MINIMAL_TOOLS))
    for number, row in enumerate(DISPATCH_VERSIONS, 1):
        at = reference - int([24.4, 16.2, 8.3, 1.2][number - 1] * DAY)
        made[DISPATCH].append(version(client, clock, at, experiment, DISPATCH, number, row, DISPATCH_TOOLS))
    clock.set(reference - 90 * 60_000)
    client.update_registered_model(MINIMAL, "Answers questions about **OTIF** for the Monday planning.\n\nOwner: logistics analytics")
    client.update_registered_model(DISPATCH, "Helps dispatchers to rebook late loads. It proposes, a person decides.")
    for name in made:
        client.set_registered_model_tag(name, "team", "logistics")
    for name, alias, number in [(MINIMAL, "prod", 3), (MINIMAL, "candidate", 7), (MINIMAL, "previous", 2), (DISPATCH, "prod", 3), (DISPATCH, "candidate", 4)]:
        client.set_registered_model_alias(name, alias, str(number))
    return made


def prompts(clock, reference: int) -> None:
    for number, (template, message) in enumerate(PROMPTS, 1):
        clock.set(reference - int([34.2, 27.3, 6.4][number - 1] * DAY))
        mlflow.genai.register_prompt(PROMPT, template, commit_message=message, tags={"team": "logistics"})
    clock.set(reference - 5 * DAY)
    mlflow.genai.set_prompt_alias(PROMPT, "production", 2)
    mlflow.genai.set_prompt_alias(PROMPT, "candidate", 3)
    mlflow.genai.register_prompt(
        "dispatch-judge", [{"role": "system", "content": "You judge proposals for late loads. Answer yes or no, then why."}, {"role": "user", "content": "{{proposal}}"}],
        commit_message="As a chat",
    )  # fmt: skip


ANSWERS = [
    ("Why is OTIF down this week?", "OTIF fell from 93.1 % to 88.4 %, almost all of it at Nordfracht (−13 pp).", {"metric": "otif", "weeks": 2}),
    ("Which carrier is late most often?", "Nordfracht: 78 % on time, in full this week. The next one is Odra Logistics with 90 %.", {"metric": "otif", "group_by": "carrier"}),
    ("And in Łódź?", "Łódź is at 84 %, six points below the other depots.", {"metric": "otif", "depot": "Łódź"}),
    ("What will next week be like?", "The forecast for week 48 is 90.2 %, between 86 % and 94 %.", {"metric": "forecast", "week": 48}),
    ("Compare Baltic Line with Vistula Cargo", "Baltic Line 94 %, Vistula Cargo 92 %; Baltic Line is dearer by 4 %.", {"metric": "otif", "group_by": "carrier"}),
    ("Which loads should move to another carrier?", "Six Gdańsk loads of Thursday, GDN-4711 to GDN-4716.", {"metric": "late_loads", "depot": "Gdańsk"}),
]  # fmt: skip


def traces(clock, reference: int, model_ids: list[str]) -> None:
    """What versions 3 and 7 were asked, one of it in vain."""
    random_ = random.Random(11)
    for number in range(18):
        question, answer, arguments = ANSWERS[number % len(ANSWERS)]
        candidate = number >= 12
        mlflow.set_active_model(model_id=model_ids[6 if candidate else 2])
        at = reference - (int((17 - number) * 9 * 60_000) + 11 * 60_000 if candidate else int((12 - number) * 7.3 * HOUR))
        took, looked = random_.lognormvariate(7.8, 0.3), random_.lognormvariate(6.2, 0.4)
        clock.set(at)
        nanos = lambda ms: int((at + ms) * 1_000_000)
        root = mlflow.start_span_no_context("predict", span_type="AGENT", inputs={"input": [{"role": "user", "content": question}]}, start_time_ns=nanos(0))
        call = mlflow.start_span_no_context("chat", span_type="CHAT_MODEL", parent_span=root, inputs={"messages": 2}, start_time_ns=nanos(4))
        call.end(outputs={"tool_calls": [{"name": "query_otif", "arguments": json.dumps(arguments)}]}, end_time_ns=nanos(took * 0.4))
        tool = mlflow.start_span_no_context("query_otif", span_type="TOOL", parent_span=root, inputs=arguments, start_time_ns=nanos(took * 0.4 + 2))
        if number == 9:
            tool.record_exception(TimeoutError("the planning database did not answer within 30 s"))
            tool.end(status="ERROR", end_time_ns=nanos(30_000))
            root.end(status="ERROR", end_time_ns=nanos(30_010))
            continue
        tool.end(outputs={"rows": 3}, end_time_ns=nanos(took * 0.4 + looked))
        last = mlflow.start_span_no_context("chat", span_type="CHAT_MODEL", parent_span=root, inputs={"messages": 4}, start_time_ns=nanos(took * 0.4 + looked + 3))
        last.end(outputs={"text": answer}, end_time_ns=nanos(took + looked))
        message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": answer}]}
        root.end(outputs={"output": [message]}, end_time_ns=nanos(took + looked + 5))
    mlflow.clear_active_model()


def fill(artifacts: Path, clock, reference: int) -> None:
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    client = MlflowClient()
    clock.set(reference - 35 * DAY)
    note = textwrap.dedent("""\
        # Planning agents

        Agents for the Monday planning. Every version is evaluated on the same 240 questions.
        """)
    tags = {"team": "logistics", "mlflow.note.content": note, "mlflow.experimentKind": "genai_development"}
    client.create_experiment("planning-agents", f"file://{artifacts}/2", tags)
    mlflow.set_experiment("planning-agents")
    prompts(clock, reference)
    made = registry(client, clock, reference)
    traces(clock, reference, made[MINIMAL])
    mlflow.flush_trace_async_logging()
