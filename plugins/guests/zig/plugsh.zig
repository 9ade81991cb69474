//! A plugin for plugsh in Zig: this file beside its source, and no PDK.
//!
//! Here are input, output, errors, panics, configuration, variables, logs, HTTP, and other plugins: start, find, call
//! (with bytes, or typed by std.json), call side by side, end. What a function gives is allocated with the allocator that it was given.
//!
//!     zig build-exe hello.zig -target wasm32-freestanding -fno-entry -rdynamic -OReleaseSafe
//!     plugsh -c 'load ./hello.wasm; hello.greet Ada'

const std = @import("std");
const Allocator = std.mem.Allocator;

/// The functions of the host, as they are imported. A handle names a block of bytes that the host keeps; 0 is none.
const env = struct {
    extern "extism:host/env" fn input_length() u64;
    extern "extism:host/env" fn input_load_u64(offset: u64) u64;
    extern "extism:host/env" fn input_load_u8(offset: u64) u32;
    extern "extism:host/env" fn output_set(handle: u64, len: u64) void;
    extern "extism:host/env" fn error_set(message: u64) void;
    extern "extism:host/env" fn alloc(len: u64) u64;
    extern "extism:host/env" fn free(handle: u64) void;
    extern "extism:host/env" fn length(handle: u64) u64;
    extern "extism:host/env" fn load_u64(offset: u64) u64;
    extern "extism:host/env" fn load_u8(offset: u64) u32;
    extern "extism:host/env" fn store_u64(offset: u64, bytes: u64) void;
    extern "extism:host/env" fn store_u8(offset: u64, byte: u32) void;
    extern "extism:host/env" fn config_get(key: u64) u64;
    extern "extism:host/env" fn var_get(key: u64) u64;
    extern "extism:host/env" fn var_set(key: u64, value: u64) void;
    extern "extism:host/env" fn http_request(request: u64, body: u64) u64;
    extern "extism:host/env" fn http_status_code() i32;
    extern "extism:host/env" fn http_headers() u64;
    extern "extism:host/env" fn log_trace(message: u64) void;
    extern "extism:host/env" fn log_debug(message: u64) void;
    extern "extism:host/env" fn log_info(message: u64) void;
    extern "extism:host/env" fn log_warn(message: u64) void;
    extern "extism:host/env" fn log_error(message: u64) void;
};

const user = struct {
    extern "extism:host/user" fn register_plugin(name: u64) u64;
    extern "extism:host/user" fn call_plugin(id: u64, function: u64, input: u64) u64;
    extern "extism:host/user" fn try_call_plugin(id: u64, function: u64, input: u64) u64;
    extern "extism:host/user" fn call_error() u64;
    extern "extism:host/user" fn start_call(id: u64, function: u64, input: u64) u64;
    extern "extism:host/user" fn poll_call(ticket: u64) u64;
    extern "extism:host/user" fn join_call(ticket: u64) u64;
    extern "extism:host/user" fn try_join_call(ticket: u64) u64;
    extern "extism:host/user" fn free_plugin(id: u64) void;
    extern "extism:host/user" fn find_plugin(name: u64) u64;
    extern "extism:host/user" fn self_plugin() u64;
    extern "extism:host/user" fn parent_plugin() u64;
};

// ---- Functions of the plugin

/// The body of an exported function: it gets an arena that lives as long as the call, and the input; it gives the output.
/// An error is the plugin's failure, with its name as the message unless `fail` has set one.
pub const Function = fn (arena: Allocator, input: []const u8) anyerror![]const u8;

/// What the plugin and its functions do, and an input to try each with, as assembly of a section that hosts read;
/// `help PLUGIN.FUNCTION` shows it: `comptime { asm (plugsh.about("greets", .{ .greet = .{ "a greeting", "Ada" } })); }`.
pub fn about(comptime summary: []const u8, comptime functions: anytype) []const u8 {
    comptime {
        // Each character takes a branch or two; a section has 16 KiB at most.
        @setEvalBranchQuota(200_000);
        var json: []const u8 = "{\"summary\":" ++ quoted(summary) ++ ",\"functions\":[";
        for (std.meta.fieldNames(@TypeOf(functions)), 0..) |name, i| {
            const does, const example = @field(functions, name);
            json = json ++ (if (i == 0) "" else ",") ++ "{\"name\":" ++ quoted(name) ++
                ",\"summary\":" ++ quoted(does) ++ ",\"input\":" ++ quoted(example) ++ "}";
        }
        return ".section \".custom_section.plugsh-about\",\"\",@\n.ascii " ++ quoted(json ++ "]}") ++ "\n";
    }
}

