#!/usr/bin/env bash
# How long a user waits for the compiler: the library once, then each program after an edit; and how
# much slower a debug build runs. Run it on an idle machine.
set -euo pipefail
cd "$(dirname "$0")"
rounds="${1:-3}"

seconds() {
  local start end
  start=$(date +%s.%N)
  "$@" >/dev/null 2>&1
  end=$(date +%s.%N)
  echo "$end $start" | awk '{ printf "%.2f", $1 - $2 }'
}

target="$(mktemp -d)"
trap 'rm -rf "$target"' EXIT
export CARGO_TARGET_DIR="$target"

cargo fetch >/dev/null 2>&1
echo "clean release build of wengert-nn: $(seconds cargo build --release --manifest-path ../../Cargo.toml -p wengert-nn) s"
for features in files pictures progress files,pictures,progress; do
  # The same library, and the crates that the features bring: what they add is the difference to the line above.
  rm -rf "$target"
  build="cargo build --release --manifest-path ../../Cargo.toml -p wengert-nn --features $features"
  echo "clean release build with $features: $(seconds $build) s"
done
echo "the library for these programs, release: $(seconds cargo build --release --bin square) s"
echo "the library for these programs, debug: $(seconds cargo build --bin square) s"
for profile in "--release" ""; do
  for program in square gru language_model; do
    cargo build $profile --bin "$program" >/dev/null 2>&1
    times=()
    for _ in $(seq "$rounds"); do
      touch "src/bin/$program.rs"
      times+=("$(seconds cargo build $profile --bin "$program")")
    done
    echo "edit of $program ${profile:-debug}: ${times[*]} s"
  done
done
for program in gru language_model; do
  for _ in $(seq "$rounds"); do
    echo "$program release: $("$target/release/$program"); debug: $("$target/debug/$program")"
  done
done
