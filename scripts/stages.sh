#!/usr/bin/env bash
# What run.sh does with a stage.  Sourced, after parse_options.sh and path.sh.
# shellcheck disable=SC2154 # its variables come from those

export ECHO_RECIPE_DIR="$ECHO_ROOT/egs/$recipe"
[ -f "$ECHO_RECIPE_DIR/conf/recipe.yaml" ] || {
  echo "run.sh: no recipe '$recipe' (egs/$recipe/conf/recipe.yaml is missing); there are:" \
    "$(cd "$ECHO_ROOT/egs" && echo *)" >&2
  exit 2
}
overrides=("launcher=$launcher" "launcher.nj=$nj" ${overrides[@]+"${overrides[@]}"})

if [ "$mode" = status ]; then
  exec python "$ECHO_ROOT/local/status.py" "${overrides[@]}"
fi

# One run at a time on a folder: stages lock in the name of this process, which lets go at its end.
ECHO_RUN=$$
ECHO_LOCKS=$(mktemp)
export ECHO_RUN ECHO_LOCKS
let_go() {
  sort -u "$ECHO_LOCKS" | while IFS= read -r lock; do
    if grep -q "\"pid\": $$," "$lock" 2>/dev/null; then rm -f "$lock"; fi
  done
  rm -f "$ECHO_LOCKS"
}
trap let_go EXIT
# A stage under way ends first, so that nothing is let go while it writes.
terminated=
trap 'terminated=1' TERM

# run_stage NUMBER NAME: runs a stage unless it lies outside --stage .. --stop-stage.
run_stage() {
  if [ "$1" -lt "$stage" ] || [ "$1" -gt "$stop_stage" ]; then return; fi
  local status=0
  python "$ECHO_ROOT/local/launch.py" "$2" ${mode:+--dry-run} "${overrides[@]}" || status=$?
  if [ "$status" -eq 75 ]; then # it was asked to stop, and saved
    echo "run.sh: stage $1 ($2) stopped on request; run the same command to go on" >&2
    exit 75
  elif [ -n "$terminated" ]; then
    echo "run.sh: terminated; run the same command to go on" >&2
    exit 143
  elif [ "$status" -ne 0 ]; then
    echo "run.sh: stage $1 ($2) failed; mend the cause and go on with --stage $1" >&2
    exit 1
  fi
}

# finish: the summary after the last stage.
finish() {
  if [ -z "$mode" ] && [ "$stop_stage" -ge 9 ]; then
    python "$ECHO_ROOT/local/status.py" --summary "${overrides[@]}"
  fi
}
