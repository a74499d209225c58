//! What the sample agent knows: a week of OTIF (on time, in full) of an invented logistics company. The words of the
//! question choose; the same words always get the same answer.

use serde_json::{Value, json};

use super::turn::Question;
use super::{AnswersAs, NAME};

/// What to say, and what to do before.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The summary of its reasoning.
    pub thought: &'static str,
    /// Arguments and output of the one tool, `query_otif`.
    pub tool: Option<(Value, Value)>,
    /// Markdown.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    Week,
    Carriers,
    Depots,
    Forecast,
    Rebooking,
    Definition,
    Itself,
    Abilities,
    Greeting,
    Thanks,
    Unknown,
}

/// The first topic with a word of the question wins, so the narrower ones come first.
const WORDS: &[(Topic, &[&str])] = &[
    (
        Topic::Itself,
        &[
            "who are you",
            "what are you",
            "which version",
            "your version",
            "what version",
            "sample",
            "model are you",
            "prod",
        ],
    ),
    (Topic::Abilities, &["can you do", "tools", "help"]),
    (Topic::Definition, &["what is otif", "what does otif", "meaning", "define", "stand for"]),
    (
        Topic::Rebooking,
        &["rebook", "move", "what should", "what can we do", "what to do", "fix", "improve", "gdn-"],
    ),
    (Topic::Forecast, &["forecast", "next week", "predict", "expect", "tomorrow", "w48", "week 48"]),
    (Topic::Depots, &["depot", "łódź", "lodz", "gdańsk", "gdansk", "poznań", "poznan", "warehouse", "where"]),
    (
        Topic::Carriers,
        &[
            "carrier",
            "nordfracht",
            "baltic",
            "vistula",
            "hansa",
            "odra",
            "compare",
            "late most",
            "worst",
            "best",
        ],
    ),
    (Topic::Week, &["otif", "on time", "this week", "late", "down", "delay", "drop", "fell"]),
    (Topic::Thanks, &["thank", "thx", "great", "perfect"]),
    (Topic::Greeting, &["hello", "hi", "hey", "good morning", "hello world"]),
];

/// Words that ask on about what was asked before.
const FOLLOW_UPS: &[&str] =
    &["why", "how come", "more", "and then", "details", "explain", "go on", "are you sure", "really"];

/// The answer.
pub(super) fn answer(question: &Question, answers_as: &AnswersAs) -> Answer {
    let topic = match topic_of(&question.text) {
        Topic::Unknown if is_follow_up(&question.text) => return follow_up(question),
        topic => topic,
    };
    let mut answer = about(topic, answers_as);
    if answers_as.is_newer() {
        answer = newer(topic, answer);
    }
    if question.before.is_empty() && topic != Topic::Itself {
        let AnswersAs { model, alias, version } = answers_as;
        answer.text = format!(
            "{}\n\n*A canned answer by {NAME}, as v{version} of {model}: what `{alias}` was when it was started.*",
            answer.text.trim_end()
        );
    }
    answer
}

/// How a newer version says it: it looks at more weeks, and names what it read.
fn newer(topic: Topic, answer: Answer) -> Answer {
    let mut answer = if topic == Topic::Week { newer_week() } else { answer };
    if let Some((arguments, _)) = &mut answer.tool
        && arguments.get("weeks").is_some()
    {
        arguments["weeks"] = json!(4);
        answer.text = format!("{}\n\nRead from `otif_daily`, the last four weeks.", answer.text.trim_end());
    }
    answer
}

fn newer_week() -> Answer {
    Answer {
        thought: "The user asks about OTIF. Two weeks are little to go by, so I look at four, and at one carrier alone.",
        text: "OTIF fell from **93.1 %** to **88.4 %** this week. Nordfracht alone explains 4.1 of the 4.7 points.\n\n\
               | Carrier | Last week | This week | Change |\n|:--|--:|--:|--:|\n\
               | Nordfracht | 91 % | 78 % | −13 pp |\n\
               | Baltic Line | 95 % | 94 % | −1 pp |\n\
               | Vistula Cargo | 93 % | 92 % | −1 pp |\n\n\
               What to do next:\n\n\
               1. Move *Thursday's* Gdańsk loads to Baltic Line: it has room for eight.\n\
               2. Ask Nordfracht about its drivers on the Gdańsk route.\n"
            .to_owned(),
        ..week()
    }
}

