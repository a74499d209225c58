"""A Python model in the shape of a chat, whose signature declares the fields of `custom_inputs`: answers with those that
it was given, as JSON. (The signatures of `ResponsesAgent` and `ChatAgent` are fixed, and declare none.)"""

import json

import mlflow
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import Array, Object, Property

MESSAGE = Object([Property("role", DataType.string), Property("content", DataType.string)])
FIELDS = Object(
    [
        Property("region", DataType.string),
        Property("weeks", DataType.long, required=False),
        Property("threshold", DataType.double, required=False),
        Property("dry_run", DataType.boolean, required=False),
        Property("carriers", Array(DataType.string), required=False),
    ]
)
SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(Array(MESSAGE), "messages"), ColSpec(FIELDS, "custom_inputs", required=False)]),
    outputs=Schema([ColSpec(DataType.string)]),
)


class Declaring(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        row = model_input.iloc[0] if hasattr(model_input, "iloc") else model_input
        text = json.dumps(row.get("custom_inputs"), default=lambda it: it.item() if hasattr(it, "item") else list(it))
        message = {"role": "assistant", "content": text}
        return {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


mlflow.models.set_model(Declaring())
