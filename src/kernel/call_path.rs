//! The path of a call in errors: the calls that lead to it, with arrows between them, bounded.

use super::frame::Frame;

const ARROW: &str = " → ";
/// The longest way in an error, in bytes, about; of a longer one the steps in the middle are counted.
const STEPS_BYTES_MAX: usize = 1_000;

/// `1:front.run → 2:cart.total`, outermost first.
pub fn path_of(stack: &[Frame]) -> String {
    join_steps(stack, |frame| frame.call().to_string())
}

/// The path of a chain's calls below `above`, which is the path of the call that started it.
pub fn path_under(above: &str, stack: &[Frame]) -> String {
    if stack.is_empty() { above.to_owned() } else { [above, &path_of(stack)].join(ARROW) }
}

/// Steps with arrows between them. Takes no longer and no more room for a chain of thousands.
pub fn join_steps<T>(steps: &[T], label: impl Fn(&T) -> String) -> String {
    let upto = |bytes_max: usize, steps: &mut dyn Iterator<Item = &T>| {
        let mut bytes = 0;
        let labels = steps.map(&label).take_while(|label| {
            bytes += label.len() + ARROW.len();
            bytes <= bytes_max
        });
        labels.collect::<Vec<String>>()
    };
    let mut labels = upto(STEPS_BYTES_MAX, &mut steps.iter());
    if labels.len() < steps.len() {
        labels = upto(STEPS_BYTES_MAX / 2, &mut steps.iter());
        let last = upto(STEPS_BYTES_MAX / 2, &mut steps.iter().rev());
        labels.push(format!("… {} more …", steps.len() - labels.len() - last.len()));
        labels.extend(last.into_iter().rev());
    }
    labels.join(ARROW)
}

#[cfg(test)]
mod tests {
    use super::{STEPS_BYTES_MAX, join_steps};

    #[test]
    fn a_long_way_is_told_from_both_ends() {
        let label = |step: &u32| format!("{step}:echo.relay");
        assert_eq!(join_steps(&[1, 2, 3], label), "1:echo.relay → 2:echo.relay → 3:echo.relay");
        let steps: Vec<u32> = (1..=4_000).collect();
        let told = join_steps(&steps, label);
        assert!(told.len() <= STEPS_BYTES_MAX + 30, "{} bytes", told.len());
        assert!(told.starts_with("1:echo.relay → 2:echo.relay → "), "{told}");
        assert!(told.ends_with(" → 3999:echo.relay → 4000:echo.relay"), "{told}");
        let names = told.matches("echo").count();
        assert!(told.contains(&format!(" → … {} more … → ", 4_000 - names)), "{told}");
    }
}
