#!/bin/sh
# The programs that the browser tests drive: Chromium (Playwright's own download is not needed),
# coturn, the TURN server through which one test sends its video, and nginx, the proxy in front of the
# page. Says which are missing; installs them only as root or with CI=true, on Debian and its kin.
set -eu

missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v turnserver >/dev/null || missing="$missing coturn"
# Debian's is in a folder that is on root's PATH alone.
(PATH="$PATH:${SBIN:-/usr/sbin}" && command -v nginx >/dev/null) || missing="$missing nginx-light"
[ -n "$missing" ] || exit 0

echo "The browser tests need these programs, which are not on the PATH:$missing" >&2
if ! command -v apt-get >/dev/null; then
  echo "Install chromium, nginx, and coturn for its turnserver, with your system's package manager." >&2
  exit 1
fi
if [ "$(id -u)" != 0 ] && [ "${CI:-}" != true ]; then
  echo "Install them with: sudo apt-get install --no-install-recommends$missing" >&2
  echo "(or run make test with CI=true, which does so). make unit and make lint need none." >&2
  exit 1
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
echo "Installing:$missing" >&2
$as_root apt-get update -q
# shellcheck disable=SC2086 - a list of packages
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
