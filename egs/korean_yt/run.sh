#!/usr/bin/env bash
# This recipe: the same as ../../run.sh --recipe with the name of this folder.
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")") # it may be a link
exec "$here/../../run.sh" --recipe "$(basename "$here")" "$@"
