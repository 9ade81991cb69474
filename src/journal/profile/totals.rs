//! Self and total of a profile's functions, plugins or lines.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use super::samples::{FrameKind, Profile, ProfileFrame};

/// Subject of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Function,
    Plugin,
    Line,
}

impl FromStr for By {
    type Err = String;

    fn from_str(word: &str) -> Result<By, String> {
        match word {
            "function" => Ok(By::Function),
            "plugin" => Ok(By::Plugin),
            "line" => Ok(By::Line),
            _ => Err(format!("`{word}` is not `function`, `plugin` or `line`")),
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    pub plugin: String,
    /// `None` for a row of a plugin.
    pub function: Option<String>,
    /// The line itself, or the line of a function that was innermost most often.
    pub place: Option<String>,
    /// Samples in which it was innermost.
    pub self_samples: u64,
    /// Samples in which it was anywhere in the stack, once each.
    pub total_samples: u64,
}

/// The rows, the largest self first, then the largest total.
pub fn totals(profile: &Profile, by: By) -> Vec<Total> {
    let mut rows: HashMap<Key<'_>, Sums<'_>> = HashMap::new();
    for stack in &profile.stacks {
        let mut seen = HashSet::new();
        let innermost = stack.frames.len().wrapping_sub(1);
        for (at, frame) in profile.frames_of(stack).enumerate() {
            // A call is a border, not a function, unless nothing of the guest is known.
            if by != By::Plugin && frame.kind == FrameKind::Call && at != innermost {
                continue;
            }
            let Some(key) = Key::of(frame, by) else { continue };
            let sums = rows.entry(key).or_default();
            if seen.insert(key) {
                sums.total += stack.samples;
            }
            if at == innermost {
                sums.own += stack.samples;
                if let Some(place) = place(frame) {
                    *sums.places.entry(place).or_default() += stack.samples;
                }
            }
        }
    }
    let mut totals: Vec<Total> = rows.into_iter().map(|(key, sums)| sums.row(key, by)).collect();
    let order = |row: &Total| (std::cmp::Reverse((row.self_samples, row.total_samples)), name(row));
    totals.sort_by_cached_key(order);
    totals
}

/// Order of rows with equal samples.
fn name(row: &Total) -> (String, Option<String>, Option<String>) {
    (row.plugin.clone(), row.function.clone(), row.place.clone())
}

type TotalKey<'a> = (&'a str, u32);

fn place(frame: &ProfileFrame) -> Option<TotalKey<'_>> {
    Some((frame.file.as_deref()?, frame.line?))
}

/// Subject of one row.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key<'a> {
    plugin: &'a str,
    function: Option<&'a str>,
    place: Option<TotalKey<'a>>,
}

impl<'a> Key<'a> {
    /// `None` for a frame without a line, where rows are lines.
    fn of(frame: &'a ProfileFrame, by: By) -> Option<Key<'a>> {
        let place = if by == By::Line { Some(place(frame)?) } else { None };
        Some(Key { plugin: &frame.plugin, function: (by != By::Plugin).then_some(&*frame.function), place })
    }
}

#[derive(Default)]
struct Sums<'a> {
    own: u64,
    total: u64,
    places: HashMap<TotalKey<'a>, u64>,
}

impl Sums<'_> {
    fn row(&self, key: Key<'_>, by: By) -> Total {
        let hottest = || {
            let places = self.places.iter().map(|(place, samples)| (*samples, std::cmp::Reverse(*place)));
            places.max().map(|(_, std::cmp::Reverse(place))| place)
        };
        let place = match by {
            By::Function => hottest(),
            By::Plugin => None,
            By::Line => key.place,
        };
        Total {
            plugin: key.plugin.to_owned(),
            function: key.function.map(str::to_owned),
            place: place.map(|(file, line)| format!("{file}:{line}")),
            self_samples: self.own,
            total_samples: self.total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::profile;
    use super::*;

    fn rows(by: By) -> Vec<String> {
        let row = |row: Total| {
            let name = [Some(row.plugin), row.function, row.place].into_iter().flatten().collect::<Vec<_>>().join(" ");
            format!("{} {} {name}", row.self_samples, row.total_samples)
        };
        totals(&profile(), by).into_iter().map(row).collect()
    }

    #[test]
    fn a_recursive_function_counts_once_a_sample() {
        assert_eq!(
            rows(By::Function),
            ["7 7 cart sum src/cart.rs:9", "2 2 front (host)", "1 8 front render src/front.rs:3"]
        );
    }

    #[test]
    fn plugins_and_lines_add_up() {
        assert_eq!(rows(By::Plugin), ["7 7 cart", "3 10 front"]);
        assert_eq!(
            rows(By::Line),
            ["5 7 cart sum src/cart.rs:9", "2 2 cart sum src/cart.rs:8", "1 8 front render src/front.rs:3"]
        );
    }
}
