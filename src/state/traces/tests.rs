//! The slots of traces, without a window.
