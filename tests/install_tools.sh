#!/bin/sh
# What the browser tests drive, from Debian: Chromium (Playwright's own download is not needed) and
# coturn, the TURN server through which one of them sends its video.
set -e
missing=""
command -v chromium >/dev/null || missing="chromium"
command -v turnserver >/dev/null || missing="$missing coturn"
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
  echo "The browser tests need these on the PATH: chromium, turnserver (coturn)." >&2
  exit 1
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -q
# shellcheck disable=SC2086 - a list of packages
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
