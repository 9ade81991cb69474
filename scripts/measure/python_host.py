"""A plain Python host with two functions that let plugins start and call each other, as it is written in an afternoon:
a global dictionary, ids from 0, children without host functions and with little memory. What `bench-peers` compares
plugsh with. Needs the `extism` package.

    python_host.py PLUGINS_DIR CALLS SPAWNS SIZE    one JSON object with nanoseconds a call and a registration
"""

import json
import statistics
import sys
import time
from pathlib import Path

import extism
from extism import Plugin, ValType, host_fn

# Five pages are enough for a small C plugin; a Rust module wants 17 from the start.
CHILD_PAGES_MAX = 32
CALLEE, FUNCTION = "text", "trim"

plugins_dir = Path(sys.argv[1])
plugins: dict[int, Plugin] = {}


def start(name: str) -> int:
    wasm = (plugins_dir / f"{name}.wasm").read_bytes()
    manifest = {"wasm": [{"data": wasm}], "memory": {"max_pages": CHILD_PAGES_MAX}}
    plugin_id = len(plugins)
    plugins[plugin_id] = Plugin(manifest, wasi=True, functions=[])
    return plugin_id


@host_fn()
def register_plugin(name: str) -> int:
    return start(name)


@host_fn()
def call_plugin(plugin_id: int, function: str, data: bytes) -> bytes:
    return plugins[plugin_id].call(function, data)


def absent(name: str, params: int):
    """What the calling plugin imports and this measurement does not use."""

    @host_fn(name=name, signature=([ValType.I64] * params, [ValType.I64]))
    def function(*_):
        raise NotImplementedError(name)

    return function


def caller() -> Plugin:
    functions = [register_plugin, call_plugin]
    functions += [absent("find_plugin", 1), absent("try_call_plugin", 3), absent("call_error", 0)]
    return Plugin((plugins_dir / "echo.wasm").read_bytes(), wasi=True, functions=functions)


def nested(calls: int, size: int) -> float:
    """Nanoseconds of one nested call, of so many in one guest call."""
    callee = start(CALLEE)
    host = caller()
    host.call("spam", f"{callee} {FUNCTION} {max(1, calls // 10)} {size}")
    started = time.perf_counter_ns()
    output = host.call("spam", f"{callee} {FUNCTION} {calls} {size}")
    elapsed = time.perf_counter_ns() - started
    assert int(output) == calls * size, f"{output!r} bytes came back"
    return elapsed / calls


def spawns(count: int) -> list[int]:
    """Nanoseconds of each of so many registrations."""
    start(CALLEE)
    taken = []
    for _ in range(count):
        started = time.perf_counter_ns()
        start(CALLEE)
        taken.append(time.perf_counter_ns() - started)
    return taken


def main() -> None:
    calls, count, size = (int(word) for word in sys.argv[2:5])
    taken = spawns(count)
    print(
        json.dumps(
            {
                "extism": extism.extism_version(),
                "python": sys.version.split()[0],
                "nested_ns": nested(calls, size),
                "spawn_ns_p50": statistics.median(taken),
                "spawn_ns_min": min(taken),
            }
        )
    )


main()
