-- A trace that MLflow 2.22.0 made of a tool that failed.
INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status) VALUES ('af73adbe73354a578c8755af9ba627d4', 1, 1795358478493, 115, 'OK');
INSERT INTO trace_tags (key, value, request_id) VALUES ('mlflow.source.name', 'make.py', 'af73adbe73354a578c8755af9ba627d4');
INSERT INTO trace_tags (key, value, request_id) VALUES ('mlflow.source.type', 'LOCAL', 'af73adbe73354a578c8755af9ba627d4');
INSERT INTO trace_tags (key, value, request_id) VALUES ('mlflow.traceName', 'ask', 'af73adbe73354a578c8755af9ba627d4');
INSERT INTO trace_tags (key, value, request_id) VALUES ('mlflow.artifactLocation', 'artifacts/traces/af73adbe73354a578c8755af9ba627d4/artifacts', 'af73adbe73354a578c8755af9ba627d4');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.trace_schema.version', '2', 'af73adbe73354a578c8755af9ba627d4');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.traceInputs', '{"question": "How warm is it?"}', 'af73adbe73354a578c8755af9ba627d4');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.traceOutputs', '{"answer": 21, "nothing": null}', 'af73adbe73354a578c8755af9ba627d4');
