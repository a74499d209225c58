#!/bin/sh
# Copy icons from npm's lucide-static, white (so that a tint colours them) and with our stroke width.
#   npm pack lucide-static && tar xf lucide-static-*.tgz
#   assets/icons/import.sh package/icons flask-conical search …
set -eu
from=$1
shift
here=$(dirname "$0")
for name in "$@"; do
    sed -e '/@license/d' -e '/class="/d' \
        -e 's/currentColor/#fff/' \
        -e 's/stroke-width="2"/stroke-width="1.75"/' \
        "$from/$name.svg" | tr -s '\n ' ' ' | sed -e 's/> </></g' -e 's/ \(\/*>\)/\1/g' -e 's/ $//' >"$here/$name.svg"
    echo >>"$here/$name.svg"
done
