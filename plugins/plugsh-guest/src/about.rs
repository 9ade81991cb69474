//! What a plugin says of itself in its wasm: a custom section with JSON, made when the plugin is compiled.
//!
//! Nothing of it is code or memory of the plugin: hosts read it from the file, and those that do not know it pass it by.

/// What a plugin says of itself; [`about!`](crate::about!) makes it.
pub struct About {
    /// What the plugin is, in a few words.
    pub summary: &'static str,
    pub functions: &'static [Function],
}

/// What a plugin says of one of its functions.
pub struct Function {
    pub name: &'static str,
    /// What the function gives or does, in a few words.
    pub summary: &'static str,
    /// An input to try it with.
    pub input: Option<&'static str>,
}

/// Says what the plugin and its functions do, and an input to try each with: written once, at the root of the crate.
///
/// ```no_run
/// plugsh_guest::about! {
///     "small text filters, made for pipes";
///     upper("hello"): "its input in upper case";
///     count(): "how much its input is";
/// }
/// ```
///
/// It becomes the custom section `plugsh-about` of the wasm, which plugsh's `plugins` and `help PLUGIN.FUNCTION` show.
/// Each text is an expression of type `&'static str`; its form is in `README.md`.
#[macro_export]
macro_rules! about {
    ($summary:expr; $($name:ident($($input:expr)?): $does:expr;)*) => {
        const _: () = {
            const ABOUT: $crate::about::About = $crate::about::About {
                summary: $summary,
                functions: &[$($crate::about::Function {
                    name: ::core::stringify!($name),
                    summary: $does,
                    input: $crate::about!(@input $($input)?),
                }),*],
            };
            const BYTES: usize = ABOUT.json::<0>().1;
            // Other targets have rules of their own for the names of sections.
            #[cfg_attr(target_family = "wasm", unsafe(link_section = "plugsh-about"))]
            #[used]
            static SECTION: [u8; BYTES] = ABOUT.json::<BYTES>().0;
        };
    };
    (@input) => { ::core::option::Option::None };
    (@input $input:expr) => { ::core::option::Option::Some($input) };
}

impl About {
    /// The first `N` bytes of the section's JSON, and how many there are.
    pub const fn json<const N: usize>(&self) -> ([u8; N], usize) {
        let mut json = Json { bytes: [0; N], len: 0 };
        json.raw("{\"summary\":");
        json.string(self.summary);
        json.raw(",\"functions\":[");
        let mut at = 0;
        while at < self.functions.len() {
            if at > 0 {
                json.raw(",");
            }
            json.function(&self.functions[at]);
            at += 1;
        }
        json.raw("]}");
        (json.bytes, json.len)
    }
}

/// JSON being written; what has no room is counted.
struct Json<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Json<N> {
    const fn function(&mut self, function: &Function) {
        self.raw("{\"name\":");
        self.string(function.name);
        self.raw(",\"summary\":");
        self.string(function.summary);
        if let Some(input) = function.input {
            self.raw(",\"input\":");
            self.string(input);
        }
        self.raw("}");
    }

    const fn string(&mut self, text: &str) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let text = text.as_bytes();
        self.byte(b'"');
        let mut at = 0;
        while at < text.len() {
            let byte = text[at];
            match byte {
                b'"' | b'\\' => {
                    self.byte(b'\\');
                    self.byte(byte);
                }
                0..0x20 => {
                    self.raw("\\u00");
                    self.byte(HEX[(byte >> 4) as usize]);
                    self.byte(HEX[(byte & 15) as usize]);
                }
                _ => self.byte(byte),
            }
            at += 1;
        }
        self.byte(b'"');
    }

    const fn raw(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() {
            self.byte(text[at]);
            at += 1;
        }
    }

    const fn byte(&mut self, byte: u8) {
        if self.len < N {
            self.bytes[self.len] = byte;
        }
        self.len += 1;
    }
}

#[cfg(test)]
mod tests {
    use extism_pdk::json::{Value, from_slice, json};

    use super::{About, Function};

    crate::about! {
        "made for tests";
        run("hi"): concat!("does", " it");
    }

    #[test]
    fn what_is_written_is_json_that_reads_back() {
        const ABOUT: About = About {
            summary: "says \"ü\" and C:\\",
            functions: &[
                Function { name: "run", summary: "a\nb\u{1f}", input: Some(r#"{"depth":3}"#) },
                Function { name: "get", summary: "", input: None },
            ],
        };
        const BYTES: usize = ABOUT.json::<0>().1;
        let (bytes, len) = ABOUT.json::<BYTES>();
        assert_eq!(len, BYTES);
        let expected = json!({
            "summary": "says \"ü\" and C:\\",
            "functions": [
                { "name": "run", "summary": "a\nb\u{1f}", "input": "{\"depth\":3}" },
                { "name": "get", "summary": "" },
            ],
        });
        assert_eq!(from_slice::<Value>(&bytes).expect("JSON"), expected);
    }
}
