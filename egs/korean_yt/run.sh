#!/usr/bin/env bash
# This recipe: the same as ../../run.sh --recipe with the name of this folder.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "$here/../../run.sh" --recipe "$(basename "$here")" "$@"