fn topic_of(text: &str) -> Topic {
    let text = text.to_lowercase();
    let found = WORDS.iter().find(|(_, words)| words.iter().any(|word| contains_word(&text, word)));
    found.map_or(Topic::Unknown, |(topic, _)| *topic)
}

/// Whether a word begins in the text: "carriers" is about a carrier, "this" says no hi.
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let starts = !text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        // A word this short is no beginning of another one.
        let ends =
            word.len() > 3 || !text[at + word.len()..].chars().next().is_some_and(char::is_alphanumeric);
        starts && ends
    })
}

fn is_follow_up(text: &str) -> bool {
    let text = text.to_lowercase();
    FOLLOW_UPS.iter().any(|word| contains_word(&text, word))
}

/// More about the last thing asked that had a topic.
fn follow_up(question: &Question) -> Answer {
    let last = question.before.iter().map(|text| topic_of(text)).find(|topic| *topic != Topic::Unknown);
    let (text, group_by) = match last {
        Some(Topic::Depots) => (
            "Łódź took the loads of the closed ramp in Poznań from Tuesday on. Its backlog at 06:00 went from **31 to 52** \
             loads, and what waits at 06:00 leaves late.",
            "depot",
        ),
        Some(Topic::Forecast) => (
            "Two things carry the forecast: the backlog at 06:00 (31 % of it) and the capacity that the carriers have \
             confirmed (22 %). *Weather is not in it.*",
            "feature",
        ),
        Some(Topic::Rebooking) => (
            "Baltic Line confirmed **eight** more loads for Thursday and costs 4 % more. That is less than one late \
             delivery a week.",
            "carrier",
        ),
        Some(Topic::Week | Topic::Carriers) => (
            "Nordfracht had three drivers fewer from Tuesday on, all of them on the Gdańsk route: 41 of its 47 late loads \
             are from there. Its other routes are where they were.",
            "route",
        ),
        _ => return about(Topic::Unknown, &AnswersAs::default()),
    };
    Answer {
        thought: "The user asks on. I look one level deeper at what I answered before.",
        tool: Some((
            json!({"metric": "otif", "group_by": group_by, "weeks": 2}),
            json!({"rows": 6, "source": "otif_daily"}),
        )),
        text: text.to_owned(),
    }
}

fn about(topic: Topic, answers_as: &AnswersAs) -> Answer {
    match topic {
        Topic::Week => week(),
        Topic::Carriers => carriers(),
        Topic::Depots => depots(),
        Topic::Forecast => forecast(),
        Topic::Rebooking => rebooking(),
        Topic::Definition => spoken(
            "The user wants to know what OTIF is. I need no data for that.",
            "**OTIF** is *on time, in full*: the share of orders that arrive when they were promised, with nothing missing.\n\n\
             $OTIF = orders on time and in full / orders due$",
        ),
        Topic::Itself => itself(answers_as),
        Topic::Abilities => spoken(
            "The user wants to know what I can do. I name my tool and what it takes.",
            "I have one tool, and canned answers around it:\n\n\
             | `query_otif` | takes |\n|:--|:--|\n\
             | `metric` | `otif`, `forecast` or `late_loads` |\n\
             | `group_by` | `carrier`, `depot` or `route` |\n\
             | `weeks` | how many, 1 or more |\n\n\
             Try *“Why is OTIF down this week?”*, then *“Why?”* again.",
        ),
        Topic::Greeting => spoken(
            "A greeting. I say what I can do.",
            "Hello! Ask me about **OTIF**: \n\n- Why is OTIF down this week?\n- How is Łódź doing?\n- What will next week be like?\n\
             - Which loads should we rebook?",
        ),
        Topic::Thanks => spoken("The user is content.", "You are welcome."),
        Topic::Unknown => spoken(
            "None of my topics fits. I say so, and what I know.",
            "I am a sample and know little: this week's OTIF, carriers, depots, next week's forecast, and what to rebook. \
             Try *“Why is OTIF down this week?”*",
        ),
    }
}

fn spoken(thought: &'static str, text: &str) -> Answer {
    Answer { thought, tool: None, text: text.to_owned() }
}

fn itself(AnswersAs { model, alias, version }: &AnswersAs) -> Answer {
    let text = format!(
        "I am **{NAME}**, built into Flowdeck: no language model, only canned answers.\n\n\
         I answer as **v{version}** of `{model}`, which is where `{alias}` pointed when I was started. Like any served \
         agent I do not notice when the alias moves; I would have to be restarted."
    );
    Answer { thought: "The user asks about me. I say what I am.", tool: None, text }
}

