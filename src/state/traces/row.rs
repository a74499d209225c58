//! A trace as the table shows it: small, so that 100,000 of them are no burden.

use crate::entities::{
    AssessmentKind, Millis, TokenUsage, TraceInfo, TraceState, TraceValue, tag, trace_key,
};

/// Longest preview that is kept, in characters: a wide column on a wide screen.
const PREVIEW: usize = 240;
/// Longest value of a tag that is kept, in characters.
const TAG: usize = 200;

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceRow {
    /// `tr-…`
    pub trace_id: String,
    /// The root span's name.
    pub name: String,
    /// How it went.
    pub state: TraceState,
    /// When it began.
    pub time: Option<Millis>,
    /// How long it took, in milliseconds.
    pub duration: Option<Millis>,
    /// The start of what was asked, in one line.
    pub request: String,
    /// The start of what was answered, in one line.
    pub response: String,
    /// Tokens, if they were counted.
    pub tokens: Option<TokenUsage>,
    /// The logged model that answered.
    pub model_id: Option<String>,
    /// The run that it was made in.
    pub run_id: Option<String>,
    /// The conversation that it is a turn of.
    pub session: Option<String>,
    /// Who asked.
    pub user: Option<String>,
    /// Tags that people set.
    pub tags: Vec<(String, String)>,
    /// How many say that it was good, and how many that it was not.
    pub thumbs: (u32, u32),
    /// How many assessments there are at all.
    pub assessments: u32,
}

impl From<&TraceInfo> for TraceRow {
    fn from(info: &TraceInfo) -> Self {
        let about = |key: &str| info.about(key).map(str::to_owned);
        let own_tags = info.tags.iter().filter(|(key, _)| !tag::is_system(key));
        let valid = info.assessments.iter().filter(|assessment| assessment.valid);
        let judged = |good: bool| {
            let feedback = valid.clone().filter(|assessment| assessment.kind == AssessmentKind::Feedback);
            feedback.filter(|assessment| assessment.value == TraceValue::Bool(good)).count() as u32
        };
        Self {
            trace_id: info.trace_id.clone(),
            name: info.name().to_owned(),
            state: info.state,
            time: info.request_time,
            duration: info.execution_duration,
            request: one_line(&info.request_preview, PREVIEW),
            response: one_line(&info.response_preview, PREVIEW),
            tokens: info.tokens,
            model_id: about(trace_key::MODEL_ID),
            run_id: about(trace_key::SOURCE_RUN),
            session: about(trace_key::SESSION),
            user: about(trace_key::USER),
            tags: own_tags.map(|(key, value)| (key.clone(), one_line(value, TAG))).collect(),
            thumbs: (judged(true), judged(false)),
            assessments: valid.count() as u32,
        }
    }
}

/// Spaces and line ends become one space each; the rest of a long text is cut.
fn one_line(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most));
    let mut blank = false;
    for (count, c) in text.trim().chars().enumerate() {
        if count >= most {
            line.push('…');
            break;
        }
        let space = c.is_whitespace() || c.is_control();
        if !(space && blank) {
            line.push(if space { ' ' } else { c });
        }
        blank = space;
    }
    line
}

impl TraceRow {
    /// Whether a filter's words, in lower case, all occur. `key=value` looks at one thing.
    pub(super) fn matches(&self, words: &[String]) -> bool {
        words.iter().all(|word| match word.split_once('=') {
            Some((key, value)) if !key.is_empty() => self.has(key, value),
            _ => self.says(word),
        })
    }

    fn says(&self, word: &str) -> bool {
        let about = [&self.model_id, &self.run_id, &self.session, &self.user];
        let texts = [&self.name, &self.trace_id, &self.request, &self.response];
        texts.into_iter().chain(about.into_iter().flatten()).any(|text| contains(text, word))
            || contains(self.state.label(), word)
            || self.tags.iter().any(|(key, value)| contains(key, word) || contains(value, word))
    }

    fn has(&self, key: &str, value: &str) -> bool {
        let optional = |text: &Option<String>| text.as_deref().is_some_and(|text| starts(text, value));
        match key {
            "name" => starts(&self.name, value),
            "state" | "status" => starts(self.state.label(), value),
            "model" => optional(&self.model_id),
            "run" => optional(&self.run_id),
            "session" => optional(&self.session),
            "user" => optional(&self.user),
            key => self.tags.iter().any(|(name, text)| ends(name, key) && starts(text, value)),
        }
    }
}

fn contains(text: &str, word: &str) -> bool {
    text.to_lowercase().contains(word)
}

fn starts(text: &str, word: &str) -> bool {
    text.to_lowercase().starts_with(word)
}

fn ends(text: &str, word: &str) -> bool {
    text.to_lowercase().ends_with(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::Assessment;

    fn info() -> TraceInfo {
        let mut info = TraceInfo {
            trace_id: "tr-1".into(),
            state: TraceState::Error,
            request_preview: "Why  is\nOTIF\tdown?".into(),
            ..TraceInfo::default()
        };
        info.tags.insert("mlflow.traceName".into(), "predict".into());
        info.tags.insert("team".into(), "supply chain".into());
        info.metadata.insert(trace_key::SESSION.into(), "s-7".into());
        let judged = |value, valid| Assessment { value, valid, ..Assessment::default() };
        info.assessments = vec![
            judged(TraceValue::Bool(true), true),
            judged(TraceValue::Bool(false), true),
            judged(TraceValue::Bool(false), false),
            judged(TraceValue::Text("fine".into()), true),
        ];
        info
    }

    #[test]
    fn a_row_holds_what_is_shown() {
        let row = TraceRow::from(&info());
        assert_eq!((row.name.as_str(), row.request.as_str()), ("predict", "Why is OTIF down?"));
        assert_eq!(row.tags, [("team".to_owned(), "supply chain".to_owned())]);
        assert_eq!((row.thumbs, row.assessments), ((1, 1), 3));
        assert_eq!(one_line(&"ü".repeat(1000), 5), "üüüüü…");
    }

    #[test]
    fn words_and_keys_find_it() {
        let row = TraceRow::from(&info());
        for (filter, found) in [
            ("otif error", true),
            ("otif ok", false),
            ("\"supply chain\"", true),
            ("team=supply", true),
            ("session=s-7", true),
            ("session=7", false),
            ("state=err", true),
            ("tr-1", true),
            ("model=", false),
        ] {
            assert_eq!(row.matches(&crate::state::runs::terms(filter)), found, "{filter}");
        }
    }
}
