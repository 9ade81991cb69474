//! The line: text to words and pipes, and words to bytes. Knows no command and runs nothing.
