//! Bodies as MLflow 3.17.2 sent them, and streams in the style of other servers.

/// `AgentServer`, streaming.
pub(in super::super) const AGENT_SERVER: &str = r#"data: {"type": "response.output_item.done", "item": {"type": "reasoning", "summary": [{"type": "summary_text", "text": "thinking"}], "id": "rs_1"}}

data: {"type": "response.output_item.done", "item": {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}}

data: {"type": "response.output_item.done", "item": {"type": "function_call_output", "call_id": "call_1", "output": "{\"temp_c\": 21}"}}

data: {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "hello "}

data: {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "world "}

data: {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "ann"}

data: {"type": "response.output_item.done", "custom_outputs": {"a": 1}, "item": {"id": "msg_1", "content": [{"text": "hello world ann", "type": "output_text", "annotations": []}], "role": "assistant", "type": "message"}}

data: [DONE]

"#;
/// The same on `/responses` with `x-mlflow-return-trace-id`.
pub(in super::super) const AGENT_SERVER_TRACED: &str = r#"data: {"type": "response.output_item.done", "item": {"type": "reasoning", "summary": [{"type": "summary_text", "text": "thinking"}], "id": "rs_1"}}

data: {"type": "response.output_item.done", "item": {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}}

data: {"type": "response.output_item.done", "item": {"type": "function_call_output", "call_id": "call_1", "output": "{\"temp_c\": 21}"}}

data: {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "hello "}

data: {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "world "}

data: {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "ann"}

data: {"type": "response.output_item.done", "item": {"id": "msg_1", "content": [{"text": "hello world ann", "type": "output_text", "annotations": []}], "role": "assistant", "type": "message"}}

data: {"trace_id": "tr-3336c30f2d73612895bd1922400f002f"}

data: [DONE]

"#;
/// `AgentServer` when the agent raises in the middle.
pub(in super::super) const AGENT_SERVER_RAISES: &str = r#"data: {"type": "response.output_item.done", "item": {"type": "reasoning", "summary": [{"type": "summary_text", "text": "thinking"}], "id": "rs_1"}}

data: {"type": "response.output_item.done", "item": {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}}

data: {"type": "response.output_item.done", "item": {"type": "function_call_output", "call_id": "call_1", "output": "{\"temp_c\": 21}"}}

data: {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "hello "}

data: {"error": "boom in stream"}

data: [DONE]

