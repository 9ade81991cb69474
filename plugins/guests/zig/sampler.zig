//! Tries all that plugsh.zig has: a function for each part of it.

const std = @import("std");
const plugsh = @import("plugsh.zig");
const Allocator = std.mem.Allocator;

pub const panic = plugsh.panic;

comptime {
    plugsh.exportAll(.{
        .count_vowels = countVowels,
        .forget = forget,
        .shout = shout,
        .guarded = guarded,
        .side_by_side = sideBySide,
        .nodes = nodes,
        .family = family,
        .greet = greet,
        .fetch = fetch,
        .echo = echo,
        .fail = fail,
        .crash = crash,
        .bounds = bounds,
    });
    asm (plugsh.about("tries all that plugsh.zig has", .{
            .count_vowels = .{ "how many vowels its input has, and \"total\" all inputs so far", "Hello, World!" },
            .shout = .{ "its input in upper case, by the plugin `text`", "hello" },
        }));
}

/// Counts the vowels of its input; `total` adds up in a variable.
fn countVowels(arena: Allocator, text: []const u8) ![]const u8 {
    var count: u64 = 0;
    for (text) |c| count += @intFromBool(std.mem.findScalar(u8, "aeiouAEIOU", c) != null);
    const before = if (try plugsh.getVar(arena, "total")) |value| try std.fmt.parseInt(u64, value, 10) else 0;
    const total = before + count;
    plugsh.setVar("total", try std.fmt.allocPrint(arena, "{d}", .{total}));
    return std.json.Stringify.valueAlloc(arena, .{ .count = count, .total = total, .vowels = "aeiouAEIOU" }, .{});
}

/// Removes the variable.
fn forget(_: Allocator, _: []const u8) ![]const u8 {
    plugsh.removeVar("total");
    return "";
}

/// Its input in upper case, by the plugin `text`, which it starts and ends.
fn shout(arena: Allocator, text: []const u8) ![]const u8 {
    const upper: plugsh.Process = .register("text");
    defer upper.free();
    return std.mem.concat(arena, u8, &.{ try upper.call(arena, "upper", text), "!" });
}

/// PLUGIN FUNCTION INPUT: starts the plugin and calls it, and tells of a failure.
fn guarded(arena: Allocator, line: []const u8) ![]const u8 {
    const plugin, const rest = std.mem.cutScalar(u8, line, ' ') orelse return usage();
    const function, const input = std.mem.cutScalar(u8, rest, ' ') orelse return usage();
    const process: plugsh.Process = .register(plugin);
    defer process.free();
    return switch (try process.tryCall(arena, function, input)) {
        .ok => |output| std.mem.concat(arena, u8, &.{ "ok: ", output }),
        .failed => |message| std.mem.concat(arena, u8, &.{ "failed: ", message }),
    };
}

fn usage() error{Failed} {
    return plugsh.fail("expected PLUGIN FUNCTION INPUT", .{});
}

/// The vowels of its input's words, each counted by a child of its own, side by side; and how a call that fails beside them
/// has ended.
fn sideBySide(arena: Allocator, text: []const u8) ![]const u8 {
    const failing: plugsh.Process = .register("misbehave");
    defer failing.free();
    const failure = failing.start("error", "bang");
    const Count = struct { counter: plugsh.Process, pending: plugsh.Pending };
    var counts: std.ArrayList(Count) = .empty;
    var words = std.mem.tokenizeScalar(u8, text, ' ');
    while (words.next()) |word| {
        const counter: plugsh.Process = .register("count_vowels");
        try counts.append(arena, .{ .counter = counter, .pending = counter.start("count_vowels", word) });
    }
    var sum: u64 = 0;
    for (counts.items) |count| {
        sum += (try count.pending.joinJson(struct { count: u64 }, arena)).count;
        count.counter.free();
    }
    while (!failure.hasEnded()) {}
    return switch (try failure.tryJoin(arena)) {
        .ok => |output| std.fmt.allocPrint(arena, "{d} vowels; ok: {s}", .{ sum, output }),
        .failed => |message| std.fmt.allocPrint(arena, "{d} vowels; failed: {s}", .{ sum, message }),
    };
}

/// The nodes of a binary tree of the depth, as the plugin `tree` counts them: a typed call.
fn nodes(arena: Allocator, depth: []const u8) ![]const u8 {
    const tree: plugsh.Process = .register("tree");
    defer tree.free();
    const request = .{ .depth = try std.fmt.parseInt(u32, depth, 10), .fanout = 2, .work = 0 };
    const reply = try tree.callJson(struct { nodes: u64 }, arena, "run", request);
    return std.fmt.allocPrint(arena, "{d}", .{reply.nodes});
}

/// Its own id, its parent's, and that of the process that the input names.
fn family(arena: Allocator, name: []const u8) ![]const u8 {
    const parent = if (plugsh.Process.parent()) |process| process.id else 0;
    const found = if (plugsh.Process.find(name)) |process| process.id else 0;
    const id = plugsh.Process.current().id;
    return std.json.Stringify.valueAlloc(arena, .{ .id = id, .parent = parent, .found = found }, .{});
}

/// Greets whom the configuration names, and logs that at every level.
fn greet(arena: Allocator, _: []const u8) ![]const u8 {
    const who = try plugsh.config(arena, "who") orelse "nobody";
    inline for (comptime std.enums.values(plugsh.Level)) |level| plugsh.log(level, "greets {s}", .{who});
    return std.mem.concat(arena, u8, &.{ "hello ", who });
}

/// Posts `ping` to the URL; status, header `x-answer` and body of the answer.
fn fetch(arena: Allocator, url: []const u8) ![]const u8 {
    const response = try plugsh.http(arena, .{
        .url = url,
        .method = "POST",
        .headers = &.{.{ .name = "x-from", .value = "a \"sampler\"" }},
        .body = "ping",
    });
    const answer = response.header("x-answer") orelse "";
    return std.fmt.allocPrint(arena, "{d} {s} {s}", .{ response.status, answer, response.body });
}

/// Its input.
fn echo(_: Allocator, input: []const u8) ![]const u8 {
    return input;
}

/// Fails with its input as the message.
fn fail(_: Allocator, message: []const u8) ![]const u8 {
    return plugsh.fail("{s}", .{message});
}

/// Panics, which traps.
fn crash(_: Allocator, currency: []const u8) ![]const u8 {
    plugsh.panicAt(@src(), "no rate for `{s}`", .{currency});
}

/// Reads behind its input: a panic of the compiler's own checks.
fn bounds(_: Allocator, input: []const u8) ![]const u8 {
    return input[input.len + 1 ..];
}
