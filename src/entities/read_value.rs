//! Reading data of any shape, whatever format it comes in: names keep their order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::TraceValue;

impl<'de> Deserialize<'de> for TraceValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyShape)
    }
}

struct AnyShape;

impl<'de> Visitor<'de> for AnyShape {
    type Value = TraceValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("data of any shape")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<TraceValue, E> {
        Ok(TraceValue::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<TraceValue, E> {
        Ok(TraceValue::Number(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<TraceValue, E> {
        Ok(TraceValue::Number(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<TraceValue, E> {
        Ok(TraceValue::Number(format!("{value:?}")))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<TraceValue, E> {
        Ok(TraceValue::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<TraceValue, E> {
        Ok(TraceValue::Text(value))
    }

    fn visit_unit<E: Error>(self) -> Result<TraceValue, E> {
        Ok(TraceValue::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<TraceValue, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element()? {
            values.push(value);
        }
        Ok(TraceValue::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<TraceValue, A::Error> {
        let mut entries = Vec::new();
        while let Some((name, value)) = access.next_entry()? {
            entries.push((name, value));
        }
        Ok(TraceValue::Map(entries))
    }
}
