//! The work of a person on the product through `plugsh attach`.

use crate::driver::Product;

pub fn lines_go_through_the_pipeline() {
    let mut product = Product::start();
    product.say("hello");
    assert_eq!(product.hear(), "1 HELLO");
    product.say("again");
    assert_eq!(product.hear(), "2 AGAIN");
    let listed = product.attach("ps --json");
    assert!(listed.contains(r#""name":"editor","parent":0"#), "{listed}");
    assert!(listed.contains(r#""name":"text","parent":1"#), "{listed}");
    assert_eq!(product.attach("text.upper 'from outside'"), "FROM OUTSIDE\n", "a person calls beside the product");
}

pub fn a_breakpoint_holds_a_line() {
    let mut product = Product::start();
    // The breakpoint is there for as long as the client that set it.
    let mut person = product.attached("break 'function=upper' --pending; !echo set; head -n 1");
    person.hear_of("set");
    product.say("held");
    let jobs = product.attach_until("jobs --json", r#""state":"held""#);
    let job = jobs.split_once(r#""job":"#).unwrap().1.split(',').next().unwrap();
    let stack = product.attach(&format!("bt %{job}"));
    assert!(stack.contains("2:text.upper") && stack.contains("1:editor.edit"), "{stack}");
    product.attach(&format!("set-input changed --job %{job}; continue %{job}"));
    assert_eq!(product.hear(), "1 CHANGED", "the product's line went on with another input");
    person.say("over");
    assert_eq!(person.hear(), "over");
}

pub fn an_injected_fault_fails_a_line() {
    let mut product = Product::start();
    product.attach("inject 'function=upper' error='no ink' when=1 --pending");
    product.say("lost");
    assert_eq!(product.hear(), "! 2:text.upper: no ink (1:editor.edit → 2:text.upper)");
    product.say("found");
    assert_eq!(product.hear(), "1 FOUND", "one call only");
    let failed = product.attach("trace -e 'outcome=error and callee=text' --json");
    assert!(failed.contains(r#""changed_by":"fault""#), "{failed}");
}

pub fn a_kill_ends_a_stalled_line() {
    let mut product = Product::start();
    product.say("stall");
    product.attach_until("ps --json", r#""state":"running""#);
    product.attach("kill editor");
    assert_eq!(product.hear(), "! 1:editor.stall: killed by its owner");
    product.say("on it goes");
    assert_eq!(product.hear(), "1 ON IT GOES", "with an editor that the product has loaded again");
}

pub fn a_stack_goes_through_host_functions() {
    let mut product = Product::start();
    product.say("");
    assert_eq!(product.hear(), "! 1:editor.edit: host function `pipeline.stamp`: an empty line");
    let stack = product.attach("bt");
    for frame in ["1:editor.edit", "finish", "edit"] {
        assert!(stack.contains(frame), "{frame}: {stack}");
    }
}

pub fn the_trace_has_host_functions() {
    let mut product = Product::start();
    product.attach("trace host on");
    product.say("ink");
    assert_eq!(product.hear(), "1 INK");
    let traced = product.attach_until("trace -e 'kind=host and function=emit' --json", r#""function":"emit""#);
    assert!(traced.contains(r#""detail":"(\"1 INK\")""#), "{traced}");
    let traced = product.attach("trace -e 'kind=host and function=stamp' --json");
    assert!(traced.contains(r#""detail":"(\"INK\") -> \"1 INK\"""#), "{traced}");
}
