#!/usr/bin/env bash
# Takes media out of a data folder for good: out of every manifest, the Shar, the review files and
# the audio folder; and says what it removed.
#
#   ./scripts/takedown.sh --recipe korean_yt --id yt-dQw4w9WgXcQ --reason "asked by its owner"
#   ./scripts/takedown.sh --channel "name or id" data_dir=/data/out
#
#   --recipe NAME     a folder of egs/ (mini_ko)
#   --id ID           a media id or a video id; may be repeated
#   --channel NAME    a channel's name or id: all of its media; may be repeated
#   --reason TEXT     remembered in takedown.tsv
# then the Hydra overrides that the data was made with.
set -euo pipefail
recipe=mini_ko arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h)
      sed -n '2,/^set -euo/{/^set -euo/d;s/^# \{0,1\}//;p;}' "$0"
      exit 0
      ;;
    --recipe)
      recipe=${2:?--recipe needs a name}
      shift
      ;;
    --id | --channel | --reason)
      arguments+=("$1=${2:?$1 needs a value}")
      shift
      ;;
    *=*) arguments+=("$1") ;;
    *)
      echo "takedown.sh: '$1' is neither an option nor a key=value override; see --help" >&2
      exit 2
      ;;
  esac
  shift
done
# shellcheck source=path.sh
. "$(dirname "${BASH_SOURCE[0]}")/../path.sh"
export ECHO_RECIPE_DIR="$ECHO_ROOT/egs/$recipe"
exec "$ECHO_PYTHON" "$ECHO_ROOT/local/takedown.py" ${arguments[@]+"${arguments[@]}"}
