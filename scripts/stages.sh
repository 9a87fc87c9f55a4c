#!/usr/bin/env bash
# What run.sh does with its lines.  Sourced, after parse_options.sh and path.sh.
# shellcheck disable=SC2154 # its variables come from those

export ECHO_RECIPE_DIR="$ECHO_ROOT/egs/$recipe"
[ -f "$ECHO_RECIPE_DIR/conf/recipe.yaml" ] || {
  echo "run.sh: no recipe '$recipe' (egs/$recipe/conf/recipe.yaml is missing); there are:" \
    "$(cd "$ECHO_ROOT/egs" && echo *)" >&2
  exit 2
}
overrides=("launcher=$launcher" "launcher.nj=$nj" ${overrides[@]+"${overrides[@]}"})
asked=()

# run_stage NUMBER NAME: asks for a stage unless it lies outside --stage .. --stop-stage.
run_stage() {
  if [ "$1" -ge "$stage" ] && [ "$1" -le "$stop_stage" ]; then asked+=("$1:$2"); fi
}

# finish: one driver runs what was asked for; it takes the place of this shell, so that signals
# reach it.
finish() {
  if [ "$mode" = sweep ]; then
    export PYTHONPATH="$PYTHONPATH:$ECHO_ROOT/local" # jobs elsewhere import what is there
    if [ "$launcher" = slurm ] && [[ " ${overrides[*]} " != *" hydra/launcher="* ]]; then
      overrides+=("hydra/launcher=slurm")
    fi
    exec "$ECHO_PYTHON" "$ECHO_ROOT/local/${asked[0]#*:}.py" -m "${overrides[@]}"
  fi
  exec "$ECHO_PYTHON" "$ECHO_ROOT/local/run.py" ${mode:+"--$mode"} "${asked[@]}" "${overrides[@]}"
}
