# Sourced by the measuring scripts, with $root set: checks for python3, builds the binary if necessary, exports PLUGSH.

say() { printf '%s\n' "$*" >&2; }

if ! command -v python3 >/dev/null; then
    say "python3 is not here; the measuring scripts need it"
    exit 2
fi

if [[ -z ${PLUGSH-} ]]; then
    say "building plugsh for release"
    cargo build --release --quiet --manifest-path "$root/Cargo.toml"
    PLUGSH=${CARGO_TARGET_DIR:-$root/target}/release/plugsh
fi
if [[ ! -x $PLUGSH ]]; then
    say "\`$PLUGSH\` is no program"
    exit 2
fi
export PLUGSH
# Backtraces of errors would slow the SDK down.
export RUST_BACKTRACE=0
export PYTHONDONTWRITEBYTECODE=1
