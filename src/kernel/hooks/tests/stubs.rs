//! Tests of stubs, in place of plugins and of host functions of a product.

use super::*;

#[test]
fn a_stub_answers_for_a_plugin_that_does_not_exist() {
    let kernel = kernel();
    assert!(kernel.resolve("cart", &mut |_, _| true).is_err());
    stub(&kernel, "cart", "total", bytes(b"42"));
    assert!(kernel.loadable().contains(&"cart".to_string()));
    let cart = load(&kernel, "cart");
    assert_eq!(text(&call(&kernel, cart, "total", b"")), "42");
    // Guests can start and call the stubbed plugin too.
    let echo = load(&kernel, "echo");
    let way = br#"{"to":["+cart"],"function":"total"}"#;
    assert_eq!(text(&call(&kernel, echo, "relay", way)), "42");
    let rows: Vec<_> = kernel.processes(false).into_iter().map(|view| (view.name, view.parent, view.source)).collect();
    assert_eq!(rows[2], ("cart-2".into(), echo, "stub:cart".into()));
    // A function that is stubbed later can be called at once.
    assert!(text(&call(&kernel, cart, "add", b"1")).contains("no function `add`"));
    stub(&kernel, "cart", "add", StubAnswer::Echo);
    assert_eq!(text(&call(&kernel, cart, "add", b"1")), "1");
    let records = kernel.journal().drain().records(1);
    assert_eq!((records[0].function.as_str(), records[0].changed_by), ("add", ChangedBy::Stub));
    assert_eq!(kernel.unstub("cart", Some("total")), 1);
    assert!(text(&call(&kernel, cart, "total", b"")).contains("its stub was taken away"));
}

#[test]
fn a_stub_answers_in_place_of_a_plugin_and_is_taken_away() {
    let kernel = kernel();
    let front = load(&kernel, "front");
    stub(&kernel, "count_vowels", "count_vowels", bytes(b"stubbed"));
    assert_eq!(text(&call(&kernel, front, "run", b"")), "stubbed");
    assert_eq!(text(&call(&kernel, front, "run", b"")), "stubbed", "`count_vowels-2` is one of them");
    let views = kernel.stubs();
    assert_eq!((views.len(), views[0].hits), (1, 2));
    assert_eq!(kernel.unstub("count_vowels", None), 1);
    assert!(text(&call(&kernel, front, "run", b"aa")).contains(r#""count":2"#));
}

#[test]
fn a_stubs_commands_get_the_input_and_give_the_answer() {
    let kernel = kernel();
    kernel.set_stub_runner(Arc::new(|call: StubCall<'_>| match call.commands {
        "fail" => Err("no such thing".into()),
        commands => Ok([commands.as_bytes(), b" ", call.input, b" ", call.process.to_string().as_bytes()].concat()),
    }));
    stub(&kernel, "cart", "total", StubAnswer::Run("print".into()));
    stub(&kernel, "cart", "bad", StubAnswer::Run("fail".into()));
    let cart = load(&kernel, "cart");
    assert_eq!(text(&call(&kernel, cart, "total", b"x")), "print x 1:cart");
    assert_eq!(text(&call(&kernel, cart, "bad", b"")), "error: 1:cart.bad: its stub failed: no such thing");
}

#[test]
fn a_stub_whose_commands_come_back_into_its_own_chain_is_a_circle() {
    let kernel = kernel();
    // The runner reads commands as `PROCESS FUNCTION`.
    kernel.set_stub_runner(Arc::new(|call: StubCall<'_>| {
        let (process, function) = call.commands.split_once(' ').unwrap();
        let job = call.kernel.start(plan(process.parse().unwrap(), function, call.input)).unwrap();
        end(&job).map_err(Box::from)
    }));
    let run = |commands: &str| StubAnswer::Run(commands.into());
    let front = load(&kernel, "front");
    stub(&kernel, "count_vowels", "count_vowels", run("1 run"));
    let message = text(&call(&kernel, front, "run", b""));
    let ring =
        "a circle of waiting jobs: 1:front → the stub of 2:count_vowels → 1:front (jobs %1, %2 wait for each other)";
    assert!(message.contains(ring), "{message}");

    // A circle through another stub is found. A call onward to a free process is no circle.
    stub(&kernel, "left", "f", run("4 f"));
    stub(&kernel, "right", "f", run("3 f"));
    let left = load(&kernel, "left");
    assert_eq!((left, load(&kernel, "right")), (3, 4));
    let message = text(&call(&kernel, left, "f", b""));
    assert!(message.contains("3:left → the stub of 3:left → the stub of 4:right → 3:left"), "{message}");
    stub(&kernel, "right", "f", StubAnswer::Echo);
    assert_eq!(text(&call(&kernel, left, "f", b"through")), "through");
}

#[test]
fn a_fresh_kernel_has_the_stubs_and_nothing_else() {
    let kernel = kernel();
    stub(&kernel, "cart", "total", bytes(b"42"));
    break_at(&kernel, "depth = 1", HoldSide::Before);
    let fresh = kernel.fresh();
    let cart = load(&fresh, "cart");
    assert_eq!(text(&call(&fresh, cart, "total", b"")), "42");
    assert!(fresh.breakpoints().is_empty() && kernel.processes(false).is_empty());
}

#[test]
fn a_plugin_stands_in_for_a_products_host_function() {
    let kernel = kernel();
    load(&kernel, "text");
    // A plugin of some product: it passes its input to `shop.shout` and returns the answer.
    let program = crate::runtime::Program { origin: "product.wat".into(), stem: "product".into(), ..program(PRODUCT) };
    let mut request = LoadRequest::plain(Arc::new(program));
    let refused = kernel.load(request.clone()).unwrap_err().to_string();
    assert!(refused.contains("shop.shout"), "{refused}");
    request.spec.imports.push(crate::runtime::ImportStandIn {
        module: "shop".into(),
        function: "shout".into(),
        types: None,
        target: "text.upper".into(),
    });
    let product = kernel.load(request).unwrap().id;
    assert_eq!(text(&call(&kernel, product, "run", b"hi there")), "HI THERE");
    let records = kernel.journal().drain().records(2);
    let calls: Vec<_> = records.iter().map(|r| (r.caller_label(), r.callee_label(), r.depth)).collect();
    assert_eq!(calls, [("shell".into(), "2:product".into(), 1), ("2:product".into(), "1:text".into(), 2),]);
}

const PRODUCT: &str = r#"(module
  (import "shop" "shout" (func $shout (param i64) (result i64)))
  (func (export "run") (result i32)
    (local $block i64) (local $at i64) (local $end i64)
    (local.set $end (call $input_length))
    (local.set $block (call $alloc (local.get $end)))
    (block $done (loop $next
      (br_if $done (i64.ge_u (local.get $at) (local.get $end)))
      (call $store_u8 (i64.add (local.get $block) (local.get $at)) (call $input_load_u8 (local.get $at)))
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (br $next)))
    (local.set $block (call $shout (local.get $block)))
    (call $output_set (local.get $block) (call $length (local.get $block)))
    (i32.const 0)))"#;
