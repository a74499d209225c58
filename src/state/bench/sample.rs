//! The set that comes with the sample workspace: questions that its agent can answer, and one that it cannot.

use super::check::Check;
use super::set::{Case, Prompt, PromptSet};

/// The same each time: it is in no folder.
pub(super) const ID: u64 = 1;
/// What it is called.
pub const NAME: &str = "Sample: supply questions";

/// The set.
pub(super) fn set() -> PromptSet {
    let contains = |text: &str| Check::Contains { text: text.to_owned() };
    let calls = || Check::CallsTool { name: "query_otif".to_owned() };
    let without = |text: &str| Check::NotContains { text: text.to_owned() };
    let cases = [
        ("Why is OTIF down this week?", vec![contains("Nordfracht"), calls()]),
        ("Which carrier is late most?", vec![contains("Nordfracht"), calls()]),
        ("How is the depot in Łódź doing?", vec![contains("Łódź"), calls()]),
        (
            "What will next week be like?",
            vec![Check::Regex { pattern: r"\d+(\.\d+)? ?%".to_owned() }, calls()],
        ),
        ("Which loads should we rebook?", vec![contains("GDN"), without("I am a sample")]),
        ("What is OTIF?", vec![contains("on time, in full")]),
        ("What can you do?", vec![contains("query_otif")]),
        ("What is the capital of France?", vec![contains("sample"), without("Paris")]),
    ];
    let mut set = PromptSet::new(ID, NAME);
    let case =
        |(text, checks): (&str, Vec<Check>)| Case { checks, ..Case::of("", Prompt::Text(text.to_owned())) };
    set.extend(cases.into_iter().map(case).collect());
    set
}
