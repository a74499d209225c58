//! Names of columns: what can be shown, sorted by and kept in the settings.

/// A column of the table of runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnKey {
    /// What every run has.
    Attribute(Attribute),
    /// The last value of a metric.
    Metric(String),
    /// A param.
    Param(String),
    /// A tag that a person set.
    Tag(String),
}

/// What every run has, or may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attribute {
    /// Its name, with its place in the tree. Always shown, always first.
    Name,
    /// How it stands.
    Status,
    /// When it started.
    Start,
    /// When it ended.
    End,
    /// How long it took, or takes.
    Duration,
    /// Who started it.
    User,
    /// What logged it.
    Source,
    /// The models that it logged.
    Model,
    /// The git commit of the code.
    Commit,
    /// The datasets that went in.
    Dataset,
    /// Its id.
    RunId,
}

impl Attribute {
    /// Those that can be chosen, in the order in which they are offered.
    pub const CHOOSABLE: [Self; 10] = [
        Self::Status,
        Self::Start,
        Self::Duration,
        Self::User,
        Self::Source,
        Self::Model,
        Self::End,
        Self::Commit,
        Self::Dataset,
        Self::RunId,
    ];

    /// Those that are shown when nothing else was chosen.
    pub const DEFAULT: [Self; 5] = [Self::Start, Self::Duration, Self::User, Self::Source, Self::Model];

    /// The header.
    pub fn title(self) -> &'static str {
        match self {
            Self::Name => "Run",
            Self::Status => "Status",
            Self::Start => "Started",
            Self::End => "Ended",
            Self::Duration => "Duration",
            Self::User => "User",
            Self::Source => "Source",
            Self::Model => "Model",
            Self::Commit => "Commit",
            Self::Dataset => "Dataset",
            Self::RunId => "Run id",
        }
    }

    fn stable(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Status => "status",
            Self::Start => "start",
            Self::End => "end",
            Self::Duration => "duration",
            Self::User => "user",
            Self::Source => "source",
            Self::Model => "model",
            Self::Commit => "commit",
            Self::Dataset => "dataset",
            Self::RunId => "run_id",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        std::iter::once(Self::Name).chain(Self::CHOOSABLE).find(|attribute| attribute.stable() == name)
    }
}

/// The groups in which columns stand, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// [`Attribute`]s.
    Attributes,
    /// Metrics.
    Metrics,
    /// Params.
    Params,
    /// Tags.
    Tags,
}

impl Group {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Attributes, Self::Metrics, Self::Params, Self::Tags];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Attributes => "Attributes",
            Self::Metrics => "Metrics",
            Self::Params => "Params",
            Self::Tags => "Tags",
        }
    }
}

impl ColumnKey {
    /// Where it stands.
    pub fn group(&self) -> Group {
        match self {
            Self::Attribute(_) => Group::Attributes,
            Self::Metric(_) => Group::Metrics,
            Self::Param(_) => Group::Params,
            Self::Tag(_) => Group::Tags,
        }
    }

    /// The header.
    pub fn title(&self) -> &str {
        match self {
            Self::Attribute(attribute) => attribute.title(),
            Self::Metric(name) | Self::Param(name) | Self::Tag(name) => name,
        }
    }

    /// How the settings name it: `metric.val_rmse`.
    pub fn stable(&self) -> String {
        match self {
            Self::Attribute(attribute) => format!("attribute.{}", attribute.stable()),
            Self::Metric(name) => format!("metric.{name}"),
            Self::Param(name) => format!("param.{name}"),
            Self::Tag(name) => format!("tag.{name}"),
        }
    }

    /// Reads what [`Self::stable`] wrote.
    pub fn parse(stable: &str) -> Option<Self> {
        let (kind, name) = stable.split_once('.')?;
        match kind {
            "attribute" => Attribute::parse(name).map(Self::Attribute),
            "metric" => Some(Self::Metric(name.to_owned())),
            "param" => Some(Self::Param(name.to_owned())),
            "tag" => Some(Self::Tag(name.to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_settings_keep_is_read_back() {
        let mut keys: Vec<ColumnKey> = Attribute::CHOOSABLE.map(ColumnKey::Attribute).to_vec();
        keys.push(ColumnKey::Metric("val.rmse / ü".into()));
        keys.push(ColumnKey::Param(String::new()));
        keys.push(ColumnKey::Tag("a.b".into()));
        for key in keys {
            assert_eq!(ColumnKey::parse(&key.stable()), Some(key));
        }
        assert_eq!(ColumnKey::parse("nonsense"), None);
        assert_eq!(ColumnKey::parse("attribute.other"), None);
    }
}
