#!/usr/bin/env bash
# All tests of gdscope: formatting, clippy, docs, and every test, those of the GPU engine included.
# Where there is no adapter, it installs a software Vulkan driver, and spirv-val where that is missing (Debian and
# Ubuntu).
set -euo pipefail
cd "$(dirname "$0")/.."

# Without it, drivers complain at every start.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-${TMPDIR:-/tmp}}"

step() { printf '\n== %s\n' "$*"; }

step "format"
cargo fmt --check

step "build"
cargo build --release --locked

has_adapter() { ./target/release/gdscope devices 2>/dev/null | grep -q '^--device'; }
if ! has_adapter; then
    step "no GPU adapter: installing a software Vulkan driver"
    if ! command -v apt-get >/dev/null; then
        echo "the GPU tests need a Vulkan, Metal or DX12 adapter; install one, such as Mesa's llvmpipe" >&2
        exit 1
    fi
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq mesa-vulkan-drivers libvulkan1 >/dev/null
    has_adapter || { echo "the driver is installed, and still there is no adapter" >&2; exit 1; }
fi
./target/release/gdscope devices

if ! command -v spirv-val >/dev/null; then
    step "no spirv-val: installing spirv-tools"
    if ! command -v apt-get >/dev/null; then
        echo "the tests of the shaders need spirv-val: install spirv-tools or the Vulkan SDK" >&2
        exit 1
    fi
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq spirv-tools >/dev/null
fi

step "clippy"
cargo clippy --release --all-targets --locked -- -D warnings

# The tests look at the same, but for the advisories.
if cargo deny --version >/dev/null 2>&1; then
    step "dependencies"
    cargo deny check licenses bans sources
    if cargo deny fetch db; then cargo deny check advisories; else echo "no advisories: their database is out of reach"; fi
fi

step "docs"
RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked --quiet

step "tests"
cargo test --release --locked