/// A literal as JSON and assembly write it.
fn quoted(comptime text: []const u8) []const u8 {
    comptime {
        var json: []const u8 = "";
        for (text) |c| json = json ++ if (c == '"' or c == '\\') [_]u8{ '\\', c } else [_]u8{c};
        return "\"" ++ json ++ "\"";
    }
}

/// Exports functions under the names of the fields: `comptime { plugsh.exportAll(.{ .greet = greet }); }`.
pub fn exportAll(comptime functions: anytype) void {
    for (std.meta.fieldNames(@TypeOf(functions))) |name| {
        const body: Function = @field(functions, name);
        const entry = struct {
            fn call() callconv(.c) i32 {
                return run(body);
            }
        };
        @export(&entry.call, .{ .name = name });
    }
}

fn run(comptime body: Function) i32 {
    var arena: std.heap.ArenaAllocator = .init(std.heap.wasm_allocator);
    defer arena.deinit();
    const output = call(body, arena.allocator()) catch |err| {
        if (err != error.Failed) env.error_set(block(@errorName(err)));
        return 1;
    };
    env.output_set(block(output), output.len);
    return 0;
}

fn call(comptime body: Function, arena: Allocator) ![]const u8 {
    return body(arena, try input(arena));
}

/// Sets the error's message: `return plugsh.fail("no rate for `{s}`", .{currency});`.
pub fn fail(comptime format: []const u8, args: anytype) error{Failed} {
    var buffer: [message_len_max]u8 = undefined;
    env.error_set(block(printed(&buffer, format, args)));
    return error.Failed;
}

/// Longest message of `fail`, of a panic and of a log line, in bytes. It is made on the stack: a panic may mean that
/// memory has run out.
const message_len_max = 4096;

/// The text, or as much of it as the buffer holds.
fn printed(buffer: []u8, comptime format: []const u8, args: anytype) []const u8 {
    var writer: std.Io.Writer = .fixed(buffer);
    writer.print(format, args) catch {};
    return writer.buffered();
}

/// Ends the call by a trap, with the message and its place as the error: `plugsh.panicAt(@src(), "no rate", .{})`.
/// Nothing more of the instance runs.
pub fn panicAt(source: std.builtin.SourceLocation, comptime format: []const u8, args: anytype) noreturn {
    var buffer: [message_len_max]u8 = undefined;
    env.error_set(block(printed(&buffer, "panicked at {s}:{d}: " ++ format, .{ source.file, source.line } ++ args)));
    @trap();
}

/// Hands the message of any other panic to the host; wasm has no return addresses, so the place is the debugger's to
/// tell. In the root file: `pub const panic = plugsh.panic;`.
pub const panic = std.debug.FullPanic(struct {
    fn panicked(message: []const u8, _: ?usize) noreturn {
        var buffer: [message_len_max]u8 = undefined;
        env.error_set(block(printed(&buffer, "panicked: {s}", .{message})));
        @trap();
    }
}.panicked);

// ---- Configuration, variables, logs. The host frees the keys, values and messages that it is handed here.

/// A value of the configuration.
pub fn config(allocator: Allocator, key: []const u8) Allocator.Error!?[]u8 {
    return optional(allocator, env.config_get(block(key)));
}

/// A variable that an earlier call set.
pub fn getVar(allocator: Allocator, key: []const u8) Allocator.Error!?[]u8 {
    return optional(allocator, env.var_get(block(key)));
}

pub fn setVar(key: []const u8, value: []const u8) void {
    env.var_set(block(key), block(value));
}

pub fn removeVar(key: []const u8) void {
    env.var_set(block(key), 0);
}

pub const Level = enum { trace, debug, info, warn, @"error" };

pub fn log(comptime level: Level, comptime format: []const u8, args: anytype) void {
    var buffer: [message_len_max]u8 = undefined;
    @field(env, "log_" ++ @tagName(level))(block(printed(&buffer, format, args)));
}

// ---- HTTP, to the hosts that --allow-host lets this plugin reach

pub const Header = struct { name: []const u8, value: []const u8 };

pub const Request = struct {
    url: []const u8,
    method: []const u8 = "GET",
    headers: []const Header = &.{},
    body: []const u8 = "",

    /// The request as the host reads it. The body crosses by itself.
    pub fn jsonStringify(request: Request, json: *std.json.Stringify) !void {
        try json.beginObject();
        try json.objectField("url");
        try json.write(request.url);
        try json.objectField("method");
        try json.write(request.method);
        try json.objectField("headers");
        try json.beginObject();
        for (request.headers) |header| {
            try json.objectField(header.name);
            try json.write(header.value);
        }
        try json.endObject();
        try json.endObject();
    }
};

