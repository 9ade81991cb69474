//! `help filters`.

use super::topic::Part::{self, *};
use super::topic::Topic;

/// The language of EXPR.
pub const FILTERS: Topic = Topic { name: "filters", column: 27, parts: PARTS };

const PARTS: &[Part] = &[
    Text(
        "EXPR says which calls are meant: for trace -e, stats -e, export -e, break, inject, expect-calls, \
            expect-duration, expect-fuel, stub -e, and `/` in the pane. It is one word of the line: quote it.",
    ),
    Blank,
    Heading("What it asks for"),
    Row("cart", "a call whose caller, callee or function is called so"),
    Row("cart.total", "the function of a plugin; 2:cart.total that of one process"),
    Row("callee=cart, caller=2", "one side of the call; the shell is `shell`, or 0"),
    Row("function!=total", "any other function"),
    Row("outcome=error", "or ok trap timeout killed oom fuel denied running held"),
    Row("duration>=5ms", "how long it took, without the time held"),
    Row("held>1s", "how long it, or a call below it, was held at breakpoints"),
    Row("grew>0", "linear memory that it added to its own plugin and left there"),
    Row("fuel>1.5M", "units of fuel of its own plugin, where they were counted (help trace)"),
    Row("bytes_in>1k, bytes_out=0", "what it was given, what it gave"),
    Row("depth=1, job=%3", "called from the shell; of that job"),
    Row("kind=host", "what a plugin asked of its host, as `trace host on` keeps it; kind=load, kind=call"),
    Heading("What was said"),
    Row("input~'^[a-z]+$'", "a regular expression over the bytes (!~: not so); input, output, error"),
    Row("error contains disk", "a part of the text; in quotes, where it has spaces"),
    Row("input=abc, output!=''", "all of it; names of files and the like may be globs: input=*.txt"),
    Row(
        "input./items/0/qty>3",
        "a value of JSON, by its path (~1 is /, ~0 is ~): numbers compare with numbers, true, false and null with \
            themselves, all else is text, and so is '3' in quotes",
    ),
    Row("input./items", "JSON that has such a value"),
    Note(
        "The trace knows what it kept of a call: all with `trace payloads 64k`, else the inputs of failed ones, 4k \
            of them. Where a payload was not kept, or the part that would tell was cut off, such a test answers \
            neither yes nor no: neither it nor its `not` finds the call, and `trace -e` counts it. `break`, `inject` \
            and `stub -e` have the whole input at hand, `break --on return` the output too. Nobody looks into a \
            private plugin's payloads.",
    ),
    Heading("How it is put together"),
    Row("= != < <= > >=", "names and outcomes are compared with = and != only"),
    Row("not, and, or, ( )", "`not` binds strongest, `or` weakest"),
    Row("cart*, ?x, [a-c]*", "names are globs; in quotes of their own they are no globs: callee='a*'"),
    Heading("Names"),
    Note(
        "A process is meant by its name, its id, or both: cart, 2, 2:cart. `break` and `inject`, like `stub` and \
            policies, know it by the plugin that it was loaded from too: cart.total means `cart-2` as well, \
            cart-2.total just that one.",
    ),
    Heading("When"),
    Note(
        "`break` and `inject` come before the call: what is known at its end (outcome, duration, held, grew, fuel, \
            bytes_out, output, error) only `break --on return` can ask for.",
    ),
    Heading("Processes"),
    Note(
        "`/` in the pane takes expressions over them too: state=crashed (or idle running waiting held dead), \
            memory>1M, calls>100, errors, resets, busy>1s, age, bytes_in, bytes_out, name, id, parent, source.",
    ),
    Blank,
    Example(&["trace -e 'outcome!=ok and not caller=shell'", "break 'reducer.reduce and (bytes_in>1k or depth>2)'"]),
];
