//! Flowdeck.

fn main() {}