fn week() -> Answer {
    Answer {
        thought: "The user asks about OTIF (on time, in full). I look at this week's orders by carrier, compare them with \
                  last week, and name the largest contribution.",
        tool: Some((
            json!({"metric": "otif", "group_by": "carrier", "weeks": 2}),
            json!({"columns": ["carrier", "last_week", "this_week"], "rows": [
                ["Nordfracht", 0.91, 0.78], ["Baltic Line", 0.95, 0.94], ["Vistula Cargo", 0.93, 0.92],
            ]}),
        )),
        text: "OTIF fell from **93.1 %** to **88.4 %** this week. Almost all of it is one carrier.\n\n\
               | Carrier | Last week | This week | Change |\n|:--|--:|--:|--:|\n\
               | Nordfracht | 91 % | 78 % | −13 pp |\n\
               | Baltic Line | 95 % | 94 % | −1 pp |\n\
               | Vistula Cargo | 93 % | 92 % | −1 pp |\n\n\
               What to do next:\n\n\
               1. Move *Thursday's* Gdańsk loads to Baltic Line.\n\
               2. Ask Nordfracht about its drivers on the Gdańsk route.\n\n\
               ```sql\nSELECT carrier, AVG(otif) AS otif\nFROM otif_daily\nWHERE week = this_week()\nGROUP BY carrier;\n```\n"
            .to_owned(),
    }
}

fn carriers() -> Answer {
    Answer {
        thought: "The user asks about carriers. I take all five, this week, with their price.",
        tool: Some((
            json!({"metric": "otif", "group_by": "carrier", "weeks": 1}),
            json!({"columns": ["carrier", "otif", "price_index"], "rows": [
                ["Baltic Line", 0.94, 104], ["Vistula Cargo", 0.92, 100], ["Hansa Express", 0.92, 111],
                ["Odra Logistics", 0.90, 97], ["Nordfracht", 0.78, 95],
            ]}),
        )),
        text: "**Baltic Line** is the most reliable one, **Nordfracht** the least.\n\n\
               | Carrier | OTIF | Price index |\n|:--|--:|--:|\n\
               | Baltic Line | 94 % | 104 |\n| Vistula Cargo | 92 % | 100 |\n| Hansa Express | 92 % | 111 |\n\
               | Odra Logistics | 90 % | 97 |\n| Nordfracht | 78 % | 95 |\n"
            .to_owned(),
    }
}

fn depots() -> Answer {
    Answer {
        thought: "The user asks about a depot. I compare the three of them by their backlog at 06:00.",
        tool: Some((
            json!({"metric": "otif", "group_by": "depot", "weeks": 1}),
            json!({"columns": ["depot", "otif", "backlog_06h"], "rows": [
                ["Łódź", 0.84, 52], ["Gdańsk", 0.88, 37], ["Poznań", 0.93, 18],
            ]}),
        )),
        text: "Łódź is the weakest depot: **84 %**, with 52 loads waiting at 06:00.\n\n\
               - Gdańsk: 88 %, 37 waiting\n- Poznań: 93 %, 18 waiting\n"
            .to_owned(),
    }
}

fn forecast() -> Answer {
    Answer {
        thought: "The user asks about the future. The forecaster in production has an answer for next week.",
        tool: Some((
            json!({"metric": "forecast", "model": "models:/OTIFForecaster@prod", "weeks": 1}),
            json!({"otif": 0.902, "low": 0.86, "high": 0.94}),
        )),
        text: "Next week should be better: **90.2 %**, most likely between 86 % and 94 %.\n\n\
               > The forecast is by `models:/OTIFForecaster@prod`, four weeks ahead at most.\n"
            .to_owned(),
    }
}

fn rebooking() -> Answer {
    Answer {
        thought: "The user wants to do something about it. I look for loads that will be late and for room at other carriers.",
        tool: Some((
            json!({"metric": "late_loads", "depot": "Gdańsk", "day": "thursday"}),
            json!({"loads": ["GDN-4711", "GDN-4712", "GDN-4715"], "room": {"Baltic Line": 8, "Vistula Cargo": 2}}),
        )),
        text: "Three of Thursday's Gdańsk loads will be late with Nordfracht. Baltic Line has room for all of them:\n\n\
               - [ ] `GDN-4711`\n- [ ] `GDN-4712`\n- [ ] `GDN-4715`\n\n\
               That would lift this week to about **89.6 %**. I only propose, a person decides.\n"
            .to_owned(),
    }
}
