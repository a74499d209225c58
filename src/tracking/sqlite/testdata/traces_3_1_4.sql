-- A trace that MLflow 3.1.4 made of a tool that failed.
INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status) VALUES ('0dd6bb88ccdb4c3383a14e21f71ffeb1', 1, 1795358497498, 201, 'OK');
INSERT INTO trace_tags (key, value, request_id) VALUES ('mlflow.traceName', 'ask', '0dd6bb88ccdb4c3383a14e21f71ffeb1');
INSERT INTO trace_tags (key, value, request_id) VALUES ('mlflow.artifactLocation', 'artifacts/traces/0dd6bb88ccdb4c3383a14e21f71ffeb1/artifacts', '0dd6bb88ccdb4c3383a14e21f71ffeb1');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.trace_schema.version', '3', '0dd6bb88ccdb4c3383a14e21f71ffeb1');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.user', 'root', '0dd6bb88ccdb4c3383a14e21f71ffeb1');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.source.name', 'make.py', '0dd6bb88ccdb4c3383a14e21f71ffeb1');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.source.type', 'LOCAL', '0dd6bb88ccdb4c3383a14e21f71ffeb1');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.source.git.commit', '', '0dd6bb88ccdb4c3383a14e21f71ffeb1');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.source.git.repoURL', '', '0dd6bb88ccdb4c3383a14e21f71ffeb1');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.source.git.branch', '', '0dd6bb88ccdb4c3383a14e21f71ffeb1');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.traceInputs', '{"question": "How warm is it?"}', '0dd6bb88ccdb4c3383a14e21f71ffeb1');
INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.traceOutputs', '{"answer": 21, "nothing": null}', '0dd6bb88ccdb4c3383a14e21f71ffeb1');
