"""A classic model with a signature of columns: no agent, no scikit-learn."""

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel


class OtifForecaster(PythonModel):
    def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:
        late = model_input["backlog"] / model_input["capacity"].clip(lower=1)
        return pd.DataFrame({"otif": (0.98 - 0.2 * late).clip(0, 1), "at_risk": late > 0.5})


mlflow.models.set_model(OtifForecaster())
