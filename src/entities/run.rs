//! Runs: what was tried, with which params, and how well it went.

use super::{LifecycleStage, Millis, Tags, tag};

/// A run with everything that one search row carries (`mlflow.entities.Run`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Who, when and where.
    pub info: RunInfo,
    /// The last value of each metric.
    pub metrics: Vec<Metric>,
    /// Params: strings, as logged.
    pub params: Vec<Param>,
    /// Tags, MLflow's own among them.
    pub tags: Tags,
    /// Datasets that went in (`inputs.dataset_inputs`).
    pub datasets: Vec<Dataset>,
    /// Logged models that came out (`outputs.model_outputs`; MLflow 3).
    pub model_outputs: Vec<ModelOutput>,
}

/// The fixed part of a run (`mlflow.entities.RunInfo`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunInfo {
    /// 32 hex digits.
    pub run_id: String,
    /// The experiment it belongs to.
    pub experiment_id: String,
    /// Shown name; made up by MLflow if the user gave none.
    pub run_name: String,
    /// How it stands.
    pub status: RunStatus,
    /// When it started; absent on some imported runs.
    pub start_time: Option<Millis>,
    /// When it ended; absent while it is running.
    pub end_time: Option<Millis>,
    /// The user id; the tag `mlflow.user` is the better source.
    pub user_id: String,
    /// Root of its artifacts.
    pub artifact_uri: String,
    /// Active or deleted.
    pub lifecycle_stage: LifecycleStage,
}

/// How a run stands (`mlflow.entities.RunStatus`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunStatus {
    /// `RUNNING`
    #[default]
    Running,
    /// `SCHEDULED`
    Scheduled,
    /// `FINISHED`
    Finished,
    /// `FAILED`
    Failed,
    /// `KILLED`
    Killed,
}

impl RunStatus {
    /// All of them, in the order of a run's life.
    pub const ALL: [Self; 5] = [Self::Running, Self::Scheduled, Self::Finished, Self::Failed, Self::Killed];

    /// MLflow's name, e.g. `FINISHED`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    /// Reads MLflow's name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The word a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Scheduled => "Scheduled",
            Self::Finished => "Finished",
            Self::Failed => "Failed",
            Self::Killed => "Killed",
        }
    }
}

/// One value of a metric (`mlflow.entities.Metric`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metric {
    /// Name; any Unicode, spaces and `/` included.
    pub key: String,
    /// Value; NaN is possible, ±Infinity arrives as ±`f64::MAX`.
    pub value: f64,
    /// When it was logged.
    pub timestamp: Millis,
    /// Step; may be negative.
    pub step: i64,
}

/// A param: logged once, a string (`mlflow.entities.Param`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Param {
    /// Name.
    pub key: String,
    /// Value as text; may be empty.
    pub value: String,
}

/// A dataset that went into a run (`mlflow.entities.DatasetInput`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataset {
    /// Name.
    pub name: String,
    /// Hash of its content, made by MLflow.
    pub digest: String,
    /// `local`, `http`, `delta_table`…
    pub source_type: String,
    /// JSON that tells where it is.
    pub source: String,
    /// What it was used for (`mlflow.data.context`: `training`, `eval`…).
    pub context: Option<String>,
}

/// A logged model that a run made (`mlflow.entities.LoggedModelOutput`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelOutput {
    /// `m-…`
    pub model_id: String,
    /// Step at which it was logged.
    pub step: i64,
}

impl Run {
    /// The last value of a metric.
    pub fn metric(&self, key: &str) -> Option<f64> {
        self.metrics.iter().find(|metric| metric.key == key).map(|metric| metric.value)
    }

    /// A param's value.
    pub fn param(&self, key: &str) -> Option<&str> {
        self.params.iter().find(|param| param.key == key).map(|param| param.value.as_str())
    }

    /// Who started it: the tag that the client sets, else the id that the server keeps.
    pub fn user(&self) -> &str {
        self.tags.get(tag::USER).unwrap_or(&self.info.user_id)
    }

    /// The run it is nested in.
    pub fn parent_run_id(&self) -> Option<&str> {
        self.tags.get(tag::PARENT_RUN_ID).map(String::as_str)
    }
}

impl RunInfo {
    /// How long it took, in milliseconds; up to `now` while it is running.
    pub fn duration(&self, now: Millis) -> Option<Millis> {
        let end = match (self.end_time, self.status) {
            (Some(end), _) => end,
            (None, RunStatus::Running) => now,
            (None, _) => return None,
        };
        self.start_time.map(|start| end.saturating_sub(start).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_bounded_whatever_the_times_are() {
        let lasted = |start, end| {
            RunInfo { start_time: Some(start), end_time: Some(end), ..RunInfo::default() }.duration(0)
        };
        assert_eq!(lasted(2, 5), Some(3));
        assert_eq!(lasted(i64::MIN, i64::MAX), Some(i64::MAX));
        assert_eq!(lasted(i64::MAX, i64::MIN), Some(0));
    }
}
