#!/usr/bin/env bash
# EchoHarvester: Korean media with captions to a verified speech data set, and from that to a
# trained, decoded and exported CTC model.
#
#   ./run.sh                                    the whole recipe mini_ko, offline
#   ./run.sh --stage 3 --stop-stage 5           some stages
#   ./run.sh --recipe korean_yt --nj 4          another recipe, four shards at once
#   ./run.sh --stage 0 --stop-stage 9 source=local 'source.paths=[/media]' data_dir=/data/out
#
# Options, then Hydra overrides (key=value), which reach every stage:
#   --stage N         first stage (0)
#   --stop-stage M    last stage (the last there is)
#   --recipe NAME     a folder of egs/ (mini_ko)
#   --rounds N        stages 4 to 13 N times, each with the model of the one before (docs/rounds.md)
#   --nj N            how many shards run at once (2)
#   --launcher KIND   local, or slurm: shards as tasks of an array (docs/cluster.md)
#   --status          a table of what is done, and nothing else
#   --dry-run         what would run and why, and nothing else
#   -m                with --stage 11: a sweep, each value of a=1,2 a training of its own
#   --help            this text
#
# Stages: 0 prepare, 1 collect, 2 download, 3 segment, 4 align, 5 filter, 6 validate, 7 review,
# 8 review_edits and merge, 9 export, 10 split, 11 train, 12 decode, 13 export_model, 14 report.
# Running again redoes only what is missing or stale.
set -euo pipefail

stage=0 stop_stage='' recipe=mini_ko nj=2 launcher=local mode=
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")") # it may be a link
. "$here/scripts/parse_options.sh"
. "$here/path.sh"
. "$ECHO_ROOT/scripts/stages.sh"

run_stage 0 prepare       # environment checked; mini_ko: the synthetic library made
run_stage 1 collect       # what the sources offer
run_stage 2 download      # 16 kHz mono flac, captions beside it
run_stage 3 transcribe    # with source.uncaptioned=transcribe: captions by a recogniser
run_stage 3 segment       # captions to utterances
run_stage 4 align         # word times and confidence
run_stage 5 measure       # SNR, speech ratio, rate, bandwidth, clipping
run_stage 5 speakers      # with speakers=sherpa_onnx: who speaks, and where several do
run_stage 5 duplicates    # the same speech in two media, across all shards
run_stage 5 filter        # accept or reject by all of these
run_stage 6 refit         # with validate.refit: the acceptance fitted on this harvest
run_stage 6 validate      # hypothesis and CER; accept, reject or review
run_stage 7 review        # review/*.tsv for people to edit
run_stage 8 review_edits  # the edited files read once, and what is wrong with them said
run_stage 8 merge         # their decisions merged back
run_stage 9 export        # Lhotse Shar, statistics, data card
run_stage 10 split        # train, dev and test without shared media
run_stage 10 prepare_lang # tokens, lexicon, language model, decoding graph
run_stage 11 train        # checkpoints, TensorBoard
run_stage 12 decode       # recogs, errs, CER and WER
run_stage 13 export_model # ONNX, int8, checked against PyTorch
run_stage 14 report       # one HTML page
finish