pub const Response = struct {
    status: i32,
    headers: Headers,
    body: []u8,

    const Headers = std.json.ArrayHashMap([]const u8);

    /// A header of the answer, by its name in lower case.
    pub fn header(response: Response, name: []const u8) ?[]const u8 {
        return response.headers.map.get(name);
    }

    /// The headers that the host gives as JSON; of none it gives none.
    fn readHeaders(allocator: Allocator) Allocator.Error!Headers {
        const json = try take(allocator, env.http_headers());
        return std.json.parseFromSliceLeaky(Headers, allocator, json, .{}) catch |err| switch (err) {
            error.OutOfMemory => error.OutOfMemory,
            else => .{},
        };
    }
};

/// A status of 400 and more is an answer too. A host that may not be reached, or does not answer, ends this call.
pub fn http(allocator: Allocator, request: Request) Allocator.Error!Response {
    const json = try std.json.Stringify.valueAlloc(allocator, request, .{});
    defer allocator.free(json);
    const handle = env.http_request(block(json), block(request.body));
    return .{
        .status = env.http_status_code(),
        .headers = try Response.readHeaders(allocator),
        .body = try take(allocator, handle),
    };
}

// ---- Other plugins

/// How a call ended that may fail.
pub const Outcome = union(enum) {
    ok: []u8,
    /// The message that the callee or plugsh gave.
    failed: []u8,

    /// How the last call ended that may fail.
    fn of(allocator: Allocator, output: u64) Allocator.Error!Outcome {
        const message = user.call_error();
        if (message != 0) return .{ .failed = try take(allocator, message) };
        return .{ .ok = try take(allocator, output) };
    }
};

/// A call that was started and is not joined: it runs beside its caller, and is cut when that returns.
pub const Pending = struct {
    ticket: u64,

    /// True once the call has ended, so that a join would not wait.
    pub fn hasEnded(pending: Pending) bool {
        return user.poll_call(pending.ticket) != 0;
    }

    /// Waits for the call, once. A failure does not return: it ends this call too, as that of `Process.call` does.
    pub fn join(pending: Pending, allocator: Allocator) Allocator.Error![]u8 {
        return take(allocator, user.join_call(pending.ticket));
    }

    /// Waits for the call, once; a failure is a value.
    pub fn tryJoin(pending: Pending, allocator: Allocator) Allocator.Error!Outcome {
        return .of(allocator, user.try_join_call(pending.ticket));
    }

    /// Waits for the call, once, and reads a `Reply` from the JSON that it gives, as `Process.callJson` does.
    pub fn joinJson(pending: Pending, comptime Reply: type, arena: Allocator) !Reply {
        return parsed(Reply, arena, try pending.join(arena));
    }
};

/// A process of plugsh, by the number that `ps` shows. It may be gone by the time of the next call.
pub const Process = struct {
    id: u64,

    /// Starts a plugin as a child of this one; `name` is what `load` takes. A failure ends this call: it does not return.
    pub fn register(name: []const u8) Process {
        const handle = block(name);
        defer drop(handle);
        return .{ .id = user.register_plugin(handle) };
    }

    /// The living process of that name.
    pub fn find(name: []const u8) ?Process {
        const handle = block(name);
        defer drop(handle);
        return fromId(user.find_plugin(handle));
    }

    /// The process that asks.
    pub fn current() Process {
        return .{ .id = user.self_plugin() };
    }

    /// The process that started this one; null is the shell.
    pub fn parent() ?Process {
        return fromId(user.parent_plugin());
    }

    fn fromId(id: u64) ?Process {
        return if (id == 0) null else .{ .id = id };
    }

    /// Calls a function. A failure does not return: it ends this call too, with an error that names the whole chain.
    pub fn call(process: Process, allocator: Allocator, function: []const u8, bytes: []const u8) Allocator.Error![]u8 {
        return take(allocator, process.cross(user.call_plugin, function, bytes));
    }

    /// Calls a function; a failure is a value.
    pub fn tryCall(process: Process, allocator: Allocator, function: []const u8, bytes: []const u8) Allocator.Error!Outcome {
        return .of(allocator, process.cross(user.try_call_plugin, function, bytes));
    }

    /// Calls a function with a value as JSON, and reads a `Reply` from the JSON that it gives; unknown fields are left
    /// out. The arena keeps what the reply points to.
    pub fn callJson(process: Process, comptime Reply: type, arena: Allocator, function: []const u8, value: anytype) !Reply {
        const request = try std.json.Stringify.valueAlloc(arena, value, .{});
        return parsed(Reply, arena, try process.call(arena, function, request));
    }

    /// Starts a call that runs beside this one. It does not fail for the callee's sake: the join has the output or the
    /// failure.
    pub fn start(process: Process, function: []const u8, bytes: []const u8) Pending {
        return .{ .ticket = process.cross(user.start_call, function, bytes) };
    }

    /// Ends a process that this one, or one below it, started. A failure ends this call.
    pub fn free(process: Process) void {
        user.free_plugin(process.id);
    }

    fn cross(process: Process, comptime how: anytype, function: []const u8, bytes: []const u8) u64 {
        const name = block(function);
        defer drop(name);
        const in = block(bytes);
        defer drop(in);
        return how(process.id, name, in);
    }
};