"#;
/// `AgentServer` without streaming, traced.
pub(in super::super) const AGENT_SERVER_WHOLE: &str = r#"{"object":"response","output":[{"type":"message","id":"msg_1","content":[{"text":"hello ann","type":"output_text","annotations":[]}],"role":"assistant"}],"metadata":{"trace_id":"tr-3265aa866701620c4f3e6e81139c7a83"}}"#;
/// `mlflow models serve`, which never streams.
pub(in super::super) const SCORING: &str = r#"{"object": "response", "output": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "The user wants the weather; call the tool."}], "id": "rs_1"}, {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get_weather", "arguments": "{\"city\": \"Paris\"}"}, {"type": "function_call_output", "call_id": "call_1", "output": "{\"temp_c\": 21}"}, {"type": "message", "id": "msg_1", "content": [{"text": "It is 21 \u00b0C in Paris. You said: hi", "type": "output_text", "annotations": []}], "role": "assistant"}], "usage": {"input_tokens": 11, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 18}, "custom_outputs": {"a": 1}}"#;
/// `mlflow models serve`, asked with `dataframe_split`.
pub(in super::super) const SCORING_WRAPPED: &str = r#"{"predictions": {"object": "response", "output": [{"type": "message", "id": "msg_1", "content": [{"text": "hello world", "type": "output_text", "annotations": []}], "role": "assistant"}]}}"#;
/// `mlflow models serve` when the agent raises: status 400.
pub(in super::super) const SCORING_RAISES: &str = r#"{"error_code": "BAD_REQUEST", "message": "Encountered an unexpected error while evaluating the model. Verify that the serialized input Dataframe is compatible with the model for inference.", "sqlstate": "KAM00", "error_class": "INVALID_PARAMETER_VALUE", "stack_trace": "Traceback (most recent call last):\n  File \"site-packages/mlflow/pyfunc/scoring_server/__init__.py\", line 348, in invocations\n    raw_predictions = model.predict(data, params=params)\n                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"site-packages/mlflow/pyfunc/__init__.py\", line 846, in predict\n    return self._predict(data, params)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"site-packages/mlflow/pyfunc/__init__.py\", line 896, in _predict\n    return self._predict_fn(data, params=params)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"site-packages/mlflow/pyfunc/loaders/responses_agent.py\", line 83, in predict\n    response = self.responses_agent.predict(request)\n               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"site-packages/mlflow/pyfunc/utils/data_validation.py\", line 127, in wrapper\n    return func(self, *args, **kwargs)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"site-packages/mlflow/tracing/fluent.py\", line 379, in wrapper\n    with (\n  File \"site-packages/mlflow/tracing/fluent.py\", line 364, in __exit__\n    self.coro.throw(exc_value)\n  File \"site-packages/mlflow/tracing/fluent.py\", line 335, in _wrapping_logic\n    result = yield  # sync/async function output to be sent here\n             ^^^^^\n  File \"site-packages/mlflow/tracing/fluent.py\", line 383, in wrapper\n    return wrapping_coro.send(fn(*args, **kwargs))\n                              ^^^^^^^^^^^^^^^^^^^\n  File \"tmp/raising_agent.py\", line 12, in predict\n    raise ValueError(\"tool backend is down\")\nValueError: tool backend is down\n"}"#;
/// `AgentServer` refusing an input: status 400.
pub(in super::super) const VALIDATION: &str = r#"{"detail":"Invalid parameters for ResponsesAgent: Invalid data for ResponsesAgentRequest: 1 validation error for ResponsesAgentRequest\ninput\n  Input should be a valid list [type=list_type, input_value='hello', input_type=str]\n    For further information visit https://errors.pydantic.dev/2.14/v/list_type"}"#;
/// An agent loop in the full vocabulary: two responses with a tool between them, no `[DONE]`.
pub(in super::super) const AGENT_LOOP: &str = r#"event: response.created
data: {"type": "response.created", "sequence_number": 0, "response": {"id": "resp_1", "object": "response", "status": "in_progress", "output": [], "usage": null, "error": null, "metadata": {}}}

event: response.in_progress
data: {"type": "response.in_progress", "sequence_number": 1, "response": {"id": "resp_1", "object": "response", "status": "in_progress", "output": [], "usage": null, "error": null, "metadata": {}}}

event: response.output_item.added
data: {"type": "response.output_item.added", "sequence_number": 2, "output_index": 0, "item": {"id": "rs_1", "type": "reasoning", "summary": []}}

event: response.reasoning_summary_part.added
data: {"type": "response.reasoning_summary_part.added", "sequence_number": 3, "item_id": "rs_1", "output_index": 0, "summary_index": 0, "part": {"type": "summary_text", "text": ""}}

event: response.reasoning_summary_text.delta
data: {"type": "response.reasoning_summary_text.delta", "sequence_number": 4, "item_id": "rs_1", "output_index": 0, "summary_index": 0, "delta": "Look at "}

event: response.reasoning_summary_text.delta
data: {"type": "response.reasoning_summary_text.delta", "sequence_number": 5, "item_id": "rs_1", "output_index": 0, "summary_index": 0, "delta": "the weather"}

event: response.reasoning_summary_text.done
data: {"type": "response.reasoning_summary_text.done", "sequence_number": 6, "item_id": "rs_1", "output_index": 0, "summary_index": 0, "text": "Look at the weather"}

event: response.reasoning_summary_part.done
data: {"type": "response.reasoning_summary_part.done", "sequence_number": 7, "item_id": "rs_1", "output_index": 0, "summary_index": 0, "part": {"type": "summary_text", "text": "Look at the weather"}}

