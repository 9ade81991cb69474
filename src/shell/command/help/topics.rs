//! Texts of `help` that are about no single command.

/// Words after `help` that are no commands, with their texts.
pub const TOPICS: [(&str, &str); 4] =
    [("language", LANGUAGE), ("blocks", BLOCKS), ("filters", FILTERS), ("debugging", DEBUGGING)];

/// Syntax of lines.
const LANGUAGE: &str = "\
Words
  load echo; ps            a command and its words; `;` or a new line ends it
  # to the line's end      a comment
  'as it is'  \"a $x\\n\"     quotes; the second kind knows $ and \\n \\t \\\\ \\\" \\$ \\xNN
INPUT of a call, one word
  call cart add {\"n\": 1}   JSON as it stands, over several lines if need be
  echo.echo @FILE          the bytes of a file; @- those of standard input
  echo.echo -5             a number below zero, which is no option
  echo.echo <<END          the lines up to one that is just END; in <<\"END\" $ is expanded
  echo.echo --hex 0aff     bytes
Variables
  set x VALUE; echo $x     one value, any bytes, never split; ${x} where letters follow
  $_, $?                   what the last call, pipe or program gave; the last command's code
  $1, $2, $@, $DIR         a script's arguments (plugsh FILE ARG...), its directory
  $env.HOME                a variable of the environment
  call a f $(call b g)     a command's output: as INPUT every byte, as a word without
                           its last newlines; $_ and | have every byte too
Where output goes
  call a f x | call b g    to the next plugin
  call a f x | !jq .       to a program of the system
  ps > FILE, ps >> FILE    to a file, replaced only when the command succeeds
  COMMAND --json           one JSON value of any command (trace, logs: one a line); plugsh --json:
                           of each that nothing captures; errors stay lines of standard error
Files
  ~, ~/x, @~/x             the home directory, where an unquoted word names a file
Programs of the system
  !COMMAND                 runs one: all to the line's end is the system shell's, its `;` `|` `>` too,
                           also behind another command: time !COMMAND, retry 3 !COMMAND;
                           variables and arguments are there by their names: !echo \"$x $1\"
                           $_ keeps the first 16 MiB of what it prints; at a terminal, which it
                           has for itself, nothing: $_ stays what the call before it gave
Names and figures
  1, front, 1:front        a process; %2 is a job
  front.run x              short for: call front run x
  call a f x &             in the background: jobs, wait %2, fg %2, kill %2
  300ms 2s 1m30s, 64k 10M  durations and sizes; a bare number is milliseconds, of sleep,
                           watch -n seconds";

/// Statements that run more than once, or not at all.
const BLOCKS: &str = "\
Blocks take lines up to `end`; on one line `;` parts them. They stand wherever a command does, in
blocks and `$(...)` too, and `end` may have `> FILE` or `| !COMMAND` behind it.

  for x in a 'b c' {\"k\": 1}
    echo.echo $x
  end
One value a word. An unquoted $(COMMAND) gives one value a line, $@ one an argument.

  repeat 3
    echo.echo again
  end

  if echo.echo x
    echo 'it worked'
  else if echo.nope
    echo 'not this'
  else
    echo \"neither; the code is $?\"
  end
The condition is a command or a pipe. That it fails is no error; that it was written wrong is one.

Beside them: `retry 5 --every 100ms COMMAND` until it succeeds, `time`, `watch`.
The shell does no sums: set n $(!echo $((n + 1)))";

/// The language of EXPR.
const FILTERS: &str = "\
EXPR says which calls are meant: for trace -e, stats -e, export -e, break, inject, expect-calls,
expect-duration, expect-fuel, stub -e, and `/` in the pane. It is one word of the line: quote it.

What it asks for
  cart                     a call whose caller, callee or function is called so
  cart.total               the function of a plugin; 2:cart.total that of one process
  callee=cart, caller=2    one side of the call; the shell is `shell`, or 0
  function!=total          any other function
  outcome=error            or ok trap timeout killed oom fuel denied running held
  duration>=5ms            how long it took, without the time held
  held>1s                  how long it, or a call below it, was held at breakpoints
  grew>0                   linear memory that it added to its own plugin and left there
  fuel>1.5M                units of fuel of its own plugin, where they were counted (help trace)
  bytes_in>1k, bytes_out=0 what it was given, what it gave
  depth=1, job=%3          called from the shell; of that job
  kind=host                what a plugin asked of its host, as `trace host on` keeps it; kind=load, kind=call
What was said
  input~'^[a-z]+$'         a regular expression over the bytes (!~: not so); input, output, error
  error contains disk      a part of the text; in quotes, where it has spaces
  input=abc, output!=''    all of it; names of files and the like may be globs: input=*.txt
  input./items/0/qty>3     a value of JSON, by its path (~1 is /, ~0 is ~): numbers compare with numbers,
                           true, false and null with themselves, all else is text, and so is '3' in quotes
  input./items             JSON that has such a value
  The trace knows what it kept of a call: all with `trace payloads 64k`, else the inputs of failed
  ones, 4k of them. Where a payload was not kept, or the part that would tell was cut off, such a
  test answers neither yes nor no: neither it nor its `not` finds the call, and `trace -e` counts it.
  `break`, `inject` and `stub -e` have the whole input at hand, `break --on return` the output too.
  Nobody looks into a private plugin's payloads.
How it is put together
  = != < <= > >=           names and outcomes are compared with = and != only
  not, and, or, ( )        `not` binds strongest, `or` weakest
  cart*, ?x, [a-c]*        names are globs; in quotes of their own they are no globs: callee='a*'
Names
  A process is meant by its name, its id, or both: cart, 2, 2:cart. `break` and `inject`, like
  `stub` and policies, know it by the plugin that it was loaded from too: cart.total means `cart-2`
  as well, cart-2.total just that one.
When
  `break` and `inject` come before the call: what is known at its end (outcome, duration, held,
  grew, fuel, bytes_out, output, error) only `break --on return` can ask for.
Processes
  `/` in the pane takes expressions over them too: state=crashed (or idle running waiting held dead),
  memory>1M, calls>100, errors, resets, busy>1s, age, bytes_in, bytes_out, name, id, parent, source.

  trace -e 'outcome!=ok and not caller=shell'
  break 'reducer.reduce and (bytes_in>1k or depth>2)'";

/// The tools in the order in which a bug is found with them.
const DEBUGGING: &str = "\
See what happens
  trace                                    every call, nested ones too
  trace -e 'outcome!=ok or duration>5ms'   only some: caller callee function outcome depth job bytes_in bytes_out duration held grew fuel kind input output error
  trace payloads 4k 16M                    keep inputs and outputs; show SEQ prints them
  trace host on, trace host on EXPR        what plugins ask of their host: vars, config, logs, HTTP, WASI's files
  stats --by function, stats --hist        where the time and the bytes go
  profile -o run.svg COMMAND               which functions and lines of the plugins; .folded, .json (Firefox), .pb.gz
  perf record -g plugsh --perf-map FILE    the host's functions beside the plugins', with Linux's perf; then perf report
  export run.json, run.svg, run.mmd        for Perfetto, as a flame graph, as a diagram; export --otlp URL

See where it failed
  cart.total rate                          the error names file and line, of a plugin with debug information
  bt, show SEQ, info PLUGIN                the frames of all plugins of the chain; --all those of runtimes too
  hold %1, bt %1                           where a running call stands, also in a loop that makes no calls
  plugsh --coredump DIR                    a core dump of each trap, for a debugger of the wasm tools

Stop where it happens
  break 'reducer.reduce and bytes_in>1k'   then: bt, step, next, finish, set-input, return, fail, continue
  breaks, delete N                         list them, take them away; --on return holds after, --do runs commands
  vars cart, peek cart 0x100000 64         variables and memory of a process that is held or idle; vars cart KEY VALUE sets

Change what happens
  inject mapper.map error='no disk'        faults: error, delay, drop-output, trap; faults lists them
  stub mapper.map = '{}'                   answer in a plugin's place; stubs, unstub

Do it again
  record FILE, record off, replay FILE     the same calls on fresh processes; replay SEQ one call
  expect, expect-json, expect-error,
  expect-calls, expect-duration, expect-fuel,
  expect-tree                              say what must hold; plugsh test FILE... --junit FILE checks it

Try it, in a fresh shell, on two bugs of wordcount. One is planted by a stub: the second mapper counts nothing but `the`
  load wordcount
  stub mapper-2.map = {\"the\": 1}
  trace payloads 64k                       keep the bytes from now on
  wordcount.run 'the cat and the dog'      the total is wrong
  trace -e 'depth=2 and kind=call'         who was called with how much; the number in front is for show
  show 10 --input                          what the reducer was given: a part lacks words
  show 6                                   the mapper that gave it: there it is

The other one is planted by a fault: every third answer of a mapper is lost, and the error blames the reducer
  unstub --all
  inject mapper*.map drop-output when=3+3
  wordcount.run 'the cat and the dog'
  trace -e 'kind=call and bytes_out=0'     who answered nothing
  break 'mapper*.map and bytes_out=0' --on return
  wordcount.run 'the cat and the dog'      held at the next one, before the reducer sees it
  return {\"dog\": 1}                       answer in its place; the run goes on";
