//! Words as they stand in what a trace keeps of a request.

/// Words as a string of JSON, as it is and with ASCII alone: clients write it in either way.
pub fn words_as_json(words: &str) -> [String; 2] {
    let plain = serde_json::Value::from(words).to_string();
    let mut ascii = String::with_capacity(plain.len());
    for letter in plain.chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            let mut units = [0; 2];
            ascii.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    [plain, ascii]
}