event: response.output_item.done
data: {"type": "response.output_item.done", "sequence_number": 8, "output_index": 0, "item": {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Look at the weather"}], "encrypted_content": "gAAA"}}

event: response.output_item.added
data: {"type": "response.output_item.added", "sequence_number": 9, "output_index": 1, "item": {"id": "fc_1", "type": "function_call", "status": "in_progress", "arguments": "", "call_id": "call_1", "name": "get_weather"}}

event: response.function_call_arguments.delta
data: {"type": "response.function_call_arguments.delta", "sequence_number": 10, "item_id": "fc_1", "output_index": 1, "delta": "{\"city\":"}

event: response.function_call_arguments.delta
data: {"type": "response.function_call_arguments.delta", "sequence_number": 11, "item_id": "fc_1", "output_index": 1, "delta": "\"Köln\"}"}

event: response.function_call_arguments.done
data: {"type": "response.function_call_arguments.done", "sequence_number": 12, "item_id": "fc_1", "output_index": 1, "arguments": "{\"city\":\"Köln\"}"}

event: response.output_item.done
data: {"type": "response.output_item.done", "sequence_number": 13, "output_index": 1, "item": {"id": "fc_1", "type": "function_call", "status": "completed", "arguments": "{\"city\":\"Köln\"}", "call_id": "call_1", "name": "get_weather"}}

event: response.completed
data: {"type": "response.completed", "sequence_number": 14, "response": {"id": "resp_1", "object": "response", "status": "completed", "output": [{"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Look at the weather"}], "encrypted_content": "gAAA"}, {"id": "fc_1", "type": "function_call", "status": "completed", "arguments": "{\"city\":\"Köln\"}", "call_id": "call_1", "name": "get_weather"}], "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}, "error": null, "metadata": {}}}

data: {"type": "function_call_output", "call_id": "call_1", "output": {"temp_c": 21}}

event: response.created
data: {"type": "response.created", "sequence_number": 0, "response": {"id": "resp_2", "object": "response", "status": "in_progress", "output": [], "usage": null, "error": null, "metadata": {}}}

event: response.output_item.added
data: {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": {"id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []}}

event: response.content_part.added
data: {"type": "response.content_part.added", "sequence_number": 2, "item_id": "msg_1", "output_index": 0, "content_index": 0, "part": {"type": "output_text", "text": "", "annotations": []}}

event: response.output_text.delta
data: {"type": "response.output_text.delta", "sequence_number": 3, "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "Es sind ", "logprobs": []}

event: response.output_text.delta
data: {"type": "response.output_text.delta", "sequence_number": 4, "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "21 °C ", "logprobs": []}

event: response.output_text.delta
data: {"type": "response.output_text.delta", "sequence_number": 5, "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "in Köln 🌤", "logprobs": []}

event: response.output_text.annotation.added
data: {"type": "response.output_text.annotation.added", "sequence_number": 6, "item_id": "msg_1", "output_index": 0, "content_index": 0, "annotation_index": 0, "annotation": {"type": "url_citation", "title": "DWD", "url": "https://dwd.de", "start_index": 0, "end_index": 7}}

event: response.output_text.done
data: {"type": "response.output_text.done", "sequence_number": 7, "item_id": "msg_1", "output_index": 0, "content_index": 0, "text": "Es sind 21 °C in Köln 🌤"}

event: response.content_part.done
data: {"type": "response.content_part.done", "sequence_number": 8, "item_id": "msg_1", "output_index": 0, "content_index": 0, "part": {"type": "output_text", "text": "Es sind 21 °C in Köln 🌤", "annotations": [{"type": "url_citation", "title": "DWD", "url": "https://dwd.de", "start_index": 0, "end_index": 7}]}}

event: response.output_item.done
data: {"type": "response.output_item.done", "sequence_number": 9, "output_index": 0, "item": {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [{"type": "output_text", "text": "Es sind 21 °C in Köln 🌤", "annotations": [{"type": "url_citation", "title": "DWD", "url": "https://dwd.de", "start_index": 0, "end_index": 7}]}]}}

event: response.completed
data: {"type": "response.completed", "sequence_number": 10, "response": {"id": "resp_2", "object": "response", "status": "completed", "output": [{"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [{"type": "output_text", "text": "Es sind 21 °C in Köln 🌤", "annotations": [{"type": "url_citation", "title": "DWD", "url": "https://dwd.de", "start_index": 0, "end_index": 7}]}]}], "usage": {"input_tokens": 20, "output_tokens": 7, "total_tokens": 27}, "error": null, "metadata": {}}}

"#;
