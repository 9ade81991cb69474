//! Parcels: a loop and its branches, for lines that run and lines that do not.

pub const panic = @import("std").debug.no_panic;

const weights = [_]u32{ 3, 12, 7 };

var light: u32 = 0;
var heavy: u32 = 0;

noinline fn sort(limit: u32) void {
    for (weights) |weight| {
        if (weight > limit) {
            heavy += weight;
        } else {
            light += weight;
        }
    }
}

noinline fn refund(cents: u32) u32 {
    if (cents == 0) {
        return 7;
    }
    return cents / 2;
}

export fn ship() i32 {
    sort(20);
    return if (heavy == 0 and light == 22) 0 else 1;
}

export fn take_back() i32 {
    const refunded = refund(heavy);
    return @intCast(refunded);
}