fn parsed(comptime Reply: type, arena: Allocator, json: []const u8) !Reply {
    return std.json.parseFromSliceLeaky(Reply, arena, json, .{ .ignore_unknown_fields = true });
}

// ---- Blocks: one copy by the host where it has the bulk path (BULK.md), and else eight bytes a call.

/// Fewer bytes than this are as fast without the bulk path.
const bulk_len_min = 64;

/// A request as the host reads it from memory.
const Bulk = extern struct {
    op: Op,
    address: u32 = 0,
    handle: u64 = 0,
    offset: u64 = 0,
    len: u64 = 0,
    reserved: u64 = 0,

    const Op = enum(u32) { probe = 0, read = 1, new = 3, input = 4 };
    const Host = enum { unasked, here, not_here };
    var host: Host = .unasked;

    /// True once the host has done it.
    fn done(request: *Bulk) bool {
        if (request.len < bulk_len_min) return false;
        if (host == .unasked) {
            var probe: Bulk = .{ .op = .probe };
            host = if (probe.ring()) .here else .not_here;
        }
        return host == .here and request.ring();
    }

    /// Hosts without the bulk path answer 0: no block lies that high.
    fn ring(request: *Bulk) bool {
        return env.length(1 << 63 | @as(u64, @intFromPtr(request))) == 1;
    }
};

fn input(allocator: Allocator) Allocator.Error![]u8 {
    const bytes = try allocator.alloc(u8, @intCast(env.input_length()));
    var request: Bulk = .{ .op = .input, .address = @intCast(@intFromPtr(bytes.ptr)), .len = bytes.len };
    if (request.done()) return bytes;
    var at: usize = 0;
    while (at + 8 <= bytes.len) : (at += 8) std.mem.writeInt(u64, bytes[at..][0..8], env.input_load_u64(at), .little);
    while (at < bytes.len) : (at += 1) bytes[at] = @truncate(env.input_load_u8(at));
    return bytes;
}

/// A new block with these bytes.
fn block(bytes: []const u8) u64 {
    if (bytes.len == 0) return 0;
    var request: Bulk = .{ .op = .new, .address = @intCast(@intFromPtr(bytes.ptr)), .len = bytes.len };
    if (request.done()) return request.handle;
    const handle = env.alloc(bytes.len);
    if (handle == 0) @trap();
    var at: usize = 0;
    while (at + 8 <= bytes.len) : (at += 8) env.store_u64(handle + at, std.mem.readInt(u64, bytes[at..][0..8], .little));
    while (at < bytes.len) : (at += 1) env.store_u8(handle + at, bytes[at]);
    return handle;
}

fn drop(handle: u64) void {
    if (handle != 0) env.free(handle);
}

/// The bytes of a block, which is freed.
fn take(allocator: Allocator, handle: u64) Allocator.Error![]u8 {
    if (handle == 0) return &.{};
    defer drop(handle);
    const bytes = try allocator.alloc(u8, @intCast(env.length(handle)));
    var request: Bulk = .{ .op = .read, .address = @intCast(@intFromPtr(bytes.ptr)), .handle = handle, .len = bytes.len };
    if (request.done()) return bytes;
    var at: usize = 0;
    while (at + 8 <= bytes.len) : (at += 8) std.mem.writeInt(u64, bytes[at..][0..8], env.load_u64(handle + at), .little);
    while (at < bytes.len) : (at += 1) bytes[at] = @truncate(env.load_u8(handle + at));
    return bytes;
}

fn optional(allocator: Allocator, handle: u64) Allocator.Error!?[]u8 {
    return if (handle == 0) null else try take(allocator, handle);
}
