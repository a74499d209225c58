//! Reading MLflow's JSON, tolerantly: protobuf's int64 as numbers or strings, `null` or nothing for what is
//! empty, numbers as the strings `"NaN"` and `"Infinity"`.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::entities::{LifecycleStage, Metric, Millis, Param, Tags, VersionNumber, ViewType};

/// `{"key": …, "value": …}`: a tag or a param.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct KeyValue {
    #[serde(deserialize_with = "text")]
    pub key: String,
    #[serde(deserialize_with = "text")]
    pub value: String,
}

/// A metric's value (`mlflow.Metric`).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WireMetric {
    #[serde(deserialize_with = "text")]
    key: String,
    #[serde(deserialize_with = "float")]
    value: f64,
    #[serde(deserialize_with = "int64")]
    timestamp: i64,
    #[serde(deserialize_with = "int64")]
    step: i64,
}

/// An answer of which nothing is needed.
#[derive(Deserialize)]
pub(super) struct Empty {}

pub(super) fn tags(pairs: Vec<KeyValue>) -> Tags {
    pairs.into_iter().map(|pair| (pair.key, pair.value)).collect()
}

pub(super) fn params(pairs: Vec<KeyValue>) -> Vec<Param> {
    pairs.into_iter().map(|pair| Param { key: pair.key, value: pair.value }).collect()
}

pub(super) fn metrics(wire: Vec<WireMetric>) -> Vec<Metric> {
    wire.into_iter()
        .map(|metric| Metric {
            key: metric.key,
            value: metric.value,
            timestamp: metric.timestamp,
            step: metric.step,
        })
        .collect()
}

pub(super) fn lifecycle_stage(name: &str) -> LifecycleStage {
    if name.eq_ignore_ascii_case("deleted") { LifecycleStage::Deleted } else { LifecycleStage::Active }
}

pub(super) fn view_type(view_type: ViewType) -> &'static str {
    match view_type {
        ViewType::ActiveOnly => "ACTIVE_ONLY",
        ViewType::DeletedOnly => "DELETED_ONLY",
        ViewType::All => "ALL",
    }
}

/// Text that may come as a number, a bool or `null`.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_any(TextVisitor)
}

/// Any value, `null` being the empty one.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// An int64 as a number or a string; `null` is 0.
pub(super) fn int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(deserializer.deserialize_any(IntVisitor)?.unwrap_or_default())
}

/// A time; absent, `null` and 0 (protobuf's default) are unknown.
pub(super) fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Millis>, D::Error> {
    Ok(deserializer.deserialize_any(IntVisitor)?.filter(|&time| time != 0))
}

/// A size in bytes; absent or negative is unknown.
pub(super) fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(deserializer.deserialize_any(IntVisitor)?.and_then(|size| u64::try_from(size).ok()))
}

/// A version's number, sent as a string.
pub(super) fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VersionNumber, D::Error> {
    let number = int64(deserializer)?;
    VersionNumber::try_from(number).map_err(|_out_of_range| D::Error::custom(format!("version {number}")))
}

fn float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    deserializer.deserialize_any(FloatVisitor)
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<String, E> {
        Ok(value)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<String, E> {
        Ok(String::new())
    }
}

struct IntVisitor;

impl Visitor<'_> for IntVisitor {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(value as i64))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        let value = value.trim();
        if value.is_empty() {
            return Ok(None);
        }
        let number = value.parse().or_else(|_| value.parse::<f64>().map(|number| number as i64));
        number.map(Some).map_err(|_other| E::invalid_value(serde::de::Unexpected::Str(value), &self))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

struct FloatVisitor;

impl Visitor<'_> for FloatVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<f64, E> {
        // Rust reads "NaN", "inf", "Infinity" and their signs; infinities are kept as MLflow's stores keep them.
        let number: f64 = value
            .trim()
            .parse()
            .map_err(|_other| E::invalid_value(serde::de::Unexpected::Str(value), &self))?;
        Ok(if number.is_infinite() { f64::MAX.copysign(number) } else { number })
    }

    fn visit_unit<E: Error>(self) -> Result<f64, E> {
        Ok(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Page {
        #[serde(default, deserialize_with = "or_default")]
        metrics: Vec<WireMetric>,
        #[serde(default, deserialize_with = "millis")]
        end_time: Option<Millis>,
        #[serde(default, deserialize_with = "text")]
        id: String,
    }

    fn page(json: &str) -> Page {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_may_be_strings_and_strings_numbers() {
        let page = page(
            r#"{"metrics":[{"key":"a","value":"NaN","timestamp":"1795326954121","step":-3},
                {"key":"b","value":"-Infinity","step":"2"},{"key":"c","value":"1.5"},{"key":"d","value":7},
                {"key":"e","value":1.7976931348623157e+308}],"end_time":"12","id":42}"#,
        );
        let metrics = metrics(page.metrics);
        assert!(metrics[0].value.is_nan());
        assert_eq!((metrics[0].timestamp, metrics[0].step), (1_795_326_954_121, -3));
        assert_eq!((metrics[1].value, metrics[1].step), (-f64::MAX, 2));
        assert_eq!((metrics[2].value, metrics[3].value, metrics[4].value), (1.5, 7.0, f64::MAX));
        assert_eq!((page.end_time, page.id.as_str()), (Some(12), "42"));
    }

    #[test]
    fn what_is_absent_or_null_is_empty() {
        for json in
            ["{}", r#"{"metrics":null,"end_time":null,"id":null,"unknown":{"x":[1]}}"#, r#"{"end_time":0}"#]
        {
            let page = page(json);
            assert!(page.metrics.is_empty() && page.end_time.is_none() && page.id.is_empty(), "{json}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for json in [r#"{"metrics":3}"#, r#"{"metrics":[{"value":"much"}]}"#, r#"{"end_time":"soon"}"#, "[]x"]
        {
            assert!(serde_json::from_str::<Page>(json).is_err(), "{json}");
        }
    }
}
