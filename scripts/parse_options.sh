#!/usr/bin/env bash
# Reads the options of run.sh into variables; what begins with "--" and is not known, dies.
# Sourced; sets: stage stop_stage recipe nj launcher mode overrides, from the stages of the script that
# sources it.
# shellcheck disable=SC2034 # they are used where this is sourced

usage() {
  sed -n '2,/^set -euo/{/^set -euo/d;s/^# \{0,1\}//;p;}' "$0"
}

die() {
  echo "run.sh: $*" >&2
  exit 2
}

# number OPTION VALUE: a stage or count without leading zeros (08 would be read as octal).
number() {
  [[ $2 =~ ^(0|[1-9][0-9]{0,3})$ ]] || die "$1 takes a number such as 3, not '$2'"
  echo "$2"
}

overrides=()
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h)
      usage
      exit 0
      ;;
    --status) mode=status ;;
    --dry-run) mode=dry-run ;;
    --stage | --stop-stage | --recipe | --nj | --launcher | --rounds)
      [ $# -ge 2 ] || die "$1 needs a value; see --help"
      case $1 in
        --stage) stage=$(number "$1" "$2") ;;
        --stop-stage) stop_stage=$(number "$1" "$2") ;;
        --nj) nj=$(number "$1" "$2") ;;
        --rounds) overrides+=("rounds.count=$(number "$1" "$2")") ;;
        --recipe) recipe=$2 ;;
        --launcher) launcher=$2 ;;
      esac
      shift
      ;;
    --*=*) die "write '${1%%=*} ${1#*=}', with a space, not '$1'" ;;
    -m | --multirun) mode=sweep ;;
    -*) die "unknown option '$1'; see --help" ;;
    *=* | ~*) overrides+=("$1") ;;
    *) die "'$1' is neither an option nor a key=value override; see --help" ;;
  esac
  shift
done

if [ "$mode" = sweep ]; then
  [ "${stop_stage:=$stage}" -eq "$stage" ] || die "-m sweeps over settings of one stage, not up to --stop-stage $stop_stage"
  [ "$stage" -eq 11 ] || die "-m sweeps over settings of one stage, training: --stage 11 -m train.lr=0.02,0.045"
fi
last=$(sed -n 's/^run_stage \([0-9]*\) .*/\1/p' "$0" | tail -n 1)
[ "$stage" -le "$last" ] || die "--stage goes from 0 to $last, not $stage"
[ "${stop_stage:=$last}" -le "$last" ] || die "--stop-stage goes from 0 to $last, not $stop_stage"
[ "$stage" -le "$stop_stage" ] || die "--stage $stage is behind --stop-stage $stop_stage: nothing to run"
[ "$nj" -ge 1 ] || die "--nj is at least 1"
[[ $launcher =~ ^(local|slurm)$ ]] || die "--launcher is local or slurm, not '$launcher'"
[[ $recipe =~ ^[A-Za-z0-9_-]+$ ]] || die "--recipe names a folder of egs/, not '$recipe'"
