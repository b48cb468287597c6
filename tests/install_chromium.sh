#!/bin/sh
# The browser tests drive Debian's Chromium; Playwright's own download is not needed.
set -e
command -v chromium >/dev/null && exit 0
if ! command -v apt-get >/dev/null; then
  echo "The browser tests need Chromium: install it so that 'chromium' is on the PATH." >&2
  exit 1
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -q
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium
