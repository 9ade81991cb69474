//! A small product that embeds plugsh, and people who debug it through `plugsh attach`. The product is this program
//! too, started again by each test.

mod debugging;
mod driver;
mod pipeline;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Set in the environment of the product.
const PRODUCT: &str = "PLUGSH_TEST_PRODUCT";

fn main() -> ExitCode {
    if std::env::var_os(PRODUCT).is_some() {
        return pipeline::run();
    }
    let test = |name: &'static str, body: fn()| {
        Trial::test(name, move || {
            body();
            Ok(())
        })
    };
    let trials = vec![
        test("lines_go_through_the_pipeline", debugging::lines_go_through_the_pipeline),
        test("a_breakpoint_holds_a_line", debugging::a_breakpoint_holds_a_line),
        test("an_injected_fault_fails_a_line", debugging::an_injected_fault_fails_a_line),
        test("a_kill_ends_a_stalled_line", debugging::a_kill_ends_a_stalled_line),
        test("a_stack_goes_through_host_functions", debugging::a_stack_goes_through_host_functions),
        test("the_trace_has_host_functions", debugging::the_trace_has_host_functions),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
